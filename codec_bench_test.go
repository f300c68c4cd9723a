package kafka_test

import (
	"encoding/json"
	"testing"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/gauge"
	"github.com/typedkafka/kafka/internal/specimen"
	"github.com/typedkafka/kafka/schema"
)

// BenchmarkCodec sets a checked message beside encoding/json, which checks nothing: the yardsticks of one run, in time on the wall and in
// processor time. With GOEXPERIMENT=jsonv2 there is encoding/json/v2 too; encoding/json is then made of it, and faster at decoding.
func BenchmarkCodec(b *testing.B) {
	benchmarkCodec(b, "tiny", specimen.TinySchema, specimen.NewTiny())
	benchmarkCodec(b, "order", specimen.OrderSchema, specimen.NewOrder())
	benchmarkCodec(b, "batch", specimen.BatchSchema, specimen.NewBatch())
	benchmarkCodec(b, "survey", specimen.SurveySchema, specimen.NewSurvey())
	benchmarkCodec(b, "article", specimen.ArticleSchema, specimen.NewArticle())
}

func benchmarkCodec[T any](b *testing.B, name, text string, v *T) {
	for _, row := range codecRows(b, text, v) {
		b.Run(row.name+"/"+name, func(b *testing.B) {
			b.ReportAllocs()
			before := gauge.CPU()
			for b.Loop() {
				if err := row.run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(gauge.CPU()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// codecRows are what is done with a message, ours and the yardsticks.
func codecRows[T any](b *testing.B, text string, v *T) []benchmarkRow {
	topic := kafka.Topic[T]{Name: "t", Schema: schema.MustCompile([]byte(text))}
	codec, err := kafka.NewCodec(topic)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := codec.Encode(*v)
	if err != nil {
		b.Fatal(err)
	}
	var buf, memory []byte
	return append(rowsOfV2(raw, v),
		benchmarkRow{"encode/json", func() error { _, err := json.Marshal(v); return err }},
		benchmarkRow{"encode/checked", func() error { _, err := codec.Encode(*v); return err }},
		benchmarkRow{"encode/append", func() (err error) { buf, err = kafka.AppendEncoded(codec, buf[:0], v); return err }},
		benchmarkRow{"encode/into", func() (err error) { memory, err = kafka.EncodeInto(codec, memory, *v); return err }},
		benchmarkRow{"decode/json", func() error { return json.Unmarshal(raw, new(T)) }},
		benchmarkRow{"decode/checked", func() error { _, err := codec.Decode(raw); return err }},
		benchmarkRow{"decode/into", func() error { return kafka.DecodeInto(codec, raw, new(T)) }},
		benchmarkRow{"check", func() error { return topic.Schema.Validate(raw) }},
		benchmarkRow{"new", func() error { _, err := kafka.NewCodec(topic); return err }},
	)
}

type benchmarkRow struct {
	name string
	run  func() error
}
