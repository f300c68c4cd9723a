package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// An assignment tracks one partition for as long as this member owns it: what was polled, handed out and acknowledged, in order of
// delivery, and so how far the group's offset may go. An assignment that ended takes no acknowledgement; the same partition coming
// back is a new one, so that nothing from before can move the offsets of after.
//
// The order is that of delivery and never offset + 1: offsets have gaps where transactions were aborted or the log was compacted.
//
// It is plain data: the reader that owns it guards it by its lock, and nothing here blocks.
type assignment struct {
	reader    *reader
	partition int32
	member    string // the group member's id that it was made for
	limit     window // how much may be handed out since the oldest that is not acknowledged
	leaving   bool   // it is about to be revoked: nothing more is handed out, and acknowledgements still count
	gone      bool   // revoked or lost
	suspended bool   // the user has paused it

	entries ring   // everything since the oldest entry that is not settled
	first   uint64 // the sequence of the first of entries
	next    uint64 // the sequence of the next one to hand out
	handed  window // how much of entries was handed out, acknowledged or not
	unacked window // how much of that is with the caller: neither acknowledged nor given back
	waiting window // how much of entries waits to be handed out; control records never do

	blocked      bool // handed reached limit, and has not come down to half of it
	blockedSince time.Time

	polled    int64    // the offset that the next poll should begin at; unknown where nothing says
	mark      position // up to where everything is settled
	committed position // what the group knows
	unsaved   int      // acknowledged messages between the two
	saved     int64    // the group's offset that a broker told last, for the status: committed is unknown where a commit got no answer
	log       edges

	lookedAt  int64 // where examine found it last
	stuckTold bool  // it is in the log that it can't be read on

	cut    kgo.ErrDataLoss  // the truncation that was told last
	broken map[uint64]error // entries that can't be read, and why, by sequence

	stalls       int       // reasons why nothing of it may be handed out, beside the limit
	stallCause   error     // of the first of them
	stalledSince time.Time //
	stallTold    bool      // it is in the log

	// The reader's own marks.
	ready  bool        // it is in the reader's queue of assignments to take from
	behind *assignment // the one after it there
	paused bool        // the client does not fetch it
}

// A window counts messages and their bytes.
type window struct{ messages, bytes int }

func (w *window) add(bytes int32)    { w.messages++; w.bytes += int(bytes) }
func (w *window) remove(bytes int32) { w.messages--; w.bytes -= int(bytes) }

// reaches reports whether one of the counts is at a limit's.
func (w window) reaches(limit window) bool {
	return w.messages >= limit.messages || w.bytes >= limit.bytes
}

// within reports whether both counts are at most the n-th part of a limit.
func (w window) within(limit window, n int) bool {
	return w.messages <= limit.messages/n && w.bytes <= limit.bytes/n
}

// unknown is an offset that nothing says anything about.
const unknown int64 = -1

// A position is an offset to go on at, with the leader epoch of the record before it (KIP-320).
type position struct {
	offset int64
	epoch  int32
}

var noPosition = position{unknown, -1}

// after reports whether p may replace q as the group's offset: never back within one leader epoch. A newer epoch may go back: the log
// was truncated and its offsets are used again. An older one may go on: other clients commit the epoch of now instead of the record's.
func (p position) after(q position) bool { return p.offset > q.offset || p.epoch > q.epoch }

// An entry is one record in order of delivery. It has all that will be handed out, since the client's records are used again.
type entry struct {
	offset     int64
	timestamp  time.Time
	key, value []byte // nil once settled, as the headers
	headers    []Header

	last  int64 // the offset up to which it stands for the log: its own, unless it is a stretch that can't be read
	epoch int32
	bytes int32
	state state
}

// fill takes over what is to be handed out of a client's record. The slices end where their bytes do, so that appending to one can't
// reach its neighbours.
func (e *entry) fill(rec *kgo.Record) {
	e.offset, e.last, e.epoch = rec.Offset, rec.Offset, rec.LeaderEpoch
	e.timestamp = rec.Timestamp
	e.key, e.value = rec.Key[:len(rec.Key):len(rec.Key)], rec.Value[:len(rec.Value):len(rec.Value)]
	e.headers = headersOf(rec.Headers)
	e.bytes = int32(len(rec.Key) + len(rec.Value)) // a batch is shorter than 2 GiB
	e.state = queued
}

