package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// A sequel checks that the handlers of a process end, for each key, before the next of it begins, and in order.
type sequel struct {
	mu      sync.Mutex
	running map[string]int64 // the offset in hand
	done    map[string]int64 // the highest offset that was handled
	faults  []string
}

func newSequel() *sequel {
	return &sequel{running: make(map[string]int64), done: make(map[string]int64)}
}

// handle notes what call does to a message.
func (s *sequel) handle(r *kafka.Record, call func() error) error {
	name := fmt.Sprint(r.Partition, " ", string(r.Key))
	s.mu.Lock()
	if at, beside := s.running[name]; beside {
		s.faults = append(s.faults, fmt.Sprintf("offset %d of %s began beside offset %d", r.Offset, name, at))
	}
	s.running[name] = r.Offset
	s.mu.Unlock()
	err := call()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, name)
	if err == nil {
		s.done[name] = max(s.done[name], r.Offset)
	}
	return err
}

func (s *sequel) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if t.Error(f); i > 5 {
			break
		}
	}
}

// A member of a Run is thrown out of its group over and over, with handlers in flight, and its partitions come back to it: no message is
// lost, nothing is committed past one, and the old handler of a key ends before the new one begins.
func TestFaultPartitionsLostAndRegainedInARun(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	const partitions, times, each = 4, 10, 60
	topic := c.topic(t, partitions)
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	ch, keys := newChurn(partitions, (times+1)*each), newSequel()
	ctx, cancel := context.WithCancel(within(t, 2*patience))
	defer cancel()
	lost := c.throwOut(times)
	var watch sync.WaitGroup
	watch.Go(func() { ch.watch(ctx, c, topic) })
	r := start(t, newConsumer(t, c.proxy(t, quick()), topic, kafka.WithMaxUnacked(50)), func(ctx context.Context, m *kafka.Message[order]) error {
		return keys.handle(&m.Record, func() error {
			time.Sleep(time.Duration(m.Offset%4) * 500 * time.Microsecond) // work, longer for some
			if ctx.Err() != nil {
				return ctx.Err()
			}
			ch.process(&m.Record)
			return nil
		})
	}, kafka.Concurrency(6))
	writer := c.client(t)
	for i := range times + 1 { // there are always messages under way when it is thrown out
		for p := range int32(partitions) {
			sendKeyed(t, writer, topic, p, i*each, (i+1)*each)
		}
		if err := lost.Wait(ctx, min(i+1, times)); err != nil {
			t.Fatalf("thrown out %d times: %v", lost.Hits(), err)
		}
	}
	select {
	case <-ch.all:
	case <-ctx.Done():
	}
	r.wantEnd(t)
	cancel()
	watch.Wait()
	ch.joins.Add(1)
	ch.report(t)
	keys.check(t)
}

// sendKeyed sends orders with five keys in turn.
func sendKeyed(t *testing.T, cl *kgo.Client, topic string, partition int32, from, to int) {
	t.Helper()
	var recs []*kgo.Record
	for i := from; i < to; i++ {
		recs = append(recs, &kgo.Record{
			Topic: topic, Partition: partition, Key: fmt.Appendf(nil, "key-%d", i%5), Value: orderBytes(i, i+1)[0],
		})
	}
	if err := cl.ProduceSync(within(t, patience), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// A hand stands between the client's poll and our tracker: it can hold a poll's result.
type hand struct {
	holds atomic.Bool
	full  chan struct{} // receives when a result is held
	open  chan struct{} // closed: it lets go
	once  sync.Once
}

var _ kgo.HookFetchRecordUnbuffered = (*hand)(nil)

func (h *hand) OnFetchRecordUnbuffered(_ *kgo.Record, polled bool) {
	if !polled || !h.holds.Load() {
		return
	}
	h.once.Do(func() { h.full <- struct{}{} })
	<-h.open
}

// The result of a poll is in hand while the group throws the member out: it must not be counted into the assignment that comes after,
// else what the new one is to begin with is passed over.
func TestFaultAPollResultInHandWhilePartitionsAreLost(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	topic := c.topic(t, 1)
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	h := &hand{full: make(chan struct{}, 1), open: make(chan struct{})}
	d := newDiary()
	r := start(t, newConsumer(t, c.proxy(t, quick(), kafka.WithClientOptions(kgo.WithHooks(h))), topic),
		func(_ context.Context, m *kafka.Message[order]) error {
			d.write("%d", m.Offset)
			return nil
		})
	c.writeOrders(t, topic, 0, 0, 1)
	d.await(t, 1)
	eventually(t, "it is committed", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 1 })
	h.holds.Store(true)
	c.writeOrders(t, topic, 0, 1, 50)
	<-h.full
	// On a busy machine its session may end by itself before that, and no heartbeat comes then to be refused: it is lost all the same.
	ctx, cancel := context.WithTimeout(t.Context(), 10*c.cfg.Consumer.SessionTimeout)
	_ = c.throwOut(2).Wait(ctx, 1)
	cancel()
	h.holds.Store(false)
	close(h.open)
	c.writeOrders(t, topic, 0, 50, 60)
	seen := make(map[string]bool)
	for n := 60; len(seen) < 60; n++ {
		for _, at := range d.await(t, n) {
			seen[at] = true
		}
	}
	eventually(t, "all is committed", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 60 })
	r.wantEnd(t)
}

