package kafka_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// A group whose members divide partitions in another way lets nobody else in: that is told, it lasts, and it ends a range.
func TestAGroupThatDoesNotAgreeIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	other := c.client(t, kgo.ConsumerGroup(c.cfg.Group), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.RangeBalancer()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err := other.PollFetches(within(t, patience)).Err(); err != nil {
		t.Fatal(err)
	}
	consumer := newConsumer(t, c.proxy(t), topic)
	if err := retrieveError(t, consumer); !errors.Is(err, kerr.InconsistentGroupProtocol) || kafka.Temporary(err) {
		t.Fatalf("got %v, want INCONSISTENT_GROUP_PROTOCOL", err)
	}
	yielded := 0
	for _, err := range consumer.Messages(within(t, patience)) {
		if yielded++; !errors.Is(err, kerr.InconsistentGroupProtocol) {
			t.Errorf("yielded %v", err)
		}
	}
	if yielded != 1 {
		t.Errorf("the range yielded %d times, want the lasting fault, last", yielded)
	}
}

// A coordinator that does not answer the questions beside the group's offsets holds up fetching for a while, and not for ever.
func TestASlowCoordinatorDoesNotStopFetching(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator can't be made to hang at one question")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	thawed := make(chan struct{})
	t.Cleanup(func() { close(thawed) })
	c.fake.ControlKey(kmsg.OffsetFetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		for _, g := range req.(*kmsg.OffsetFetchRequest).Groups {
			if g.MemberID == nil { // not as the member that joins, whose offsets come
				c.fake.SleepControl(func() { <-thawed })
			}
		}
		return nil, nil, false
	})
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 0, 2)
}
