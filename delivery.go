package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A parcel is a record to be sent, and how its outcome is told: by result if somebody awaits it, else by done, which may be nil.
type parcel struct {
	told    ending // for observers, on the goroutine that settles it
	done    func(Delivery, error)
	awaited bool
	claim   int // of the send buffer, where that is more than the record's size
	rec     kgo.Record
}

// A passage is what was known when a parcel was admitted.
type passage struct {
	cost   int64 // of the send buffer
	client *kgo.Client
	before requests // the client's, so far
	life   uint64   // of the topic
}

// A delivery is a parcel on its way. It is its record's context, by which the client's promise knows it; that never ends.
//
// It belongs to who calls blank, until send, and after the outcome to await's caller, or to nobody: then it is used again, with its
// memory, for another parcel.
type delivery struct {
	settled  bool
	err      error // of one that is settled; nil: it is written
	older    *delivery
	newer    *delivery
	sequence uint64 // of admission, from 1
	passage         // with its cost, and the parcel's first: what every settling reads is together
	parcel
	deadline time.Time
	memory   []byte       // of its record's value, where that is the sender's
	result   chan outcome // room for one
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

// acknowledged is the client's promise. It runs on the client's one promise goroutine, so it must not block.
func (s *sender) acknowledged(r *kgo.Record, err error) {
	s.conclude(r.Context.(*delivery), err)
}

// conclude settles a delivery that the client has finished with.
func (s *sender) conclude(d *delivery, err error) {
	s.room.leave(d.cost)
	if err != nil {
		err = s.explain(d, err)
	}
	s.settle(d, err)
}

// explain turns the client's error for a delivery into the caller's, and does what the client leaves undone after it.
func (s *sender) explain(d *delivery, err error) error {
	if errors.Is(err, kerr.UnknownTopicID) {
		s.topicNow.end(d.life, func() { d.client.PurgeTopicsFromProducing(s.topic) })
	}
	since, idempotent := s.conn.faults.since(d.before), s.proxy.cfg.Producer.Acks == acksAll
	err = explainOutcome(s.topic, err, since, idempotent)
	if idempotent && s.conn.client.Load() == d.client && idRefused(d.client, err) { // the client keeps that for its life
		s.conn.discard(d.client)
	}
	var firstRead *kgo.ErrFirstReadEOF
	if errors.As(err, &firstRead) { // the client's guess at a connection that was closed knows less than what is noted of it
		err = s.because(err)
	}
	return s.proxy.access.explainRefusal(err, s.topic, size(&d.rec))
}

// expire settles what has waited for the whole delivery timeout.
func (s *sender) expire() {
	s.tellAll(s.expired())
}

func (s *sender) expired() (all []*delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for s.oldest != nil && !s.oldest.deadline.After(now) {
		all = append(all, s.oldest)
		s.settleLocked(s.oldest, s.because(fmt.Errorf(
			"%w: no acknowledgement within the delivery timeout of %s", ErrOutcomeUnknown, s.timeout)))
	}
	if s.oldest != nil {
		s.expireIn(s.oldest.deadline.Sub(now))
	}
	return all
}

// settle reports a delivery, once.
func (s *sender) settle(d *delivery, err error) {
	told := d.told // once it is settled it may be another's
	var o outcome
	if told != nil {
		o = d.outcomeOf(err)
	}
	s.mu.Lock()
	first := s.settleLocked(d, err)
	s.mu.Unlock()
	if first {
		s.tell(told, o)
		s.heed(d, err)
	}
}

// heed takes note of a delivery with an error that nobody is told.
func (s *sender) heed(d *delivery, err error) {
	if err == nil || d.awaited || d.done != nil {
		return
	}
	s.mu.Lock()
	s.lastUnheard = err
	n := s.unheard.add()
	s.mu.Unlock()
	s.logUnheard(n, err)
}

// tell tells observers what became of a delivery.
func (s *sender) tell(told ending, o outcome) {
	if o.err != nil {
		o.err = failedTo("produce", s.topic, o.err)
	}
	told.with(o.delivery, o.err)
}

// tellAll tells observers of deliveries that were given up.
func (s *sender) tellAll(givenUp []*delivery) {
	for _, d := range givenUp {
		s.tell(d.told, d.outcome())
		s.heed(d, d.err)
	}
}

// settleLocked settles a delivery, and reports whether it was not settled before. The caller holds s.mu.
func (s *sender) settleLocked(d *delivery, err error) (first bool) {
	if d.settled {
		return false
	}
	d.settled, d.err = true, err
	s.unlink(d)
	switch {
	case d.awaited:
		d.result <- d.outcome()
	case d.done != nil:
		s.finish(d)
	default:
		s.spare.put(d)
		s.rest()
	}
	s.wakeFlushes()
	return true
}

// outcome is what became of a delivery that is settled.
func (d *delivery) outcome() outcome { return d.outcomeOf(d.err) }

// outcomeOf is what becomes of a delivery by an error or none. The client may still have the record of one with an error.
func (d *delivery) outcomeOf(err error) outcome {
	if err != nil {
		return outcome{err: err}
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
	var due []*delivery
	called := spares{never: s.spare.never}
	var similar suggestion
	for {
		due = s.due(due, &called)
		if len(due) == 0 {
			return
		}
		for i, d := range due {
			o := d.outcome()
			if o.err != nil {
				o.err = failedTo("produce", s.topic, similar.offer(context.Background(), d.client, s.topic, o.err))
			}
			d.done(o.delivery, o.err)
			called.put(d)
			due[i] = nil
		}
	}
}

// due takes the deliveries whose done is to be called. Those for which it was called, and the list that they were in, are used again.
func (s *sender) due(list []*delivery, called *spares) (due []*delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare.add(called)
	due, s.finished = s.finished, list[:0]
	if s.dispatching = len(due) > 0; !s.dispatching {
		s.finished = nil
		s.rest()
	}
	return due
}

// report calls done for a parcel that was never admitted.
func (s *sender) report(d *delivery, err error) {
	if d.done == nil {
		s.heed(d, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.err = err
	s.finish(d)
}
