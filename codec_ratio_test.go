package kafka_test

import (
	"slices"
	"testing"
	"time"

	"github.com/typedkafka/kafka/internal/specimen"
)

// BenchmarkCodecRatio tells how much of encoding/json's time a checked message takes. The rows take turns of a few calls, too short
// for other programs to come in between for long, and the medians of their turns are compared: on a busy machine, where single
// figures differ by half, the ratios differ by a few hundredths.
func BenchmarkCodecRatio(b *testing.B) {
	benchmarkRatio(b, "tiny", specimen.TinySchema, specimen.NewTiny(), 100)
	benchmarkRatio(b, "order", specimen.OrderSchema, specimen.NewOrder(), 20)
	benchmarkRatio(b, "batch", specimen.BatchSchema, specimen.NewBatch(), 1)
	benchmarkRatio(b, "survey", specimen.SurveySchema, specimen.NewSurvey(), 2)
	benchmarkRatio(b, "article", specimen.ArticleSchema, specimen.NewArticle(), 1)
}

// yardsticks has what each row is compared with.
var yardsticks = map[string][]string{
	"encode/checked": {"encode/json"}, "encode/append": {"encode/json"}, "encode/into": {"encode/json"},
	"decode/checked": {"decode/json"}, "decode/into": {"decode/json", "decode/jsonv2"}, "check": {"decode/json"},
}

func benchmarkRatio[T any](b *testing.B, name, text string, v *T, calls int) {
	rows := codecRows(b, text, v)
	b.Run(name, func(b *testing.B) {
		turns := make(map[string][]time.Duration)
		for b.Loop() {
			for _, row := range rows {
				start := time.Now()
				for range calls {
					if err := row.run(); err != nil {
						b.Fatal(err)
					}
				}
				turns[row.name] = append(turns[row.name], time.Since(start))
			}
		}
		for row, others := range yardsticks {
			for _, other := range others {
				if len(turns[other]) > 0 {
					b.ReportMetric(float64(median(turns[row]))/float64(median(turns[other])), row+"÷"+other)
				}
			}
		}
	})
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
