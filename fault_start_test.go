package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// Right after a topic was made, a broker may not know it, or not know yet that it leads: looking up where the group begins waits for
// that. Seen on three brokers with Latest.
func TestTheStartIsLookedUpAgainWhereABrokerIsNotReady(t *testing.T) {
	t.Parallel()
	for _, answer := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable} {
		t.Run(answer.Message, func(t *testing.T) {
			t.Parallel()
			c := newEmbedded(t, "a real broker is not ready for an unknown time only")
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 3)
			c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: topic, Err: answer, Count: 2})
			consumer := newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest))
			received, stop := inBackground(t, consumer)
			defer stop()
			c.began(t, topic, 1)
			c.writeOrders(t, topic, 0, 3, 4)
			if m := <-received; m.Value.Qty != 3 {
				t.Errorf("received order %d, want 3", m.Value.Qty)
			}
		})
	}
}
