package kafkaotel_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/typedkafka/kafka"
	kafkaotel "github.com/typedkafka/kafka/otel"
)

// What Produce and Retrieve leave: a span of the sending with its caller's as parent, whose context is in the headers, and one of the
// receiving that is linked to it.
func TestProduceAndRetrieve(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t, kafkaotel.WithClientID("billing"), kafkaotel.WithServer("kafka.example.com", 9092))
	ctx, around := s.in(t, within(t))
	produce(t, ctx, s.producer(t, proxy, 0), order{"a", 1})
	receiving, receiver := s.in(t, within(t))
	m, err := s.consumer(t, proxy, 0).Retrieve(receiving)
	if err != nil {
		t.Fatal(err)
	}

	sent := s.ended(t, "send "+s.topics[0], 1)[0]
	checkParent(t, sent, around)
	checkLinks(t, sent)
	common := map[string]any{
		"messaging.system": "kafka", "messaging.destination.name": s.topics[0], "messaging.destination.partition.id": "0",
		"messaging.kafka.offset": 0, "messaging.client.id": "billing", "server.address": "kafka.example.com", "server.port": 9092,
	}
	checkAttributes(t, "send", sent.Attributes, with(common, "messaging.operation.name", "send", "messaging.operation.type", "send"))
	received := s.ended(t, "receive "+s.topics[0], 1)[0]
	checkParent(t, received, receiver)
	checkLinks(t, received, sent.SpanContext)
	checkAttributes(t, "receive", received.Attributes, with(common, "messaging.operation.name", "receive",
		"messaging.operation.type", "receive", "messaging.consumer.group.name", s.cfg.Group))
	if sent.SpanKind != trace.SpanKindProducer || received.SpanKind != trace.SpanKindClient {
		t.Errorf("the kinds are %v and %v, want producer and client", sent.SpanKind, received.SpanKind)
	}
	if sent.Status.Code != codes.Unset || received.Status.Code != codes.Unset {
		t.Errorf("the statuses are %v and %v, want none", sent.Status, received.Status)
	}

	parent, ok := m.Header("traceparent")
	if want := fmt.Sprintf("00-%s-%s-01", around.TraceID(), sent.SpanContext.SpanID()); !ok || string(parent) != want {
		t.Errorf("traceparent is %q, want %q", parent, want)
	}
	within := kafkaotel.Context(t.Context(), &m.Record, kafkaotel.WithPropagator(w3c))
	if got := trace.SpanContextFromContext(within); !same(got, sent.SpanContext) || !got.IsRemote() {
		t.Errorf("Context has the span %v, want the producer's %v", got, sent.SpanContext)
	}
}

// with adds to a map, names and values in turn.
func with(m map[string]any, more ...any) map[string]any {
	all := map[string]any{}
	for k, v := range m {
		all[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i].(string)] = more[i+1]
	}
	return all
}

// Without options the global providers are used. No other test reads what this one sets.
func TestGlobalProviders(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	otel.SetTracerProvider(s.provider)
	otel.SetMeterProvider(s.meters)
	otel.SetTextMapPropagator(w3c)
	proxy := newProxy(t, s.cfg, kafka.WithObserver(kafkaotel.Observer()))
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
	m, err := s.consumer(t, proxy, 0).Retrieve(within(t))
	if err != nil {
		t.Fatal(err)
	}
	sent := s.ended(t, "send "+s.topics[0], 1)[0]
	if got := trace.SpanContextFromContext(kafkaotel.Context(t.Context(), &m.Record)); !same(got, sent.SpanContext) {
		t.Errorf("Context has the span %v, want the producer's %v", got, sent.SpanContext)
	}
	s.checkPoints(t, "messaging.client.sent.messages", map[string]int64{"operation.name=send partition.id=0 topic=0": 1})
	if from := sent.InstrumentationScope; from.Name != "github.com/typedkafka/kafka/otel" || from.SchemaURL != "https://opentelemetry.io/schemas/1.43.0" {
		t.Errorf("the span is of the scope %v", from)
	}
}

