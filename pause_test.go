package kafka_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// retrieveFrom returns the next message, which must be of a partition.
func retrieveFrom(t *testing.T, c *kafka.Consumer[order], partition int32, want int) *kafka.Message[order] {
	t.Helper()
	m := retrieve(t, c)
	if m.Partition != partition || m.Value.Qty != want {
		t.Fatalf("received order %d of partition %d, want order %d of partition %d", m.Value.Qty, m.Partition, want, partition)
	}
	return m
}

// Nothing of a paused partition is handed out, whether it was polled already, was given back, or is written later; the others go on, and
// so does it once it is resumed, without a gap or a repeat.
func TestNothingOfAPausedPartitionIsHandedOut(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 20)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	got := take(t, consumer, 5)
	consumer.Pause(0)
	if err := got[4].Nack(); err != nil {
		t.Fatal(err)
	}
	c.writeOrders(t, topic, 0, 20, 30)
	c.writeOrders(t, topic, 1, 100, 110)
	for i := 100; i < 110; i++ {
		retrieveFrom(t, consumer, 1, i)
	}
	expectNothing(t, consumer)
	if !statusOf(t, consumer, 0).Paused || statusOf(t, consumer, 1).Paused {
		t.Errorf("the status is %+v", consumer.Status())
	}
	consumer.Resume(0)
	for i := 4; i < 30; i++ { // with the one that was given back
		retrieveFrom(t, consumer, 0, i)
	}
	expectNothing(t, consumer)
	if statusOf(t, consumer, 0).Paused {
		t.Error("it is resumed, and the status says that it is paused")
	}
}

// Without numbers all partitions are meant, and what is named afterwards is an exception.
func TestPauseAndResumeOfAllAndOfSome(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	for p := range int32(3) {
		c.writeOrders(t, topic, p, 10*int(p), 10*int(p)+1)
	}
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	consumer.Pause() // before it has connected
	expectNothing(t, consumer)
	consumer.Resume(1)
	retrieveFrom(t, consumer, 1, 10)
	expectNothing(t, consumer)
	consumer.Resume()
	consumer.Pause(2, 99) // 99 does not exist, which does not matter
	retrieveFrom(t, consumer, 0, 0)
	expectNothing(t, consumer)
	consumer.Resume()
	retrieveFrom(t, consumer, 2, 20)
	var never *kafka.Consumer[order]
	never.Pause()
	never.Resume(1)
}

// fetched counts what a client has fetched.
type fetched struct{ records atomic.Int32 }

func (f *fetched) OnFetchRecordBuffered(*kgo.Record) { f.records.Add(1) }

// A pause stops fetching: what is written meanwhile comes into nobody's memory.
func TestAPauseStopsFetching(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	var f fetched
	consumer := newConsumer(t, c.proxy(t, kafka.WithClientOptions(kgo.WithHooks(&f))), topic)
	expectOrders(t, consumer, 0, 1)
	expectNothing(t, consumer) // the fetch under way is there
	consumer.Pause()
	expectNothing(t, consumer) // and so is the one that was before the pause: it waits 500 ms for messages
	expectNothing(t, consumer)
	before := f.records.Load()
	c.writeOrders(t, topic, 0, 1, 6)
	awaitStatus(t, consumer, "the new end is known", func(p kafka.PartitionStatus) bool { return p.End == 6 })
	if n := f.records.Load() - before; n > 0 {
		t.Errorf("%d messages were fetched in the pause", n)
	}
	consumer.Resume()
	expectOrders(t, consumer, 1, 6)
}

// While all is paused, acknowledgements are committed and the consumer stays in its group.
func TestMembershipAndAcknowledgementsGoOnWhilePaused(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic, kafka.ManualAck())
	got := take(t, consumer, 2)
	consumer.Pause()
	lost := log.count("partitions lost") // on a busy machine a session may have ended by itself
	beats := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Observe: true, Count: -1})
	if err := beats.Wait(within(t, patience), 10); err != nil { // three sessions
		t.Fatal(err)
	}
	if log.count("partitions lost") > lost {
		t.Skip("the machine is too busy for a session of 300 ms")
	}
	ack(t, got...)
	eventually(t, "the acknowledgements are committed", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 2 })
}

// A pause holds for a partition that was away, and where all are paused for one that is new; the member that has it meanwhile knows
// nothing of it.
func TestAPauseSurvivesARebalance(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.cfg = quickly(c.cfg)
	first := newConsumer(t, c.proxy(t), topic)
	first.Pause()
	received, stop := inBackground(t, first)
	defer stop()
	eventually(t, "the first has both", func() bool { return len(first.Status().Partitions) == 2 })
	c.writeOrders(t, topic, 0, 0, 1)
	c.writeOrders(t, topic, 1, 1, 2)
	second := newConsumer(t, c.proxy(t), topic)
	moved := retrieve(t, second)
	disconnect(t, second) // with the message in hand
	eventually(t, "the first has both again, paused", func() bool {
		s := first.Status()
		return len(s.Partitions) == 2 && s.Partitions[0].Paused && s.Partitions[1].Paused
	})
	awaitStatus(t, first, "the ends are known", func(p kafka.PartitionStatus) bool { return p.End == 1 })
	if len(received) > 0 {
		t.Errorf("received order %d of a paused partition", (<-received).Value.Qty)
	}
	first.Resume(moved.Partition)
	if m := receivedNext(t, received); m.Value.Qty != moved.Value.Qty {
		t.Errorf("received order %d, want %d", m.Value.Qty, moved.Value.Qty)
	}
	first.Resume()
	if m := receivedNext(t, received); m.Partition == moved.Partition {
		t.Errorf("received partition %d again", m.Partition)
	}
}

