package kafka_test

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// askAbout asks the cluster through a client that may choose whom.
func askAbout(ctx context.Context, cl *kgo.Client) error {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	_, err := req.RequestWith(ctx, cl)
	return err
}

// An address that takes connections and does not answer costs the opening its share, and nothing afterwards: no client asks it again.
func TestASilentAddressIsAskedOnlyByTheOpening(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	silent, accepted := listen(t)
	cfg := c.cfg
	cfg.Brokers = append([]string{silent, silent, silent}, cfg.Brokers...)
	cfg.ConnectTimeout = time.Second
	topic := c.topic(t, 1)
	p := newProxy(t, cfg)
	produce(t, newProducer(t, p, topic), order{Qty: 1})
	cl, err := p.Client(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	opening := accepted.Load()
	for range 2 * len(cfg.Brokers) * 3 { // it asks a configured address after each round over the brokers
		if err := askAbout(within(t, patience), cl); err != nil {
			t.Fatal(err)
		}
	}
	if n := accepted.Load(); n != opening {
		t.Errorf("the producing client asked a silent address %d times", n-opening)
	}
	consumer := newConsumer(t, p, topic)
	expectOrders(t, consumer, 1, 2)
	if n := accepted.Load() - opening; n > 3 {
		t.Errorf("the consumer asked a silent address %d times, of which 3 are its opening's", n)
	}
}

// Where every address that a client knows is gone at once, it finds the cluster by the configured ones that it had no need of.
func TestAClusterThatMovesIsFoundByAnotherConfiguredAddress(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it moves the cluster to another address")
	n, next := newLines(), nobody(t)
	cfg := c.cfg
	cfg.Brokers = append(cfg.Brokers, nobody(t), next)
	topic := c.topic(t, 1)
	p := newProxy(t, cfg, n.option())
	producer, consumer := newProducer(t, p, topic), newConsumer(t, p, topic, kafka.ManualAck())
	produce(t, producer, order{Qty: 0})
	expectOrders(t, consumer, 0, 1)

	thaw := n.freeze() // neither client sees the new broker before the old one is gone
	_, port, _ := net.SplitHostPort(next)
	number, _ := strconv.Atoi(port)
	if _, _, err := c.fake.AddNode(7, number); err != nil {
		t.Fatal(err)
	}
	if err := c.fake.RemoveNode(0); err != nil {
		t.Fatal(err)
	}
	n.refuse(everyAddress) // cuts what is open
	n.refuse(noAddress)
	thaw()
	produce(t, producer, order{Qty: 1})
	for m := retrieve(t, consumer); m.Value.Qty != 1; m = retrieve(t, consumer) {
	}
}
