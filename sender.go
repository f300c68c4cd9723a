package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A sender is a producer below T: it admits records, hands them to a client, and reports each once. It is safe for
// concurrent use.
//
// The client never sees a caller's context, since the cancel of one caller would fail the records of others that share its batch,
// and the delivery timeout is a timer of our own, since the client's does not fire while a broker hangs.
type sender struct {
	proxy    *Proxy
	conn     *connection // of the client that it sends by: the one that the proxy's producers share, or its own
	room     *admission  // that client's send buffer
	topic    string
	timeout  time.Duration // from admission to acknowledgement
	refusing chan struct{} // closed when Disconnect begins
	held     atomic.Bool   // the client, from the first send on
	topicNow *topicLife
	closing  closing

	mu          sync.Mutex // guards what follows; never held over I/O or a caller's code
	refused     bool
	admitted    uint64    // how many deliveries were admitted
	oldest      *delivery // of those not settled, linked in the order of admission, so that any can leave the list at once
	newest      *delivery
	expiry      *time.Timer // runs while something is not settled
	term        term
	flushes     []flush
	finished    []*delivery // whose done has not been called
	dispatching bool        // a goroutine calls done
	spare       []*delivery // that were written, and that nobody has a use for any more

	promise func(*kgo.Record, error) // what the client calls: acknowledged
}

// A parcel is a record to be sent, and how its outcome is told: by result or by done, which may be nil.
type parcel struct {
	rec    kgo.Record
	claim  int // of the send buffer, where that is more than the record's size
	result chan outcome
	done   func(Delivery, error)
}

// A delivery is a parcel on its way. It is its record's context, by which the client's promise knows it; that never ends.
type delivery struct {
	parcel

	client   *kgo.Client
	cost     int64    // of the send buffer
	before   requests // the client's, when this one was handed over
	life     uint64   // of the topic, when this one was handed over
	sequence uint64   // of admission, from 1
	deadline time.Time
	settled  bool
	written  bool  // it is settled, and nobody but its sender has it
	err      error // what done is called with
	older    *delivery
	newer    *delivery
}

func (*delivery) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }
func (*delivery) Done() <-chan struct{}                   { return nil }
func (*delivery) Err() error                              { return nil }
func (*delivery) Value(any) any                           { return nil }

// An outcome is what became of a delivery.
type outcome struct {
	delivery Delivery
	err      error
}

// A flush waits for every delivery up to a sequence.
type flush struct {
	upTo uint64
	done chan struct{}
}

func newSender(p *Proxy, topic string, timeout time.Duration) *sender {
	s := &sender{
		proxy: p, conn: p.producing, room: p.room, topic: topic, timeout: timeout, refusing: make(chan struct{}), topicNow: p.lifeOf(topic),
		term: term{length: max(timeout, p.cfg.Producer.DeliveryTimeout)},
	}
	s.promise = s.acknowledged
	return s
}

// send admits a parcel and hands its record over. It blocks for the connection and for room, until ctx ends; an error means that nothing
// was sent. Afterwards the outcome comes as the parcel says, and unless that is by result the delivery is not the caller's to keep.
func (s *sender) send(ctx context.Context, p *parcel) (*delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, s.because(err)
	}
	cl, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	cost, err := s.room.admit(ctx, max(p.claim, size(&p.rec)), s.refusing)
	if err != nil {
		return nil, s.because(err)
	}
	before, life := s.conn.faults.requests(), s.topicNow.count.Load()
	d, until, err := s.enter(p)
	if err != nil {
		s.room.leave(cost)
		return nil, err
	}
	d.client, d.cost, d.before, d.life = cl, cost, before, life
	s.handOver(ctx, until, d)
	return d, nil
}

// handOver gives a delivery's record to the client. TryProduce never blocks. Produce would, without end, if records that were sent by
// Proxy.Client had filled the client.
func (s *sender) handOver(ctx, until context.Context, d *delivery) {
	if s.proxy.hooked { // by hooks that may want the caller's values, and put a context of their own into the record
		d.rec.Context = context.WithoutCancel(ctx) //nolint:fatcontext // one record's own
		d.client.TryProduce(until, &d.rec, func(_ *kgo.Record, err error) { s.conclude(d, err) })
		return
	}
	d.rec.Context = d
	d.client.TryProduce(until, &d.rec, s.promise)
}

// sendAndWait is send, and waits for the outcome until ctx ends.
func (s *sender) sendAndWait(ctx context.Context, rec kgo.Record) (Delivery, error) {
	d, err := s.send(ctx, &parcel{rec: rec, result: make(chan outcome, 1)})
	if err != nil {
		return Delivery{}, err
	}
	return s.await(ctx, d)
}

