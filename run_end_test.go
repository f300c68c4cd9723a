package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/typedkafka/kafka"
)

// When ctx ends nothing new is handled; what is being handled may finish, with a context of its own that has the values of Run's.
func TestRunDrainsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	type key struct{}
	ctx, stop := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	defer stop()
	began, finish, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- consumer.Run(ctx, func(ctx context.Context, m *kafka.Message[order]) error {
			close(began)
			<-finish
			return errors.Join(ctx.Err(), missing(ctx.Value(key{})))
		})
	}()
	<-began
	stop()
	close(finish)
	if err := (&running{done: done}).result(t); err != nil {
		t.Errorf("Run returned %v, want nil: what it began is settled", err)
	}
	c.wantCommitted(t, topic, 0, 1)
	expectOrders(t, consumer, 1, 3) // what it had not begun is there for the next call
}

func missing(value any) error {
	if value == nil {
		return errors.New("the context has no values")
	}
	return nil
}

// A handler that outlasts the drain timeout is interrupted: its context ends with a cause, its error is no failure, and the message
// comes again.
func TestADrainTimeoutInterrupts(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithDrainTimeout(10*time.Millisecond))
	began, causes := make(chan struct{}, 1), make(chan error, 1)
	r := start(t, consumer, func(ctx context.Context, m *kafka.Message[order]) error {
		began <- struct{}{}
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return ctx.Err()
	}, kafka.Retry(kafka.RetryPolicy{Attempts: 1}), kafka.OnFailure(func(context.Context, *kafka.MessageError) error {
		t.Error("an interruption is no failure")
		return nil
	}))
	<-began
	err := r.end(t)
	var failed *kafka.MessageError
	if err == nil || errors.As(err, &failed) || !contains(err, "offset 0 of partition 0") {
		t.Errorf("Run returned %v, want an error that names what is not settled", err)
	}
	if cause := <-causes; !contains(cause, "WithDrainTimeout") {
		t.Errorf("the cause is %v", cause)
	}
	expectOrders(t, consumer, 0, 1)
}

// Disconnect ends a Run as the end of its ctx does, and commits.
func TestDisconnectEndsARun(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	began, finish := make(chan struct{}, 2), make(chan struct{})
	r := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		began <- struct{}{}
		<-finish
		return nil
	})
	<-began
	closed := make(chan error, 1)
	go func() { closed <- consumer.Disconnect(within(t, patience)) }()
	close(finish)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := r.result(t); err != nil {
		t.Errorf("Run returned %v, want nil", err)
	}
	if got := c.committed(t, c.cfg.Group, topic, 0); got < 1 {
		t.Errorf("committed %d, want what was handled", got)
	}
}

// A handler may disconnect its own consumer, and its proxy: that begins the closing, and Run finishes it.
func TestAHandlerMayDisconnect(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("proxy %v", whole), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 2)
			proxy := c.proxy(t)
			consumer := newConsumer(t, proxy, topic)
			err := start(t, consumer, func(ctx context.Context, _ *kafka.Message[order]) error {
				if whole {
					return proxy.Disconnect(ctx)
				}
				return consumer.Disconnect(ctx)
			}).result(t)
			if err != nil {
				t.Errorf("Run returned %v, want nil", err)
			}
			c.wantCommitted(t, topic, 0, 1)
			if _, err := consumer.Retrieve(t.Context()); !errors.Is(err, kafka.ErrDisconnected) {
				t.Errorf("Retrieve after it: %v", err)
			}
		})
	}
}