type state uint8

const (
	queued   state = iota // polled, waiting to be handed out
	handed                // with the caller
	returned              // given back by Nack, waiting to be handed out again
	settled               // acknowledged after it was handed out
	passed                // never handed out: a control record
)

func newAssignment(r *reader, partition int32, limit window) *assignment {
	return &assignment{
		reader: r, partition: partition, limit: limit,
		polled: unknown, mark: noPosition, committed: noPosition, saved: unknown, log: noEdges, lookedAt: unknown,
	}
}

// resume sets where the group's committed offset lets the assignment begin.
func (a *assignment) resume(at position) {
	a.polled, a.mark, a.committed, a.saved = at.offset, at, at, at.offset
}

// restart sets that the assignment begins at the log start, whatever the group has committed: that is committed again, so that the
// next member need not find out again.
func (a *assignment) restart(logStart int64) {
	a.polled, a.mark, a.committed = logStart, position{logStart, -1}, noPosition
}

// goBack takes in that the log does not reach to where reading was to go on, so that it goes on further ahead: the group's offset may
// follow.
func (a *assignment) goBack(to int64) { a.polled, a.mark = to, noPosition }

// add takes in a polled record. Control records are passed by at once: they are nobody's message, and a group that does not commit
// past them never reaches lag 0.
func (a *assignment) add(rec *kgo.Record) {
	a.polled = rec.Offset + 1
	if rec.Attrs.IsControl() {
		a.pass(rec)
		return
	}
	e := a.entries.push()
	e.fill(rec)
	a.waiting.add(e.bytes)
}

// pass takes in a control record. A run of them is one entry: behind a message that is never acknowledged their number has no bound.
func (a *assignment) pass(rec *kgo.Record) {
	last := a.entries.len() - 1
	if last < 0 || a.entries.at(last).state != passed {
		a.entries.push()
		last++
	}
	*a.entries.at(last) = entry{last: rec.Offset, epoch: rec.LeaderEpoch, state: passed}
	a.trim()
}

// addBroken takes in a stretch of the log that can't be read: it is handed out as one record with an error.
func (a *assignment) addBroken(rec *kgo.Record, last int64, err error) {
	if a.broken == nil {
		a.broken = make(map[uint64]error)
	}
	a.broken[a.first+uint64(a.entries.len())] = err
	e := a.entries.push()
	e.fill(rec)
	e.last = last
	a.waiting.add(e.bytes)
	a.polled = last + 1
}

// canTake reports whether take would give a record.
func (a *assignment) canTake() bool {
	return !a.gone && !a.leaving && !a.resting() && a.waiting.messages > 0
}

// mayFetch reports whether there is room for more of it.
func (a *assignment) mayFetch() bool { return !a.gone && !a.resting() && a.waiting.within(little, 1) }

// resting reports whether something must happen before more is handed out.
func (a *assignment) resting() bool { return a.blocked || a.stalls > 0 || a.suspended }

// take hands out the next record, as t. Only if canTake.
func (a *assignment) take(t *taken) {
	e := a.entries.at(int(a.next - a.first))
	e.state = handed
	a.waiting.remove(e.bytes)
	a.handed.add(e.bytes)
	a.unacked.add(e.bytes)
	if a.handed.reaches(a.limit) {
		a.blocked, a.blockedSince = true, time.Now()
	}
	a.fill(t, e, a.next)
	a.next++
	a.skipPassed()
}

// fill makes t what is handed out for an entry.
func (a *assignment) fill(t *taken, e *entry, sequence uint64) {
	t.Topic, t.Partition, t.Offset, t.Timestamp = a.reader.topic, a.partition, e.offset, e.timestamp
	t.Key, t.Headers, t.Raw = e.key, e.headers, e.value
	t.receipt = receipt{assignment: a, sequence: sequence}
	t.broken = a.broken[sequence]
}

// skipPassed moves next over what is never handed out.
func (a *assignment) skipPassed() {
	for int(a.next-a.first) < a.entries.len() && a.entries.at(int(a.next-a.first)).state == passed {
		a.next++
	}
}

