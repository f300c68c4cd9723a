package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
)

type order struct {
	ID  string `json:"id"`
	Qty int    `json:"qty"`
}

func TestSmoke(t *testing.T) {
	cfg := kafkatest.Start(t, "orders")
	cfg.Group = "g"
	p, err := kafka.NewProxy(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	topic := kafka.Topic[order]{Name: "orders"}
	pr, err := kafka.NewProducer(p, topic)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		d, err := pr.Produce(ctx, order{"a", i})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(d)
	}
	c, err := kafka.NewConsumer(p, topic)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		m, err := c.Retrieve(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(m.Offset, m.Value)
	}
	if err := p.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := p.Disconnect(ctx); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start))
}
