package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// lastingLies are those whose effect on a client outlives them.
func lastingLies() map[string]func(t *testing.T) lie {
	const ghost, wait, epoch = 77, 0x7fff_ffff, 1 << 30
	all := map[string]func(t *testing.T) lie{
		"a leader that is not there, of an epoch to come": func(t *testing.T) lie {
			return altered(t, metadataRequest, func(r *kmsg.MetadataResponse) {
				r.Brokers = append(r.Brokers, kmsg.MetadataResponseBroker{NodeID: ghost, Host: "127.0.0.1", Port: 1})
				for i := range r.Topics {
					for j := range r.Topics[i].Partitions {
						r.Topics[i].Partitions[j].Leader, r.Topics[i].Partitions[j].LeaderEpoch = ghost, epoch
					}
				}
			})
		},
		"a pause of 24 days, with a producer id": func(t *testing.T) lie {
			return altered(t, initProducerIDRequest, func(r *kmsg.InitProducerIDResponse) { r.ThrottleMillis = wait })
		},
		"a pause of 24 days, with an acknowledgement": func(t *testing.T) lie {
			return altered(t, produceRequest, func(r *kmsg.ProduceResponse) { r.ThrottleMillis = wait })
		},
		"a producer id and epoch of nobody": func(t *testing.T) lie {
			return altered(t, initProducerIDRequest, func(r *kmsg.InitProducerIDResponse) { r.ProducerID, r.ProducerEpoch = 1<<63-1, 1<<15-1 })
		},
	}
	for _, code := range []int16{-1, 42, 47, 49, 53, 59, 90, 30_000} {
		all[fmt.Sprintf("a producer id refused with %d", code)] = func(t *testing.T) lie {
			return altered(t, initProducerIDRequest, func(r *kmsg.InitProducerIDResponse) { r.ErrorCode, r.ProducerID, r.ProducerEpoch = code, -1, -1 })
		}
	}
	return all
}

// The same producer works a few seconds after the last lie, and what it says of each message is so: acknowledged ones are there once,
// refused ones are not.
func TestProducersHeal(t *testing.T) {
	t.Parallel()
	for name, told := range lastingLies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newEmbedded(t, "a real broker does not lie")
			topic, l := c.topic(t, 1), new(liar)
			producer := newProducer(t, newProxy(t, c.cfg, l.option()), topic)
			said := make(map[int]error)
			send := func() error {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				qty := len(said) + 1
				_, err := producer.Produce(ctx, order{ID: "a", Qty: qty})
				said[qty] = err
				return err
			}
			l.tell(told(t))
			for range 3 {
				_ = send()
			}
			if l.told.Load() == 0 {
				t.Error("nothing was lied about")
			}
			l.tell(nil)
			since := time.Now()
			eventually(t, "the producer works", func() bool { return send() == nil })
			t.Logf("it works after %s, and %d tries: %v", time.Since(since), len(said)-3, said[1])
			disconnect(t, producer) // what is unknown is written, or given up
			wantAsSaid(t, c, topic, said)
		})
	}
}

// wantAsSaid checks what is in a topic against what was said of each message.
func wantAsSaid(t *testing.T, c *cluster, topic string, said map[int]error) {
	t.Helper()
	consumer := newConsumer(t, c.proxy(t), topic)
	there := make(map[int]int)
	for last := len(said); there[last] == 0; { // which is acknowledged
		there[retrieve(t, consumer).Value.Qty]++
	}
	for qty, err := range said {
		switch n := there[qty]; {
		case err == nil && n != 1, err != nil && n > 1:
			t.Errorf("message %d is there %d times: %v", qty, n, err)
		case n > 0 && err != nil && !errors.Is(err, kafka.ErrOutcomeUnknown):
			t.Errorf("message %d is there: %v", qty, err)
		}
	}
}

// A context that ends while there is nothing to receive is explained by nothing: all answers have come.
func TestIdlenessIsNotExplained(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	retrieve(t, consumer)
	var err error
	for range 5 { // a busy broker may be late once
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		_, err = consumer.Retrieve(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && !contains(err, "connection error") {
			return
		}
	}
	t.Errorf("got %v", err)
}

// A broker that fails while messages wait for the consumer is no error of Retrieve's: it waits, as long as its context lets it.
func TestAnOutageWithALagIsWaitedFor(t *testing.T) {
	t.Parallel()
	c, l, topic := hostile(t)
	l.tell(about(fetchRequest, func(answered) io.Reader { return failing{} }))
	consumer := newConsumer(t, newProxy(t, c.cfg, l.option()), topic)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // survey has looked twice by then
	defer cancel()
	var at *kafka.ConnectError
	if _, err := consumer.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &at) || at.Address != c.cfg.Brokers[0] {
		t.Errorf("got %v", err)
	}
	l.tell(nil)
	expectOrders(t, consumer, 1, 2)
}
