package kafka

import (
	"hash/maphash"
	"math/bits"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A schedule decides what a Run handles next: messages of one lane one after another, in order, different lanes side by side. A lane
// is a key within a partition; records without a key share the partition's lane, or have one each. In a RunBatch a lane is a
// partition, and what runs at once is a batch of it.
//
// Lanes outlive assignments: where a partition moves away and comes back, what it brings waits until the old handler of its key has
// ended.
//
// It is plain data: the reader's lock guards it, and nothing here blocks.
type schedule struct {
	unordered   bool
	byPartition bool
	batch       int                                    // the most messages that run at once in one lane
	patience    time.Duration                          // how long a batch may wait to be full
	alarm       func(*lane, time.Duration) *time.Timer // calls ready, under the lock, after a time
	paused      func(partition int32) bool             // the user holds it, so nothing of it may start; nil: none

	seed    maphash.Seed
	lanes   map[uint64]*lane
	shares  map[int32]*share
	unused  []*lane  // lanes that had nothing when they were added; the first is the first to be one of another key
	keeps   int      // how many of those are kept for their keys
	turns   []*share // that have a lane to run, in the order in which it is their turn
	pulled  job      // what take has just pulled
	fromLog bool     // the last pick came from the reader, so a lane that waits is next
}

// A share is what a schedule holds of one partition.
type share struct {
	partition int32
	runnable  []*lane // in the order in which it is their turn
	stopped   int     // reasons why nothing of it may start
	inTurn    bool
}

// A lane is a line of messages that must be handled one after another. It exists while it has any, and for a while after.
type lane struct {
	id      uint64
	share   *share
	unused  bool    // it is among the schedule's unused ones
	running []job   // what is being handled, waits for a retry, or waits for its dead letter
	waiting backlog // what comes after it
	state   laneState

	errands  int                         // what is under way for running: its worker, and its dead letters
	attempts int                         // how often running was handed to the handler
	backoff  *backoff.ExponentialBackOff // from the first retry on
	alarm    *time.Timer                 // runs while parked or filling
}

type laneState uint8

const (
	idle     laneState = iota // nothing is there
	filling                   // a batch waits for company
	runnable                  // it waits for its turn
	busy                      // running is with a worker, or with its dead letters
	parked                    // running waits for a retry
	held                      // the Run has ended before running was settled
)

// A job is one message that a Run has taken.
type job struct {
	taken
	err     error         // of its last attempt
	invalid bool          // it can't be decoded, so no handler saw it
	failure *MessageError // what it failed with for good, until it is settled

	panicked bool // a panic of its handler is in the log
}

// keptLanes is how many lanes that have nothing a schedule keeps. Each takes some 400 bytes, and more if it had a batch.
const keptLanes = 1000

func newSchedule(o runOptions, alarm func(*lane, time.Duration) *time.Timer) *schedule {
	return &schedule{
		unordered: o.unordered, byPartition: o.byPartition, batch: *o.batch, patience: *o.patience, alarm: alarm,
		keeps: keptLanes, seed: maphash.MakeSeed(), lanes: make(map[uint64]*lane), shares: make(map[int32]*share),
	}
}

// take picks what to handle next, and pulls new messages where it needs them; nil where nothing may start. Lanes that wait and new
// messages take turns, and so do partitions on each side, so that none starves.
func (s *schedule) take(pull func(*taken) bool) *lane {
	for range 2 {
		s.fromLog = !s.fromLog
		if s.fromLog {
			if l := s.takeNew(pull); l != nil {
				return l
			}
		} else if l := s.takeWaiting(); l != nil {
			return l
		}
	}
	return nil
}

// takeNew pulls messages until one may be handled at once. The others line up behind what runs; the bounds of their partitions end
// that.
func (s *schedule) takeNew(pull func(*taken) bool) *lane {
	for j := &s.pulled; pull(&j.taken); {
		l := s.laneOf(&j.taken)
		if l.state == idle && s.batch == 1 && !s.stands(l.share) { // as it mostly is: no line
			l.begin(*j)
			return l
		}
		l.waiting.add(*j)
		if l.state <= filling && s.full(l) && !s.stands(l.share) {
			s.start(l)
			return l
		}
		s.arrange(l)
	}
	return nil
}

// full reports whether enough waits in a lane to be handled.
func (s *schedule) full(l *lane) bool { return l.waiting.len() >= s.batch }

// arrange decides what a lane that runs nothing waits for.
func (s *schedule) arrange(l *lane) {
	switch {
	case l.state > filling:
	case s.full(l):
		s.ready(l)
	case l.waiting.len() == 0:
		s.free(l)
	case l.state == idle:
		l.state = filling
		l.alarm = s.alarm(l, s.patience)
	}
}

// takeWaiting picks the lane whose turn it is.
func (s *schedule) takeWaiting() *lane {
	for len(s.turns) > 0 {
		sh := s.turns[0]
		s.turns = s.turns[1:]
		sh.inTurn = false
		for !s.stands(sh) && len(sh.runnable) > 0 {
			l := sh.runnable[0]
			sh.runnable = sh.runnable[1:]
			s.offer(sh)
			if s.start(l) {
				return l
			}
		}
	}
	return nil
}

// offer puts a share in turn if it has something to run.
func (s *schedule) offer(sh *share) {
	if !sh.inTurn && !s.stands(sh) && len(sh.runnable) > 0 {
		sh.inTurn = true
		s.turns = append(s.turns, sh)
	}
}

// start takes from a lane what is to run; false, and the lane is gone, where all of it has moved to another member.
func (s *schedule) start(l *lane) bool {
	l.drop((*job).moved)
	for l.waiting.len() > 0 && len(l.running) == 0 {
		l.fill(s.batch)
	}
	l.stopAlarm()
	if len(l.running) == 0 {
		s.free(l)
		return false
	}
	l.state, l.errands = busy, 1
	return true
}

// begin starts a lane that has nothing with one job.
func (l *lane) begin(j job) {
	l.running = append(l.running[:0], j)
	l.attempts, l.backoff = 0, nil
	l.state, l.errands = busy, 1
}

// fill begins a new batch from what waits. It may be empty: what waited has moved away.
func (l *lane) fill(most int) {
	for range min(most, l.waiting.len()) {
		if j := l.waiting.take(); !j.moved() {
			l.running = append(l.running, j)
		}
	}
	l.attempts, l.backoff = 0, nil
}

// drop removes those of what runs that is holds for.
func (l *lane) drop(is func(*job) bool) {
	kept := l.running[:0]
	for i := range l.running {
		if j := &l.running[i]; !is(j) {
			kept = append(kept, *j)
		}
	}
	clear(l.running[len(kept):])
	l.running = kept
}

// moved reports whether a job's partition has moved, or is moving, to another member.
func (j *job) moved() bool { return j.receipt.assignment.leaving || j.receipt.assignment.gone }

// ready makes a lane wait for its turn.
func (s *schedule) ready(l *lane) {
	if l.state == runnable || l.state == busy {
		return // it was faster than its alarm
	}
	l.stopAlarm()
	l.state = runnable
	l.share.runnable = append(l.share.runnable, l)
	s.offer(l.share)
}

// finish ends what ran in a lane, and lets what comes after it wait for its turn.
func (s *schedule) finish(l *lane) {
	clear(l.running)
	l.running, l.state = l.running[:0], idle
	s.arrange(l)
}

// park makes a lane wait for a retry.
func (s *schedule) park(l *lane, pause time.Duration) {
	l.state = parked
	l.alarm = s.alarm(l, pause)
}

func (l *lane) stopAlarm() {
	if l.alarm != nil {
		l.alarm.Stop()
		l.alarm = nil
	}
}

// stop keeps everything of a partition from starting, until resume. Reasons add up.
func (s *schedule) stop(partition int32) { s.shareOf(partition).stopped++ }

func (s *schedule) resume(partition int32) {
	sh := s.shareOf(partition)
	sh.stopped--
	s.offer(sh)
}

// stands reports whether nothing of a share may start.
func (s *schedule) stands(sh *share) bool {
	return sh.stopped > 0 || s.paused != nil && s.paused(sh.partition)
}

// offerAll puts in turn what is held no more.
func (s *schedule) offerAll() {
	for _, sh := range s.shares {
		s.offer(sh)
	}
}

func (s *schedule) shareOf(partition int32) *share {
	sh := s.shares[partition]
	if sh == nil {
		sh = &share{partition: partition}
		s.shares[partition] = sh
	}
	return sh
}

// laneOf finds the lane of a message. Lanes go by a hash: two keys that share one are only handled one after the other.
func (s *schedule) laneOf(t *taken) *lane {
	id := s.laneID(t)
	l := s.lanes[id]
	if l == nil {
		l = s.unusedLane()
		l.id, l.share = id, s.shareOf(t.Partition)
		s.lanes[id] = l
	}
	return l
}

// unusedLane is a lane for a key that has none: that of a key which had nothing for long, or a new one. With one for each message, making
// them, and putting them into the map and out of it, is the main cost of a Run.
func (s *schedule) unusedLane() *lane {
	for len(s.unused) > s.keeps {
		l := s.unused[0]
		s.unused = s.unused[1:]
		l.unused = false
		if l.state == idle {
			delete(s.lanes, l.id)
			return l
		}
	}
	return new(lane)
}

// free lets go of a lane that has nothing.
func (s *schedule) free(l *lane) {
	const few = 8
	if cap(l.waiting.jobs) > few {
		l.waiting = backlog{}
	}
	l.state = idle
	if !l.unused {
		l.unused = true
		s.unused = append(s.unused, l)
	}
}

// laneID is a hash: of the key, so that nobody who doesn't know the seed can make keys share a lane, and of the partition.
func (s *schedule) laneID(t *taken) uint64 {
	const spread = 0x9e3779b97f4a7c15 // 2⁶⁴ over the golden ratio
	id := uint64(uint32(t.Partition)) * spread
	switch {
	case s.byPartition:
	case t.Key != nil:
		id ^= maphash.Bytes(s.seed, t.Key)
	case s.unordered:
		id ^= bits.ReverseBytes64(t.receipt.sequence + 1)
	}
	return id
}

func anyMoved(jobs []job) bool {
	for i := range jobs {
		if jobs[i].moved() {
			return true
		}
	}
	return false
}

// freeMoved lets lanes go whose messages have moved away while they waited.
func (s *schedule) freeMoved() {
	for _, l := range s.lanes {
		waits := l.state == parked || l.state == filling
		if waits && (anyMoved(l.running) || anyMoved(l.waiting.all())) {
			s.ready(l)
		}
	}
}

// unsettled are the jobs that were taken and are not settled: those that were begun, and those that nobody is at now. They share the
// ones that wait for a retry or are held.
func (s *schedule) unsettled() (begun, rest []job) {
	for _, l := range s.lanes {
		for i := range l.running { // not their err, which a handler may be about to set
			begun = append(begun, job{taken: l.running[i].taken, failure: l.running[i].failure})
		}
		if l.state != busy {
			rest = append(rest, l.running...)
		}
		rest = append(rest, l.waiting.all()...)
		l.stopAlarm()
	}
	return begun, rest
}

// A backlog is a queue of jobs. Its memory grows with what waits at once and is used again.
type backlog struct {
	jobs []job
	head int
}

func (q *backlog) len() int   { return len(q.jobs) - q.head }
func (q *backlog) all() []job { return q.jobs[q.head:] }

func (q *backlog) add(j job) {
	if len(q.jobs) == cap(q.jobs) && q.head > len(q.jobs)/2 {
		n := copy(q.jobs, q.all())
		clear(q.jobs[n:])
		q.jobs, q.head = q.jobs[:n], 0
	}
	q.jobs = append(q.jobs, j)
}

func (q *backlog) take() job {
	j := q.jobs[q.head]
	q.jobs[q.head] = job{}
	if q.head++; q.head == len(q.jobs) {
		q.jobs, q.head = q.jobs[:0], 0
	}
	return j
}
