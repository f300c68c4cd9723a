package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

// Run handles what is there, acknowledges what its handler has returned nil for, and commits it when it ends.
func TestRunHandlesAndCommits(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 20)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%d %d", m.Value.Qty, m.Attempt)
		return nil
	})
	for i, got := range d.await(t, 20) {
		if want := fmt.Sprintf("%d 1", i); got != want {
			t.Fatalf("handled %q, want %q", got, want)
		}
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 20)
}

// Messages with one key are handled one after another, in order; different keys side by side, also within one partition.
func TestRunKeepsTheOrderOfAKeyAndHandlesOthersMeanwhile(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeKeyed(t, topic, 0, "a", "a", "b", "a", "b", "c")
	consumer := newConsumer(t, c.proxy(t), topic)
	d, release := newDiary(), make(chan struct{})
	r := start(t, consumer, func(ctx context.Context, m *kafka.Message[order]) error {
		if string(m.Key) == "a" {
			<-release
		}
		d.write("%s%d", m.Key, m.Value.Qty)
		return nil
	}, kafka.Concurrency(3))
	if got := d.await(t, 3); !slices.Contains(got, "c5") || slices.Index(got, "b2") > slices.Index(got, "b4") {
		t.Errorf("handled %q while a stands, want b2 before b4, and c5", got)
	}
	close(release)
	if got := d.await(t, 6)[3:]; !slices.Equal(got, []string{"a0", "a1", "a3"}) {
		t.Errorf("then handled %q, want the messages of a in order", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 6)
}

// Messages without a key keep the order of their partition, unless the Run is Unordered.
func TestRunHandlesMessagesWithoutAKeyByPartition(t *testing.T) {
	t.Parallel()
	for _, unordered := range []bool{false, true} {
		t.Run(fmt.Sprintf("unordered %v", unordered), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 10)
			consumer := newConsumer(t, c.proxy(t), topic)
			opts := []kafka.RunOption{kafka.Concurrency(4)}
			if unordered {
				opts = append(opts, kafka.Unordered())
			}
			d, release := newDiary(), make(chan struct{})
			r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
				if m.Value.Qty == 0 {
					<-release
				}
				d.write("%d", m.Value.Qty)
				return nil
			}, opts...)
			if unordered {
				d.await(t, 9) // all but the first
			}
			close(release)
			if got := d.await(t, 10); !unordered && !slices.IsSortedFunc(got, func(a, b string) int { return len(a) - len(b) }) {
				t.Errorf("handled %q, want the order of the partition", got)
			} else if !unordered && got[0] != "0" || unordered && got[9] != "0" {
				t.Errorf("handled %q", got)
			}
			r.wantEnd(t)
			c.wantCommitted(t, topic, 0, 10)
		})
	}
}

// A failed message is handled again, with its attempt's number; while it waits its key waits and others go on.
func TestRunRetries(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeKeyed(t, topic, 0, "a", "a", "b")
	consumer := newConsumer(t, c.proxy(t), topic)
	d, bIsDone := newDiary(), make(chan struct{})
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%s%d try %d", m.Key, m.Value.Qty, m.Attempt)
		switch {
		case string(m.Key) == "b":
			close(bIsDone)
		case m.Value.Qty == 0 && m.Attempt < 3:
			return errors.New("not yet")
		case m.Value.Qty == 0:
			<-bIsDone
		}
		return nil
	}, kafka.Concurrency(2), kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond}))
	got := slices.DeleteFunc(d.await(t, 5), func(s string) bool { return s[0] == 'b' })
	if want := []string{"a0 try 1", "a0 try 2", "a0 try 3", "a1 try 1"}; !slices.Equal(got, want) {
		t.Errorf("handled %q, want %q", got, want)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// With neither OnFailure nor DeadLetter a message that has failed for good ends the Run, and is held: the next Run handles it again.
func TestRunEndsWithTheMessageThatFailed(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	broken := errors.New("broken")
	var calls atomic.Int32
	err := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 1 {
			calls.Add(1)
			return broken
		}
		return nil
	}, kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond})).result(t)
	var failed *kafka.MessageError
	if !errors.As(err, &failed) || failed.Offset != 1 || failed.Attempts != 2 || !errors.Is(err, broken) || calls.Load() != 2 {
		t.Fatalf("Run returned %v after %d calls, want the MessageError of offset 1 after 2", err, calls.Load())
	}
	c.wantCommitted(t, topic, 0, 1)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%d", m.Value.Qty)
		return nil
	})
	if got := d.await(t, 2); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("the next Run handled %q, want what was not settled, in order", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// A message whose Run has ended with it may be skipped: the error's Ack settles it.
func TestTheErrorOfARunCanBeAcknowledged(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	handle := func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 0 {
			return kafka.Permanent(errors.New("broken"))
		}
		d.write("%d", m.Value.Qty)
		return nil
	}
	err := start(t, consumer, handle).result(t)
	var failed *kafka.MessageError
	if !errors.As(err, &failed) || failed.Attempts != 1 {
		t.Fatalf("Run returned %v, want a MessageError after one attempt", err)
	}
	if err := failed.Ack(); err != nil {
		t.Fatal(err)
	}
	r := start(t, consumer, handle)
	d.await(t, 1)
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 2)
}

