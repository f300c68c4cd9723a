package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// A running is a Run in a goroutine of its own.
type running struct {
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, c *kafka.Consumer[order], h kafka.Handler[order], opts ...kafka.RunOption) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{stop: stop, done: make(chan error, 1)}
	go func() { r.done <- c.Run(ctx, h, opts...) }()
	t.Cleanup(stop)
	return r
}

// end stops the Run and returns its result.
func (r *running) end(t *testing.T) error {
	t.Helper()
	r.stop()
	return r.result(t)
}

// result is the Run's, which has ended, or is to end by itself.
func (r *running) result(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-within(t, patience).Done():
		t.Fatal("Run does not return")
		return nil
	}
}

// wantEnd checks that a Run ends without an error.
func (r *running) wantEnd(t *testing.T) {
	t.Helper()
	if err := r.end(t); err != nil {
		t.Errorf("Run returned %v, want nil", err)
	}
}

// A diary is what handlers have done, in order.
type diary struct {
	mu      sync.Mutex
	entries []string
	more    chan struct{}
}

func newDiary() *diary { return &diary{more: make(chan struct{}, 1)} }

func (d *diary) write(format string, args ...any) {
	d.mu.Lock()
	d.entries = append(d.entries, fmt.Sprintf(format, args...))
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.entries)
}

// await waits for n entries.
func (d *diary) await(t *testing.T, n int) []string {
	t.Helper()
	ctx := within(t, patience)
	for {
		if got := d.read(); len(got) >= n {
			return got
		}
		select {
		case <-d.more:
		case <-ctx.Done():
			t.Fatalf("%d entries, want %d: %q", len(d.read()), n, d.read())
		}
	}
}

// writeKeyed writes orders with keys to a partition: the key's name and a number each.
func (c *cluster) writeKeyed(t *testing.T, topic string, partition int32, keys ...string) {
	t.Helper()
	recs := make([]*kgo.Record, len(keys))
	for i, k := range keys {
		recs[i] = &kgo.Record{Topic: topic, Partition: partition, Key: []byte(k), Value: orderBytes(i, i+1)[0]}
	}
	if err := c.client(t).ProduceSync(within(t, patience), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// Run handles what is there, acknowledges what its handler has returned nil for, and commits it when it ends.
func TestRunHandlesAndCommits(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 20)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%d %d", m.Value.Qty, m.Attempt)
		return nil
	})
	for i, got := range d.await(t, 20) {
		if want := fmt.Sprintf("%d 1", i); got != want {
			t.Fatalf("handled %q, want %q", got, want)
		}
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 20)
}

// Messages with one key are handled one after another, in order; different keys side by side, also within one partition.
func TestRunKeepsTheOrderOfAKeyAndHandlesOthersMeanwhile(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeKeyed(t, topic, 0, "a", "a", "b", "a", "b", "c")
	consumer := newConsumer(t, c.proxy(t), topic)
	d, release := newDiary(), make(chan struct{})
	r := start(t, consumer, func(ctx context.Context, m *kafka.Message[order]) error {
		if string(m.Key) == "a" {
			<-release
		}
		d.write("%s%d", m.Key, m.Value.Qty)
		return nil
	}, kafka.Concurrency(3))
	if got := d.await(t, 3); !slices.Contains(got, "c5") || slices.Index(got, "b2") > slices.Index(got, "b4") {
		t.Errorf("handled %q while a stands, want b2 before b4, and c5", got)
	}
	close(release)
	if got := d.await(t, 6)[3:]; !slices.Equal(got, []string{"a0", "a1", "a3"}) {
		t.Errorf("then handled %q, want the messages of a in order", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 6)
}

// Messages without a key keep the order of their partition, unless the Run is Unordered.
func TestRunHandlesMessagesWithoutAKeyByPartition(t *testing.T) {
	t.Parallel()
	for _, unordered := range []bool{false, true} {
		t.Run(fmt.Sprintf("unordered %v", unordered), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 10)
			consumer := newConsumer(t, c.proxy(t), topic)
			opts := []kafka.RunOption{kafka.Concurrency(4)}
			if unordered {
				opts = append(opts, kafka.Unordered())
			}
			d, release := newDiary(), make(chan struct{})
			r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
				if m.Value.Qty == 0 {
					<-release
				}
				d.write("%d", m.Value.Qty)
				return nil
			}, opts...)
			if unordered {
				d.await(t, 9) // all but the first
			}
			close(release)
			if got := d.await(t, 10); !unordered && !slices.IsSortedFunc(got, func(a, b string) int { return len(a) - len(b) }) {
				t.Errorf("handled %q, want the order of the partition", got)
			} else if !unordered && got[0] != "0" || unordered && got[9] != "0" {
				t.Errorf("handled %q", got)
			}
			r.wantEnd(t)
			c.wantCommitted(t, topic, 0, 10)
		})
	}
}

