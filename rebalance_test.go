package kafka_test

import (
	"context"
	"errors"
	"fmt"
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

// quickly makes the members of a group notice each other soon: they look at a third of the session's time.
func quickly(cfg kafka.Config) kafka.Config {
	cfg.Consumer.SessionTimeout = 6 * time.Second // the least that a broker allows by default
	return cfg
}

// A partition moves to another member: acknowledging its message says so, and the other one receives it.
func TestAcknowledgingAMovedPartitionIsRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	for p := range int32(2) {
		c.writeOrders(t, topic, p, 0, 3)
	}
	c.cfg = quickly(c.cfg)
	c.cfg.Consumer.CommitInterval = time.Hour // so that only the revocation commits
	first := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	held := make(map[int32][]*kafka.Message[order])
	for range 6 {
		m := retrieve(t, first)
		held[m.Partition] = append(held[m.Partition], m)
	}
	for _, p := range held { // the first of each, and the third, which must wait for the second
		ack(t, p[0], p[2])
	}
	second := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	moved := retrieve(t, second)
	if moved.Offset != 1 {
		t.Errorf("the second member begins at offset %d, want 1: what was acknowledged is committed when a partition moves", moved.Offset)
	}
	m := held[moved.Partition][1]
	for range 2 {
		if err := errors.Join(m.Ack(), m.Nack()); !errors.Is(err, kafka.ErrNotOwned) {
			t.Fatalf("acknowledging offset 1 of the partition that moved: %v", err)
		}
	}
	if err := held[moved.Partition][0].Ack(); err != nil {
		t.Errorf("acknowledging again what was acknowledged in time: %v", err)
	}
	kept := held[1-moved.Partition]
	ack(t, kept[1])
	commit(t, first)
	c.wantCommitted(t, topic, 1-moved.Partition, 3)
	c.wantCommitted(t, topic, moved.Partition, 1) // by nobody past what is acknowledged
	ack(t, moved)
	commit(t, second)
	c.wantCommitted(t, topic, moved.Partition, 2)
	ack(t, retrieve(t, second))
	disconnect(t, second)
	c.wantCommitted(t, topic, moved.Partition, 3)
}

// The implicit acknowledgement of a message whose partition moved is a line in the log and no error: the other member has it.
func TestAnImplicitAcknowledgementThatComesTooLateIsLogged(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
	retrieve(t, consumer)
	before := log.count("partitions lost") // on a busy machine a session may have ended by itself
	c.throwOut(1)
	eventually(t, "the partition is lost", func() bool { return log.count("partitions lost") > before })
	if m := retrieve(t, consumer); m.Offset != 0 { // and no error
		t.Errorf("received offset %d, want 0 again: nobody has it", m.Offset)
	}
	if log.count("moved away", "partition=0") == 0 {
		t.Errorf("the late acknowledgement is not in the log:\n%s", log)
	}
}

// newRestless is an embedded broker whose members look every few milliseconds whether they still belong to their group.
func newRestless(t *testing.T) *cluster {
	t.Helper()
	c := newEmbedded(t, "a real coordinator can't be made to throw a member out at will", kfake.GroupMinSessionTimeout(10*time.Millisecond))
	c.cfg.Consumer.SessionTimeout = 300 * time.Millisecond
	return c
}

// throwOut makes the coordinator say n times, to every second heartbeat, that it does not know the member.
func (c *cluster) throwOut(n int) *kfake.FaultHandle {
	var beats atomic.Int32
	return c.fake.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Heartbeat}, Group: c.cfg.Group, TopLevel: true, Err: kerr.UnknownMemberID, Count: n,
		When: func(kmsg.Request) bool { return beats.Add(1)%2 == 0 },
	})
}

// churn is what the members of a group share: who has processed what, and what the group has committed.
type churn struct {
	mu        sync.Mutex
	processed map[int32]map[int64]int // how often, by partition and offset
	all       chan struct{}           // closed when everything was processed once
	missing   int
	committed map[int32]int64 // the last seen

	rewinds, past atomic.Int32
	joins         atomic.Int32
}

func newChurn(partitions int32, perPartition int) *churn {
	ch := &churn{processed: make(map[int32]map[int64]int), all: make(chan struct{}), committed: make(map[int32]int64)}
	for p := range partitions {
		ch.processed[p] = make(map[int64]int)
	}
	ch.missing = int(partitions) * perPartition
	return ch
}

func (ch *churn) process(r *kafka.Record) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.processed[r.Partition][r.Offset]++; ch.processed[r.Partition][r.Offset] == 1 {
		if ch.missing--; ch.missing == 0 {
			close(ch.all)
		}
	}
}

// sighted checks an offset that the group has committed: never back, and never past a message that nobody has processed.
func (ch *churn) sighted(partition int32, offset int64) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if offset < ch.committed[partition] {
		ch.rewinds.Add(1)
	}
	for o := ch.committed[partition]; o < offset; o++ {
		if ch.processed[partition][o] == 0 {
			ch.past.Add(1)
		}
	}
	ch.committed[partition] = offset
}

// watch looks at what the group has committed, as an outsider, until ctx ends.
func (ch *churn) watch(ctx context.Context, c *cluster, topic string) {
	for ctx.Err() == nil {
		offsets, err := c.adm.FetchOffsets(ctx, c.cfg.Group)
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		for p, o := range offsets[topic] {
			if o.At >= 0 {
				ch.sighted(p, o.At)
			}
		}
	}
}