// One key is parked, and a great many others go by: those of its partition up to the bound, those of other partitions all of them, and
// what waits takes bounded memory. When the key goes on, so does everything. FAULT_OTHERS says how many they are; make faults says a million.
func TestFaultOneParkedKeyAndManyOthers(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "the messages would take a real broker long")
	const bound = 200
	others := int32(manyOthers(t) / 2) // in each of two partitions
	topic := c.topic(t, 2)
	writer := c.client(t)
	send(t, writer, topic, 0, []byte(`{"id":"parked","qty":0}`))
	for p := range int32(2) {
		for i := 0; i < int(others); i += 5000 {
			sendKeyed(t, writer, topic, p, i, i+5000)
		}
	}
	var handled [2]atomic.Int32
	more, release := make(chan struct{}, 1), make(chan struct{})
	r := start(t, newConsumer(t, c.proxy(t), topic, kafka.WithMaxUnacked(bound)), func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.ID == "parked" {
			<-release
		}
		handled[m.Partition].Add(1)
		select {
		case more <- struct{}{}:
		default:
		}
		return nil
	}, kafka.Concurrency(4))
	await := func(what string, holds func() bool) {
		for ctx := within(t, 2*patience); !holds(); {
			select {
			case <-more:
			case <-ctx.Done():
				t.Fatalf("%s: %d and %d were handled", what, handled[0].Load(), handled[1].Load())
			}
		}
	}
	await("the other partition goes on", func() bool { return handled[1].Load() == others })
	await("the parked key's own goes on to the bound", func() bool { return handled[0].Load() == bound-1 })
	c.wantCommitted(t, topic, 0, -1) // nothing past it
	close(release)
	await("all goes on", func() bool { return handled[0].Load() == others+1 })
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, int64(others)+1)
}

func manyOthers(t *testing.T) int {
	t.Helper()
	const few = 60_000
	text := os.Getenv("FAULT_OTHERS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil || n%10_000 != 0 {
		t.Fatalf("FAULT_OTHERS is %q: give a multiple of 10,000", text)
	}
	return n
}

