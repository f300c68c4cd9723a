package kafkaotel

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/typedkafka/kafka"
)

// Observer makes spans and metrics of what happens on a proxy: give it to kafka.WithObserver. It is safe for concurrent use, and one may
// serve several proxies. It does no I/O: spans and metrics go where the providers send them.
func Observer(opts ...Option) kafka.Observer {
	o := &observer{scenes: scenes{settings: newSettings(opts)}}
	o.tracer = o.tracers.Tracer(scope, trace.WithInstrumentationVersion(version()), trace.WithSchemaURL(semconv.SchemaURL))
	o.instruments = newInstruments(o.meters.Meter(scope, metric.WithInstrumentationVersion(version()),
		metric.WithSchemaURL(semconv.SchemaURL)))
	return kafka.Observer{
		Send: o.send, Receive: o.receive, Handle: o.handle, Fail: o.fail, Commit: o.commit,
		Lose: o.lose, Rebalance: o.rebalance, Consume: o.watch,
	}
}

// An observer is what the functions of a kafka.Observer share.
type observer struct {
	scenes
	instruments
	tracer trace.Tracer
}

// begin starts a span. The options come after those of the scene, so theirs hold.
func (o *observer) begin(ctx context.Context, s *scene, began time.Time, links []trace.Link, opts ...trace.SpanStartOption) (
	context.Context, trace.Span,
) {
	all := make([]trace.SpanStartOption, 0, len(s.start)+len(opts)+2)
	all = append(append(all, s.start...), trace.WithTimestamp(began))
	if len(links) > 0 {
		all = append(all, trace.WithLinks(links...))
	}
	return o.tracer.Start(ctx, s.span, append(all, opts...)...)
}

// end ends a span, with an error where class says one, and measures it by the same clock.
func (o *observer) end(ctx context.Context, span trace.Span, s *scene, began time.Time, class, text string) {
	lasted := time.Since(began)
	if span.IsRecording() {
		if class != "" {
			span.SetAttributes(semconv.ErrorTypeKey.String(class))
			span.SetStatus(codes.Error, text)
		}
		span.End(trace.WithTimestamp(began.Add(lasted)))
	} else {
		span.End()
	}
	durations := o.operation
	if s.operation == processing {
		durations = o.process
	}
	if durations.Enabled(ctx) {
		durations.Record(ctx, lasted.Seconds(), s.last(class)...)
	}
}

// text is an error of package kafka's in words, which hold no payload.
func text(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "kafka: ")
}
