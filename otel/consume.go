package kafkaotel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

func (o *observer) receive(ctx context.Context, r kafka.Reception) {
	class := classOf(r.Err)
	what := receiving
	if r.Began.IsZero() { // a Run has it: what there is to see is its process span
		what = processing
	}
	s := o.at(place{what, r.Record.Topic, r.Group, r.Record.Partition})
	if what == receiving {
		spanCtx, span := o.begin(ctx, s, r.Began, linksTo(o.creation(r.Record)))
		if class == classTooLarge { // a stretch of the log, of which nothing is known but where it begins
			span.SetAttributes(semconv.MessagingKafkaOffset(int(r.Record.Offset)))
		} else {
			o.describe(span, r.Record)
		}
		o.end(spanCtx, span, s, r.Began, class, text(r.Err))
	}
	if o.consumed.Enabled(ctx) {
		o.consumed.Add(ctx, 1, s.count(class)...)
	}
	if r.Err != nil {
		o.countInvalid(ctx, s, rulesOf(r.Err, class))
	}
}

// rulesOf are the rules that an invalid message breaks; where the schema was not asked, what else is wrong with it. Their number is
// bounded: they are keywords of JSON Schema, limits of package schema, and two of ours.
func rulesOf(err error, class string) []string {
	var invalid *schema.ValidationError
	if errors.As(err, &invalid) && len(invalid.Faults) > 0 {
		return invalid.Rules()
	}
	return []string{class}
}

func (o *observer) handle(ctx context.Context, h kafka.Handling) (context.Context, func(error)) {
	began := time.Now()
	s := o.at(place{processing, h.Topic, h.Group, h.Records[0].Partition})
	if h.Attempt > 1 {
		o.retries.Add(ctx, int64(len(h.Records)), metric.WithAttributes(o.where(place{topic: h.Topic, group: h.Group, partition: nowhere})...))
	}
	var span trace.Span
	if h.Batch {
		ctx, span = o.beginBatch(ctx, s, began, h.Records)
	} else {
		ctx, span = o.beginOne(ctx, s, began, h.Records[0])
	}
	if h.Attempt > 1 && span.IsRecording() {
		span.SetAttributes(attemptKey.Int(h.Attempt))
	}
	return ctx, func(err error) {
		told := tellable(err)
		if o.texts {
			told = text(err)
		}
		o.end(ctx, span, s, began, classOf(err), told)
	}
}

// beginOne starts the span of a handler's call with one message. The context has the message's baggage.
func (o *observer) beginOne(ctx context.Context, s *scene, began time.Time, r *kafka.Record) (context.Context, trace.Span) {
	around := trace.SpanContextFromContext(ctx)
	ctx, made := o.enter(ctx, r)
	links := linksTo(made)
	if o.parents && made.IsValid() {
		links = append(links, linksTo(around)...)
		ctx = trace.ContextWithRemoteSpanContext(ctx, made)
	}
	ctx, span := o.begin(ctx, s, began, links)
	o.describe(span, r)
	return ctx, span
}

// enter gives ctx what a message's headers say, but for its span, which is returned.
func (o *observer) enter(ctx context.Context, r *kafka.Record) (context.Context, trace.SpanContext) {
	if len(r.Headers) == 0 {
		return ctx, trace.SpanContext{}
	}
	around := trace.SpanFromContext(ctx)
	bare := ctx
	if around.SpanContext().IsValid() {
		bare = trace.ContextWithSpan(ctx, nil)
	}
	within := o.propagator.Extract(bare, headers{r})
	made := trace.SpanContextFromContext(within)
	return trace.ContextWithSpan(within, around), made
}

// beginBatch starts the span of a handler's call with a batch: each message is a link, with what is the message's own.
func (o *observer) beginBatch(ctx context.Context, s *scene, began time.Time, all []*kafka.Record) (context.Context, trace.Span) {
	links := make([]trace.Link, 0, len(all))
	for _, r := range all {
		if made := o.creation(r); made.IsValid() {
			links = append(links, trace.Link{SpanContext: made, Attributes: o.ownOf(r)})
		}
	}
	ctx, span := o.begin(ctx, s, began, links)
	if span.IsRecording() {
		span.SetAttributes(semconv.MessagingBatchMessageCount(len(all)))
	}
	return ctx, span
}

func (o *observer) commit(ctx context.Context, c kafka.Commit) {
	at := place{committing, c.Topic, c.Group, nowhere}
	next := int64(0)
	if len(c.Offsets) == 1 {
		for at.partition, next = range c.Offsets {
		}
	}
	s := o.at(at)
	ctx, span := o.begin(ctx, s, c.Began, nil)
	if next > 0 && span.IsRecording() {
		span.SetAttributes(semconv.MessagingKafkaOffset(int(next - 1))) // of the last message that it acknowledges
	}
	o.end(ctx, span, s, c.Began, classOf(c.Err), text(c.Err))
}
