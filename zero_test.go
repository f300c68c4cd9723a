package kafka_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// Nil and zero values give errors and never panic.
func TestNilAndZeroValuesGiveErrors(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, p := range []*kafka.Producer[order]{nil, {}} {
		for _, err := range afterwards(t, p) {
			wantWords(t, err, "was not made by NewProducer")
		}
		wantWords(t, p.Disconnect(ctx), "was not made by NewProducer")
		p.ProduceAsync(ctx, order{}, nil)
	}
	for _, p := range []*kafka.Proxy{nil, {}} {
		_, client := p.Client(ctx)
		_, producer := kafka.NewProducer(p, orders("orders"))
		_, consumer := kafka.NewConsumer(p, orders("orders"))
		for _, err := range []error{p.Ping(ctx), p.EnsureTopics(ctx), p.Disconnect(ctx), client, producer, consumer} {
			wantWords(t, err, "was not made by NewProxy")
		}
	}
	for _, c := range []*kafka.Codec[order]{nil, {}} {
		_, encode := c.Encode(order{})
		_, decode := c.Decode([]byte(`{}`))
		wantWords(t, encode, "was not made by NewCodec")
		wantWords(t, decode, "was not made by NewCodec")
		if c.Schema() != nil {
			t.Error("a codec that was not made has a schema")
		}
	}
}

func TestZeroErrorsAndRecordsDoNotPanic(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&kafka.BatchError{}, &kafka.MessageError{}, &kafka.BatchError{Errs: []error{nil}}} {
		if err.Error() == "" || kafka.Temporary(err) {
			t.Errorf("%T: %q", err, err.Error())
		}
	}
	if kafka.Temporary(nil) || kafka.Permanent(nil) != nil {
		t.Error("nil is an error")
	}
	m := &kafka.Message[order]{Value: order{ID: "a"}} // in a user's handler test
	if err := m.Ack(); err != nil {
		t.Error(err)
	}
	if err := m.Nack(); err != nil {
		t.Error(err)
	}
	if v, ok := m.Header("h"); ok || v != nil {
		t.Errorf("header %v, %v", v, ok)
	}
}

func TestConstructorsRefuseWhatCannotWork(t *testing.T) {
	t.Parallel()
	if _, err := kafka.NewProxy(kafka.Config{}); err == nil {
		t.Error("a proxy without brokers")
	}
	p := newProxy(t, kafka.Config{Brokers: []string{"127.0.0.1:1"}, Topics: []kafka.TopicConfig{{Alias: "orders", Name: "prod.orders"}}},
		nil, kafka.WithLogger(nil), kafka.WithClientOptions())
	_, unlisted := kafka.NewProducer(p, orders("ordres"))
	wantWords(t, unlisted, "ordres", "orders")
	_, pointer := kafka.NewProducer(p, kafka.Topic[*order]{Name: "orders"})
	wantWords(t, pointer, "Topic[*kafka_test.order]", "use Topic[kafka_test.order]")
	_, iface := kafka.NewProducer(p, kafka.Topic[any]{Name: "orders"})
	wantWords(t, iface, "interface")
	_, raw := kafka.NewProducer(p, kafka.Topic[json.RawMessage]{Name: "orders"})
	wantWords(t, raw, "give Topic.Schema")
	_, byMap := kafka.NewProducer(p, kafka.Topic[map[string]int]{Name: "orders"})
	wantWords(t, byMap, "give Topic.Schema")
	_, channel := kafka.NewProducer(p, kafka.Topic[struct{ C chan int }]{Name: "orders"})
	wantWords(t, channel, "orders")
	for _, d := range []time.Duration{0, -time.Second} {
		_, err := kafka.NewProducer(p, orders("ordres"), kafka.WithDeliveryTimeout(d), nil)
		wantWords(t, err, "delivery timeout", "ordres") // all faults at once
	}
	_, impossible := kafka.NewProducer(p, kafka.Topic[order]{Name: "orders", Schema: schema.MustCompile([]byte(
		`{"type": "object", "required": ["absent"]}`))})
	wantWords(t, impossible, "absent")
	if _, err := kafka.NewProducer(p, kafka.Topic[map[string]int]{Name: "orders", Schema: schema.MustCompile([]byte(`{}`))}); err != nil {
		t.Errorf("a map with a schema: %v", err)
	}
}

// An alias in the code is the cluster's name on the wire.
func TestAnAliasIsSentUnderItsName(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	cfg := c.cfg
	cfg.Topics = []kafka.TopicConfig{{Alias: "orders", Name: c.topic(t, 1)}}
	p := newProxy(t, cfg)
	for _, name := range []string{"orders", cfg.Topics[0].Name} {
		if d := produce(t, newProducer(t, p, name), order{}); d.Topic != cfg.Topics[0].Name {
			t.Errorf("%s was sent to %s", name, d.Topic)
		}
	}
}

var _ interface { // what a user's own interface over our methods looks like
	Produce(context.Context, order, ...kafka.RecordOption) (kafka.Delivery, error)
} = (*kafka.Producer[order])(nil)
