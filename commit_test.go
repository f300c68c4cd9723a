package kafka_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// transact writes one transaction and ends it.
func transact(t *testing.T, cl *kgo.Client, topic string, end kgo.TransactionEndTry, values ...[]byte) {
	t.Helper()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	send(t, cl, topic, 0, values...)
	if err := cl.EndTransaction(within(t, patience), end); err != nil {
		t.Fatal(err)
	}
}

// lag is how far the group's offset is behind the partition's end.
func (c *cluster) lag(t *testing.T, topic string) int64 {
	t.Helper()
	ends, err := c.adm.ListEndOffsets(within(t, patience), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, 0)
	return end.Offset - c.committed(t, c.cfg.Group, topic, 0)
}

// Offsets have gaps, and the markers of transactions are nobody's messages: what is committed goes over both, so that lag reaches 0.
func TestLagReachesZeroBehindTransactions(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	cl := c.client(t, kgo.TransactionalID(unique("tx")))
	for i := range 4 {
		transact(t, cl, topic, i%2 == 0, orderBytes(3*i, 3*i+3)...)
	}
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	got := take(t, consumer, 6)
	for i, offset := range []int64{0, 1, 2, 8, 9, 10} {
		if got[i].Offset != offset || got[i].Value.Qty != []int{0, 1, 2, 6, 7, 8}[i] {
			t.Fatalf("received offset %d, order %d, want offset %d", got[i].Offset, got[i].Value.Qty, offset)
		}
	}
	ack(t, got[:3]...)
	ack(t, got[4:]...)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 8) // over the gap and the marker, and not past offset 8, which is not acknowledged
	ack(t, got[3])
	eventually(t, "the group has no lag", func() bool { // the last markers may be under way
		commit(t, consumer)
		return c.lag(t, topic) == 0
	})
}

// A topic of mostly aborted transactions: their markers are polled and never handed out, and hold up nothing.
func TestAbortedTransactionsHoldUpNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 50)
	var wg sync.WaitGroup
	for range 8 {
		cl := c.client(t, kgo.TransactionalID(unique("tx")))
		wg.Go(func() {
			for range 60 {
				rec := &kgo.Record{Topic: topic, Value: []byte("aborted")}
				err := errors.Join(cl.BeginTransaction(), cl.ProduceSync(t.Context(), rec).FirstErr(), cl.EndTransaction(t.Context(), kgo.TryAbort))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	c.writeOrders(t, topic, 0, 50, 100)
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 100)
}

func TestUncommittedTransactionsAreDeliveredOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	for isolation, want := range map[string]int{"read_committed": 1, "read_uncommitted": 0} {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			cl := c.client(t, kgo.TransactionalID(unique("tx")))
			transact(t, cl, topic, kgo.TryAbort, orderBytes(0, 1)...)
			transact(t, cl, topic, kgo.TryCommit, orderBytes(1, 2)...)
			c.cfg.Consumer.Isolation = isolation
			expectOrders(t, newConsumer(t, c.proxy(t), topic), want, 2)
		})
	}
}

// A compacted log begins anywhere above its start, and that is no loss.
func TestCompactionIsNoLoss(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real broker compacts when it likes")
	topic := c.topic(t, 1, "cleanup.policy=compact", "min.cleanable.dirty.ratio=0.01", "segment.bytes=1024", "min.compaction.lag.ms=0")
	first := newConsumer(t, c.proxy(t), topic)
	cl := c.client(t)
	for i := range 60 {
		key := byte(1 + i%3)
		if i == 0 {
			key = 0 // which stays, and the log's start with it
		}
		rec := &kgo.Record{Topic: topic, Key: []byte{key}, Value: orderBytes(i, i+1)[0]}
		if err := cl.ProduceSync(within(t, patience), rec).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	expectOrders(t, first, 0, 2)
	disconnect(t, first)
	c.wantCommitted(t, topic, 0, 1)
	c.fake.Compact()
	second := newConsumer(t, c.proxy(t), topic)
	m := retrieve(t, second)
	if m.Offset <= 1 {
		t.Fatalf("received offset %d: nothing was compacted, so this test shows nothing", m.Offset)
	}
	for m.Value.Qty != 59 {
		m = retrieve(t, second) // and no ErrDataLoss
	}
	ack(t, m)
	commit(t, second)
	if lag := c.lag(t, topic); lag != 0 {
		t.Errorf("a lag of %d is left", lag)
	}
}

// What is acknowledged is committed within the commit interval, with no call.
func TestWhatIsAcknowledgedIsCommittedByItself(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	c.cfg.Consumer.CommitInterval = 20 * time.Millisecond
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	ack(t, take(t, consumer, 2)...)
	eventually(t, "both messages are committed", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 2 })
}

