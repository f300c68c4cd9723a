package kafka_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

func TestAGroupBeginsAtTheStartUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 0, 3)
}

// began waits until the group has a start in every partition.
func (c *cluster) began(t *testing.T, topic string, partitions int32) {
	t.Helper()
	eventually(t, "the group has a start", func() bool {
		for p := range partitions {
			if c.committed(t, c.cfg.Group, topic, p) < 0 {
				return false
			}
		}
		return true
	})
}

// inBackground runs Retrieve until it is stopped, and gives what it received.
func inBackground(t *testing.T, c *kafka.Consumer[order]) (received <-chan *kafka.Message[order], stop func()) {
	t.Helper()
	ch := make(chan *kafka.Message[order], 1000)
	ctx, cancel := context.WithCancel(within(t, patience))
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			m, err := c.Retrieve(ctx)
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			ch <- m
		}
	})
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return ch, stop
}

// Latest is what comes after the first member, and nothing of that is lost where it leaves before it has committed anything.
func TestLatestLosesNothingAtAHandover(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 3)
	first := newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest))
	received, stop := inBackground(t, first)
	c.began(t, topic, 2)
	stop()
	disconnect(t, first)
	if len(received) > 0 {
		t.Errorf("received order %d, which is older than the group", (<-received).Value.Qty)
	}
	c.writeOrders(t, topic, 0, 3, 8) // while nobody is there
	expectOrders(t, newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest)), 3, 8)
}

// A partition that is added is read from its beginning, whatever the group's start was.
func TestLatestMissesNothingInAnAddedPartition(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	received, _ := inBackground(t, newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest)))
	c.began(t, topic, 1)
	if _, err := c.adm.UpdatePartitions(within(t, patience), 2, topic); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new partition has a leader", func() bool {
		topics, err := c.adm.ListTopics(within(t, patience), topic)
		return err == nil && len(topics[topic].Partitions) == 2 && topics[topic].Partitions[1].Leader >= 0
	})
	c.writeOrders(t, topic, 1, 10, 15) // before the member knows of the partition
	for i := 10; i < 15; i++ {
		if m := <-received; m.Partition != 1 || m.Value.Qty != i {
			t.Errorf("received order %d of partition %d, want %d of the new one", m.Value.Qty, m.Partition, i)
		}
	}
}

// Members that start together agree on one start: what is written after it reaches one of them.
func TestLatestLosesNothingBetweenMembersThatStartTogether(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	const partitions, n = 4, 50
	topic := c.topic(t, partitions)
	c.writeOrders(t, topic, 0, 0, 3)
	var all []<-chan *kafka.Message[order]
	for range 4 {
		received, _ := inBackground(t, newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest), kafka.WithMaxUnacked(n)))
		all = append(all, received)
	}
	c.began(t, topic, partitions)
	for p := range int32(partitions) {
		c.writeOrders(t, topic, p, 100, 100+n) // while they are still joining
	}
	type place struct {
		partition int32
		offset    int64
	}
	seen := make(map[place]bool)
	for ctx := within(t, patience); len(seen) < partitions*n; {
		var m *kafka.Message[order]
		select {
		case m = <-all[0]:
		case m = <-all[1]:
		case m = <-all[2]:
		case m = <-all[3]:
		case <-ctx.Done():
			t.Fatalf("received %d of %d messages", len(seen), partitions*n)
		}
		if m.Value.Qty < 100 {
			t.Errorf("received order %d, which is older than the group", m.Value.Qty)
		}
		seen[place{m.Partition, m.Offset}] = true
	}
}

func TestAtTimeBeginsAtTheFirstMessageThatIsNotOlder(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	begun := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	cl := c.client(t)
	for i := range 5 {
		rec := &kgo.Record{Topic: topic, Value: orderBytes(i, i+1)[0], Timestamp: begun.Add(time.Duration(i) * time.Minute)}
		if err := cl.ProduceSync(within(t, patience), rec).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		at    time.Time
		first int
	}{
		"a message's own time": {begun.Add(2 * time.Minute), 2},
		"between two":          {begun.Add(2*time.Minute + time.Millisecond), 3},
		"before all":           {begun.Add(-time.Minute), 0},
		"before 1970":          {time.Unix(0, 0).Add(-time.Millisecond), 0},
		"after all":            {begun.Add(time.Hour), 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := newConsumer(t, c.proxy(t), topic, kafka.WithGroup(unique("group")), kafka.WithStart(kafka.AtTime(test.at)))
			if test.first == 5 {
				expectNothing(t, consumer)
				return
			}
			expectOrders(t, consumer, test.first, 5)
		})
	}
}

// The start holds only where the group has no commit.
func TestACommitComesBeforeTheStart(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 4)
	first := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, first, 0, 3)
	disconnect(t, first)
	second := newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest))
	expectOrders(t, second, 2, 4)
}

// commitAs commits an offset as another client does, while the group is empty.
func (c *cluster) commitAs(t *testing.T, topic string, o kadm.Offset) {
	t.Helper()
	var offsets kadm.Offsets
	o.Topic = topic
	offsets.Add(o)
	adm := kadm.NewClient(c.client(t)) // its own, which knows no older topic of that name
	if err := adm.CommitAllOffsets(within(t, patience), c.cfg.Group, offsets); err != nil {
		t.Fatal(err)
	}
}

func wantLoss(t *testing.T, err error, words ...string) {
	t.Helper()
	if !errors.Is(err, kafka.ErrDataLoss) || !kafka.Temporary(err) {
		t.Fatalf("got %v, want ErrDataLoss", err)
	}
	for _, w := range words {
		if !contains(err, w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// An offset that the log does not reach, which franz-go passes over in silence, is told; reading begins at the log start, and the
// group's offset follows.
func TestAnOffsetBeyondTheLogIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	c.commitAs(t, topic, kadm.Offset{At: 100, LeaderEpoch: -1})
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest)) // which has no say in this
	wantLoss(t, retrieveError(t, consumer), "partition 0", "100", "offset 0")
	expectOrders(t, consumer, 0, 5)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 4)
}

func (c *cluster) deleteBefore(t *testing.T, topic string, offset int64) {
	t.Helper()
	var offsets kadm.Offsets
	offsets.AddOffset(topic, 0, offset, -1)
	if _, err := c.adm.DeleteRecords(within(t, patience), offsets); err != nil {
		t.Fatal(err)
	}
}

// What retention takes while nobody is there is told once, with its offsets.
func TestLossWhileAwayIsToldOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	first := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, first, 0, 3)
	disconnect(t, first)
	c.deleteBefore(t, topic, 6)
	second := newConsumer(t, c.proxy(t), topic)
	wantLoss(t, retrieveError(t, second), "offsets 2 to 5 of partition 0", "going on at 6")
	expectOrders(t, second, 6, 10)
	commit(t, second)
	c.wantCommitted(t, topic, 0, 9)
	disconnect(t, second)
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 9, 10)
}

// What retention takes before it was acknowledged, but not before it was committed past, is no loss.
func TestNoLossIsToldWhereAllWasRead(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	first := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, first, 0, 7)
	disconnect(t, first)
	c.deleteBefore(t, topic, 6)
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 6, 10)
}

func committedAt(offset int64) kadm.Offset { return kadm.Offset{At: offset, LeaderEpoch: -1} }

// receivedNext is what comes next of what inBackground receives.
func receivedNext(t *testing.T, received <-chan *kafka.Message[order]) *kafka.Message[order] {
	t.Helper()
	select {
	case m := <-received:
		return m
	case <-within(t, patience).Done():
		t.Fatal("nothing is received")
		return nil
	}
}
