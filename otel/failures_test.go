package kafkaotel_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/typedkafka/kafka"
)

func checkError(t *testing.T, span tracetest.SpanStub, class string, words ...string) {
	t.Helper()
	if v, _ := valueOf(span.Attributes, "error.type"); v.AsString() != class || span.Status.Code != codes.Error {
		t.Errorf("%s has error.type %q and status %v, want an error of type %q", span.Name, v.AsString(), span.Status, class)
	}
	for _, w := range words {
		if !strings.Contains(span.Status.Description, w) {
			t.Errorf("%s has the status %q, want %q in it", span.Name, span.Status.Description, w)
		}
	}
}

// What a producer's errors leave: a span that says why, and a count of what was sent, if only tried.
func TestProducerErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	producer := s.producer(t, proxy, 0)
	if _, err := producer.Produce(within(t), order{"a", 0}); err == nil {
		t.Fatal("an order of nothing was sent")
	}
	invalid := s.ended(t, "send "+s.topics[0], 1)[0]
	checkError(t, invalid, "invalid_message", "/qty: must be at least 1")
	checkAttributes(t, "send", invalid.Attributes, map[string]any{
		"messaging.system": "kafka", "messaging.destination.name": s.topics[0], "error.type": "invalid_message",
		"messaging.operation.name": "send", "messaging.operation.type": "send",
	})
	s.checkPoints(t, "messaging.client.sent.messages", map[string]int64{})
	s.checkPoints(t, "typedkafka.invalid.messages", map[string]int64{"operation.name=send topic=0 typedkafka.rule=minimum": 1})

	s.topics = append(s.topics, unique("missing"))
	defer func() { s.topics = s.topics[:1] }()
	if _, err := s.producer(t, proxy, 1).Produce(within(t), order{"a", 1}); !errors.Is(err, kafka.ErrUnknownTopic) {
		t.Fatal(err)
	}
	checkError(t, s.ended(t, "send "+s.topics[1], 1)[0], "UNKNOWN_TOPIC_OR_PARTITION", "unknown topic")
	s.checkPoints(t, "messaging.client.sent.messages", map[string]int64{
		"error.type=UNKNOWN_TOPIC_OR_PARTITION operation.name=send topic=1": 1,
	})

	disconnect(t, producer)
	if _, err := producer.Produce(within(t), order{"a", 1}); !errors.Is(err, kafka.ErrDisconnected) {
		t.Fatal(err)
	}
	checkError(t, s.ended(t, "send "+s.topics[0], 2)[1], "disconnected")
	s.checkPoints(t, "messaging.client.operation.duration", map[string]int64{
		"error.type=invalid_message operation.name=send operation.type=send topic=0":            1,
		"error.type=UNKNOWN_TOPIC_OR_PARTITION operation.name=send operation.type=send topic=1": 1,
		"error.type=disconnected operation.name=send operation.type=send topic=0":               1,
	})
}

// Where no broker answers, the class says so.
func TestNoBroker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.cfg.Brokers = []string{closed.Addr().String()}
	closed.Close()
	s.topics = []string{"orders"}
	if _, err := s.producer(t, s.proxy(t), 0).Produce(within(t), order{"a", 1}); err == nil {
		t.Fatal("it was sent")
	}
	checkError(t, s.ended(t, "send orders", 1)[0], "connection", "connection refused")
}

