package kafkaprom_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/typedkafka/kafka"
)

// What is sent is counted by its outcome and timed; what is invalid by its rules, and not timed.
func TestSending(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	topic := s.topics[0]
	producer := s.producer(t, s.proxy(t), 0)
	produce(t, producer, "a", "b", "c")
	if _, err := producer.Tombstone(within(t), []byte("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := producer.Produce(within(t), order{"", -1}); err == nil {
		t.Fatal("an invalid order was sent")
	}
	if _, err := producer.ProduceAll(within(t), []order{{"d", 1}, {"e", 1}}); err != nil {
		t.Fatal(err)
	}
	disconnect(t, producer)
	if _, err := producer.Produce(within(t), order{"f", 1}); !errors.Is(err, kafka.ErrDisconnected) {
		t.Fatal(err)
	}
	s.check(t, 6, "sent_messages_total", "topic", topic)
	s.check(t, 1, "send_failures_total", "topic", topic, "error", "invalid_message")
	s.check(t, 0, "send_failures_total", "topic", topic, "error", "outcome_unknown") // so that its first one is a step
	s.check(t, 1, "invalid_messages_total", "topic", topic, "operation", "send", "rule", "minimum")
	s.check(t, 1, "invalid_messages_total", "topic", topic, "operation", "send", "rule", "minLength")
	took, _ := s.find(t, "send_duration_seconds", "topic", topic)
	if took.value < 6 || took.sum <= 0 || took.sum > 6*patience.Seconds() {
		t.Errorf("%v messages took %v s", took.value, took.sum)
	}
}

// Deliveries, invalid ones by rule, and the time of a Retrieve.
func TestRetrieving(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	topic, group := s.topics[0], s.cfg.Group
	proxy := s.proxy(t)
	produce(t, s.producer(t, proxy, 0), "a", "b")
	s.write(t, 0, `{"id":"","qty":0}`, `{"id":`, "")
	consumer := s.consumer(t, proxy, 0)
	take(t, consumer, 5)
	s.check(t, 5, "consumed_messages_total", "topic", topic, "group", group)
	s.check(t, 5, "receive_duration_seconds", "topic", topic, "group", group)
	for _, rule := range []string{"minLength", "minimum", "syntax", "unexpected_tombstone"} {
		s.check(t, 1, "invalid_messages_total", "topic", topic, "group", group, "operation", "receive", "rule", rule)
	}
	if err := consumer.Commit(within(t)); err != nil {
		t.Fatal(err)
	}
	if took, found := s.find(t, "commit_duration_seconds", "topic", topic, "group", group); !found || took.value < 1 || took.sum <= 0 {
		t.Errorf("%v commits took %v s", took.value, took.sum)
	}
}

// A Run's calls, their failures and retries, and what became of what failed for good. The counters begin with 0.
func TestRunning(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 1)
	topic, group := s.topics[0], s.cfg.Group
	proxy := s.proxy(t)
	produce(t, s.producer(t, proxy, 0), "good", "slow", "panics", "settled")
	s.write(t, 0, `{"id":"x","qty":"y"}`)
	stop := running(t, s.consumer(t, proxy, 0), func(_ context.Context, m *kafka.Message[order]) error {
		switch {
		case m.Value.ID == "slow" && m.Attempt < 3:
			return context.DeadlineExceeded
		case m.Value.ID == "panics":
			panic("out of tea")
		case m.Value.ID == "settled":
			return kafka.Permanent(errors.New("no such customer"))
		}
		return nil
	}, kafka.DeadLetter(s.topics[1]), kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond}),
		kafka.OnFailure(func(_ context.Context, m *kafka.MessageError) error {
			if m.Attempts == 1 {
				return nil
			}
			return m
		}))
	s.events.await(t, "dead_lettered", 2)
	s.events.await(t, "settled", 1)
	s.events.await(t, "handled", 8)
	stop()
	at := []string{"topic", topic, "group", group}
	with := func(more ...string) []string { return append(at[:len(at):len(at)], more...) }
	s.check(t, 5, "consumed_messages_total", at...)
	s.check(t, 8, "handler_duration_seconds", at...)
	s.check(t, 4, "handler_retries_total", at...)
	s.check(t, 2, "handler_failures_total", with("error", "timeout")...)
	s.check(t, 3, "handler_failures_total", with("error", "panic")...)
	s.check(t, 1, "handler_failures_total", with("error", "other")...)
	s.check(t, 0, "handler_failures_total", with("error", "canceled")...)
	s.check(t, 2, "failed_messages_total", with("fate", "dead_lettered")...)
	s.check(t, 1, "failed_messages_total", with("fate", "settled")...)
	s.check(t, 0, "failed_messages_total", with("fate", "ends_run")...)
	s.check(t, 1, "invalid_messages_total", with("operation", "receive", "rule", "type")...)
	s.check(t, 2, "sent_messages_total", "topic", s.topics[1]) // dead letters are sent too
	if _, found := s.find(t, "receive_duration_seconds", at...); found {
		t.Error("a Run's messages count as retrieved")
	}
}