// A failed message is handled again, with its attempt's number; while it waits its key waits and others go on.
func TestRunRetries(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeKeyed(t, topic, 0, "a", "a", "b")
	consumer := newConsumer(t, c.proxy(t), topic)
	d, bIsDone := newDiary(), make(chan struct{})
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%s%d try %d", m.Key, m.Value.Qty, m.Attempt)
		switch {
		case string(m.Key) == "b":
			close(bIsDone)
		case m.Value.Qty == 0 && m.Attempt < 3:
			return errors.New("not yet")
		case m.Value.Qty == 0:
			<-bIsDone
		}
		return nil
	}, kafka.Concurrency(2), kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond}))
	got := slices.DeleteFunc(d.await(t, 5), func(s string) bool { return s[0] == 'b' })
	if want := []string{"a0 try 1", "a0 try 2", "a0 try 3", "a1 try 1"}; !slices.Equal(got, want) {
		t.Errorf("handled %q, want %q", got, want)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// With neither OnFailure nor DeadLetter a message that has failed for good ends the Run, and is held: the next Run handles it again.
func TestRunEndsWithTheMessageThatFailed(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	broken := errors.New("broken")
	var calls atomic.Int32
	err := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 1 {
			calls.Add(1)
			return broken
		}
		return nil
	}, kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond})).result(t)
	var failed *kafka.MessageError
	if !errors.As(err, &failed) || failed.Offset != 1 || failed.Attempts != 2 || !errors.Is(err, broken) || calls.Load() != 2 {
		t.Fatalf("Run returned %v after %d calls, want the MessageError of offset 1 after 2", err, calls.Load())
	}
	c.wantCommitted(t, topic, 0, 1)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%d", m.Value.Qty)
		return nil
	})
	if got := d.await(t, 2); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("the next Run handled %q, want what was not settled, in order", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// A message whose Run has ended with it may be skipped: the error's Ack settles it.
func TestTheErrorOfARunCanBeAcknowledged(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	handle := func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 0 {
			return kafka.Permanent(errors.New("broken"))
		}
		d.write("%d", m.Value.Qty)
		return nil
	}
	err := start(t, consumer, handle).result(t)
	var failed *kafka.MessageError
	if !errors.As(err, &failed) || failed.Attempts != 1 {
		t.Fatalf("Run returned %v, want a MessageError after one attempt", err)
	}
	if err := failed.Ack(); err != nil {
		t.Fatal(err)
	}
	r := start(t, consumer, handle)
	d.await(t, 1)
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 2)
}

// OnFailure sees what has failed for good, undecodable messages too, and settles it with nil.
func TestOnFailureSettles(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, orderBytes(0, 1)[0], []byte(`{"no": json`), orderBytes(2, 3)[0])
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("handled %d", m.Value.Qty)
		return kafka.Permanent(errors.New("never"))
	}, kafka.OnFailure(func(_ context.Context, m *kafka.MessageError) error {
		d.write("failed %d after %d: %s", m.Offset, m.Attempts, m.Raw[:2])
		if err := m.Ack(); err == nil {
			d.write("acknowledged")
		}
		return nil
	}))
	got := d.await(t, 5)
	want := []string{"handled 0", "failed 0 after 1: {\"", "failed 1 after 0: {\"", "handled 2", "failed 2 after 1: {\""}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// A panic is an error with its stack, and its text has no payload.
func TestAPanicIsAnError(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
	err := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		panic("secret payload " + m.Value.ID)
	}, kafka.Retry(kafka.RetryPolicy{Attempts: 1})).result(t)
	var p *kafka.PanicError
	if !errors.As(err, &p) || p.Value != "secret payload a" || len(p.Stack) == 0 {
		t.Fatalf("Run returned %v, want a PanicError", err)
	}
	if contains(err, "secret") || log.count("secret") > 0 {
		t.Errorf("the panic's value is told: %v\n%s", err, log)
	}
	if log.count("panicked", "run_test.go") == 0 {
		t.Errorf("the log has no stack:\n%s", log)
	}
}

// When ctx ends nothing new is handled; what is being handled may finish, with a context of its own that has the values of Run's.
func TestRunDrainsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	type key struct{}
	ctx, stop := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	defer stop()
	began, finish, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- consumer.Run(ctx, func(ctx context.Context, m *kafka.Message[order]) error {
			close(began)
			<-finish
			return errors.Join(ctx.Err(), missing(ctx.Value(key{})))
		})
	}()
	<-began
	stop()
	close(finish)
	if err := (&running{done: done}).result(t); err != nil {
		t.Errorf("Run returned %v, want nil: what it began is settled", err)
	}
	c.wantCommitted(t, topic, 0, 1)
	expectOrders(t, consumer, 1, 3) // what it had not begun is there for the next call
}