// A message that a consumer can't decode is counted by what it breaks, and its span says the place and no value.
func TestInvalidMessages(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	s.write(t, 0, `{"id":1,"qty":0}`, `{"id":"a","qty":-5}`, `{`, "")
	consumer := s.consumer(t, proxy, 0)
	for range 4 {
		var invalid *kafka.MessageError
		if _, err := consumer.Retrieve(within(t)); !errors.As(err, &invalid) {
			t.Fatal(err)
		}
	}
	received := s.ended(t, "receive "+s.topics[0], 4)
	for i, class := range []string{"invalid_message", "invalid_message", "invalid_message", "unexpected_tombstone"} {
		checkError(t, received[i], class)
	}
	checkError(t, received[1], "invalid_message", "/qty: must be at least 1")
	at := "group operation.name=receive topic=0 typedkafka.rule="
	s.checkPoints(t, "typedkafka.invalid.messages", map[string]int64{
		at + "type": 1, at + "minimum": 2, at + "syntax": 1, at + "unexpected_tombstone": 1,
	})
	s.checkPoints(t, "messaging.client.consumed.messages", map[string]int64{
		"error.type=invalid_message group operation.name=receive partition.id=0 topic=0":      3,
		"error.type=unexpected_tombstone group operation.name=receive partition.id=0 topic=0": 1,
	})
}

// A message that fails for good is counted by its fate. Its dead letter keeps the producer's context, and its span is linked to it.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1}, order{"b", 1})
	s.write(t, 0, `{"id":"c","qty":0}`)
	ctx, stop := context.WithCancel(within(t))
	done := make(chan error, 1)
	go func() {
		done <- s.consumer(t, proxy, 0).Run(ctx, func(_ context.Context, m *kafka.Message[order]) error {
			if m.Value.ID == "b" {
				panic("of " + m.Value.ID)
			}
			return kafka.Permanent(&bankError{})
		}, kafka.DeadLetter(s.topics[1]), kafka.Retry(kafka.RetryPolicy{Attempts: 1}))
	}()
	buried := s.ended(t, "send "+s.topics[1], 3)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	sent := s.ended(t, "send "+s.topics[0], 2)
	processed := s.ended(t, "process "+s.topics[0], 2)
	checkError(t, processed[0], "*kafkaotel_test.bankError")
	checkError(t, processed[1], "panic", "panicked with a string")
	if processed[0].Status.Description != "" {
		t.Errorf("the status tells %q", processed[0].Status.Description)
	}
	var links int
	for _, span := range buried {
		for _, l := range span.Links {
			if same(l.SpanContext, sent[0].SpanContext) || same(l.SpanContext, sent[1].SpanContext) {
				links++
			}
		}
	}
	if links != 2 {
		t.Errorf("the dead letters of 2 messages with a trace have %d links to it", links)
	}
	s.checkPoints(t, "typedkafka.consumer.failures", map[string]int64{
		"error.type=*kafkaotel_test.bankError group topic=0 typedkafka.fate=dead_lettered": 1,
		"error.type=panic group topic=0 typedkafka.fate=dead_lettered":                     1,
		"error.type=invalid_message group topic=0 typedkafka.fate=dead_lettered":           1,
	})
	s.checkPoints(t, "typedkafka.invalid.messages", map[string]int64{"group operation.name=process topic=0 typedkafka.rule=minimum": 1})
	s.checkLetters(t, proxy, map[string]tracetest.SpanStub{"a": sent[0], "b": sent[1]})
}

// checkLetters checks that the dead letters of messages, by their keys, have the context of the producer's spans.
func (s *site) checkLetters(t *testing.T, proxy *kafka.Proxy, want map[string]tracetest.SpanStub) {
	t.Helper()
	letters := s.consumer(t, proxy, 1)
	for len(want) > 0 {
		m, err := letters.Retrieve(within(t))
		var invalid *kafka.MessageError
		if errors.As(err, &invalid) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		of := want[string(m.Key)]
		if v, _ := m.Header("traceparent"); !strings.Contains(string(v), of.SpanContext.SpanID().String()) {
			t.Errorf("traceparent of the dead letter is %q, want that of %s", v, of.Name)
		}
		delete(want, string(m.Key))
	}
}

type bankError struct{}

func (*bankError) Error() string { return "the bank says no" }

