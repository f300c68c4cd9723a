package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

func TestDoneIsCalledOnceForEachMessageAndInOrderPerPartition(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	const messages, partitions = 500, 3
	producer := newProducer(t, c.proxy(t), c.topic(t, partitions))
	var mu sync.Mutex
	calls := make([]int, messages)
	last := map[int32]int64{}
	var wg sync.WaitGroup
	for i := range messages {
		o := order{ID: fmt.Sprint(i % 7), Qty: i}
		if i%50 == 49 {
			o.ID = "\xff" // no JSON
		}
		wg.Add(1)
		producer.ProduceAsync(within(t, patience), o, func(d kafka.Delivery, err error) {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			calls[i]++
			if invalid := i%50 == 49; (err != nil) != invalid {
				t.Errorf("message %d: %v", i, err)
			}
			if err != nil {
				return
			}
			if before, seen := last[d.Partition]; seen && d.Offset <= before {
				t.Errorf("partition %d: done for offset %d after %d", d.Partition, d.Offset, before)
			}
			last[d.Partition] = d.Offset
		})
	}
	wg.Wait()
	disconnect(t, producer)
	mu.Lock()
	defer mu.Unlock()
	for i, n := range calls {
		if n != 1 {
			t.Errorf("done was called %d times for message %d", n, i)
		}
	}
}

func TestDoneMayProduceFlushAndDisconnect(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t), topic)
	ended := make(chan error, 1)
	producer.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_, again := producer.Produce(ctx, order{Qty: 1})
		nested := make(chan error, 1)
		producer.ProduceAsync(ctx, order{Qty: 2}, func(_ kafka.Delivery, err error) { nested <- err })
		flush := producer.Flush(ctx)
		end := producer.Disconnect(ctx)
		go func() { ended <- errors.Join(err, again, flush, end, <-nested) }()
	})
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("done hangs")
	}
	if n := c.written(t, topic); n != 3 {
		t.Errorf("%d messages in the log, want 3", n)
	}
}

// A slow done delays the other calls of its producer, and nothing else.
func TestASlowDoneDelaysItsProducerAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	p := c.proxy(t)
	slow, other := newProducer(t, p, topic), newProducer(t, p, topic)
	entered, release := make(chan struct{}), make(chan struct{})
	var later atomic.Bool
	slow.ProduceAsync(t.Context(), order{}, func(kafka.Delivery, error) { close(entered); <-release })
	all := make(chan struct{})
	slow.ProduceAsync(t.Context(), order{}, func(kafka.Delivery, error) { later.Store(true); close(all) })
	<-entered
	produce(t, other, order{})
	produce(t, slow, order{}) // a call that waits for its own acknowledgement is not delayed
	async := make(chan error, 1)
	other.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { async <- err })
	if err := <-async; err != nil {
		t.Error(err)
	}
	if err := slow.Flush(within(t, patience)); err != nil {
		t.Errorf("Flush waits for done: %v", err)
	}
	if later.Load() {
		t.Error("two calls of done ran side by side")
	}
	disconnect(t, slow)
	close(release)
	<-all
}

func TestDoneMayBeNil(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t), topic)
	producer.ProduceAsync(t.Context(), order{}, nil)
	producer.ProduceAsync(t.Context(), order{ID: "\xff"}, nil)
	if err := producer.Flush(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if n := c.written(t, topic); n != 1 {
		t.Errorf("%d messages in the log, want 1", n)
	}
}

// Flush of franz-go waits for everybody on the client.
func TestFlushWaitsForItsOwnProducerAlone(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	p := c.proxy(t, n.option())
	topic := c.topic(t, 1)
	quiet, busy := newProducer(t, p, topic), newProducer(t, p, topic)
	produce(t, quiet, order{})
	thaw := n.freeze()
	defer thaw()
	results := make(chan error, 1)
	busy.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { results <- err })
	if err := quiet.Flush(within(t, patience)); err != nil {
		t.Errorf("a flush waits for a sibling's message: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := busy.Flush(ctx)
	wantError(t, err, context.DeadlineExceeded, "flush", topic, "1 messages are not acknowledged")
	thaw()
	if err := busy.Flush(within(t, patience)); err != nil {
		t.Error(err)
	}
	if err := <-results; err != nil {
		t.Error(err)
	}
}

// A flush waits for what was admitted before it and for nothing else: a later message that nobody answers does not hold it up.
func TestFlushDoesNotWaitForWhatComesAfterIt(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "holds the answers of one partition and not of the other")
	topic := c.topic(t, 2)
	producer := newProducer(t, c.proxy(t), topic)
	produce(t, producer, order{}, kafka.WithPartition(0))
	first, later, arrived := make(chan struct{}), make(chan struct{}), make(chan int32, 2)
	c.fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		partition := req.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Partition
		held := map[int32]chan struct{}{0: first, 1: later}[partition]
		c.fake.SleepControl(func() { arrived <- partition; <-held })
		return nil, nil, false
	})
	outcomes := make(chan error, 2)
	note := func(_ kafka.Delivery, err error) { outcomes <- err }
	producer.ProduceAsync(t.Context(), order{}, note, kafka.WithPartition(0))
	<-arrived
	flushed := make(chan error, 1)
	flushing := make(chan struct{})
	go func() { close(flushing); flushed <- producer.Flush(within(t, patience)) }()
	<-flushing
	early := within(t, 100*time.Millisecond)
	select {
	case err := <-flushed:
		t.Fatalf("Flush returned %v before its message was acknowledged", err)
	case <-early.Done(): // by then it waits, for the first message alone
	}
	producer.ProduceAsync(t.Context(), order{}, note, kafka.WithPartition(1))
	close(first)
	if err := <-flushed; err != nil {
		t.Error(err)
	}
	if err := <-outcomes; err != nil {
		t.Error(err)
	}
	close(later)
	if err := <-outcomes; err != nil {
		t.Error(err)
	}
}