// OnFailure sees what has failed for good, undecodable messages too, and settles it with nil.
func TestOnFailureSettles(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, orderBytes(0, 1)[0], []byte(`{"no": json`), orderBytes(2, 3)[0])
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("handled %d", m.Value.Qty)
		return kafka.Permanent(errors.New("never"))
	}, kafka.OnFailure(func(_ context.Context, m *kafka.MessageError) error {
		d.write("failed %d after %d: %s", m.Offset, m.Attempts, m.Raw[:2])
		if err := m.Ack(); err == nil {
			d.write("acknowledged")
		}
		return nil
	}))
	got := d.await(t, 5)
	want := []string{"handled 0", "failed 0 after 1: {\"", "failed 1 after 0: {\"", "handled 2", "failed 2 after 1: {\""}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// A panic is an error with its stack, and its text has no payload.
func TestAPanicIsAnError(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
	err := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		panic("secret payload " + m.Value.ID)
	}, kafka.Retry(kafka.RetryPolicy{Attempts: 1})).result(t)
	var p *kafka.PanicError
	if !errors.As(err, &p) || p.Value != "secret payload a" || len(p.Stack) == 0 {
		t.Fatalf("Run returned %v, want a PanicError", err)
	}
	if contains(err, "secret") || log.count("secret") > 0 {
		t.Errorf("the panic's value is told: %v\n%s", err, log)
	}
	if log.count("panicked", "run_test.go") == 0 {
		t.Errorf("the log has no stack:\n%s", log)
	}
}

// What can't be met is refused at once, all of it together.
func TestRunRefusesWhatItCantMeet(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "nothing is sent")
	handle := func(context.Context, *kafka.Message[order]) error { return nil }
	consumer := newConsumer(t, c.proxy(t), "orders")
	for name, test := range map[string]struct {
		consumer *kafka.Consumer[order]
		handler  kafka.Handler[order]
		opts     []kafka.RunOption
		words    []string
	}{
		"a nil handler":   {consumer, nil, nil, []string{"handler is nil"}},
		"no concurrency":  {consumer, handle, []kafka.RunOption{kafka.Concurrency(0)}, []string{"Concurrency(0)"}},
		"no attempts":     {consumer, handle, []kafka.RunOption{kafka.Retry(kafka.RetryPolicy{})}, []string{"0 Attempts"}},
		"its own letters": {consumer, handle, []kafka.RunOption{kafka.DeadLetter("orders")}, []string{`DeadLetter("orders")`}},
		"manual":          {newConsumer(t, c.proxy(t), "orders", kafka.ManualAck()), handle, nil, []string{"ManualAck"}},
		"several": {
			consumer, nil, []kafka.RunOption{kafka.Concurrency(-1), kafka.HandlerTimeout(-1)},
			[]string{"handler is nil", "Concurrency(-1)", "HandlerTimeout"},
		},
		"none": {nil, handle, nil, []string{"NewConsumer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantWords(t, test.consumer.Run(t.Context(), test.handler, test.opts...), test.words...)
		})
	}
}

// One Run at a time, and no Retrieve beside it.
func TestARunIsAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	handle := func(context.Context, *kafka.Message[order]) error {
		d.write("handled")
		return nil
	}
	r := start(t, consumer, handle)
	d.await(t, 1)
	wantWords(t, consumer.Run(t.Context(), handle), "a Run is under way")
	_, err := consumer.Retrieve(t.Context())
	wantWords(t, err, "a Run is under way")
	r.wantEnd(t)
}

// What Retrieve handed out is not acknowledged by a Run: it comes again.
func TestARunBeginsWithWhatRetrieveHandedOut(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 2) // and 1 is held
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%d", m.Value.Qty)
		return nil
	})
	if got := d.await(t, 2); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("handled %q, want 1 and 2", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}