// Losses and rebalances by kind, all of which begin with 0.
func TestLosing(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	at := []string{"topic", s.topics[0], "group", s.cfg.Group, "kind"}
	with := func(kind string) []string { return append(at[:len(at):len(at)], kind) }
	produce(t, s.producer(t, proxy, 0), "a", "b", "c", "d")
	first := s.consumer(t, proxy, 0)
	take(t, first, 2)
	if err := first.Commit(within(t)); err != nil {
		t.Fatal(err)
	}
	s.check(t, 0, "losses_total", with("retention")...)
	s.check(t, 1, "rebalances_total", with("assigned")...)
	s.check(t, 0, "rebalances_total", with("revoked")...)
	disconnect(t, first)
	s.check(t, 1, "rebalances_total", with("revoked")...)
	s.deleteBefore(t, 0, 3)
	if _, err := s.consumer(t, proxy, 0).Retrieve(within(t)); !errors.Is(err, kafka.ErrDataLoss) {
		t.Fatal(err)
	}
	eventually(t, "the loss is counted", func() bool { return s.happened(t, "lost_messages_total") })
	s.check(t, 1, "losses_total", with("retention")...)
	s.check(t, 2, "lost_messages_total", with("retention")...)
	s.check(t, 0, "losses_total", with("truncation")...)
	s.check(t, 0, "losses_total", with("recreated")...)
	s.check(t, 2, "rebalances_total", with("assigned")...)
	s.check(t, 0, "rebalances_total", with("lost")...)
}

// A batch is one call and several messages; what ends a Run is counted.
func TestRunningBatches(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	at := []string{"topic", s.topics[0], "group", s.cfg.Group}
	proxy := s.proxy(t)
	produce(t, s.producer(t, proxy, 0), "a", "b", "c")
	err := s.consumer(t, proxy, 0).RunBatch(within(t), func(context.Context, []*kafka.Message[order]) error { return errors.New("no") },
		kafka.BatchSize(3), kafka.BatchWait(patience), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	var failed *kafka.MessageError
	if !errors.As(err, &failed) {
		t.Fatalf("it ended with %v", err)
	}
	s.check(t, 3, "consumed_messages_total", at...)
	s.check(t, 2, "handler_duration_seconds", at...)
	s.check(t, 3, "handler_retries_total", at...)
	if ended, _ := s.find(t, "failed_messages_total", append(at, "fate", "ends_run")...); ended.value < 1 {
		t.Errorf("%v messages ended the Run", ended.value)
	}
}

// All names are what Prometheus's linter asks for.
func TestNamesAreClean(t *testing.T) {
	t.Parallel()
	s := busy(t)
	problems, err := testutil.GatherAndLint(s.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