// Where the headers say nothing, Context is the context that it was given, and what they say leaves the rest of it alone.
func TestContextOfARecordWithoutTrace(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	for _, header := range []string{"", "nonsense", "00-00000000000000000000000000000000-0000000000000000-01"} {
		r := &kafka.Record{Headers: []kafka.Header{{Key: "traceparent", Value: []byte(header)}}}
		if got := kafkaotel.Context(ctx, r, kafkaotel.WithPropagator(w3c)); got != ctx {
			t.Errorf("traceparent %q makes another context", header)
		}
	}
	r := &kafka.Record{Headers: []kafka.Header{{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}}}
	got := kafkaotel.Context(ctx, r, kafkaotel.WithPropagator(w3c))
	if got.Value(key{}) != 1 || trace.SpanContextFromContext(got).SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("the context is %v", got)
	}
}

// A handler gets the context of its span: what it does is below it. By default the span has no parent where Run has none, and a link to
// the producer's.
func TestRun(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 1)
	proxy := s.proxy(t, kafkaotel.WithClientID(""))
	member, err := baggage.NewMember("tenant", "seven")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	produce(t, baggage.ContextWithBaggage(within(t), bag), s.producer(t, proxy, 0), order{"a", 1})
	onward := s.producer(t, proxy, 1)
	run(t, 1, func(ctx context.Context, called func()) error {
		return s.consumer(t, proxy, 0).Run(ctx, func(ctx context.Context, m *kafka.Message[order]) error {
			defer called()
			if got := baggage.FromContext(ctx).Member("tenant").Value(); got != "seven" {
				t.Errorf("the handler has the baggage %q, want the producer's", got)
			}
			_, err := onward.Produce(ctx, m.Value)
			return err
		})
	})
	sent := s.ended(t, "send "+s.topics[0], 1)[0]
	processed := s.ended(t, "process "+s.topics[0], 1)[0]
	further := s.ended(t, "send "+s.topics[1], 1)[0]
	checkParent(t, processed, none)
	checkLinks(t, processed, sent.SpanContext)
	checkParent(t, further, processed.SpanContext)
	if processed.SpanKind != trace.SpanKindConsumer {
		t.Errorf("the kind is %v, want consumer", processed.SpanKind)
	}
	checkAttributes(t, "process", processed.Attributes, map[string]any{
		"messaging.system": "kafka", "messaging.destination.name": s.topics[0], "messaging.destination.partition.id": "0",
		"messaging.kafka.offset": 0, "messaging.consumer.group.name": s.cfg.Group,
		"messaging.operation.name": "process", "messaging.operation.type": "process",
	})
	if got := s.named("receive " + s.topics[0]); len(got) > 0 {
		t.Errorf("a Run has %d receive spans, want none: nobody asked for the messages", len(got))
	}
}

// Who wants one trace from producer to handler asks for it. The span around Run is the parent, or with that a link.
func TestParentOfProcess(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]kafkaotel.Option{"link": nil, "parent": {kafkaotel.WithMessageAsParent()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 1)
			proxy := s.proxy(t, opts...)
			produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
			s.write(t, 0, `{"id":"b","qty":1}`) // by somebody without a trace
			var around trace.SpanContext
			run(t, 2, func(ctx context.Context, called func()) error {
				ctx, around = s.in(t, ctx)
				return s.consumer(t, proxy, 0).Run(ctx, func(context.Context, *kafka.Message[order]) error { called(); return nil })
			})
			sent := s.ended(t, "send "+s.topics[0], 1)[0]
			processed := s.ended(t, "process "+s.topics[0], 2)
			if name == "link" {
				checkParent(t, processed[0], around)
				checkLinks(t, processed[0], sent.SpanContext)
			} else {
				checkParent(t, processed[0], sent.SpanContext)
				checkLinks(t, processed[0], sent.SpanContext, around)
			}
			checkParent(t, processed[1], around)
			checkLinks(t, processed[1])
		})
	}
}

