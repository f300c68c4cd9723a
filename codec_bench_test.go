package kafka_test

import (
	"encoding/json"
	"testing"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/specimen"
	"github.com/typedkafka/kafka/schema"
)

// BenchmarkCodec sets a checked message beside encoding/json, which checks nothing: the yardsticks of one run. With
// GOEXPERIMENT=jsonv2 there are those of encoding/json/v2 too.
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
	rows := []benchmarkRow{
		{"encode/json", func() error { _, err := json.Marshal(v); return err }},
		{"encode/checked", func() error { _, err := codec.Encode(*v); return err }},
		{"decode/json", func() error { var v T; return json.Unmarshal(raw, &v) }},
		{"decode/checked", func() error { _, err := codec.Decode(raw); return err }},
		{"check", func() error { return topic.Schema.Validate(raw) }},
		{"new", func() error { _, err := kafka.NewCodec(topic); return err }},
	}
	for _, row := range append(rows, rowsOfV2(raw, v)...) {
		b.Run(row.name+"/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if err := row.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type benchmarkRow struct {
	name string
	run  func() error
}
