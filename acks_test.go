package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// What acks says is what goes over the wire; only "all" is idempotent.
func TestAcksOnTheWire(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]int16{"": -1, "all": -1, "leader": 1, "none": 0} {
		t.Run("acks "+word, func(t *testing.T) {
			t.Parallel()
			c := newEmbedded(t, "it reads the requests of one broker")
			c.cfg.Producer.Acks = word
			topic := c.topic(t, 1)
			asked, initialised := make(chan int16, 10), make(chan struct{}, 10)
			c.fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
				asked <- req.(*kmsg.ProduceRequest).Acks
				return nil, nil, false
			})
			c.fake.ControlKey(int16(kmsg.InitProducerID), func(kmsg.Request) (kmsg.Response, error, bool) {
				initialised <- struct{}{}
				return nil, nil, false
			})
			p := c.proxy(t)
			produce(t, newProducer(t, p, topic), order{})
			if got := <-asked; got != want {
				t.Errorf("acks %d on the wire, want %d", got, want)
			}
			if idempotent := len(initialised) > 0; idempotent != (want == -1) {
				t.Errorf("idempotent: %t", idempotent)
			}
			eventually(t, "the message is written", func() bool { return c.written(t, topic) == 1 })
			if n := kafka.UnderWay(p); n != 0 { // what is not answered must not be waited for, and kept
				t.Errorf("%d requests wait for an answer", n)
			}
		})
	}
}