// A partition that moves away is handed over drained: what is being handled is finished and committed, and nothing new of it begins.
func TestARevocationDrains(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	for p := range int32(2) {
		c.writeKeyed(t, topic, p, "a", "a", "b")
	}
	c.cfg = quickly(c.cfg)
	c.cfg.Consumer.CommitInterval = time.Hour // so that only the revocation commits
	first := newConsumer(t, c.proxy(t), topic)
	began, finish := make(chan int32, 6), make(chan struct{})
	r := start(t, first, func(ctx context.Context, m *kafka.Message[order]) error {
		began <- m.Partition
		<-finish
		return ctx.Err()
	}, kafka.Concurrency(4))
	for range 4 {
		<-began
	}
	d := newDiary()
	second := start(t, newConsumer(t, c.proxy(t), topic), func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%s", fmt.Sprint(m.Offset))
		return nil
	})
	eventually(t, "the partition leaves", func() bool { return kafka.Leaving(first) > 0 })
	close(finish)
	if got := d.await(t, 1); got[0] != "1" {
		t.Errorf("the second member begins at offset %s, want 1: offset 0 was finished and committed, and 1 never began", got[0])
	}
	second.wantEnd(t)
	r.wantEnd(t)
}

// A handler that ends its goroutine, as a failing test's does, ends the Run; its message is not lost.
func TestAHandlerThatEndsItsGoroutineEndsTheRun(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	err := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		runtime.Goexit()
		return nil
	}).result(t)
	wantWords(t, err, "Goexit")
	expectOrders(t, consumer, 0, 1)
}

// A slow handler costs no membership: the group's heartbeats go on beside it.
func TestASlowHandlerStaysAMember(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a session of a second is below what brokers allow by default",
		kfake.BrokerConfigs(map[string]string{"group.min.session.timeout.ms": "100"}))
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	c.cfg.Consumer.SessionTimeout, c.cfg.Consumer.RebalanceTimeout = time.Second, 2*time.Second
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic, kafka.WithDrainTimeout(500*time.Millisecond))
	d := newDiary()
	r := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		<-time.After(3 * time.Second) // three sessions: the time is what is tested
		d.write("handled")
		return nil
	})
	d.await(t, 1)
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 1)
	if n := log.count("partitions lost"); n > 0 {
		t.Errorf("the membership was lost:\n%s", log)
	}
}

// StopOnLoss ends a Run that has lost messages; by default it goes on, and says so.
func TestARunAndLoss(t *testing.T) {
	t.Parallel()
	for _, stops := range []bool{false, true} {
		t.Run(fmt.Sprintf("stops %v", stops), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 4)
			first := newConsumer(t, c.proxy(t), topic)
			ack(t, retrieve(t, first))
			disconnect(t, first)
			c.deleteBefore(t, topic, 3)
			log, logger := newJournal()
			consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
			d := newDiary()
			handle := func(_ context.Context, m *kafka.Message[order]) error {
				d.write("%d", m.Value.Qty)
				return nil
			}
			if stops {
				if err := start(t, consumer, handle, kafka.StopOnLoss()).result(t); !errors.Is(err, kafka.ErrDataLoss) {
					t.Fatalf("Run returned %v, want ErrDataLoss", err)
				}
			}
			r := start(t, consumer, handle)
			if got := d.await(t, 1); got[0] != "3" {
				t.Errorf("handled %q, want what is left", got)
			}
			r.wantEnd(t)
			if !stops && log.count("messages are gone", "offsets 1 to 2") != 1 {
				t.Errorf("the loss is not in the log once:\n%s", log)
			}
		})
	}
}

// What was settled behind a message that never began is not committed, and Run says so: it may be delivered again.
func TestARunTellsWhatItCouldNotCommit(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeKeyed(t, topic, 0, "a", "a", "b")
	consumer := newConsumer(t, c.proxy(t), topic)
	began, finish := make(chan string, 3), make(chan struct{})
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		began <- string(m.Key)
		if string(m.Key) == "a" {
			<-finish
		}
		return nil
	}, kafka.Concurrency(2))
	<-began
	<-began // a0 is under way, a1 waits behind it, b2 is done
	r.stop()
	close(finish)
	wantWords(t, r.result(t), "1 messages were settled and are not committed")
	c.wantCommitted(t, topic, 0, 1)
	expectOrders(t, consumer, 1, 2)
}