// member receives and acknowledges out of order until ctx ends or it has received most messages, and then leaves.
func (ch *churn) member(ctx context.Context, t *testing.T, p *kafka.Proxy, topic string, most int, opts ...kafka.ConsumerOption) {
	consumer, err := kafka.NewConsumer(p, orders(topic), append(opts, kafka.ManualAck(), kafka.WithMaxUnacked(60))...)
	if err != nil {
		t.Error(err)
		return
	}
	ch.joins.Add(1)
	var held []*kafka.Message[order]
	settle := func(down int) {
		rand.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
		for len(held) > down {
			m := held[0]
			held = held[1:]
			ch.process(&m.Record) // first: an acknowledgement follows it
			if err := m.Ack(); err != nil && !errors.Is(err, kafka.ErrNotOwned) {
				t.Error(err)
			}
		}
	}
	for n := 0; n < most && ctx.Err() == nil; n++ {
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		m, err := consumer.Retrieve(short)
		cancel()
		switch {
		case err == nil:
			held = append(held, m)
		case errors.Is(err, kafka.ErrTooManyUnacked), errors.Is(err, context.DeadlineExceeded):
			settle(0) // what is left to receive may be in its own hands
		case ctx.Err() == nil:
			t.Error(err)
		}
		if len(held) > 20 {
			settle(7)
		}
	}
	if rand.IntN(3) > 0 { // else it leaves with messages in hand
		settle(0)
	}
	if err := consumer.Disconnect(within(t, patience)); err != nil && len(held) == 0 {
		t.Error(err)
	}
}

func (ch *churn) report(t *testing.T) {
	t.Helper()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	received, messages := 0, 0
	for _, offsets := range ch.processed {
		for _, n := range offsets {
			messages++
			received += n
		}
	}
	counts := fmt.Sprintf("%d messages, %d members, %d lost, %d rewinds, %d commits past an unprocessed message, %.1f %% processed again",
		messages+ch.missing, ch.joins.Load(), ch.missing, ch.rewinds.Load(), ch.past.Load(),
		100*float64(received-messages)/float64(messages))
	t.Log(counts)
	if ch.missing > 0 || ch.rewinds.Load() > 0 || ch.past.Load() > 0 {
		t.Error(counts)
	}
}

// Members join and leave, with and without messages in hand, and acknowledge out of order: nothing is lost, and the group's offsets
// never go back and never pass what nobody has processed.
func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.comeAndGo(t, 300)
}

// So it is where the coordinator divides the partitions, and where each acknowledgement is committed at once.
func TestMembersWithAServerSideBalancerComeAndGo(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.BrokerConfigs(map[string]string{"group.consumer.heartbeat.interval.ms": "100"}))
	c.comeAndGo(t, 200, kafka.WithServerSideBalancer())
}

func TestMembersThatCommitAtOnceComeAndGo(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.comeAndGo(t, 100, kafka.WithSyncCommit())
}

func (c *cluster) comeAndGo(t *testing.T, perPartition int, opts ...kafka.ConsumerOption) {
	t.Helper()
	const partitions = 6
	topic := c.topic(t, partitions)
	for p := range int32(partitions) {
		c.writeOrders(t, topic, p, 0, perPartition)
	}
	c.cfg = quickly(c.cfg)
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	ch := newChurn(partitions, perPartition)
	ctx, cancel := context.WithCancel(within(t, 2*patience))
	defer cancel()
	var members, watcher sync.WaitGroup
	watcher.Go(func() { ch.watch(ctx, c, topic) })
	for range 3 {
		members.Go(func() {
			for ctx.Err() == nil {
				ch.member(ctx, t, c.proxy(t), topic, 50+rand.IntN(perPartition), opts...)
			}
		})
	}
	select {
	case <-ch.all:
	case <-ctx.Done():
	}
	cancel()
	members.Wait()
	watcher.Wait()
	ch.report(t)
}

// A member is thrown out of the group over and over while it polls, and its partitions come back to it: what it had polled before
// must not count as polled after, else messages are passed over.
func TestPartitionsLostAndRegained(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	const partitions, times, each = 4, 12, 100
	topic := c.topic(t, partitions)
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	ch := newChurn(partitions, (times+1)*each)
	ctx, cancel := context.WithCancel(within(t, 2*patience))
	defer cancel()
	lost := c.throwOut(times)
	again := kafka.WithClientOptions(kgo.RetryBackoffFn(func(int) time.Duration { return time.Millisecond })) // it joins again at once
	var wg sync.WaitGroup
	wg.Go(func() { ch.watch(ctx, c, topic) })
	wg.Go(func() { ch.member(ctx, t, c.proxy(t, again), topic, 1<<30) })
	for i := range times + 1 { // there are always messages under way when it is thrown out
		for p := range int32(partitions) {
			c.writeOrders(t, topic, p, i*each, (i+1)*each)
		}
		if err := lost.Wait(ctx, min(i+1, times)); err != nil {
			t.Fatalf("thrown out %d times: %v", lost.Hits(), err)
		}
	}
	select {
	case <-ch.all:
	case <-ctx.Done():
	}
	cancel()
	wg.Wait()
	ch.report(t)
}
