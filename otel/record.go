package kafkaotel

import (
	"context"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/typedkafka/kafka"
)

// Context returns ctx with what the producer of a received message has put into its headers: a span that is started in it is a child of
// the producer's, in the same trace, and the producer's baggage is there too. Where the headers say nothing, ctx is returned. It is for
// users of Retrieve, who start the span of their processing themselves; a handler of Run gets a context with its span. To link to the
// producer's span, rather than be its child, give trace.LinkFromContext what Context returns. Of the options only WithPropagator
// matters.
func Context(ctx context.Context, r *kafka.Record, opts ...Option) context.Context {
	return newSettings(opts).propagator.Extract(ctx, headers{r})
}

// headers are a record's as a propagator sees them.
type headers struct{ record *kafka.Record }

var _ propagation.TextMapCarrier = headers{}

func (h headers) Get(key string) string {
	value, _ := h.record.Header(key)
	return string(value)
}

// Set adds a header, since what is there is the user's; of several with a name the last is the one that counts.
func (h headers) Set(key, value string) {
	h.record.Headers = append(h.record.Headers, kafka.Header{Key: key, Value: []byte(value)})
}

func (h headers) Keys() []string {
	keys := make([]string, len(h.record.Headers))
	for i, header := range h.record.Headers {
		keys[i] = header.Key
	}
	return keys
}

// creation is the context in which a message was created, as its headers say; not valid where they say nothing.
func (o *observer) creation(r *kafka.Record) trace.SpanContext {
	if len(r.Headers) == 0 {
		return trace.SpanContext{}
	}
	return trace.SpanContextFromContext(o.propagator.Extract(context.Background(), headers{r}))
}

// describe says what is a message's own on a span that is about it alone.
func (o *observer) describe(span trace.Span, r *kafka.Record) {
	if span.IsRecording() {
		span.SetAttributes(o.ownOf(r)...)
	}
}

// ownOf are the attributes that differ from message to message of a partition.
func (o *observer) ownOf(r *kafka.Record) []attribute.KeyValue {
	all := append(make([]attribute.KeyValue, 0, 3), semconv.MessagingKafkaOffset(int(r.Offset)))
	if r.Raw == nil {
		all = append(all, semconv.MessagingKafkaMessageTombstone(true))
	}
	return append(all, o.keyOf(r)...)
}

// keyOf is a message's key, where it is asked for and has a form that is text.
func (o *observer) keyOf(r *kafka.Record) []attribute.KeyValue {
	if !o.keys || r.Key == nil || !utf8.Valid(r.Key) {
		return nil
	}
	return []attribute.KeyValue{semconv.MessagingKafkaMessageKey(string(r.Key))}
}

func linksTo(s trace.SpanContext) []trace.Link {
	if !s.IsValid() {
		return nil
	}
	return []trace.Link{{SpanContext: s}}
}
