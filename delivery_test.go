package kafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

// A context that is done before the call sends nothing.
func TestADoneContextSendsNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t), topic)
	produce(t, producer, order{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := producer.Produce(ctx, order{})
	wantError(t, err, context.Canceled)
	_, tomb := producer.Tombstone(ctx, []byte("k"))
	wantError(t, tomb, context.Canceled)
	async := make(chan error, 1)
	producer.ProduceAsync(ctx, order{}, func(_ kafka.Delivery, err error) { async <- err })
	for _, err := range []error{err, tomb, <-async} {
		if errors.Is(err, kafka.ErrOutcomeUnknown) {
			t.Errorf("nothing was sent, and the error is %v", err)
		}
	}
	if n := c.written(t, topic); n != 1 {
		t.Errorf("%d messages in the log, want 1", n)
	}
}

// In franz-go the cancel of one caller fails the record of another that shares its batch.
func TestOneCallersCancelDoesNotFailAnothersMessage(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	a, b := newProducer(t, p, topic), newProducer(t, p, topic)
	produce(t, a, order{}) // the connection stands
	thaw := n.freeze()
	defer thaw()
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 8)
	for range 8 { // some wait in the client behind a request on its way
		a.ProduceAsync(ctx, order{}, func(_ kafka.Delivery, err error) { errs <- err })
	}
	sync := make(chan error, 1)
	go func() { _, err := a.Produce(ctx, order{}); sync <- err }()
	other := make(chan error, 1)
	b.ProduceAsync(within(t, patience), order{}, func(_ kafka.Delivery, err error) { other <- err })
	cancel()
	if err := <-sync; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled caller got %v", err)
	}
	thaw()
	if err := <-other; err != nil {
		t.Errorf("another caller's message: %v", err)
	}
	for range 8 {
		if err := <-errs; err != nil { // after admission a context changes nothing
			t.Error(err)
		}
	}
}

func TestAFullBufferEndsWithTheContextAndSendsNothing(t *testing.T) {
	t.Parallel()
	for what, full := range map[string]func(*kafka.Config){
		"records": func(c *kafka.Config) { c.Producer.MaxBufferedRecords = 1 },
		"bytes":   func(c *kafka.Config) { c.Producer.MaxBufferedBytes = 20 },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c, n := newCluster(t), newLines()
			topic := c.topic(t, 1)
			cfg := c.cfg
			full(&cfg)
			p := newProxy(t, cfg, n.option())
			producer, sibling := newProducer(t, p, topic), newProducer(t, p, topic)
			produce(t, producer, order{})
			thaw := n.freeze()
			defer thaw()
			defer time.AfterFunc(10*time.Second, thaw).Stop() // ends a call that does not end with its context
			first := make(chan error, 1)
			producer.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { first <- err })
			for _, p := range []*kafka.Producer[order]{producer, sibling} {
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				took := wantWithin(t, 2*time.Second, func() {
					_, err := p.Produce(ctx, order{Qty: 1})
					wantError(t, err, kafka.ErrBufferFull, topic)
					wantError(t, err, context.DeadlineExceeded)
					if errors.Is(err, kafka.ErrOutcomeUnknown) || !kafka.Temporary(err) {
						t.Errorf("error %v, want one that is safe to repeat", err)
					}
				})
				if took < 300*time.Millisecond {
					t.Errorf("it did not wait for room: %s", took)
				}
			}
			thaw()
			if err := <-first; err != nil {
				t.Fatal(err)
			}
			produce(t, sibling, order{}) // there is room again
			if n := c.written(t, topic); n != 3 {
				t.Errorf("%d messages in the log, want 3", n)
			}
		})
	}
}

func TestAMessageLargerThanTheWholeBufferPasses(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	cfg := c.cfg
	cfg.Producer.MaxBufferedBytes = 1
	producer := newProducer(t, newProxy(t, cfg), c.topic(t, 1))
	for range 3 {
		produce(t, producer, order{ID: "larger than one byte"})
	}
}

// A broker that is frozen takes the message and says nothing: the delivery timeout is our own timer.
func TestAFrozenBrokerEndsInAnUnknownOutcomeAtTheDeliveryTimeout(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t, n.option()), topic, kafka.WithDeliveryTimeout(200*time.Millisecond))
	produce(t, producer, order{})
	thaw := n.freeze()
	defer thaw()
	for what, call := range map[string]func() error{
		"Produce":   func() error { _, err := producer.Produce(t.Context(), order{}); return err },
		"Tombstone": func() error { _, err := producer.Tombstone(t.Context(), []byte("k")); return err },
		"ProduceAsync": func() error {
			done := make(chan error, 1)
			producer.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { done <- err })
			return <-done
		},
		"ProduceAll": func() error { _, err := producer.ProduceAll(t.Context(), make([]order, 3)); return err },
	} {
		took := wantWithin(t, 5*time.Second, func() {
			wantError(t, call(), kafka.ErrOutcomeUnknown, topic, "delivery timeout of 200ms")
		})
		if took < 200*time.Millisecond {
			t.Errorf("%s ended after %s, before the timeout", what, took)
		}
	}
	if err := producer.Flush(t.Context()); err != nil {
		t.Errorf("what was given up is not waited for: %v", err)
	}
	thaw()
	produce(t, newProducer(t, c.proxy(t), topic), order{})
	eventually(t, "what was unknown is written", func() bool { return c.written(t, topic) == 8 })
}

// The context of a caller who waits ends his wait, and says that the message may be written: it is.
func TestAContextThatEndsWhileTheMessageIsUnderWayLeavesItUnknown(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t, n.option()), topic)
	produce(t, producer, order{})
	thaw := n.freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := producer.Produce(ctx, order{})
	wantError(t, err, kafka.ErrOutcomeUnknown)
	wantError(t, err, context.DeadlineExceeded)
	thaw()
	if err := producer.Flush(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if n := c.written(t, topic); n != 2 {
		t.Errorf("%d messages in the log, want 2", n)
	}
}