func (s *sender) await(ctx context.Context, d *delivery) (Delivery, error) {
	select {
	case o := <-d.result:
		return o.delivery, offerTopic(ctx, d.client, s.topic, o.err)
	case <-ctx.Done():
	}
	select {
	case o := <-d.result: // both at once
		return o.delivery, o.err
	default:
		return Delivery{}, s.because(fmt.Errorf("%w: no acknowledgement before the context ended: %w", ErrOutcomeUnknown, ctx.Err()))
	}
}

// client returns the client, and holds it from the first time on.
func (s *sender) client(ctx context.Context) (*kgo.Client, error) {
	if !s.held.Load() {
		if err := s.hold(); err != nil {
			return nil, err
		}
	}
	return s.conn.getUnless(ctx, s.refusing, failFast)
}

// hold holds the client until Disconnect. A hold after it would keep the client open for nobody.
func (s *sender) hold() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused {
		return ErrDisconnected
	}
	if err := s.proxy.hold(s, producers); err != nil {
		return err
	}
	s.held.Store(true)
	return nil
}

// usable returns ErrDisconnected once the sender, or a proxy that it was never used on, is disconnected. A sender that is in use
// outlives the beginning of its proxy's Disconnect: what consumers still handle may produce.
func (s *sender) usable() error {
	select {
	case <-s.refusing:
		return ErrDisconnected
	default:
	}
	if s.held.Load() {
		return nil
	}
	return s.proxy.usable()
}

// because adds the connection error that stands, if any, to the error of something that took too long.
func (s *sender) because(err error) error {
	if cause := s.conn.faults.last(); cause != nil {
		return fmt.Errorf("%w; the last connection error is: %w", err, cause)
	}
	return err
}

// size is what a record costs of the send buffer.
func size(r *kgo.Record) int {
	n := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

// enter makes a parcel one of the deliveries to wait for, and returns the context until whose end the client may try.
func (s *sender) enter(p *parcel) (d *delivery, until context.Context, err error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused {
		return nil, nil, ErrDisconnected
	}
	d = s.blank()
	d.parcel = *p
	if d.rec.Timestamp.IsZero() {
		d.rec.Timestamp = now // else the client would read the clock again
	}
	s.admitted++
	d.sequence, d.deadline = s.admitted, now.Add(s.timeout)
	d.older = s.newest
	if s.newest != nil {
		s.newest.newer = d
	} else {
		s.oldest = d
		s.expireIn(s.timeout)
	}
	s.newest = d
	return d, s.term.at(now), nil
}

// blank returns a delivery that has not begun. The caller holds s.mu.
func (s *sender) blank() *delivery {
	last := len(s.spare) - 1
	if last < 0 {
		return new(delivery)
	}
	d := s.spare[last]
	s.spare = s.spare[:last]
	d.settled, d.written = false, false
	return d
}

// expireIn sets the timer for the oldest delivery. The caller holds s.mu.
func (s *sender) expireIn(d time.Duration) {
	if s.expiry == nil {
		s.expiry = time.AfterFunc(d, s.expire)
		return
	}
	s.expiry.Reset(d)
}

// acknowledged is the client's promise. It runs on the client's one promise goroutine, so it must not block.
func (s *sender) acknowledged(r *kgo.Record, err error) {
	s.conclude(r.Context.(*delivery), err)
}

// conclude settles a delivery that the client has finished with.
func (s *sender) conclude(d *delivery, err error) {
	s.room.leave(d.cost)
	if err == nil {
		s.settleWritten(d)
		return
	}
	if errors.Is(err, kerr.UnknownTopicID) {
		s.topicNow.end(d.life, func() { d.client.PurgeTopicsFromProducing(s.topic) })
	}
	since, idempotent := s.conn.faults.since(d.before), s.proxy.cfg.Producer.Acks == acksAll
	err = explainOutcome(s.topic, err, since, idempotent)
	if errors.Is(err, kerr.ClusterAuthorizationFailed) { // the client keeps a refused producer id for its life
		s.conn.discard(d.client)
	}
	s.settle(d, s.proxy.access.explainRefusal(err, s.topic, size(&d.rec)))
}

// expire settles what has waited for the whole delivery timeout.
func (s *sender) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for s.oldest != nil && !s.oldest.deadline.After(now) {
		s.settleLocked(s.oldest, s.because(fmt.Errorf(
			"%w: no acknowledgement within the delivery timeout of %s", ErrOutcomeUnknown, s.timeout)))
	}
	if s.oldest != nil {
		s.expireIn(s.oldest.deadline.Sub(now))
	}
}

// settleWritten reports a delivery whose record is written.
func (s *sender) settleWritten(d *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.written = d.result == nil && !s.proxy.hooked && !d.settled // hooks may have kept the record
	s.settleLocked(d, nil)
}

// settle reports a delivery, once.
func (s *sender) settle(d *delivery, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(d, err)
}

