package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A reader is a consumer below T: it joins the group on first use, polls, keeps what was polled until it is taken, and commits what
// is acknowledged. One lock guards all its state; neither I/O nor a caller's code runs under it.
type reader struct {
	proxy    *Proxy
	topic    string
	group    string
	options  consumerOptions
	conn     *connection
	inflater *inflater
	unpolled unpolled
	pool     *recordPool
	refusing chan struct{} // closed when Disconnect begins
	closing  closing
	showing  showing

	mu       sync.Mutex // guards what follows and every assignment
	assigned map[int32]*assignment
	ready    queue     // of the assignments that have something to take
	returned []receipt // given back by Nack, to be handed out again first
	aside    []receipt // of those, what belongs to partitions that the user has paused
	pauses   pauses
	trouble  []error      // to be told, once each
	losses   []Loss       // of those, what is gone and neither in the log nor told to observers yet
	held     receipt      // what retrieve handed out last, without ManualAck
	runner   *runner      // the Run under way, if there is one
	round    *commitRound // the one that has not begun, if somebody waits for it
	refused  bool
	inside   bool               // a goroutine waits in retrieve, or is in run; never so with ManualAck
	waiters  int                // goroutines that wait for wake
	wake     chan struct{}      // holds one token for one of them
	untilLow int                // how many may be taken until the poller is to go on
	low      chan struct{}      // holds a token when it may
	member   *kgo.Client        // the client in the group, from its first assignment on
	joined   bool               // it is in the group
	starts   map[int32]position // where partitions without a group begin
	topicID  [16]byte           // the topic's identity (KIP-516); zero where the broker has none
	begins   map[int32]int64    // where partitions without a commit begin, if commitStart could not commit it
	missing  int                // how often in a row the topic was not there

	lastError   error // for the status
	lastErrorAt time.Time
	surveyNow   chan struct{} // holds a token when there are partitions that survey has not looked at, or that bring nothing
	unhealed    error         // what the client tries to overcome
	unhealedAt  time.Time     // when it came last

	commitMu sync.Mutex // held over each commit, and by each revocation: no commit is under way for what moves away
	pauseMu  sync.Mutex // held over each decision to pause or resume and its call
	loops    loops      // the goroutines of an open reader
}

// taken is one record on its way to the caller.
type taken struct {
	Record
	broken error // why its stretch of the log can't be read
}

func newReader(p *Proxy, topic string, o consumerOptions) *reader {
	r := &reader{
		proxy: p, topic: topic, group: o.group, options: o,
		refusing: make(chan struct{}),
		assigned: make(map[int32]*assignment),
		pool:     new(recordPool),
		wake:     make(chan struct{}, 1),
		low:      make(chan struct{}, 1),

		surveyNow: make(chan struct{}, 1),
	}
	r.unpolled.tell = r.surveyNow
	r.inflater = newInflater(p.cfg.Consumer.MaxDecompressedBytes, p.opts)
	r.conn = newConnection("connect", p.cfg.ConnectTimeout, r.clientLog, r.open)
	r.conn.shut = r.abandon
	return r
}

var errConcurrent = errors.New("another goroutine is inside Retrieve, and this call would acknowledge its message:" +
	" give each goroutine a consumer of its own, or use ManualAck")

// retrieve acknowledges what it handed out before and takes the next record, as t.
func (r *reader) retrieve(ctx context.Context, t *taken) error {
	if err := ctx.Err(); err != nil {
		return err // and what is held stays unacknowledged: its handler may have failed because of this end
	}
	opened := r.conn.client.Load() != nil // not so before the first opening, and after Disconnect
	if opened && !r.options.syncCommit {
		if err, found := r.takeAtOnce(t); found {
			return err
		}
	}
	if err := r.enter(); err != nil {
		return err
	}
	defer r.exit()
	if !opened {
		if err := r.connect(ctx); err != nil {
			return err
		}
	}
	if r.options.syncCommit && !r.options.manualAck {
		if err := r.commitHeld(ctx); err != nil {
			return err
		}
	}
	return r.take(ctx, t)
}

// enter counts a goroutine that is to wait in retrieve, or in run. Without ManualAck there may be one.
func (r *reader) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inside {
		return r.concurrent()
	}
	r.inside = !r.options.manualAck
	return nil
}

func (r *reader) exit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside = false
}

// concurrent says who else is inside. The caller holds r.mu.
func (r *reader) concurrent() error {
	if r.runner != nil {
		return errRunning
	}
	return errConcurrent
}

// connect opens the connection, waiting for a backoff that runs.
func (r *reader) connect(ctx context.Context) error {
	select {
	case <-r.refusing:
		return ErrDisconnected
	default:
	}
	if err := r.proxy.hold(r, consumers); err != nil {
		return err
	}
	r.showing.begin(r.proxy.observers, r.status)
	_, err := r.conn.get(ctx, patient)
	return err
}