func missing(value any) error {
	if value == nil {
		return errors.New("the context has no values")
	}
	return nil
}

// A handler that outlasts the drain timeout is interrupted: its context ends with a cause, its error is no failure, and the message
// comes again.
func TestADrainTimeoutInterrupts(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithDrainTimeout(10*time.Millisecond))
	began, causes := make(chan struct{}, 1), make(chan error, 1)
	r := start(t, consumer, func(ctx context.Context, m *kafka.Message[order]) error {
		began <- struct{}{}
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return ctx.Err()
	}, kafka.Retry(kafka.RetryPolicy{Attempts: 1}), kafka.OnFailure(func(context.Context, *kafka.MessageError) error {
		t.Error("an interruption is no failure")
		return nil
	}))
	<-began
	err := r.end(t)
	var failed *kafka.MessageError
	if err == nil || errors.As(err, &failed) || !contains(err, "offset 0 of partition 0") {
		t.Errorf("Run returned %v, want an error that names what is not settled", err)
	}
	if cause := <-causes; !contains(cause, "WithDrainTimeout") {
		t.Errorf("the cause is %v", cause)
	}
	expectOrders(t, consumer, 0, 1)
}

// Disconnect ends a Run as the end of its ctx does, and commits.
func TestDisconnectEndsARun(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	began, finish := make(chan struct{}, 2), make(chan struct{})
	r := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		began <- struct{}{}
		<-finish
		return nil
	})
	<-began
	closed := make(chan error, 1)
	go func() { closed <- consumer.Disconnect(within(t, patience)) }()
	close(finish)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := r.result(t); err != nil {
		t.Errorf("Run returned %v, want nil", err)
	}
	if got := c.committed(t, c.cfg.Group, topic, 0); got < 1 {
		t.Errorf("committed %d, want what was handled", got)
	}
}

// A handler may disconnect its own consumer, and its proxy: that begins the closing, and Run finishes it.
func TestAHandlerMayDisconnect(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("proxy %v", whole), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 2)
			proxy := c.proxy(t)
			consumer := newConsumer(t, proxy, topic)
			err := start(t, consumer, func(ctx context.Context, _ *kafka.Message[order]) error {
				if whole {
					return proxy.Disconnect(ctx)
				}
				return consumer.Disconnect(ctx)
			}).result(t)
			if err != nil {
				t.Errorf("Run returned %v, want nil", err)
			}
			c.wantCommitted(t, topic, 0, 1)
			if _, err := consumer.Retrieve(t.Context()); !errors.Is(err, kafka.ErrDisconnected) {
				t.Errorf("Retrieve after it: %v", err)
			}
		})
	}
}

// A partition that moves away is handed over drained: what is being handled is finished and committed, and nothing new of it begins.
func TestARevocationDrains(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	for p := range int32(2) {
		c.writeKeyed(t, topic, p, "a", "a", "b")
	}
	c.cfg = quickly(c.cfg)
	c.cfg.Consumer.CommitInterval = time.Hour // so that only the revocation commits
	first := newConsumer(t, c.proxy(t), topic)
	began, finish := make(chan int32, 6), make(chan struct{})
	r := start(t, first, func(ctx context.Context, m *kafka.Message[order]) error {
		began <- m.Partition
		<-finish
		return ctx.Err()
	}, kafka.Concurrency(4))
	for range 4 {
		<-began
	}
	d := newDiary()
	second := start(t, newConsumer(t, c.proxy(t), topic), func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%s", fmt.Sprint(m.Offset))
		return nil
	})
	eventually(t, "the partition leaves", func() bool { return kafka.Leaving(first) > 0 })
	close(finish)
	if got := d.await(t, 1); got[0] != "1" {
		t.Errorf("the second member begins at offset %s, want 1: offset 0 was finished and committed, and 1 never began", got[0])
	}
	second.wantEnd(t)
	r.wantEnd(t)
}

