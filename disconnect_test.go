package kafka_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

func TestEveryCallAfterDisconnectIsRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	used := func(p *kafka.Proxy) *kafka.Producer[order] {
		producer := newProducer(t, p, topic)
		produce(t, producer, order{})
		return producer
	}
	fresh := func(p *kafka.Proxy) *kafka.Producer[order] { return newProducer(t, p, topic) }
	for what, make := range map[string]func(*kafka.Proxy) *kafka.Producer[order]{"used": used, "never used": fresh} {
		for end, ends := range map[string]func(*kafka.Proxy, *kafka.Producer[order]){
			"its own":    func(_ *kafka.Proxy, producer *kafka.Producer[order]) { disconnect(t, producer) },
			"its proxys": func(p *kafka.Proxy, _ *kafka.Producer[order]) { disconnect(t, p) },
		} {
			p := c.proxy(t)
			producer := make(p)
			ends(p, producer)
			for call, err := range afterwards(t, producer) {
				if !errors.Is(err, kafka.ErrDisconnected) || kafka.Temporary(err) {
					t.Errorf("%s of a producer %s after %s Disconnect: %v", call, what, end, err)
				}
			}
			disconnect(t, producer) // again
		}
	}
}

// afterwards is what each method of a producer says.
func afterwards(t *testing.T, producer *kafka.Producer[order]) map[string]error {
	t.Helper()
	ctx := within(t, patience)
	errs := map[string]error{}
	_, errs["Produce"] = producer.Produce(ctx, order{})
	_, errs["Produce of an invalid value"] = producer.Produce(ctx, order{ID: "\xff"})
	_, errs["Tombstone"] = producer.Tombstone(ctx, []byte("k"))
	errs["Flush"] = producer.Flush(ctx)
	done := make(chan error, 1)
	producer.ProduceAsync(ctx, order{}, func(_ kafka.Delivery, err error) { done <- err })
	errs["ProduceAsync"] = <-done
	_, err := producer.ProduceAll(ctx, make([]order, 2))
	errs["ProduceAll"] = err
	_, errs["ProduceAll of nothing"] = producer.ProduceAll(ctx, nil)
	return errs
}

func TestADisconnectedProxyIsOfNoUse(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	p := c.proxy(t)
	disconnect(t, p)
	disconnect(t, p)
	_, client := p.Client(t.Context())
	_, producer := kafka.NewProducer(p, orders("orders"))
	_, consumer := kafka.NewConsumer(p, orders("orders"))
	for _, err := range []error{p.Ping(t.Context()), p.EnsureTopics(t.Context()), client, producer, consumer} {
		wantError(t, err, kafka.ErrDisconnected)
	}
}

func TestDisconnectWaitsForTheAcknowledgements(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	producer := newProducer(t, p, topic)
	produce(t, producer, order{})
	thaw := n.freeze()
	results := make(chan error, 100)
	for range 100 {
		producer.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { results <- err })
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Disconnect(within(t, patience)) }()
	eventually(t, "new calls are refused", func() bool {
		_, err := producer.Produce(t.Context(), order{ID: "\xff"})
		return errors.Is(err, kafka.ErrDisconnected)
	})
	select {
	case err := <-ended:
		t.Fatalf("it ended before the acknowledgements: %v", err)
	default:
	}
	thaw()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for range 100 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
}

// With a context that is done, or that ends while the broker says nothing, it closes at once and counts what was left.
func TestDisconnectIsBoundedByItsContextAndCountsWhatWasLeft(t *testing.T) {
	t.Parallel()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	t.Cleanup(cancel)
	for what, ctx := range map[string]context.Context{"done": done, "short": short} {
		for _, byProxy := range []bool{true, false} {
			c, n := newCluster(t), newLines()
			topic := c.topic(t, 1)
			p := c.proxy(t, n.option())
			producer := newProducer(t, p, topic)
			produce(t, producer, order{})
			thaw := n.freeze()
			results := make(chan error, 3)
			for range 3 {
				producer.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { results <- err })
			}
			running := make(chan error, 1)
			entered := make(chan struct{})
			go func() {
				close(entered)
				_, err := producer.Produce(t.Context(), order{})
				running <- err
			}()
			<-entered
			end := producer.Disconnect
			if byProxy {
				end = p.Disconnect
			}
			wantWithin(t, 2*time.Second, func() { wantError(t, end(ctx), kafka.ErrOutcomeUnknown, topic, " messages") })
			for range 3 {
				wantError(t, <-results, kafka.ErrOutcomeUnknown, "disconnected")
			}
			if err := <-running; !errors.Is(err, kafka.ErrOutcomeUnknown) && !errors.Is(err, kafka.ErrDisconnected) {
				t.Errorf("%s: the running call ended with %v", what, err)
			}
			eventually(t, "the sockets are gone, frozen as they are", func() bool { return n.open.Load() == 0 })
			thaw()
		}
	}
}

func TestDisconnectWithADoneContextAndNothingLeftIsNoError(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	p := c.proxy(t)
	producer := newProducer(t, p, c.topic(t, 1))
	produce(t, producer, order{})
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := producer.Disconnect(done); err != nil {
		t.Error(err)
	}
	if err := p.Disconnect(done); err != nil {
		t.Error(err)
	}
}