// Large messages behind a handler that stands take no more memory than the limit on bytes allows, and a few polls.
func TestFaultLargeMessagesBehindAStuckHandler(t *testing.T) {
	c := newEmbedded(t, "a real broker refuses nothing here, but is slow to fill") // not parallel: it looks at the heap
	const messages, limit = 1000, 64 << 20
	topic := c.topic(t, 1)
	value := fmt.Appendf(nil, `{"id":"%01000000d","qty":1}`, 0)
	writer := c.client(t, kgo.ProducerBatchMaxBytes(2<<20), kgo.MaxBufferedRecords(20))
	for range messages {
		writer.Produce(t.Context(), &kgo.Record{Topic: topic, Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := writer.Flush(within(t, 2*patience)); err != nil {
		t.Fatal(err)
	}
	before := heap() // with what the broker keeps
	began, release := make(chan struct{}, messages), make(chan struct{})
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithMaxUnackedBytes(limit))
	r := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		began <- struct{}{}
		<-release
		return nil
	})
	<-began
	highest := uint64(0)
	for still, last := 0, -1; still < 20; { // until nothing more comes in
		records, _ := kafka.Waiting(consumer)
		if still++; records != last {
			still, last = 0, records
		}
		highest = max(highest, heap()-min(before, heap()))
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("%d MiB beside what the broker keeps", highest>>20)
	if most := uint64(4 * limit); highest > most {
		t.Errorf("%d MiB are held, more than %d", highest>>20, most>>20)
	}
	close(release)
	for range 10 { // what lies behind them is of no interest
		<-began
	}
	r.wantEnd(t)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Commits fail while fetching works: handling goes on, past the bound on unacknowledged messages too, and when commits work again all
// of it is committed.
func TestFaultCommitsFailWhileFetchingWorks(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real coordinator fails for an unknown time only")
	topic := c.topic(t, 1)
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	fails := c.fake.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.OffsetCommit}, Group: c.cfg.Group, Err: kerr.UnknownServerError, Count: -1,
	})
	log, logger := newJournal()
	d := newDiary()
	r := start(t, newConsumer(t, c.proxy(t, kafka.WithLogger(logger), quick()), topic, kafka.WithMaxUnacked(20)),
		func(_ context.Context, m *kafka.Message[order]) error {
			d.write("%d", m.Offset)
			return nil
		})
	for i := range 10 {
		c.writeOrders(t, topic, 0, i*50, (i+1)*50)
		d.await(t, (i+1)*50)
	}
	if err := fails.Wait(within(t, patience), 3); err != nil {
		t.Fatal(err)
	}
	c.wantCommitted(t, topic, 0, -1)
	log.await(t, "can't commit")
	if n := log.count("can't commit"); n != 1 {
		t.Errorf("the log tells %d times of commits that fail, want once:\n%s", n, log)
	}
	fails.Remove()
	eventually(t, "all is committed", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 500 })
	r.wantEnd(t)
	if n := len(d.read()); n != 500 {
		t.Errorf("%d were handled, want each of 500 once", n)
	}
}

// Every partition waits at its bound, so nothing is fetched, when the group throws the member out: it learns of that, and handling goes on
// in its next membership.
func TestFaultAMemberIsThrownOutWhileAllItsPartitionsWait(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	topic := c.topic(t, 2)
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	for p := range int32(2) {
		c.writeOrders(t, topic, p, 0, 50)
	}
	var released atomic.Bool
	stuck := make(chan context.Context, 100)
	d := newDiary()
	r := start(t, newConsumer(t, c.proxy(t, quick()), topic, kafka.WithMaxUnacked(5)), func(ctx context.Context, m *kafka.Message[order]) error {
		if !released.Load() {
			stuck <- ctx
			<-ctx.Done()
			return context.Cause(ctx)
		}
		d.write("%d %d", m.Partition, m.Offset)
		return nil
	}, kafka.Concurrency(2))
	first, second := <-stuck, <-stuck
	released.Store(true)
	c.throwOut(1)
	<-first.Done()
	<-second.Done()
	seen := make(map[string]bool)
	for n := 100; len(seen) < 100; n++ {
		for _, at := range d.await(t, n) {
			seen[at] = true
		}
	}
	r.wantEnd(t)
	for p := range int32(2) {
		c.wantCommitted(t, topic, p, 50)
	}
}

// The group's offsets are deleted while it is away: it begins at the start again, and nothing is passed over.
func TestFaultTheGroupsOffsetsAreDeletedWhileItIsAway(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	for range 2 {
		d := newDiary()
		consumer := newConsumer(t, c.proxy(t), topic)
		r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
			d.write("%d", m.Offset)
			return nil
		})
		if got := d.await(t, 10); got[0] != "0" {
			t.Errorf("it begins at offset %s, want 0", got[0])
		}
		r.wantEnd(t)
		disconnect(t, consumer)
		c.wantCommitted(t, topic, 0, 10)
		if resp, err := c.adm.DeleteGroups(within(t, patience), c.cfg.Group); err != nil || resp.Error() != nil {
			t.Fatal(err, resp.Error())
		}
	}
}