// The span of a batch has a link for each message that has a trace, with what is that message's own.
func TestRunBatch(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t, kafkaotel.WithMessageKeys(), kafkaotel.WithMessageAsParent())
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1}, order{"b", 1})
	s.write(t, 0, `{"id":"c","qty":1}`)
	run(t, 1, func(ctx context.Context, called func()) error {
		return s.consumer(t, proxy, 0).RunBatch(ctx, func(_ context.Context, all []*kafka.Message[order]) error {
			called()
			if len(all) != 3 {
				return fmt.Errorf("%d messages, want 3", len(all))
			}
			return nil
		}, kafka.BatchSize(3), kafka.BatchWait(patience))
	})
	sent := s.ended(t, "send "+s.topics[0], 2)
	processed := s.ended(t, "process "+s.topics[0], 1)[0]
	checkParent(t, processed, none)
	checkLinks(t, processed, sent[0].SpanContext, sent[1].SpanContext)
	checkAttributes(t, "process", processed.Attributes, map[string]any{
		"messaging.system": "kafka", "messaging.destination.name": s.topics[0], "messaging.destination.partition.id": "0",
		"messaging.consumer.group.name": s.cfg.Group, "messaging.batch.message_count": 3,
		"messaging.operation.name": "process", "messaging.operation.type": "process",
	})
	for i, key := range []string{"a", "b"} {
		checkAttributes(t, "link", processed.Links[i].Attributes, map[string]any{
			"messaging.kafka.offset": i, "messaging.kafka.message.key": key,
		})
	}
}

// A commit is a settlement, and says of one partition how far it goes.
func TestCommit(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1}, order{"b", 1})
	consumer := s.consumer(t, proxy, 0, kafka.ManualAck(), kafka.WithCommitInterval(time.Hour))
	for range 2 {
		m, err := consumer.Retrieve(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Ack(); err != nil {
			t.Fatal(err)
		}
	}
	if err := consumer.Commit(within(t)); err != nil {
		t.Fatal(err)
	}
	committed := s.ended(t, "commit "+s.topics[0], 1)[0]
	checkParent(t, committed, none)
	checkLinks(t, committed)
	checkAttributes(t, "commit", committed.Attributes, map[string]any{
		"messaging.system": "kafka", "messaging.destination.name": s.topics[0], "messaging.destination.partition.id": "0",
		"messaging.kafka.offset": 1, "messaging.consumer.group.name": s.cfg.Group,
		"messaging.operation.name": "commit", "messaging.operation.type": "settle",
	})
	if committed.SpanKind != trace.SpanKindClient {
		t.Errorf("the kind is %v, want client", committed.SpanKind)
	}
}

// A context that the user has put into the headers stays, and the span is linked to it.
func TestACreationContextOfTheUsersStays(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	_, mine := s.in(t, within(t))
	header := fmt.Sprintf("00-%s-%s-01", mine.TraceID(), mine.SpanID())
	if _, err := s.producer(t, proxy, 0).Produce(within(t), order{"a", 1}, kafka.WithHeader("traceparent", []byte(header))); err != nil {
		t.Fatal(err)
	}
	m, err := s.consumer(t, proxy, 0).Retrieve(within(t))
	if err != nil {
		t.Fatal(err)
	}
	sent := s.ended(t, "send "+s.topics[0], 1)[0]
	checkLinks(t, sent, mine)
	if sent.SpanKind != trace.SpanKindClient {
		t.Errorf("the kind is %v, want client", sent.SpanKind)
	}
	if len(m.Headers) != 1 || string(m.Headers[0].Value) != header {
		t.Errorf("the headers are %q, want the user's", m.Headers)
	}
	checkLinks(t, s.ended(t, "receive "+s.topics[0], 1)[0], mine)
}

// The user's headers stay as they are.
func TestHeadersAreAdded(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	if _, err := s.producer(t, proxy, 0).Produce(within(t), order{"a", 1}, kafka.WithHeader("source", nil)); err != nil {
		t.Fatal(err)
	}
	m, err := s.consumer(t, proxy, 0).Retrieve(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Headers) != 2 || m.Headers[0].Key != "source" || m.Headers[0].Value != nil || m.Headers[1].Key != "traceparent" {
		t.Errorf("the headers are %q", m.Headers)
	}
}