// A broker that accepts and never answers held franz-go's Close for 81 s.
func TestDisconnectEndsACallThatWaitsForASilentBroker(t *testing.T) {
	t.Parallel()
	for _, byProxy := range []bool{true, false} {
		addr, accepted := listen(t)
		p := newProxy(t, kafka.Config{Brokers: []string{addr}})
		producer, sibling := newProducer(t, p, "orders"), newProducer(t, p, "orders")
		running, other := make(chan error, 1), make(chan error, 1)
		go func() { _, err := sibling.Produce(within(t, 2*time.Second), order{}); other <- err }() // holds the opening
		eventually(t, "it dials", func() bool { return accepted.Load() > 0 })
		go func() { _, err := producer.Produce(t.Context(), order{}); running <- err }()
		<-time.After(50 * time.Millisecond) // it waits; else it is refused as a later call, which is right too
		wantWithin(t, time.Second, func() {
			if byProxy {
				disconnect(t, p)
			} else {
				disconnect(t, producer)
			}
			wantError(t, <-running, kafka.ErrDisconnected, "orders")
		})
		if err := <-other; byProxy && !errors.Is(err, kafka.ErrDisconnected) || !byProxy && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the sibling ended with %v", err)
		}
	}
}

func TestDisconnectEndsACallThatWaitsForRoom(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	cfg := c.cfg
	cfg.Producer.MaxBufferedRecords = 1
	topic := c.topic(t, 1)
	p := newProxy(t, cfg, n.option())
	holder, producer := newProducer(t, p, topic), newProducer(t, p, topic)
	produce(t, holder, order{})
	produce(t, producer, order{})
	thaw := n.freeze()
	defer thaw()
	holder.ProduceAsync(t.Context(), order{}, nil)
	running := make(chan error, 1)
	go func() { _, err := producer.Produce(t.Context(), order{}); running <- err }()
	select {
	case err := <-running:
		t.Fatalf("there was room: %v", err)
	case <-time.After(20 * time.Millisecond): // it waits, or comes later and is refused all the same
	}
	wantWithin(t, 2*time.Second, func() {
		disconnect(t, producer)
		wantError(t, <-running, kafka.ErrDisconnected)
	})
}

// A call that Disconnect overtakes, after it looked whether it may, must not hold the client again: nobody would ever let go of it.
func TestACallThatDisconnectOvertakesHoldsNothing(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	for call, calls := range map[string]func(*kafka.Producer[order], kafka.RecordOption) error{
		"Produce": func(producer *kafka.Producer[order], opt kafka.RecordOption) error {
			_, err := producer.Produce(within(t, patience), order{}, opt)
			return err
		},
		"ProduceAsync": func(producer *kafka.Producer[order], opt kafka.RecordOption) error {
			done := make(chan error, 1)
			producer.ProduceAsync(within(t, patience), order{}, func(_ kafka.Delivery, err error) { done <- err }, opt)
			return <-done
		},
		"ProduceAll": func(producer *kafka.Producer[order], opt kafka.RecordOption) error {
			_, err := producer.ProduceAll(within(t, patience), make([]order, 1), opt)
			var batch *kafka.BatchError
			if !errors.As(err, &batch) {
				return err
			}
			return batch.Errs[0]
		},
	} {
		producer := newProducer(t, p, topic)
		// An option runs between the look and the sending.
		if err := calls(producer, func(*kafka.Record) { disconnect(t, producer) }); !errors.Is(err, kafka.ErrDisconnected) {
			t.Errorf("%s: %v", call, err)
		}
	}
	last := newProducer(t, p, topic)
	produce(t, last, order{})
	disconnect(t, last)
	eventually(t, "the client closes with the last that uses it", func() bool { return n.open.Load() == 0 })
	if n := c.written(t, topic); n != 1 {
		t.Errorf("%d messages were written, want the one that was not overtaken", n)
	}
}

// Nothing panics or hangs, each call has one result of the contract, and what was acknowledged is in the log.
func TestDisconnectBesideManyProducers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	var acknowledged, unknown int64
	for round := range 50 {
		n := newLines()
		p := c.proxy(t, n.option())
		results := make(chan error, 1000)
		var wg sync.WaitGroup
		for i := range 32 {
			producer := newProducer(t, p, topic)
			wg.Go(func() {
				for {
					_, err := producer.Produce(t.Context(), order{Qty: i})
					results <- err
					if err != nil {
						return
					}
				}
			})
			if round%2 == 0 { // by the proxy; else one after another, beside each other's sends
				continue
			}
			wg.Go(func() { disconnect(t, producer) })
		}
		go func() {
			disconnect(t, p)
			wg.Wait()
			close(results)
		}()
		for err := range results {
			switch {
			case err == nil:
				acknowledged++
			case errors.Is(err, kafka.ErrOutcomeUnknown):
				unknown++
			case !errors.Is(err, kafka.ErrDisconnected):
				t.Errorf("a call beside Disconnect ended with %v", err)
			}
		}
		eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
	}
	if unknown > 0 {
		t.Errorf("%d outcomes are unknown although every Disconnect had time to wait", unknown)
	}
	if n := c.written(t, topic); n != acknowledged {
		t.Errorf("%d messages in the log, %d acknowledged", n, acknowledged)
	}
}

// The proxy closes all that stands on it, consumers first: what they handle may still be produced.
func TestAProxysDisconnectClosesAllThatStandsOnIt(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	producer, consumer := newProducer(t, p, topic), newConsumer(t, p, topic)
	produce(t, producer, order{Qty: 1})
	retrieve(t, consumer)
	if err := p.Ping(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Client(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 { // beside each other
		wg.Go(func() { disconnect(t, p) })
	}
	wg.Wait()
	_, err := consumer.Retrieve(within(t, patience))
	wantError(t, err, kafka.ErrDisconnected)
	_, err = producer.Produce(within(t, patience), order{})
	wantError(t, err, kafka.ErrDisconnected)
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
}