// The other fates: settled by OnFailure, and the end of a Run.
func TestFates(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1}, order{"b", 1})
	refuse := func(context.Context, *kafka.Message[order]) error { return context.DeadlineExceeded }
	settle := func(_ context.Context, m *kafka.MessageError) error {
		if string(m.Key) == "a" {
			return nil
		}
		return m
	}
	err := s.consumer(t, proxy, 0).Run(within(t), refuse, kafka.OnFailure(settle), kafka.Retry(kafka.RetryPolicy{Attempts: 1}))
	var failed *kafka.MessageError
	if !errors.As(err, &failed) || failed.Offset != 1 {
		t.Fatal(err)
	}
	s.checkPoints(t, "typedkafka.consumer.failures", map[string]int64{
		"error.type=timeout group topic=0 typedkafka.fate=settled":  1,
		"error.type=timeout group topic=0 typedkafka.fate=ends_run": 1,
	})
}

// The error of a batch has the class of the first that failed in it.
func TestErrorsOfABatch(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1}, order{"b", 1})
	run(t, 2, func(ctx context.Context, called func()) error {
		return s.consumer(t, proxy, 0).RunBatch(ctx, func(_ context.Context, all []*kafka.Message[order]) error {
			defer called()
			if all[0].Attempt == 1 {
				return &kafka.BatchError{Errs: []error{nil, &bankError{}}}
			}
			return nil
		}, kafka.BatchSize(2), kafka.BatchWait(patience), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	})
	checkError(t, s.ended(t, "process "+s.topics[0], 2)[0], "*kafkaotel_test.bankError")
	s.checkPoints(t, "typedkafka.consumer.retries", map[string]int64{"group topic=0": 1})
}

// A message that is redriven stays in the trace of its producer, over the dead-letter topic and back.
func TestRedrive(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
	ctx, stop := context.WithCancel(within(t))
	failing, done := s.consumer(t, proxy, 0), make(chan error, 1)
	go func() {
		done <- failing.Run(ctx, func(context.Context, *kafka.Message[order]) error {
			return kafka.Permanent(&bankError{})
		}, kafka.DeadLetter(s.topics[1]))
	}()
	s.ended(t, "send "+s.topics[1], 1)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	disconnect(t, failing)
	letter, err := s.consumer(t, proxy, 1).Retrieve(within(t))
	if err != nil {
		t.Fatal(err)
	}
	redriver, err := kafka.NewRedriver(proxy, s.contract(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := redriver.Redrive(within(t), &letter.Record); err != nil {
		t.Fatal(err)
	}
	if _, err := s.consumer(t, proxy, 0).Retrieve(within(t)); err != nil {
		t.Fatal(err)
	}
	sent := s.ended(t, "send "+s.topics[0], 2)
	checkLinks(t, sent[1], sent[0].SpanContext)
	if sent[1].SpanKind != trace.SpanKindClient {
		t.Errorf("the kind is %v, want client", sent[1].SpanKind)
	}
	checkLinks(t, s.ended(t, "receive "+s.topics[0], 1)[0], sent[0].SpanContext)
}

// A stretch of the log that can't be read is told as what it is, and by its place.
func TestABatchThatIsTooLarge(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.cfg.Consumer.MaxDecompressedBytes = 100 << 10
	s.cfg.Producer.Compression = "gzip"
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{strings.Repeat("a", 200<<10), 1})
	if m, err := s.consumer(t, proxy, 0).Retrieve(within(t)); err == nil {
		t.Fatalf("received %d bytes", len(m.Raw))
	}
	received := s.ended(t, "receive "+s.topics[0], 1)[0]
	checkError(t, received, "batch_too_large")
	checkAttributes(t, "receive", received.Attributes, map[string]any{
		"messaging.system": "kafka", "messaging.destination.name": s.topics[0], "messaging.destination.partition.id": "0",
		"messaging.kafka.offset": 0, "messaging.consumer.group.name": s.cfg.Group, "error.type": "batch_too_large",
		"messaging.operation.name": "receive", "messaging.operation.type": "receive",
	})
	s.checkPoints(t, "typedkafka.invalid.messages", map[string]int64{
		"group operation.name=receive topic=0 typedkafka.rule=batch_too_large": 1,
	})
}
