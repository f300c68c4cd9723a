package kafkaotel

import (
	"context"
	"errors"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

func (o *observer) send(ctx context.Context, r *kafka.Record) func(kafka.Delivery, error) {
	began, s := time.Now(), o.at(place{sending, r.Topic, "", nowhere})
	made := o.creation(r)
	var span trace.Span
	if made.IsValid() { // the creation context is another's: it stays, and this span only sends
		ctx, span = o.begin(ctx, s, began, linksTo(made), trace.WithSpanKind(trace.SpanKindClient))
	} else {
		ctx, span = o.begin(ctx, s, began, nil)
		o.propagator.Inject(ctx, headers{r})
	}
	null := r.Raw == nil
	if span.IsRecording() {
		span.SetAttributes(o.keyOf(r)...)
	}
	return func(d kafka.Delivery, err error) { o.sent(ctx, span, s, began, null, d, err) }
}

// sent takes in what became of a message. null says that it had no value, which is a tombstone unless its value was refused.
func (o *observer) sent(ctx context.Context, span trace.Span, s *scene, began time.Time, null bool, d kafka.Delivery, err error) {
	class := classOf(err)
	if err == nil {
		s = o.at(place{sending, s.topic, "", d.Partition})
	}
	if span.IsRecording() {
		if null && class != classInvalid {
			span.SetAttributes(semconv.MessagingKafkaMessageTombstone(true))
		}
		if err == nil {
			span.SetAttributes(partitionID(d.Partition))
		}
		if err == nil && d.Offset >= 0 { // with producer.acks none nobody says it
			span.SetAttributes(semconv.MessagingKafkaOffset(int(d.Offset)))
		}
	}
	o.end(ctx, span, s, began, class, text(err))
	var invalid *schema.ValidationError
	switch {
	case errors.As(err, &invalid):
		o.countInvalid(ctx, s, invalid.Rules())
	case class == classBufferFull, class == classDisconnected: // never sent
	case o.instruments.sent.Enabled(ctx):
		o.instruments.sent.Add(ctx, 1, s.count(class)...)
	}
}
