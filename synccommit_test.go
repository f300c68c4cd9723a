package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// The interval of one consumer goes before the configuration's.
func TestACommitIntervalOfOnesOwn(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	c.cfg.Consumer.CommitInterval = time.Hour
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithCommitInterval(10*time.Millisecond))
	expectOrders(t, consumer, 0, 2)
	eventually(t, "the first one is committed", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 1 })
}

// synchronously gives a consumer that commits in no other way.
func (c *cluster) synchronously(t *testing.T, topic string, opts ...kafka.ConsumerOption) *kafka.Consumer[order] {
	t.Helper()
	c.cfg.Consumer.CommitInterval = time.Hour
	return newConsumer(t, c.proxy(t), topic, append(opts, kafka.WithSyncCommit())...)
}

// Retrieve hands out a message only once the one before is committed.
func TestRetrieveCommitsBeforeTheNextMessage(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	consumer := c.synchronously(t, topic)
	for i := range 10 {
		expectOrders(t, consumer, i, i+1)
		if i > 0 {
			c.wantCommitted(t, topic, 0, int64(i))
		}
	}
	expectNothing(t, consumer)
	c.wantCommitted(t, topic, 0, 10)
}

// Ack returns once its message is committed, or once all before it are, where those are not acknowledged yet.
func TestAckCommits(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 100)
	consumer := c.synchronously(t, topic, kafka.ManualAck())
	got := take(t, consumer, 100)
	ack(t, got[0])
	c.wantCommitted(t, topic, 0, 1)
	ack(t, got[2])
	c.wantCommitted(t, topic, 0, 1)
	ack(t, got[1])
	c.wantCommitted(t, topic, 0, 3)
	var acks sync.WaitGroup
	for _, m := range got[3:] {
		acks.Go(func() { ack(t, m) })
	}
	acks.Wait()
	c.wantCommitted(t, topic, 0, 100)
}

// Many that acknowledge at once share commits.
func TestAcksShareCommits(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator can't be made to hang at a commit")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 50)
	consumer := c.synchronously(t, topic, kafka.ManualAck())
	got := take(t, consumer, 50)
	came, thaw := c.freeze(kmsg.OffsetCommit)
	t.Cleanup(thaw)
	commits := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Observe: true, Count: -1})
	var acks sync.WaitGroup
	for _, m := range got {
		acks.Go(func() { ack(t, m) })
	}
	<-came
	eventually(t, "all are acknowledged, and wait", func() bool { return statusOf(t, consumer, 0).InFlight == 0 })
	thaw()
	acks.Wait()
	c.wantCommitted(t, topic, 0, 50)
	if n := commits.Hits(); n > 10 {
		t.Errorf("%d commits for 50 acknowledgements", n)
	}
}

// A Run handles the next message of a key only once the one before is committed; keys side by side.
func TestARunCommitsBeforeTheNextMessage(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 2)
			c.writeKeyed(t, topic, 0, "a", "a", "a", "a", "a")
			c.writeKeyed(t, topic, 1, "b", "b", "b", "b", "b")
			consumer := c.synchronously(t, topic)
			d := newDiary()
			r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
				if m.Offset > 0 { // what was never committed is -1
					c.wantCommitted(t, topic, m.Partition, m.Offset)
				}
				d.write("%d", m.Offset)
				return nil
			}, kafka.Concurrency(concurrency))
			d.await(t, 10)
			r.wantEnd(t)
			for p := range int32(2) {
				c.wantCommitted(t, topic, p, 5)
			}
		})
	}
}

// A commit that fails is tried again by Retrieve and Run, which wait; Ack tells it, and the next one commits it as well.
func TestASynchronousCommitThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator can't be made to refuse a commit")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	refuse := func(n int, err *kerr.Error) *kfake.FaultHandle {
		return c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: topic, Count: n, Err: err})
	}
	consumer := c.synchronously(t, topic)
	expectOrders(t, consumer, 0, 1)
	fault := refuse(2, kerr.RebalanceInProgress)
	expectOrders(t, consumer, 1, 2)
	c.wantCommitted(t, topic, 0, 1)
	if fault.Hits() != 2 {
		t.Errorf("the commit was refused %d times, want 2", fault.Hits())
	}
	fault = refuse(-1, kerr.RebalanceInProgress)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := consumer.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Retrieve without a coordinator: %v", err)
	}
	fault.Remove()
	expectOrders(t, consumer, 2, 3)
	c.wantCommitted(t, topic, 0, 2)
	refuse(2, kerr.RebalanceInProgress)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error { d.write("%d", m.Value.Qty); return nil })
	d.await(t, 8) // the one in hand, too
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 10)
	if s := consumer.Status(); !contains(errors.New(s.LastError), "REBALANCE_IN_PROGRESS") {
		t.Errorf("the status is %+v", s)
	}

	c.cfg.Group = unique("group")
	manual := c.synchronously(t, topic, kafka.ManualAck())
	got := take(t, manual, 2)
	fault = refuse(-1, kerr.RebalanceInProgress)
	if err := got[0].Ack(); !errors.Is(err, kerr.RebalanceInProgress) {
		t.Errorf("Ack returned %v", err)
	}
	fault.Remove()
	ack(t, got[1])
	c.wantCommitted(t, topic, 0, 2)
}

// What no waiting heals is an error of Retrieve and of Ack, and ends a Run.
func TestASynchronousCommitThatIsForbiddenIsTold(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator can't be made to refuse a commit")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	consumer := c.synchronously(t, topic)
	expectOrders(t, consumer, 0, 1)
	fault := c.fake.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: topic, Count: -1, Err: kerr.GroupAuthorizationFailed,
	})
	if err := retrieveError(t, consumer); !errors.Is(err, kerr.GroupAuthorizationFailed) {
		t.Errorf("Retrieve returned %v", err)
	}
	r := start(t, consumer, func(context.Context, *kafka.Message[order]) error { return nil })
	if err := r.result(t); !errors.Is(err, kerr.GroupAuthorizationFailed) {
		t.Errorf("Run returned %v", err)
	}
	fault.Remove()
	expectOrders(t, consumer, 2, 3)
}

// A Disconnect ends a synchronous commit that hangs.
func TestDisconnectEndsASynchronousCommit(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator can't be made to hang at a commit")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	consumer := c.synchronously(t, topic)
	expectOrders(t, consumer, 0, 1)
	came, thaw := c.freeze(kmsg.OffsetCommit)
	t.Cleanup(thaw)
	done := make(chan error, 1)
	go func() {
		_, err := consumer.Retrieve(t.Context())
		done <- err
	}()
	<-came
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	took, err := timed(ctx, consumer)
	wantWords(t, err, "1 acknowledged messages are not committed")
	if took > 10*time.Second {
		t.Errorf("Disconnect took %s", took)
	}
	if err := <-done; err == nil {
		t.Error("Retrieve returned a message")
	}
}