// find returns the entry of a sequence, nil if it was settled long ago.
func (a *assignment) find(sequence uint64) *entry {
	if sequence < a.first {
		return nil
	}
	return a.entries.at(int(sequence - a.first))
}

// acknowledge settles a record that was handed out. Acknowledging again does nothing.
func (a *assignment) acknowledge(sequence uint64) error {
	e := a.find(sequence)
	switch {
	case e == nil || e.state == settled:
		return nil
	case a.gone:
		return ErrNotOwned
	}
	if e.state == handed {
		a.unacked.remove(e.bytes)
	}
	e.state = settled
	e.key, e.value, e.headers = nil, nil, nil // their memory is the caller's alone now
	delete(a.broken, sequence)
	a.trim()
	return nil
}

// giveBack takes back a record that was handed out and reports whether it has to be handed out again.
func (a *assignment) giveBack(sequence uint64) (again bool, err error) {
	e := a.find(sequence)
	switch {
	case e == nil || e.state != handed:
		return false, nil
	case a.gone:
		return false, ErrNotOwned
	}
	e.state = returned
	a.unacked.remove(e.bytes)
	return true, nil
}

// retake hands out again what was given back, as t; ok is false where it was acknowledged meanwhile, or moved away.
func (a *assignment) retake(t *taken, sequence uint64) (ok bool) {
	e := a.find(sequence)
	if a.gone || e == nil || e.state != returned {
		return false
	}
	e.state = handed
	a.unacked.add(e.bytes)
	a.fill(t, e, sequence)
	return true
}

// trim moves the mark over the settled prefix and nothing past it.
func (a *assignment) trim() {
	for a.entries.len() > 0 {
		e := a.entries.at(0)
		if e.state != settled && e.state != passed {
			break
		}
		if to := (position{e.last + 1, e.epoch}); to.after(a.mark) {
			a.mark = to
		}
		if e.state == settled {
			a.handed.remove(e.bytes)
			a.unsaved++
		}
		a.entries.pop()
		a.first++
	}
	a.next = max(a.next, a.first)
	a.skipPassed()
	if a.handed.within(a.limit, 2) {
		a.blocked = false
	}
}

// uncommitted returns the position that the group does not know yet.
func (a *assignment) uncommitted() (position, bool) {
	return a.mark, a.mark != a.committed && a.mark != noPosition
}

// acknowledged counts the messages that are acknowledged and that the group does not know of.
func (a *assignment) acknowledged() int {
	n := a.unsaved
	for i := range a.entries.len() {
		if a.entries.at(i).state == settled {
			n++
		}
	}
	return n
}

// oldest is the offset of the oldest record that was handed out and is not acknowledged.
func (a *assignment) oldest() int64 {
	if a.entries.len() == 0 {
		return unknown
	}
	return a.entries.at(0).offset
}

// observe compares the partition's log start with what was expected next, and returns how far records are gone that nobody read.
// A first delivery above the expected offset is no loss: gaps are normal.
func (a *assignment) observe(logStart int64) (from, to int64, lost bool) {
	if a.polled == unknown || logStart <= a.polled {
		return 0, 0, false
	}
	from, a.polled = a.polled, logStart
	return from, logStart, true
}

// A receipt is what a handed-out record is settled by. Its zero value settles nothing.
type receipt struct {
	assignment *assignment
	sequence   uint64
	decided    bool // a Run settles it: not the caller's to do
}

// A ring is a queue of entries that grows to what it has to hold and is reused.
type ring struct {
	buf  []entry // its length is a power of two
	head int
	n    int
}

func (r *ring) len() int { return r.n }

// at returns the i-th entry from the front.
func (r *ring) at(i int) *entry { return &r.buf[(r.head+i)&(len(r.buf)-1)] }

// push returns a new entry at the back. It holds anything.
func (r *ring) push() *entry {
	if r.n == len(r.buf) {
		r.grow()
	}
	r.n++
	return r.at(r.n - 1)
}

func (r *ring) grow() {
	const smallest = 64
	bigger := make([]entry, max(smallest, 2*len(r.buf)))
	for i := range r.n {
		bigger[i] = *r.at(i)
	}
	r.buf, r.head = bigger, 0
}

// pop removes the entry at the front, which holds no memory any more.
func (r *ring) pop() {
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
}
