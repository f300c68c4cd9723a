package kafka_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// Not parallel: it counts the goroutines of the process.
func TestNothingIsDialledAndNoGoroutineRunsBeforeTheFirstUse(t *testing.T) {
	addr, accepted := listen(t)
	before := runtime.NumGoroutine()
	p := newProxy(t, kafka.Config{Brokers: []string{addr}, Group: "g"})
	producer, consumer := newProducer(t, p, "orders"), newConsumer(t, p, "orders")
	if _, err := producer.Produce(t.Context(), order{ID: "\xff"}); err == nil {
		t.Error("a string that is not UTF-8 was taken")
	}
	if _, err := producer.Tombstone(t.Context(), nil); err == nil {
		t.Error("a tombstone without a key was taken")
	}
	if err := producer.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	disconnect(t, producer)
	disconnect(t, consumer)
	disconnect(t, p)
	// A Disconnect returns from the last statement of a goroutine that is about to end.
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
	if n := accepted.Load(); n > 0 {
		t.Errorf("%d connections before the first use", n)
	}
}

func TestManyGoroutinesOnAColdProxyJoinOneOpening(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	var wg sync.WaitGroup
	for range 64 {
		producer := newProducer(t, p, topic)
		wg.Go(func() {
			if _, err := producer.Produce(within(t, patience), order{ID: "a"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// The opening's, one for requests and one for records to each broker: see TestManyProducersShareFewSockets.
	if dials := n.dials.Load(); dials > 1+2*int32(len(c.cfg.Brokers)) {
		t.Errorf("64 producers dialled %d times", dials)
	}
}

func TestManyProducersShareFewSockets(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 6)
	p := c.proxy(t, n.option())
	for range 100 {
		if _, err := newProducer(t, p, topic).Produce(within(t, patience), order{ID: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	if open, most := n.open.Load(), int32(len(c.cfg.Brokers))+2; open > most {
		t.Errorf("100 producers hold %d sockets, want at most %d", open, most)
	}
}

func TestACallersContextEndsOnlyHisWaitForTheOpening(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	producer := newProducer(t, c.proxy(t, n.option()), c.topic(t, 1))
	thaw := n.freeze()
	defer thaw()
	other := make(chan error)
	go func() {
		_, err := producer.Produce(within(t, patience), order{ID: "a"})
		other <- err
	}()
	eventually(t, "the opening dials", func() bool { return n.open.Load() > 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := producer.Produce(ctx, order{ID: "b"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
	thaw()
	if err := <-other; err != nil {
		t.Errorf("another's opening ended with one caller's context: %v", err)
	}
}

func TestAWrongPortIsToldWithinASecond(t *testing.T) {
	t.Parallel()
	addr := nobody(t)
	p := newProxy(t, kafka.Config{Brokers: []string{addr}, Group: "g"})
	for what, call := range map[string]func() error{
		"ping":     func() error { return p.Ping(within(t, patience)) },
		"client":   func() error { _, err := p.Client(within(t, patience)); return err },
		"produce":  func() error { _, err := newProducer(t, p, "t").Produce(within(t, patience), order{}); return err },
		"retrieve": func() error { _, err := newConsumer(t, p, "t").Retrieve(within(t, patience)); return err },
	} {
		wantWithin(t, time.Second, func() {
			err := call()
			wantError(t, err, syscall.ECONNREFUSED, what, addr, "connection refused", "check brokers")
			if !kafka.Temporary(err) {
				t.Errorf("%s: %v may heal", what, err)
			}
		})
	}
}

func TestABrokerThatNeverAnswersIsToldAfterTheConnectTimeout(t *testing.T) {
	t.Parallel()
	addr, _ := listen(t)
	p := newProxy(t, kafka.Config{Brokers: []string{addr}, ConnectTimeout: 200 * time.Millisecond})
	wantWithin(t, 5*time.Second, func() {
		_, err := newProducer(t, p, "orders").Produce(within(t, patience), order{})
		wantWords(t, err, addr, "does not answer")
	})
	wantWithin(t, 5*time.Second, func() { wantWords(t, p.Ping(within(t, patience)), "ping", addr, "does not answer") })
}

func TestOneDeadBrokerDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	silent, _ := listen(t)
	cfg := c.cfg
	cfg.Brokers = append([]string{nobody(t), silent}, cfg.Brokers...)
	cfg.ConnectTimeout = 2 * time.Second
	if _, err := newProducer(t, newProxy(t, cfg), c.topic(t, 1)).Produce(within(t, patience), order{}); err != nil {
		t.Error(err)
	}
}

// A failed opening is told at once; within the backoff Produce repeats its cause and age without a dial, and Ping tries.
func TestAfterAFailedOpeningProduceFailsFastAndPingTries(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	producer := newProducer(t, p, topic)
	produce := func() error { _, err := producer.Produce(within(t, patience), order{}); return err }

	n.refuse(everyAddress)
	for failures := 0; failures < 4; { // the backoff is 800 ms then
		if err := produce(); err == nil {
			t.Fatal("produced without a network")
		}
		failures = int(n.dials.Load())
	}
	dials := n.dials.Load()
	var err error
	wantWithin(t, 300*time.Millisecond, func() { err = produce() })
	wantError(t, err, syscall.ECONNREFUSED, "tried", "ago", "next try in")
	if n.dials.Load() != dials {
		t.Error("Produce dialled within the backoff")
	}
	wantError(t, p.Ping(within(t, patience)), syscall.ECONNREFUSED)
	if n.dials.Load() == dials {
		t.Error("Ping did not dial within the backoff")
	}
	n.refuse(noAddress)
	if err := p.Ping(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if err := produce(); err != nil { // no rest of the backoff stands in the way
		t.Errorf("after a Ping that succeeded: %v", err)
	}
}

// A loop that ignores errors does not spin: it dials no more often than the backoff allows.
func TestAFailingLoopDoesNotDialMoreOftenThanTheBackoff(t *testing.T) {
	t.Parallel()
	n := newLines()
	n.refuse(everyAddress)
	p := newProxy(t, kafka.Config{Brokers: []string{"127.0.0.1:1"}, Group: "g"}, n.option())
	producer := newProducer(t, p, "orders")
	for start := time.Now(); time.Since(start) < 350*time.Millisecond; {
		if _, err := producer.Produce(t.Context(), order{}); err == nil {
			t.Fatal("produced without a network")
		}
	}
	if dials := n.dials.Load(); dials > 3 { // at 0, 100 and 300 ms
		t.Errorf("%d dials in 350 ms", dials)
	}
}

// twoBrokers is a cluster of which only the first broker is configured.
func twoBrokers(t *testing.T) (cfg kafka.Config, second string) {
	t.Helper()
	c := newEmbedded(t, "it needs two brokers", kfake.NumBrokers(2))
	second = c.cfg.Brokers[1]
	cfg = c.cfg
	cfg.Brokers = cfg.Brokers[:1]
	return cfg, second
}

func TestPingTellsAnAdvertisedAddressThatCannotBeReached(t *testing.T) {
	t.Parallel()
	cfg, advertised := twoBrokers(t)
	n := newLines()
	p := newProxy(t, cfg, n.option())
	if err := p.Ping(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	n.refuse(func(addr string) bool { return addr == advertised })
	wantWithin(t, time.Second, func() {
		wantError(t, p.Ping(within(t, patience)), syscall.ECONNREFUSED, "advertises", advertised, "advertised.listeners")
	})
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
}

// A context that ends while the broker is away says why; one that ends after it came back does not.
func TestAContextThatEndsTellsTheConnectionsFaultAndNeverAHealedOne(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	producer := newProducer(t, p, topic)
	if _, err := producer.Produce(within(t, patience), order{}); err != nil {
		t.Fatal(err)
	}
	n.refuse(everyAddress)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := producer.Produce(ctx, order{})
	wantError(t, err, kafka.ErrOutcomeUnknown, "the last connection error is", "connection refused", c.cfg.Brokers[0])
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v is not both, the context's and the connection's", err)
	}
	n.refuse(noAddress)
	if err := producer.Flush(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = producer.Produce(done, order{}); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v tells a fault that has healed", err)
	}
}

// A configured address that failed is no cause any more once the cluster was reached by another one.
func TestADeadSeedIsNoCauseOnceTheClusterAnswers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	cfg := c.cfg
	cfg.Brokers = append([]string{nobody(t)}, cfg.Brokers...)
	producer := newProducer(t, newProxy(t, cfg), c.topic(t, 1))
	if _, err := producer.Produce(within(t, patience), order{}); err != nil {
		t.Fatal(err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := producer.Produce(done, order{}); !errors.Is(err, context.Canceled) || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v tells a fault that has healed", err)
	}
}

func TestTheProducingClientClosesWithTheLastThatHoldsIt(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	first, second := newProducer(t, p, topic), newProducer(t, p, topic)
	for _, producer := range []*kafka.Producer[order]{first, second} {
		if _, err := producer.Produce(within(t, patience), order{}); err != nil {
			t.Fatal(err)
		}
	}
	disconnect(t, first)
	if n.open.Load() == 0 {
		t.Error("the client closed before the last producer")
	}
	disconnect(t, second)
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
	if _, err := newProducer(t, p, topic).Produce(within(t, patience), order{}); err != nil {
		t.Errorf("a later producer can't open the client again: %v", err)
	}
	cl, err := p.Client(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	disconnect(t, p)
	if err := cl.Ping(within(t, patience)); err == nil {
		t.Error("the raw client outlived the proxy")
	}
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
}

func TestClientKeepsTheProducingClientOpen(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	p := c.proxy(t)
	producer := newProducer(t, p, c.topic(t, 1))
	if _, err := producer.Produce(within(t, patience), order{}); err != nil {
		t.Fatal(err)
	}
	cl, err := p.Client(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	disconnect(t, producer)
	if err := cl.Ping(within(t, patience)); err != nil {
		t.Errorf("the raw client closed with the last producer: %v", err)
	}
}

// Our options win over the user's, and hooks add up.
func TestClientOptionsCannotUndoAPromise(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	hook := &countingHook{}
	p := c.proxy(t, kafka.WithClientOptions(
		kgo.SeedBrokers("127.0.0.1:1"), kgo.ProducerLinger(time.Hour), kgo.WithHooks(hook), kgo.MaxBufferedRecords(1)))
	if _, err := newProducer(t, p, c.topic(t, 1)).Produce(within(t, patience), order{}); err != nil {
		t.Fatal(err)
	}
	if hook.connects() == 0 {
		t.Error("the user's hook was not called")
	}
}

type countingHook struct {
	mu sync.Mutex
	n  int
}

func (h *countingHook) OnBrokerConnect(kgo.BrokerMetadata, time.Duration, net.Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n++
}

func (h *countingHook) connects() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}