// In a Run nothing more of a paused partition begins: neither what waits behind what is being handled, nor a retry. What is being
// handled ends and is committed, the other partitions go on, and nothing is left out or out of order in the end.
func TestNothingOfAPausedPartitionBeginsInARun(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeKeyed(t, topic, 0, "a", "a", "b", "a")
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	began, goOn := make(chan struct{}, 10), make(chan struct{})
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		if m.Partition == 0 && m.Attempt == 1 && m.Value.Qty != 3 {
			began <- struct{}{}
			<-goOn
		}
		d.write("%d: %d %d", m.Partition, m.Value.Qty, m.Attempt)
		if m.Value.Qty == 2 && m.Attempt == 1 {
			return errors.New("again")
		}
		return nil
	}, kafka.Concurrency(4), kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond, MaxBackoff: time.Millisecond}))
	<-began
	<-began // both keys are being handled
	consumer.Pause(0)
	close(goOn)
	d.await(t, 2)
	eventually(t, "what was being handled is committed", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 1 })
	c.writeOrders(t, topic, 1, 100, 150)
	for _, what := range d.await(t, 52)[2:] {
		if what[0] == '0' {
			t.Fatalf("%q began in the pause", what)
		}
	}
	consumer.Resume(0)
	got := d.await(t, 55)[52:]
	for _, want := range []string{"0: 1 1", "0: 2 2", "0: 3 1"} {
		found := false
		for _, what := range got {
			found = found || what == want
		}
		if !found {
			t.Errorf("%q is missing after the pause: %q", want, got)
		}
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 4)
}

// A Run that begins in a pause waits, and one that ends in it returns nil.
func TestARunMayBeginAndEndInAPause(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	consumer.Pause()
	d := newDiary()
	h := func(_ context.Context, m *kafka.Message[order]) error { d.write("%d", m.Value.Qty); return nil }
	r := start(t, consumer, h)
	awaitStatus(t, consumer, "the end is known", func(p kafka.PartitionStatus) bool { return p.End == 3 && p.Paused })
	r.wantEnd(t)
	if got := d.read(); len(got) > 0 {
		t.Errorf("handled %q in the pause", got)
	}
	r = start(t, consumer, h)
	consumer.Resume()
	d.await(t, 3)
	r.wantEnd(t)
}

// Where all but paused partitions stand at the bound, Retrieve says so instead of waiting for ever.
func TestTheBoundIsToldBesideAPause(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 5)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(2))
	take(t, consumer, 2)
	waits := make(chan error, 1)
	go func() {
		_, err := consumer.Retrieve(within(t, patience))
		waits <- err
	}()
	consumer.Pause(1)
	if err := <-waits; !errors.Is(err, kafka.ErrTooManyUnacked) {
		t.Errorf("got %v, want ErrTooManyUnacked", err)
	}
	consumer.Pause() // now there is nothing to be told: it is the user who holds them
	expectNothing(t, consumer)
}

// A member that is fenced learns it although all its partitions are paused.
func TestAFencedMemberLearnsItWhileAllIsPaused(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	c.cfg = quickly(c.cfg)
	first := newConsumer(t, c.proxy(t), topic, kafka.WithInstanceID("worker-0"))
	expectOrders(t, first, 0, 1)
	first.Pause()
	second := newConsumer(t, c.proxy(t), topic, kafka.WithInstanceID("worker-0"))
	_, stop := inBackground(t, second)
	defer stop()
	if err := retrieveError(t, first); !errors.Is(err, kerr.FencedInstanceID) || kafka.Temporary(err) {
		t.Errorf("got %v, want FENCED_INSTANCE_ID", err)
	}
	if s := first.Status(); s.Joined {
		t.Errorf("the status is %+v", s)
	}
}

// Partitions are paused and resumed at random while two Runs and a member that comes and goes consume them: nothing is lost, and the
// group's offsets never go back and never pass what nobody has handled.
func TestPausesInTheMiddleOfEverything(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	const partitions, rounds, atOnce = 4, 100, 3
	topic := c.topic(t, partitions)
	writer := c.client(t)
	c.cfg = quickly(c.cfg)
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	ch := newChurn(partitions, rounds*atOnce)
	ctx, cancel := context.WithCancel(within(t, 2*patience))
	defer cancel()
	var watcher, guest sync.WaitGroup
	watcher.Go(func() { ch.watch(ctx, c, topic) })
	var runs []*running
	var consumers []*kafka.Consumer[order]
	for range 2 {
		consumer := newConsumer(t, c.proxy(t), topic, kafka.WithMaxUnacked(20))
		consumers = append(consumers, consumer)
		runs = append(runs, start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
			if rand.IntN(50) == 0 && m.Attempt == 1 {
				return errors.New("again")
			}
			ch.process(&m.Record)
			return nil
		}, kafka.Concurrency(3), kafka.Unordered(), kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond})))
	}
	guest.Go(func() {
		for range 3 {
			ch.member(ctx, t, c.proxy(t), topic, 30)
		}
	})
	for i := range rounds {
		one := consumers[i%2]
		one.Pause(rand.Int32N(partitions), rand.Int32N(partitions))
		if i%10 == 0 {
			one.Pause()
		}
		for p := range int32(partitions) {
			send(t, writer, topic, p, orderBytes(i*atOnce, (i+1)*atOnce)...)
		}
		one.Status()
		if i%3 == 0 {
			one.Resume(rand.Int32N(partitions))
		} else {
			one.Resume()
		}
	}
	for _, one := range consumers {
		one.Resume()
	}
	select {
	case <-ch.all:
	case <-ctx.Done():
	}
	guest.Wait()
	for _, r := range runs {
		r.wantEnd(t)
	}
	cancel()
	watcher.Wait()
	ch.report(t)
}
