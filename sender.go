package kafka

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

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
	spare       spares
	unheard     tally // of those that failed without a done
	lastUnheard error

	promise func(*kgo.Record, error) // what the client calls: acknowledged
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
	s.promise, s.spare.never = s.acknowledged, p.hooked
	return s
}

// blank returns a delivery for a parcel.
func (s *sender) blank() *delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spare.get()
}

// send admits a delivery and hands its record over. It blocks for the connection and for room, until ctx ends; an error means that
// nothing was sent, and the delivery is still the caller's. Afterwards the outcome comes as the parcel says.
func (s *sender) send(ctx context.Context, d *delivery) error {
	if err := ctx.Err(); err != nil {
		return s.because(err)
	}
	cl, err := s.client(ctx)
	if err != nil {
		return err
	}
	cost, err := s.room.admit(ctx, max(d.claim, size(&d.rec)), s.refusing)
	if err != nil {
		return s.because(err)
	}
	d.passage = passage{cost, cl, s.conn.faults.requests(), s.topicNow.count.Load()}
	until, err := s.enter(d)
	if err != nil {
		s.room.leave(cost)
		return err
	}
	s.handOver(ctx, until, d)
	return nil
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

// sendToAwait is send for a delivery whose outcome the caller awaits.
func (s *sender) sendToAwait(ctx context.Context, d *delivery) error {
	d.awaited = true
	if d.result == nil {
		d.result = make(chan outcome, 1)
	}
	return s.send(ctx, d)
}

// await waits for the outcome until ctx ends. The delivery is not the caller's any more.
func (s *sender) await(ctx context.Context, d *delivery) (Delivery, error) {
	select {
	case o := <-d.result:
		if o.err != nil {
			return Delivery{}, offerTopic(ctx, d.client, s.topic, o.err)
		}
		s.putBack(d)
		return o.delivery, nil
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

// putBack takes back a delivery that was written.
func (s *sender) putBack(d *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare.put(d)
	s.rest()
}

// rest lets go of what a sender that has nothing to do needs no more. The caller holds s.mu.
func (s *sender) rest() {
	if s.oldest == nil {
		s.spare.leave()
	}
}

// enter makes a delivery one of those to wait for, and returns the context until whose end the client may try. From here on it may be
// settled at any time, by the delivery timeout or Disconnect, so it is whole.
func (s *sender) enter(d *delivery) (until context.Context, err error) {
	now := time.Now()
	if d.rec.Timestamp.IsZero() {
		d.rec.Timestamp = now // else the client would read the clock again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused {
		return nil, ErrDisconnected
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
	return s.term.at(now), nil
}

// expireIn sets the timer for the oldest delivery. The caller holds s.mu.
func (s *sender) expireIn(d time.Duration) {
	if s.expiry == nil {
		s.expiry = time.AfterFunc(d, s.expire)
		return
	}
	s.expiry.Reset(d)
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
	s.mu.Lock()
	n, last := s.unheard.rest(), s.lastUnheard
	s.mu.Unlock()
	s.logUnheard(n, last)
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
	all := s.givenUp()
	s.tellAll(all)
	return len(all)
}

func (s *sender) givenUp() (all []*delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.oldest != nil {
		all = append(all, s.oldest)
		s.settleLocked(s.oldest, fmt.Errorf("%w: disconnected before the acknowledgement came", ErrOutcomeUnknown))
	}
	if s.expiry != nil {
		s.expiry.Stop()
	}
	return all
}