// What can't be met is refused at once, all of it together.
func TestRunRefusesWhatItCantMeet(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "nothing is sent")
	handle := func(context.Context, *kafka.Message[order]) error { return nil }
	consumer := newConsumer(t, c.proxy(t), "orders")
	for name, test := range map[string]struct {
		consumer *kafka.Consumer[order]
		handler  kafka.Handler[order]
		opts     []kafka.RunOption
		words    []string
	}{
		"a nil handler":   {consumer, nil, nil, []string{"handler is nil"}},
		"no concurrency":  {consumer, handle, []kafka.RunOption{kafka.Concurrency(0)}, []string{"Concurrency(0)"}},
		"no attempts":     {consumer, handle, []kafka.RunOption{kafka.Retry(kafka.RetryPolicy{})}, []string{"0 Attempts"}},
		"its own letters": {consumer, handle, []kafka.RunOption{kafka.DeadLetter("orders")}, []string{`DeadLetter("orders")`}},
		"manual":          {newConsumer(t, c.proxy(t), "orders", kafka.ManualAck()), handle, nil, []string{"ManualAck"}},
		"several": {
			consumer, nil, []kafka.RunOption{kafka.Concurrency(-1), kafka.HandlerTimeout(-1)},
			[]string{"handler is nil", "Concurrency(-1)", "HandlerTimeout"},
		},
		"none": {nil, handle, nil, []string{"NewConsumer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantWords(t, test.consumer.Run(t.Context(), test.handler, test.opts...), test.words...)
		})
	}
}

// One Run at a time, and no Retrieve beside it.
func TestARunIsAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	handle := func(context.Context, *kafka.Message[order]) error {
		d.write("handled")
		return nil
	}
	r := start(t, consumer, handle)
	d.await(t, 1)
	wantWords(t, consumer.Run(t.Context(), handle), "a Run is under way")
	_, err := consumer.Retrieve(t.Context())
	wantWords(t, err, "a Run is under way")
	r.wantEnd(t)
}

// A handler that ends its goroutine, as a failing test's does, ends the Run; its message is not lost.
func TestAHandlerThatEndsItsGoroutineEndsTheRun(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	err := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		runtime.Goexit()
		return nil
	}).result(t)
	wantWords(t, err, "Goexit")
	expectOrders(t, consumer, 0, 1)
}

// What Retrieve handed out is not acknowledged by a Run: it comes again.
func TestARunBeginsWithWhatRetrieveHandedOut(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 2) // and 1 is held
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		d.write("%d", m.Value.Qty)
		return nil
	})
	if got := d.await(t, 2); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("handled %q, want 1 and 2", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 3)
}

// A slow handler costs no membership: the group's heartbeats go on beside it.
func TestASlowHandlerStaysAMember(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a session of a second is below what brokers allow by default",
		kfake.BrokerConfigs(map[string]string{"group.min.session.timeout.ms": "100"}))
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	c.cfg.Consumer.SessionTimeout, c.cfg.Consumer.RebalanceTimeout = time.Second, 2*time.Second
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic, kafka.WithDrainTimeout(500*time.Millisecond))
	d := newDiary()
	r := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		<-time.After(3 * time.Second) // three sessions: the time is what is tested
		d.write("handled")
		return nil
	})
	d.await(t, 1)
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 1)
	if n := log.count("partitions lost"); n > 0 {
		t.Errorf("the membership was lost:\n%s", log)
	}
}

// StopOnLoss ends a Run that has lost messages; by default it goes on, and says so.
func TestARunAndLoss(t *testing.T) {
	t.Parallel()
	for _, stops := range []bool{false, true} {
		t.Run(fmt.Sprintf("stops %v", stops), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 4)
			first := newConsumer(t, c.proxy(t), topic)
			ack(t, retrieve(t, first))
			disconnect(t, first)
			c.deleteBefore(t, topic, 3)
			log, logger := newJournal()
			consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
			d := newDiary()
			handle := func(_ context.Context, m *kafka.Message[order]) error {
				d.write("%d", m.Value.Qty)
				return nil
			}
			if stops {
				if err := start(t, consumer, handle, kafka.StopOnLoss()).result(t); !errors.Is(err, kafka.ErrDataLoss) {
					t.Fatalf("Run returned %v, want ErrDataLoss", err)
				}
			}
			r := start(t, consumer, handle)
			if got := d.await(t, 1); got[0] != "3" {
				t.Errorf("handled %q, want what is left", got)
			}
			r.wantEnd(t)
			if !stops && log.count("messages are gone", "offsets 1 to 2") != 1 {
				t.Errorf("the loss is not in the log once:\n%s", log)
			}
		})
	}
}

// What was settled behind a message that never began is not committed, and Run says so: it may be delivered again.
func TestARunTellsWhatItCouldNotCommit(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeKeyed(t, topic, 0, "a", "a", "b")
	consumer := newConsumer(t, c.proxy(t), topic)
	began, finish := make(chan string, 3), make(chan struct{})
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		began <- string(m.Key)
		if string(m.Key) == "a" {
			<-finish
		}
		return nil
	}, kafka.Concurrency(2))
	<-began
	<-began // a0 is under way, a1 waits behind it, b2 is done
	r.stop()
	close(finish)
	wantWords(t, r.result(t), "1 messages were settled and are not committed")
	c.wantCommitted(t, topic, 0, 1)
	expectOrders(t, consumer, 1, 2)
}
