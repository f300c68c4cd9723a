package kafka_test

import (
	"encoding/json"
	"testing"

	"github.com/typedkafka/kafka"
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
	topic := kafka.Topic[T]{Name: "t", Schema: schema.MustCompile([]byte(text))}
	codec, err := kafka.NewCodec(topic)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := codec.Encode(*v)
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	rows := []benchmarkRow{
		{"encode/json", func() error { _, err := json.Marshal(v); return err }},
		{"encode/checked", func() error { _, err := codec.Encode(*v); return err }},
		{"encode/append", func() (err error) { buf, err = kafka.AppendEncoded(codec, buf[:0], v); return err }},
		{"decode/json", func() error { var v T; return json.Unmarshal(raw, &v) }},
		{"decode/checked", func() error { _, err := codec.Decode(raw); return err }},
		{"decode/into", func() error { return kafka.DecodeInto(codec, raw, new(T)) }},
		{"check", func() error { return topic.Schema.Validate(raw) }},
		{"new", func() error { _, err := kafka.NewCodec(topic); return err }},
	}
	for _, row := range append(rows, rowsOfV2(raw, v)...) {
		b.Run(row.name+"/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			before := clock()
			for b.Loop() {
				if err := row.run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(clock()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

type benchmarkRow struct {
	name string
	run  func() error
}