// A tombstone says so.
func TestTombstone(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	if _, err := s.producer(t, proxy, 0).Tombstone(within(t), []byte("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.consumer(t, proxy, 0, kafka.AcceptTombstones()).Retrieve(within(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"send ", "receive "} {
		span := s.ended(t, name+s.topics[0], 1)[0]
		if v, ok := valueOf(span.Attributes, "messaging.kafka.message.tombstone"); !ok || !v.AsBool() {
			t.Errorf("%s has the attributes %v", span.Name, span.Attributes)
		}
	}
}

func valueOf(all []attribute.KeyValue, key attribute.Key) (attribute.Value, bool) {
	set := attribute.NewSet(all...)
	return set.Value(key)
}

// A key is in the spans where it is asked for, and is text.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t, kafkaotel.WithMessageKeys())
	producer := s.producer(t, proxy, 0)
	produce(t, within(t), producer, order{"a", 1})
	if _, err := producer.Produce(within(t), order{"b", 1}, func(r *kafka.Record) { r.Key = []byte{0xff} }); err != nil {
		t.Fatal(err)
	}
	run(t, 2, func(ctx context.Context, called func()) error {
		return s.consumer(t, proxy, 0).Run(ctx, func(context.Context, *kafka.Message[order]) error { called(); return nil })
	})
	for _, name := range []string{"send ", "process "} {
		for i, span := range s.ended(t, name+s.topics[0], 2) {
			v, ok := valueOf(span.Attributes, "messaging.kafka.message.key")
			if want := []string{"a", ""}[i]; ok != (want != "") || v.AsString() != want {
				t.Errorf("%s %d has the key %q", span.Name, i, v.AsString())
			}
		}
	}
}

// What is not sampled is not recorded; its context still crosses, so that the consumer knows the decision.
func TestNotSampled(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	never := sdktrace.NewTracerProvider(sdktrace.WithSyncer(s.spans), sdktrace.WithSampler(sdktrace.NeverSample()))
	proxy := s.proxy(t, kafkaotel.WithTracerProvider(never))
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
	var parent []byte
	run(t, 1, func(ctx context.Context, called func()) error {
		return s.consumer(t, proxy, 0).Run(ctx, func(_ context.Context, m *kafka.Message[order]) error {
			parent, _ = m.Header("traceparent")
			called()
			return nil
		})
	})
	if got := s.spans.GetSpans(); len(got) > 0 {
		t.Errorf("%d spans were recorded", len(got))
	}
	if !strings.HasSuffix(string(parent), "-00") {
		t.Errorf("traceparent is %q, want one that is not sampled", parent)
	}
	s.checkPoints(t, "messaging.process.duration", map[string]int64{"group operation.name=process partition.id=0 topic=0": 1})
}

// Without a propagator nothing is added to a message.
func TestWithoutPropagator(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t, kafkaotel.WithPropagator(propagation.NewCompositeTextMapPropagator()))
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
	m, err := s.consumer(t, proxy, 0).Retrieve(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Headers) > 0 {
		t.Errorf("the headers are %q, want none", m.Headers)
	}
	checkLinks(t, s.ended(t, "receive "+s.topics[0], 1)[0])
}

// Each attempt is a span of its own. A handler's error is told by its class, and in words only where that is asked for.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]kafkaotel.Option{"": nil, "attempt 2 failed": {kafkaotel.WithHandlerErrors()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 1)
			proxy := s.proxy(t, opts...)
			produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
			run(t, 3, func(ctx context.Context, called func()) error {
				return s.consumer(t, proxy, 0).Run(ctx, func(_ context.Context, m *kafka.Message[order]) error {
					defer called()
					if m.Attempt < 3 {
						return fmt.Errorf("attempt %d failed", m.Attempt)
					}
					return nil
				}, kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond}))
			})
			processed := s.ended(t, "process "+s.topics[0], 3)
			for i, span := range processed {
				attempt, retried := valueOf(span.Attributes, "typedkafka.attempt")
				if retried != (i > 0) || retried && attempt.AsInt64() != int64(i+1) {
					t.Errorf("span %d is of attempt %d", i, attempt.AsInt64())
				}
			}
			if second := processed[1]; second.Status.Code != codes.Error || second.Status.Description != name {
				t.Errorf("the status is %v", second.Status)
			}
			if v, _ := valueOf(processed[1].Attributes, "error.type"); v.AsString() != "*errors.errorString" {
				t.Errorf("error.type is %q", v.AsString())
			}
			if last := processed[2]; last.Status.Code != codes.Unset {
				t.Errorf("the status is %v", last.Status)
			}
			s.checkPoints(t, "typedkafka.consumer.retries", map[string]int64{"group topic=0": 2})
			s.checkPoints(t, "messaging.client.consumed.messages", map[string]int64{"group operation.name=process partition.id=0 topic=0": 1})
			s.checkPoints(t, "messaging.process.duration", map[string]int64{
				"error.type=*errors.errorString group operation.name=process partition.id=0 topic=0": 2,
				"group operation.name=process partition.id=0 topic=0":                                1,
			})
		})
	}
}
