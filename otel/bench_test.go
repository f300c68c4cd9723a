package kafkaotel_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/typedkafka/kafka"
	kafkaotel "github.com/typedkafka/kafka/otel"
)

// What a message costs more: of the sending side, of a Run's, with and without spans that are sampled. The doc comment has figures.
func BenchmarkObserver(b *testing.B) {
	sampled := func(s sdktrace.Sampler) trace.TracerProvider {
		return sdktrace.NewTracerProvider(sdktrace.WithSampler(s))
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	for _, tt := range []struct {
		name    string
		tracers trace.TracerProvider
		meters  metric.MeterProvider
	}{
		{"no SDK", tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider()},
		{"metrics", tracenoop.NewTracerProvider(), meters},
		{"metrics, not sampled", sampled(sdktrace.NeverSample()), meters},
		{"metrics, sampled", sampled(sdktrace.AlwaysSample()), meters},
	} {
		o := kafkaotel.Observer(kafkaotel.WithTracerProvider(tt.tracers), kafkaotel.WithMeterProvider(tt.meters), kafkaotel.WithPropagator(w3c))
		ctx := context.Background()
		value := []byte(`{"id":"a","qty":1}`)
		b.Run("send, "+tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := kafka.Record{Topic: "orders", Raw: value}
				o.Send(ctx, &r)(kafka.Delivery{Topic: "orders"}, nil)
			}
		})
		traced := kafka.Record{Topic: "orders", Raw: value, Headers: []kafka.Header{
			{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
		}}
		b.Run("run, "+tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := traced
				o.Receive(ctx, kafka.Reception{Record: &r, Group: "billing"})
				_, done := o.Handle(ctx, kafka.Handling{Topic: "orders", Group: "billing", Records: []*kafka.Record{&r}, Attempt: 1})
				done(nil)
			}
		})
	}
}
