package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

func startBatch(t *testing.T, c *kafka.Consumer[order], h kafka.BatchHandler[order], opts ...kafka.RunOption) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{stop: stop, done: make(chan error, 1)}
	go func() { r.done <- c.RunBatch(ctx, h, opts...) }()
	t.Cleanup(stop)
	return r
}

// numbers are the orders of a batch, each with the attempt that it came in.
func numbers(batch []*kafka.Message[order]) (all []int) {
	for _, m := range batch {
		all = append(all, m.Value.Qty)
	}
	return all
}

// A batch is full, or has waited long enough; it has the order of its partition, whatever the keys, and is acknowledged as a whole.
func TestRunBatchHandlesByTheBatch(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeKeyed(t, topic, 0, "a", "b", "a", "c", "a", "b", "a")
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := startBatch(t, consumer, func(_ context.Context, batch []*kafka.Message[order]) error {
		d.write("%v", numbers(batch))
		return nil
	}, kafka.BatchSize(3), kafka.BatchWait(100*time.Millisecond), kafka.Concurrency(2))
	if got := d.await(t, 3); !slices.Equal(got, []string{"[0 1 2]", "[3 4 5]", "[6]"}) {
		t.Errorf("handled %q", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 7)
}

// Partitions are handled side by side; within one there is one batch at a time.
func TestRunBatchHandlesPartitionsSideBySide(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 4)
	c.writeOrders(t, topic, 1, 10, 14)
	consumer := newConsumer(t, c.proxy(t), topic)
	d, both := newDiary(), make(chan struct{})
	r := startBatch(t, consumer, func(_ context.Context, batch []*kafka.Message[order]) error {
		d.write("%v", numbers(batch))
		<-both
		return nil
	}, kafka.BatchSize(2), kafka.Concurrency(4))
	got := d.await(t, 2)
	slices.Sort(got)
	if !slices.Equal(got, []string{"[0 1]", "[10 11]"}) {
		t.Errorf("at once %q, want the first batch of each partition", got)
	}
	close(both)
	d.await(t, 4)
	r.wantEnd(t)
}

// What failed in a batch is handled again, before anything that comes after it; the rest is not.
func TestAPartOfABatchFails(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 6)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := startBatch(t, consumer, func(_ context.Context, batch []*kafka.Message[order]) error {
		d.write("%v try %d", numbers(batch), batch[0].Attempt)
		errs := make([]error, len(batch))
		for i, m := range batch {
			if m.Value.Qty%2 == 1 && m.Attempt < 3 && m.Value.Qty < 3 {
				errs[i] = errors.New("not yet")
			}
		}
		return &kafka.BatchError{Errs: errs}
	}, kafka.BatchSize(3), kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond}))
	want := []string{"[0 1 2] try 1", "[1] try 2", "[1] try 3", "[3 4 5] try 1"}
	if got := d.await(t, 4); !slices.Equal(got, want) {
		t.Errorf("handled %q, want %q", got, want)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 6)
}

// Messages that can't be decoded are no part of a batch; what fails for good goes its way message by message.
func TestABatchWithoutWhatCantBeDecoded(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, orderBytes(0, 1)[0], []byte("{"), orderBytes(2, 3)[0])
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := startBatch(t, consumer, func(_ context.Context, batch []*kafka.Message[order]) error {
		d.write("%v", numbers(batch))
		return kafka.Permanent(errors.New("never"))
	}, kafka.BatchSize(3), kafka.OnFailure(func(_ context.Context, m *kafka.MessageError) error {
		d.write("failed %d after %d", m.Offset, m.Attempts)
		return nil
	}))
	want := []string{"[0 2]", "failed 0 after 1", "failed 1 after 0", "failed 2 after 1"}
	if got := d.await(t, 4); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// A BatchError that does not fit its batch, a panic, and a timeout are errors of the whole batch.
func TestAWholeBatchFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handle kafka.BatchHandler[order]
		word   string
	}{
		"no fit": {func(context.Context, []*kafka.Message[order]) error {
			return &kafka.BatchError{Errs: make([]error, 1)}
		}, "a BatchError of 1 for a batch of 2"},
		"panic": {func(context.Context, []*kafka.Message[order]) error { panic("no") }, "panicked"},
		"timeout": {func(ctx context.Context, _ []*kafka.Message[order]) error {
			<-ctx.Done()
			return ctx.Err()
		}, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 2)
			consumer := newConsumer(t, c.proxy(t), topic)
			err := startBatch(t, consumer, test.handle, kafka.BatchSize(2), kafka.HandlerTimeout(50*time.Millisecond),
				kafka.Retry(kafka.RetryPolicy{Attempts: 1})).result(t)
			wantWords(t, err, test.word, fmt.Sprintf("%s[0]@0", topic))
		})
	}
}

func TestRunBatchRefusesWhatItCantMeet(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "nothing is sent")
	consumer := newConsumer(t, c.proxy(t), "orders", kafka.WithMaxUnacked(50))
	handle := func(context.Context, []*kafka.Message[order]) error { return nil }
	wantWords(t, consumer.RunBatch(t.Context(), nil), "handler is nil")
	wantWords(t, consumer.RunBatch(t.Context(), handle, kafka.BatchSize(0), kafka.BatchWait(-1), kafka.Unordered(), kafka.Concurrency(0)),
		"BatchSize(0)", "BatchWait", "Unordered", "Concurrency(0)")
	wantWords(t, consumer.RunBatch(t.Context(), handle, kafka.BatchSize(51)), "WithMaxUnacked allows 50")
	wantWords(t, consumer.Run(t.Context(), func(context.Context, *kafka.Message[order]) error { return nil }, kafka.BatchSize(2)), "use RunBatch")
}