// A permission is withdrawn in the middle of a Run, of the topic or of the group: Run returns it.
func TestFaultAPermissionIsWithdrawnInMidRun(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]kfake.Fault{
		"of the topic":            {Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed},
		"of the group":            {Keys: []kmsg.Key{kmsg.Heartbeat, kmsg.JoinGroup}, TopLevel: true, Err: kerr.GroupAuthorizationFailed},
		"of the member, replaced": {Keys: []kmsg.Key{kmsg.Heartbeat, kmsg.JoinGroup}, TopLevel: true, Err: kerr.FencedInstanceID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newRestless(t)
			o := newCourier(t, c, quick())
			o.deliver(t)
			fault.Count = -1
			withdrawn := c.fake.Fault(fault)
			if err := o.run.result(t); !errors.Is(err, fault.Err) {
				t.Fatalf("Run returned %v, want %v", err, fault.Err)
			}
			withdrawn.Remove()
			o.begin(t)
			delivered := make(chan struct{})
			go func() {
				defer close(delivered)
				o.deliver(t)
			}()
			for ended := false; !ended; { // what was told before the permission was there again is told once more
				select {
				case <-delivered:
					ended = true
				case err := <-o.run.done:
					if !errors.Is(err, fault.Err) {
						t.Errorf("the next Run returned %v", err)
					}
					o.begin(t)
				}
			}
			o.run.wantEnd(t)
			c.wantCommitted(t, o.topic, 0, int64(o.sent))
		})
	}
}

// The password is withdrawn in the middle of a Run, which shows when a connection is made again: Run returns it.
func TestFaultAPasswordIsWithdrawnInMidRun(t *testing.T) {
	t.Parallel()
	c, topic := newGuarded(t, granted, granted)
	n := newLines()
	r := start(t, newConsumer(t, c.proxy(t, n.option(), quick()), topic), func(context.Context, *kafka.Message[order]) error { return nil })
	eventually(t, "it has joined", func() bool { return n.open.Load() > 2 })
	c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.SASLAuthenticate}, TopLevel: true, Err: kerr.SaslAuthenticationFailed, Count: -1})
	n.refuse(everyAddress)
	n.refuse(noAddress)
	if err := r.result(t); !errors.Is(err, kerr.SaslAuthenticationFailed) {
		t.Errorf("Run returned %v, want SASL_AUTHENTICATION_FAILED", err)
	}
}

// Run and Disconnect under the context that a signal has ended, as programs do it: it is closed at once, and what was handled is
// committed.
func TestFaultDisconnectUnderTheContextThatASignalEnded(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.cfg.Consumer.CommitInterval = time.Hour
	c.writeOrders(t, topic, 0, 0, 10)
	p := c.proxy(t)
	consumer := newConsumer(t, p, topic)
	ctx, signal := context.WithCancel(context.Background())
	defer signal()
	d := newDiary()
	done := make(chan error, 1)
	go func() {
		done <- errors.Join(consumer.Run(ctx, func(_ context.Context, m *kafka.Message[order]) error {
			d.write("%d", m.Offset)
			return nil
		}), p.Disconnect(ctx))
	}()
	d.await(t, 10)
	signal()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run and Disconnect returned %v", err)
		}
	case <-within(t, patience).Done():
		t.Fatal("they do not return")
	}
	c.wantCommitted(t, topic, 0, 10)
	expectOrdersOfNext(t, c, topic)
}

// expectOrdersOfNext checks that the next member gets what comes next, and need not wait for the session of the one before to end.
func expectOrdersOfNext(t *testing.T, c *cluster, topic string) {
	t.Helper()
	c.writeOrders(t, topic, 0, 10, 12)
	wantWithin(t, 20*time.Second, func() { expectOrders(t, newConsumer(t, c.proxy(t), topic), 10, 12) })
}