func (s *sender) settleLocked(d *delivery, err error) {
	if d.settled {
		return
	}
	d.settled, d.err = true, err
	s.unlink(d)
	switch {
	case d.result != nil:
		d.result <- d.outcome()
	case d.done != nil:
		s.finish(d)
	default:
		s.reuse(d)
	}
	s.wakeFlushes()
}

// outcome is what became of a delivery that is settled. The client may still have the record of one with an error.
func (d *delivery) outcome() outcome {
	if d.err != nil {
		return outcome{err: d.err}
	}
	return outcome{delivery: delivered(&d.rec)}
}

func (s *sender) unlink(d *delivery) {
	if d.older != nil {
		d.older.newer = d.newer
	} else {
		s.oldest = d.newer
	}
	if d.newer != nil {
		d.newer.older = d.older
	} else {
		s.newest = d.older
	}
	d.older, d.newer = nil, nil
}

// finish queues a call of done. The caller holds s.mu.
func (s *sender) finish(d *delivery) {
	s.finished = append(s.finished, d)
	if !s.dispatching {
		s.dispatching = true
		go s.dispatch()
	}
}

// dispatch calls done, one after another, on a goroutine of this sender alone, until none is due.
func (s *sender) dispatch() {
	var called []*delivery
	for {
		called = s.due(called)
		if len(called) == 0 {
			return
		}
		for _, d := range called {
			o := d.outcome()
			if o.err != nil {
				o.err = failedTo("produce", s.topic, o.err)
			}
			d.done(o.delivery, o.err)
		}
	}
}

// due takes the deliveries whose done is to be called. Those for which it was called, and their list, are used again.
func (s *sender) due(called []*delivery) (due []*delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range called {
		s.reuse(d)
	}
	clear(called)
	due, s.finished = s.finished, called[:0]
	if s.dispatching = len(due) > 0; !s.dispatching {
		s.finished = nil
		s.rest()
	}
	return due
}

// reuse keeps a delivery that nobody has a use for any more. The caller holds s.mu.
func (s *sender) reuse(d *delivery) {
	if d.written {
		d.parcel = parcel{}
		s.spare = append(s.spare, d)
	}
}

// rest lets go of what a sender that has nothing to do needs no more. The caller holds s.mu.
func (s *sender) rest() {
	const few = 64
	if s.oldest == nil && len(s.spare) > few {
		s.spare = slices.Clone(s.spare[:few])
	}
}

// report calls done for a message that was never admitted.
func (s *sender) report(done func(Delivery, error), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish(&delivery{parcel: parcel{done: done}, err: err})
}

// flush waits until everything that was admitted before the call is settled, or ctx ends.
func (s *sender) flush(ctx context.Context) error {
	f := flush{done: make(chan struct{})}
	s.mu.Lock()
	f.upTo = s.admitted
	s.flushes = append(s.flushes, f)
	s.wakeFlushes()
	s.mu.Unlock()
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return s.because(fmt.Errorf("%d messages are not acknowledged: %w", s.unsettled(f.upTo), ctx.Err()))
	}
}

// wakeFlushes ends the flushes that have nothing left to wait for. The caller holds s.mu.
func (s *sender) wakeFlushes() {
	keep := s.flushes[:0]
	for _, f := range s.flushes {
		if s.oldest == nil || s.oldest.sequence > f.upTo {
			close(f.done)
		} else {
			keep = append(keep, f)
		}
	}
	s.flushes = keep
}

func (s *sender) unsettled(upTo uint64) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := s.oldest; d != nil && d.sequence <= upTo; d = d.newer {
		n++
	}
	return n
}

// Disconnect refuses new calls, flushes, gives up what is left when ctx ends, and lets go of the client.
func (s *sender) Disconnect(ctx context.Context) error {
	return s.closing.run(ctx, s.end)
}

func (s *sender) end(ctx context.Context) error {
	s.mu.Lock()
	s.refused = true
	close(s.refusing)
	s.mu.Unlock()
	err := s.flush(ctx)
	if left := s.giveUp(); left > 0 {
		err = fmt.Errorf("kafka: disconnect the producer of %q: %w of %d messages: %w", s.topic, ErrOutcomeUnknown, left, err)
	} else {
		err = nil // the last acknowledgement came with the end
	}
	s.proxy.release(ctx, s)
	if s.conn != s.proxy.producing {
		s.conn.refuse()
		cl, stop := s.conn.take()
		closeWithin(ctx, cl, stop)
	}
	return err
}

// giveUp settles what is not acknowledged.
func (s *sender) giveUp() (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.oldest != nil {
		s.settleLocked(s.oldest, fmt.Errorf("%w: disconnected before the acknowledgement came", ErrOutcomeUnknown))
		left++
	}
	if s.expiry != nil {
		s.expiry.Stop()
	}
	return left
}
