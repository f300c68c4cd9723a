package kafkaprom

import (
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

// What the metrics cost a message that is sent, and one that a Run handles.
func BenchmarkFlow(b *testing.B) {
	f := newFlow()
	r := &kafka.Record{Topic: "orders"}
	b.Run("send", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.send(b.Context(), r)(kafka.Delivery{}, nil)
		}
	})
	b.Run("run", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.receive(b.Context(), kafka.Reception{Record: r, Group: "billing"})
			_, done := f.handle(b.Context(), kafka.Handling{Topic: "orders", Group: "billing", Records: []*kafka.Record{r}, Attempt: 1})
			done(nil)
		}
	})
	b.Run("retrieve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.receive(b.Context(), kafka.Reception{Record: r, Group: "billing", Began: time.Now()})
		}
	})
}
