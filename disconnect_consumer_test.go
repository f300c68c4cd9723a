package kafka_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// A network stands between a client and its brokers: it can be cut, and it can go silent.
type network struct {
	mu     sync.Mutex
	cut    bool
	conns  map[net.Conn]bool
	silent atomic.Bool
	dials  atomic.Int32
}

func (n *network) option() kafka.ProxyOption {
	n.conns = make(map[net.Conn]bool)
	return kafka.WithClientOptions(kgo.Dialer(n.dial))
}

func (n *network) dial(ctx context.Context, kind, addr string) (net.Conn, error) {
	n.dials.Add(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut {
		return nil, &net.OpError{Op: "dial", Net: kind, Err: syscall.ECONNREFUSED}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, kind, addr)
	if err != nil {
		return nil, err
	}
	n.conns[conn] = true
	return &wire{Conn: conn, n: n}, nil
}

// setCut breaks every connection and refuses new ones, or allows them again.
func (n *network) setCut(cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = cut
	for conn := range n.conns {
		_ = conn.Close()
		delete(n.conns, conn)
	}
}

// A wire is one connection; while its network is silent, what the broker says is never heard.
type wire struct {
	net.Conn
	n *network
}

func (w *wire) Read(p []byte) (int, error) {
	for {
		k, err := w.Conn.Read(p)
		if err != nil || !w.n.silent.Load() {
			return k, err
		}
	}
}

// timed runs a Disconnect and says how long it took.
func timed(ctx context.Context, c interface{ Disconnect(context.Context) error }) (time.Duration, error) {
	begun := time.Now()
	err := c.Disconnect(ctx)
	return time.Since(begun), err
}

// The message in hand is not acknowledged, what is acknowledged is committed, and the group is left at once: the next member need not
// wait for the session to end.
func TestDisconnectCommitsAndLeaves(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	c.cfg.Consumer.CommitInterval = time.Hour
	first := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, first, 0, 3)
	disconnect(t, first)
	c.wantCommitted(t, topic, 0, 2)
	begun := time.Now()
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 2, 5)
	if took := time.Since(begun); took > 20*time.Second { // a session is 45 s
		t.Errorf("the next member waited %s for the partition", took)
	}
}

// With a ctx that is done, Disconnect closes at once, says how much it could not commit, and leaves the group all the same.
func TestDisconnectWithADoneContextLeavesAllTheSame(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	c.cfg.Consumer.CommitInterval = time.Hour
	first := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	ack(t, take(t, first, 3)...)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	took, err := timed(done, first)
	if !errors.Is(err, context.Canceled) || !contains(err, "3 acknowledged messages") {
		t.Errorf("got %v, want an error that counts 3 messages", err)
	}
	if took > 5*time.Second {
		t.Errorf("Disconnect took %s with a done ctx", took)
	}
	begun := time.Now()
	next := newConsumer(t, c.proxy(t), topic)
	m := retrieve(t, next)
	if m.Value.Qty != 0 && m.Value.Qty != 3 { // a commit that was under way at the end may still arrive
		t.Fatalf("received order %d first, want 0, or 3", m.Value.Qty)
	}
	expectOrders(t, next, m.Value.Qty+1, 5)
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("the next member waited %s for the partition", took)
	}
}

// What is acknowledged behind a message that is not is delivered again, and Disconnect says so.
func TestDisconnectTellsWhatItCouldNotCommit(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 4)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	got := take(t, consumer, 4)
	ack(t, got[0], got[2], got[3])
	err := consumer.Disconnect(within(t, patience))
	if err == nil || !contains(err, "2 acknowledged messages") || strings.Contains(err.Error(), "%!") {
		t.Errorf("got %v, want an error that counts 2 messages", err)
	}
	c.wantCommitted(t, topic, 0, 1)
}

// Nothing hangs: neither where the coordinator is gone, nor where nobody answers any more, nor where a commit hangs.
func TestDisconnectIsBoundedByItsContext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		sever func(*cluster, *network) (mend func())
	}{
		{"the brokers are gone", func(_ *cluster, n *network) func() { n.setCut(true); return func() {} }},
		{"nobody answers", func(_ *cluster, n *network) func() { n.silent.Store(true); return func() {} }},
		{"the coordinator is gone", func(c *cluster, _ *network) func() {
			return c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{
				kmsg.FindCoordinator, kmsg.OffsetCommit, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.JoinGroup, kmsg.SyncGroup,
			}, Err: kerr.NotCoordinator, Count: -1}).Remove
		}},
		{"a commit hangs", func(c *cluster, _ *network) func() {
			_, thaw := c.freeze(kmsg.OffsetCommit)
			return thaw
		}},
	} {
		for name, patience := range map[string]time.Duration{"done": 0, "400 ms": 400 * time.Millisecond} {
			t.Run(test.name+", ctx "+name, func(t *testing.T) {
				t.Parallel()
				c := newEmbedded(t, "a real coordinator can't be broken at will")
				topic := c.topic(t, 1)
				c.writeOrders(t, topic, 0, 0, 3)
				c.cfg.Consumer.CommitInterval = time.Hour
				var n network
				consumer := newConsumer(t, c.proxy(t, n.option()), topic, kafka.ManualAck())
				ack(t, take(t, consumer, 3)...)
				waiting := make(chan error, 1)
				go func() {
					_, err := consumer.Retrieve(t.Context())
					waiting <- err
				}()
				t.Cleanup(test.sever(c, &n))
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				took, err := timed(ctx, consumer)
				if most := patience + 250*time.Millisecond; took > most+time.Second { // a busy machine
					t.Errorf("took %s, want about %s", took, most)
				}
				if err == nil || !contains(err, "3 acknowledged messages") {
					t.Errorf("got %v, want an error that counts 3 messages", err)
				}
				if err := <-waiting; !errors.Is(err, kafka.ErrDisconnected) {
					t.Errorf("the waiting Retrieve got %v", err)
				}
			})
		}
	}
}