func TestCommitBeforeTheFirstRetrieveDoesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	consumer := newConsumer(t, c.proxy(t), c.topic(t, 1))
	commit(t, consumer)
	var never *kafka.Consumer[order]
	if err := errors.Join(never.Commit(t.Context()), never.Disconnect(t.Context())); err == nil {
		t.Error("a nil consumer commits")
	}
}

// freeze makes the embedded broker hold its answers to requests of one kind until the returned function is called, and says when one
// came.
func (c *cluster) freeze(key kmsg.Key) (came <-chan struct{}, thaw func()) {
	arrived, thawed := make(chan struct{}, 100), make(chan struct{})
	var once sync.Once
	c.fake.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		select {
		case arrived <- struct{}{}:
		default:
		}
		c.fake.SleepControl(func() { <-thawed })
		return nil, nil, false
	})
	return arrived, func() { once.Do(func() { close(thawed) }) }
}

// A commit that hangs holds up no Commit beyond its ctx, and the caller's ctx does not cut it short: cut short, it might be processed
// after the next one.
func TestCommitEndsWithItsContextAndCutsNothingShort(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator can't be made to hang at a commit")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	c.cfg.Consumer.CommitInterval = time.Hour
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	got := take(t, consumer, 3)
	came, thaw := c.freeze(kmsg.OffsetCommit)
	t.Cleanup(thaw)
	ack(t, got[0])
	for range 2 { // the second one waits for the first
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if err := consumer.Commit(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a commit that hangs: %v", err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("Commit took %s with a ctx of 100 ms", took)
		}
	}
	<-came
	thaw()
	eventually(t, "the commit that nobody waited for is done", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 1 })
	ack(t, got[1])
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 2)
}

// A commit that the coordinator refuses is an error of Commit, and it is made again.
func TestARefusedCommitIsToldAndMadeAgain(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator can't be made to refuse a commit")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	c.cfg.Consumer.CommitInterval = 20 * time.Millisecond
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic, kafka.ManualAck())
	m := retrieve(t, consumer)
	fault := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: topic, Count: -1})
	ack(t, m)
	if err := fault.Wait(within(t, patience), 4); err != nil {
		t.Fatal(err)
	}
	if err := consumer.Commit(within(t, patience)); err == nil {
		t.Error("a refused commit is no error")
	}
	fault.Remove()
	log.await(t, "committing again")
	c.wantCommitted(t, topic, 0, 1)
	if n := log.count("can't commit"); n != 1 {
		t.Errorf("the refusals were logged %d times, want once", n)
	}
}

// The group's offset begins where another client has put it, leader epoch included, and moves on from there.
func TestAnotherClientsCommitIsGoneOnFrom(t *testing.T) {
	t.Parallel()
	for name, epoch := range map[string]int32{"no epoch": -1, "the leader's epoch": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 10)
			var offsets kadm.Offsets
			offsets.AddOffset(topic, 0, 4, epoch)
			if err := c.adm.CommitAllOffsets(within(t, patience), c.cfg.Group, offsets); err != nil {
				t.Fatal(err)
			}
			consumer := newConsumer(t, c.proxy(t), topic)
			expectOrders(t, consumer, 4, 10)
			commit(t, consumer)
			c.wantCommitted(t, topic, 0, 9)
		})
	}
}
