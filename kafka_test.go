package kafka_test

import (
	"testing"
	"time"
)

// The main job: a typed message goes out, checked, and comes in, checked.
func TestSendAndReceive(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	ctx := within(t, 30*time.Second)
	p := c.proxy(t)
	producer, consumer := newProducer(t, p, topic), newConsumer(t, p, topic)

	want := map[order]bool{}
	for i := range 20 {
		o := order{ID: string(rune('a' + i%5)), Qty: i}
		d, err := producer.Produce(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if d.Topic != topic || d.Offset < 0 {
			t.Errorf("delivery %+v, want one to %s", d, topic)
		}
		want[o] = true
	}
	for range 20 {
		m, err := consumer.Retrieve(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !want[m.Value] || string(m.Key) != m.Value.ID || m.Topic != topic {
			t.Errorf("received %+v, which was not sent so", m)
		}
		delete(want, m.Value)
	}
	if len(want) > 0 {
		t.Errorf("not received: %v", want)
	}
}