// takeAtOnce takes a record if there is one, or something to tell, after it has acknowledged what was handed out before.
func (r *reader) takeAtOnce(t *taken) (err error, found bool) {
	r.mu.Lock()
	if r.inside {
		defer r.mu.Unlock()
		return r.concurrent(), true
	}
	done := r.acknowledgeHeldLocked()
	err, found = r.next(t)
	r.mu.Unlock()
	r.follow(done)
	return err, found
}

// take waits for a record or for something to tell.
func (r *reader) take(ctx context.Context, t *taken) error {
	waited := false
	for {
		err, wait := r.tryTake(t, waited)
		if !wait {
			return err
		}
		waited = true
		select {
		case <-r.wake:
		case <-ctx.Done():
			r.stopWaiting()
			return r.ended(ctx)
		case <-r.refusing:
			r.stopWaiting()
			return ErrDisconnected
		}
	}
}

// ended is the error of a caller whose ctx ended while he waited for a message: ctx's own, with the fault of the connection, or else of
// the group or the topic, that stands: one that the client overcomes only when a broker, or a person, mends it comes again and again.
func (r *reader) ended(ctx context.Context) error {
	err := r.conn.ended(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == ctx.Err() && r.unhealed != nil && time.Since(r.unhealedAt) <= 2*lastRetry { //nolint:errorlint // no other error is meant
		return &endedError{ctx: err, cause: r.unhealed}
	}
	return err
}

// tryTake is next for who waits, or is about to: wait says that there is nothing, and that he counts as waiting now.
func (r *reader) tryTake(t *taken, waited bool) (err error, wait bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if waited {
		r.waiters--
	}
	err, found := r.next(t)
	if found {
		r.wakeOne() // there may be more, for another waiter
	} else {
		r.waiters++
	}
	return err, !found
}

// next finds what to hand out: what is to be told, then what was given back, then the next record. The caller holds r.mu.
func (r *reader) next(t *taken) (err error, found bool) {
	if r.refused {
		return ErrDisconnected, true
	}
	if len(r.trouble) > 0 {
		err, r.trouble = r.trouble[0], r.trouble[1:]
		return err, true
	}
	if r.pull(t) {
		if !r.options.manualAck {
			r.held = t.receipt
		}
		return nil, true
	}
	err = r.tooManyUnacked()
	return err, err != nil
}

// pull takes what was given back, or the next record, as t. The caller holds r.mu.
func (r *reader) pull(t *taken) bool {
	for len(r.returned) > 0 {
		again := r.returned[0]
		r.returned = r.returned[1:]
		if again.assignment.suspended {
			r.aside = append(r.aside, again)
			continue
		}
		if again.assignment.retake(t, again.sequence) {
			return true
		}
	}
	a := r.ready.first()
	if a == nil {
		return false
	}
	a.take(t)
	r.ready.turn()
	r.tookFrom(a)
	return true
}

// tookFrom lets the poller go on once enough was taken, or where what waits belongs to a partition that has just come to its bound:
// that does not count any more, and the other partitions may have nothing. The caller holds r.mu.
func (r *reader) tookFrom(a *assignment) {
	if a.paused && a.mayFetch() {
		go r.resume(a) // a call of the client's, which is none to make under the lock
	}
	if r.untilLow == 0 {
		return
	}
	if r.untilLow--; r.untilLow == 0 || a.resting() {
		r.signalLow()
	}
}

func (r *reader) signalLow() {
	r.untilLow = 0
	post(r.low)
}

// post puts a token into a channel that holds one, unless it is there.
func post(token chan<- struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}

// tooManyUnacked is the error of a reader whose every partition waits for an acknowledgement, but for those that are paused. The caller
// holds r.mu.
func (r *reader) tooManyUnacked() error {
	var worst *assignment
	for _, a := range r.assigned {
		if a.suspended {
			continue
		}
		if !a.blocked {
			return nil
		}
		if worst == nil || a.partition < worst.partition {
			worst = a
		}
	}
	if worst == nil {
		return nil
	}
	return fmt.Errorf("%w: %d, of %d bytes, were handed out since offset %d of partition %d, which is not acknowledged; call its Ack,"+
		" or raise WithMaxUnacked or WithMaxUnackedBytes",
		ErrTooManyUnacked, worst.handed.messages, worst.handed.bytes, worst.oldest(), worst.partition)
}

// wakeOne wakes a waiter, if there is one and something for him may be there. The caller holds r.mu.
func (r *reader) wakeOne() {
	if r.waiters > 0 {
		post(r.wake)
	}
}

func (r *reader) stopWaiting() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiters--
	r.wakeOne() // the token may have been meant for this one
}

