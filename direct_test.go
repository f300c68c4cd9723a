package kafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// Partitions are read without a group: only those that are named, no request of a group is sent, no group is needed in any
// configuration, an acknowledgement commits nothing, and the next consumer begins at the start again.
func TestPartitionsAreReadWithoutAGroup(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	for p := range int32(3) {
		c.writeOrders(t, topic, p, 10*int(p), 10*int(p)+3)
	}
	group := c.cfg.Group
	c.cfg.Consumer.CommitInterval = 10 * time.Millisecond
	for _, c.cfg.Group = range []string{"", group} { // one that is configured is left alone
		var w written
		consumer := newConsumer(t, c.proxy(t, w.option()), topic, kafka.WithPartitions(2, 0))
		next := map[int32]int{0: 0, 2: 20}
		for range 6 {
			m := retrieve(t, consumer)
			want, ours := next[m.Partition]
			if !ours || m.Value.Qty != want {
				t.Fatalf("received order %d of partition %d, want %v", m.Value.Qty, m.Partition, next)
			}
			next[m.Partition]++
			if err := m.Ack(); err != nil {
				t.Fatal(err)
			}
		}
		expectNothing(t, consumer)
		commit(t, consumer)
		disconnect(t, consumer)
		if n := w.of(kmsg.JoinGroup, kmsg.SyncGroup, kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.FindCoordinator, kmsg.LeaveGroup); n > 0 {
			t.Errorf("%d requests of a group", n)
		}
	}
	c.cfg.Group = group
	c.wantCommitted(t, topic, 0, -1)
}

// The start holds for each partition whenever the consumer connects.
func TestAStartHoldsForEachPartition(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 3)
	c.writeOrders(t, topic, 1, 0, 5)
	latest := newConsumer(t, c.proxy(t), topic, kafka.WithPartitions(0, 1), kafka.WithStart(kafka.Latest))
	expectNothing(t, latest)
	c.writeOrders(t, topic, 0, 3, 4)
	c.writeOrders(t, topic, 1, 3, 4)
	for range 2 {
		if m := retrieve(t, latest); m.Value.Qty != 3 || m.Offset != map[int32]int64{0: 3, 1: 5}[m.Partition] {
			t.Errorf("received order %d at offset %d of partition %d", m.Value.Qty, m.Offset, m.Partition)
		}
	}
	later := newConsumer(t, c.proxy(t), topic, kafka.WithPartitions(0), kafka.WithStart(kafka.AtTime(time.Now().Add(time.Hour))))
	expectNothing(t, later)
	earlier := newConsumer(t, c.proxy(t), topic, kafka.WithPartitions(0), kafka.WithStart(kafka.AtTime(time.Now().Add(-time.Hour))))
	expectOrders(t, earlier, 0, 4)
}

// A partition that the topic lacks is an error that names it, at once.
func TestAPartitionThatIsMissingIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithPartitions(1, 2, 7))
	begun := time.Now()
	err := retrieveError(t, consumer)
	wantWords(t, err, topic, "no partition 2", "no partition 7", "it has 2")
	if kafka.Temporary(err) || time.Since(begun) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
	if err := retrieveError(t, newConsumer(t, c.proxy(t), unique("missing"), kafka.WithPartitions(0))); !errors.Is(err, kafka.ErrUnknownTopic) {
		t.Errorf("a missing topic: %v", err)
	}
}

// A Run reads partitions without a group, too, and its end commits nothing; the bound and the status are as in a group.
func TestARunReadsPartitionsWithoutAGroup(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 1, 0, 30)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithPartitions(1), kafka.WithMaxUnacked(5))
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error { d.write("%d", m.Value.Qty); return nil })
	d.await(t, 30)
	awaitStatus(t, consumer, "it is at the end", func(p kafka.PartitionStatus) bool {
		return p == kafka.PartitionStatus{Partition: 1, Position: 30, Committed: -1, End: 30}
	})
	if s := consumer.Status(); !s.Joined || s.Group != "" || len(s.Partitions) != 1 {
		t.Errorf("the status is %+v", s)
	}
	consumer.Pause()
	c.writeOrders(t, topic, 1, 30, 31)
	awaitStatus(t, consumer, "it is paused", func(p kafka.PartitionStatus) bool { return p.Paused && p.Lag == 1 })
	consumer.Resume(1)
	d.await(t, 31)
	r.wantEnd(t)
	disconnect(t, consumer)
}

// Without a group, too, what retention takes is told, once, and reading goes on.
func TestLossIsToldWithoutAGroup(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithPartitions(0))
	expectOrders(t, consumer, 0, 2)
	expectNothing(t, consumer)
	consumer.Pause()
	c.writeOrders(t, topic, 0, 2, 10)
	c.deleteBefore(t, topic, 6)
	consumer.Resume()
	wantLoss(t, retrieveError(t, consumer), "offsets 2 to 5 of partition 0", "this consumer")
	expectOrders(t, consumer, 6, 10)
}

// A topic that is made again is told, once, and the same partitions of it are read from their start, and no others.
func TestATopicThatIsReplacedIsReadWithoutAGroup(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 1, 0, 6000) // more than is polled ahead
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithPartitions(1), kafka.WithStart(kafka.AtTime(time.Now().Add(-time.Hour))))
	expectOrders(t, consumer, 0, 5)
	c.deleteTopic(t, topic)
	eventually(t, "the topic can be made again", func() bool {
		_, err := c.adm.CreateTopic(within(t, patience), 2, 1, nil, topic)
		return err == nil
	})
	c.writeOrders(t, topic, 0, 50, 51)
	c.writeOrders(t, topic, 1, 10, 13)
	for told := false; !told; {
		m, err := consumer.Retrieve(within(t, patience))
		switch {
		case errors.Is(err, kafka.ErrTopicRecreated):
			told = true
		case err != nil && !errors.Is(err, kafka.ErrUnknownTopic):
			t.Fatal(err)
		case err == nil && m.Partition != 1:
			t.Fatalf("received partition %d", m.Partition)
		}
	}
	expectOrders(t, consumer, 10, 13)
	expectNothing(t, consumer)
}
