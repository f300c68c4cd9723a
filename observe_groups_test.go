package kafka_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/typedkafka/kafka"
)

// watchingGroups is an observer that writes losses and rebalances into a diary.
func watchingGroups(d *diary) kafka.Observer {
	return kafka.Observer{
		Lose: func(l kafka.Loss) {
			d.write("lost %d of partition %d by %s, %s: %t", l.Messages, l.Partition, group(l.Group), l.Kind,
				errors.Is(l.Err, kafka.ErrDataLoss) != errors.Is(l.Err, kafka.ErrTopicRecreated))
		},
		Rebalance: func(r kafka.Rebalance) { d.write("%s: %v of %s", r.Kind, sorted32(r.Partitions), group(r.Group)) },
	}
}

func sorted32(all []int32) []int32 { return slices.Sorted(slices.Values(all)) }

// Each loss is told once, by its kind and how much is gone.
func TestObserversSeeLosses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lose func(t *testing.T, c *cluster, topic string) // while nobody reads; offset 2 is committed
		told string
	}{
		"retention": {func(t *testing.T, c *cluster, topic string) { c.deleteBefore(t, topic, 5) }, "lost 3 of partition 0 by the group, retention: true"},
		"truncation": {func(t *testing.T, c *cluster, topic string) {
			c.commitAs(t, topic, kadm.Offset{At: 100, LeaderEpoch: -1})
		}, "lost -1 of partition 0 by the group, truncation: true"},
		"recreated": {func(t *testing.T, c *cluster, topic string) {
			offsets, err := c.adm.FetchOffsets(within(t, patience), c.cfg.Group)
			if err != nil {
				t.Fatal(err)
			}
			kept, _ := offsets.Lookup(topic, 0)
			c.recreate(t, topic)
			c.writeOrders(t, topic, 0, 0, 3)
			c.commitAs(t, topic, kept.Offset) // as a broker that does not forget
		}, "lost -1 of partition -1 by the group, recreated: true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 8)
			first := newConsumer(t, c.proxy(t), topic)
			expectOrders(t, first, 0, 3)
			disconnect(t, first)
			tc.lose(t, c, topic)
			d := newDiary()
			second := newConsumer(t, c.proxy(t, kafka.WithObserver(watchingGroups(d))), topic)
			if err := retrieveError(t, second); !errors.Is(err, kafka.ErrDataLoss) && !errors.Is(err, kafka.ErrTopicRecreated) {
				t.Fatal(err)
			}
			retrieve(t, second)
			d.await(t, 2)
			disconnect(t, second)
			want := []string{"assigned: [0] of the group", tc.told, "revoked: [0] of the group"}
			if got := d.read(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Partitions that come, and move to another member, are told.
func TestObserversSeeRebalances(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 1)
	c.writeOrders(t, topic, 1, 0, 1)
	d := newDiary()
	first := newConsumer(t, c.proxy(t, kafka.WithObserver(watchingGroups(d))), topic)
	expectOrders(t, first, 0, 1)
	second := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	go func() { _, _ = second.Retrieve(within(t, patience)) }()
	got := d.await(t, 2)
	if got[0] != "assigned: [0 1] of the group" || got[1] != "revoked: [0] of the group" && got[1] != "revoked: [1] of the group" {
		t.Errorf("got %q", got)
	}
}

// Partitions that the group gives away are told as lost, and as assigned when they come again.
func TestObserversSeeLostPartitions(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	d := newDiary()
	consumer := newConsumer(t, c.proxy(t, kafka.WithObserver(watchingGroups(d))), topic)
	retrieve(t, consumer)
	before := len(d.read()) // on a busy machine a session may have ended by itself
	c.throwOut(1)
	eventually(t, "the partition is lost and comes again", func() bool {
		lost := slices.Index(d.read()[before:], "lost: [0] of the group")
		return lost >= 0 && slices.Contains(d.read()[before+lost:], "assigned: [0] of the group")
	})
}

// WithPartitions there is no group, and so no rebalance.
func TestObserversSeeNoRebalanceWithPartitions(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	d := newDiary()
	consumer := newConsumer(t, c.proxy(t, kafka.WithObserver(watchingGroups(d))), topic, kafka.WithPartitions(0))
	expectOrders(t, consumer, 0, 1)
	disconnect(t, consumer)
	if got := d.read(); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}