// tell queues an error that Retrieve is to return once. What waits to be told already is not told twice.
func (r *reader) tell(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tellLocked(err)
}

// tellLocked is tell under the lock, which the caller holds. It reports whether err was not told already.
func (r *reader) tellLocked(err error) (first bool) {
	r.noteLocked(err)
	for _, told := range r.trouble {
		if told.Error() == err.Error() {
			return false
		}
	}
	r.trouble = append(r.trouble, err)
	r.wakeOne()
	return true
}

// tellLossLocked is tellLocked of what is gone. Log and observers are told without the lock, by tellLosses.
func (r *reader) tellLossLocked(l Loss) {
	l.Topic, l.Group = r.topic, r.group
	if r.tellLocked(l.Err) {
		r.losses = append(r.losses, l)
	}
}

// acknowledgeHeldLocked acknowledges what retrieve handed out last. That its partition moved away is nothing to return: the other member
// has it. The caller holds r.mu.
func (r *reader) acknowledgeHeldLocked() (done settlement) {
	held := r.held
	r.held = receipt{}
	if held.assignment == nil || r.refused {
		return done
	}
	resume, err := r.acknowledgeLocked(held)
	return settlement{held.assignment, resume, err != nil}
}

// commitHeld acknowledges what retrieve handed out last, and commits it, also where the call before was cut short at that.
func (r *reader) commitHeld(ctx context.Context) error {
	r.mu.Lock()
	done := r.acknowledgeHeldLocked()
	r.mu.Unlock()
	r.follow(done)
	return r.commitThrough(ctx, r.refusing)
}

// A settlement is what acknowledgements leave to be done without the lock.
type settlement struct {
	assignment    *assignment // nil: nothing was acknowledged
	resume, moved bool
}

// follow does what a settlement has left.
func (r *reader) follow(done settlement) {
	if done.resume {
		r.resume(done.assignment)
	}
	if done.moved {
		r.logMoved(done.assignment)
	}
}

// logMoved tells of an acknowledgement that nobody can return an error for.
func (r *reader) logMoved(a *assignment) {
	r.log().Info("kafka: a message's partition moved away before it was acknowledged; it is delivered again elsewhere",
		"partition", a.partition)
}

// acknowledge settles a receipt for the caller of Ack.
func (r *reader) acknowledge(rc receipt) error {
	r.mu.Lock()
	if r.refused {
		r.mu.Unlock()
		return ErrDisconnected
	}
	resume, err := r.acknowledgeLocked(rc)
	r.mu.Unlock()
	if resume {
		r.resume(rc.assignment)
	}
	return err
}

// acknowledgeLocked settles a receipt and lets its partition go on if it was waiting for that; resume says that it is to be called for
// it, without the lock. The caller holds r.mu.
func (r *reader) acknowledgeLocked(rc receipt) (resume bool, err error) {
	a := rc.assignment
	wasBlocked := a.blocked
	err = a.acknowledge(rc.sequence)
	return wasBlocked && r.goesOnLocked(a), err
}

// goesOnLocked lets a partition be taken from again, if nothing holds it; resume says that it is to be called for it, without the lock.
// The caller holds r.mu.
func (r *reader) goesOnLocked(a *assignment) (resume bool) {
	if a.resting() {
		return false
	}
	r.ready.add(a)
	r.wakeOne()
	r.signalLow()
	return a.paused && a.mayFetch()
}

// giveBack undoes the delivery of a receipt.
func (r *reader) giveBack(rc receipt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused {
		return ErrDisconnected
	}
	return r.giveBackLocked(rc)
}

// giveBackLocked is giveBack under r.mu.
func (r *reader) giveBackLocked(rc receipt) error {
	again, err := rc.assignment.giveBack(rc.sequence)
	if again {
		r.returned = append(r.returned, rc)
		if r.held == rc {
			r.held = receipt{}
		}
		r.wakeOne()
	}
	return err
}

// awaitAcknowledgement waits until not every partition waits for one any more; false if ctx or Disconnect came first.
func (r *reader) awaitAcknowledgement(ctx context.Context) bool {
	for {
		r.mu.Lock()
		free := r.tooManyUnacked() == nil || len(r.returned) > 0 || r.refused
		if !free {
			r.waiters++
		}
		r.mu.Unlock()
		if free {
			return true
		}
		select {
		case <-r.wake:
			r.mu.Lock()
			r.waiters--
			r.mu.Unlock()
		case <-ctx.Done():
			r.stopWaiting()
			return false
		case <-r.refusing:
			r.stopWaiting()
			return false
		}
	}
}