// Twice, from many goroutines, beside a Retrieve that waits: all end, and every later call says why.
func TestDisconnectMayBeCalledBesideEverything(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	got := take(t, consumer, 2)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := consumer.Retrieve(within(t, patience)); !errors.Is(err, kafka.ErrDisconnected) {
				t.Errorf("a waiting Retrieve got %v", err)
			}
		})
		wg.Go(func() {
			if err := consumer.Disconnect(within(t, patience)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, retrieveErr := consumer.Retrieve(t.Context())
	for what, err := range map[string]error{
		"Retrieve": retrieveErr, "Commit": consumer.Commit(t.Context()), "Ack": got[0].Ack(), "Nack": got[1].Nack(),
	} {
		if !errors.Is(err, kafka.ErrDisconnected) {
			t.Errorf("%s after Disconnect: %v", what, err)
		}
	}
	disconnect(t, consumer)
	for m, err := range consumer.Messages(t.Context()) {
		t.Errorf("a range after Disconnect yields %v, %v", m, err)
	}
}

func TestNothingIsDialledBeforeTheFirstRetrieve(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	var n network
	p := c.proxy(t, n.option())
	consumer := newConsumer(t, p, c.topic(t, 1))
	commit(t, consumer)
	disconnect(t, consumer)
	if _, err := consumer.Retrieve(t.Context()); !errors.Is(err, kafka.ErrDisconnected) {
		t.Errorf("Retrieve after Disconnect: %v", err)
	}
	disconnect(t, p)
	if dials := n.dials.Load(); dials != 0 {
		t.Errorf("%d connections were dialled", dials)
	}
}

// A broker that accepts and never answers holds up neither a Retrieve beyond its ctx nor a Disconnect.
func TestABrokerThatNeverAnswersHoldsUpNothing(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	consumer := newConsumer(t, newProxy(t, kafka.Config{Brokers: []string{silent.Addr().String()}, Group: "g"}), "orders")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := consumer.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of ctx", err)
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := consumer.Retrieve(t.Context())
		waiting <- err
	}()
	if _, err := timed(within(t, patience), consumer); err != nil {
		t.Error(err)
	}
	if err := <-waiting; !errors.Is(err, kafka.ErrDisconnected) {
		t.Errorf("the waiting Retrieve got %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("all of it took %s", took)
	}
}

// Before the first opening a failure is told at once with its cause, and the next calls wait for the backoff: no loop spins.
func TestRetrieveWaitsForTheBackoff(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := closed.Addr().String()
	_ = closed.Close()
	consumer := newConsumer(t, newProxy(t, kafka.Config{Brokers: []string{addr}, Group: "g"}), "orders")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	calls := 0
	for begun := time.Now(); ; calls++ {
		_, err := consumer.Retrieve(ctx)
		for _, want := range []string{addr, "connection refused"} {
			if !contains(err, want) {
				t.Fatalf("%q does not say %q", err, want)
			}
		}
		if calls == 0 && time.Since(begun) > 500*time.Millisecond {
			t.Errorf("the first failure took %s", time.Since(begun))
		}
		if ctx.Err() != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the end of ctx, with the cause", err)
			}
			break
		}
	}
	if calls < 2 || calls > 5 { // after 0, 100, 300 and 700 ms
		t.Errorf("Retrieve returned %d times in a second", calls)
	}
}

// Once it has connected, a broker that is lost is no error: Retrieve waits and goes on. A ctx that ends meanwhile carries the cause, and
// one that ends afterwards on an idle topic does not.
func TestALostBrokerIsNoErrorOfRetrieve(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	var n network
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, n.option(), kafka.WithLogger(logger)), topic)
	expectOrders(t, consumer, 0, 1)
	n.setCut(true)
	eventually(t, "a ctx that ends says that the broker is gone", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := consumer.Retrieve(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Retrieve without a broker: %v", err)
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	n.setCut(false)
	c.writeOrders(t, topic, 0, 1, 2)
	expectOrders(t, consumer, 1, 2)
	eventually(t, "a healed connection explains nothing", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := consumer.Retrieve(ctx)
		return errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, syscall.ECONNREFUSED)
	})
	disconnect(t, consumer)
	if n := log.count("level=WARN"); n > 3 {
		t.Errorf("the outage took %d lines in the log:\n%s", n, log)
	}
}
