package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A runner is one Run below T: its workers take from the schedule what to handle next. Its state is guarded by the reader's lock, under
// which neither I/O nor a caller's code runs.
type runner struct {
	reader   *reader
	options  runOptions
	handle   handling
	dead     *deadLetters    // nil: failed messages end the Run
	ctx      context.Context // of Run
	values   context.Context // what handlers' contexts come from: the values of ctx without its end
	stopping chan struct{}   // closed when nothing new is to begin
	cutting  chan struct{}   // closed when what is being handled is cancelled
	over     chan struct{}   // closed when nothing is handled any more
	wg       sync.WaitGroup

	schedule *schedule
	tenures  map[*assignment]*tenure
	stopped  bool
	cut      error // why handlers were cancelled, if they were
	ended    bool  // Run has returned, or is about to
	fault    error // what ended the Run, where neither ctx nor Disconnect did
	closings []<-chan error
	buried   tally
}

// A handling calls the handler with the jobs of one lane, and sets what became of each.
type handling func(ctx context.Context, jobs []job, attempt int)

// A tenure is what a Run has under way of one assignment.
type tenure struct {
	ctx    context.Context // of its handlers
	cancel context.CancelCauseFunc
	ending chan struct{} // closed when nothing new of it may begin
	active int           // lanes that are being handled
	idle   chan struct{} // closed when none is; nil until somebody waits for that
}

// Why the context of a handler was cancelled; context.Cause tells.
var (
	errDrained = errors.New("kafka: the drain timeout (WithDrainTimeout) passed")
	errRevoked = errors.New("kafka: the message's partition moves to another member of the group")
	errClosed  = errors.New("kafka: the context of Disconnect ended")
)

var (
	errRunning = errors.New("a Run is under way on this consumer: end it first, or make another consumer")
	errDecided = errors.New("kafka: in a Run the handler's result acknowledges: return nil, or an error")
)

// lastGrace is how long handlers may take to end once their context is cancelled; then Run returns without them.
const lastGrace = time.Second

// run runs until ctx or Disconnect or a fault ends it.
func (r *reader) run(ctx context.Context, o runOptions, h handling) error {
	if err := r.enter(); err != nil {
		return err
	}
	defer r.exit()
	if err := r.connect(ctx); err != nil {
		var cause *endedError
		if over(ctx, err) && ctx.Err() != nil && !errors.As(err, &cause) {
			return nil // it ended before there was anything to do, and nothing was wrong
		}
		return err
	}
	w := r.newRunner(ctx, o, h)
	if err := w.begin(); err != nil {
		return errors.Join(err, w.closeDeadLetters())
	}
	select {
	case <-ctx.Done():
	case <-r.refusing:
	case <-w.stopping:
	}
	w.drain()
	return w.end()
}

func (r *reader) newRunner(ctx context.Context, o runOptions, h handling) *runner {
	w := &runner{
		reader: r, options: o, handle: h, ctx: ctx,
		stopping: make(chan struct{}), cutting: make(chan struct{}), over: make(chan struct{}),
		tenures: make(map[*assignment]*tenure),
	}
	w.values = context.WithValue(context.WithoutCancel(ctx), runnerKey{}, w)
	w.schedule = newSchedule(o, w.alarm)
	w.schedule.paused = r.pauses.has
	if o.deadLetter != nil {
		w.dead = newDeadLetters(r.proxy, *o.deadLetter, r.topic, r.group)
	}
	return w
}

type runnerKey struct{}

// begin starts the workers. What Retrieve handed out last is not acknowledged by that: it comes again.
func (w *runner) begin() error {
	r := w.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused {
		return ErrDisconnected
	}
	if held := r.held; held.assignment != nil {
		_ = r.giveBackLocked(held)
	}
	r.runner = w
	for range w.options.concurrency {
		w.wg.Go(w.work)
	}
	return nil
}

// A stint is a lane that a worker is at, and its tenure; zero where he is at none.
type stint struct {
	lane   *lane
	tenure *tenure
}

// work handles one lane after another.
func (w *runner) work() {
	var at stint
	defer func() {
		if at.lane != nil { // the handler called runtime.Goexit, as t.FailNow in a test's does
			w.fail(errors.New("the handler ended its goroutine (runtime.Goexit)"))
			w.proceed(at.lane, at.tenure)
		}
	}()
	for at = w.next(at); at.lane != nil; at = w.next(at) {
		at.lane.attempts++
		w.handle(at.tenure.ctx, at.lane.running, at.lane.attempts)
		if w.reader.options.syncCommit || !at.lane.succeeded() {
			w.conclude(at.lane, at.tenure)
			at = stint{}
		}
	}
}

// next settles a lane that was handled without an error, if one was, and waits for another; none when nothing new is to begin.
func (w *runner) next(ended stint) stint {
	waited := false
	for {
		at, done, wait := w.tryNext(ended, waited)
		w.follow(done)
		if !wait {
			return at
		}
		ended, waited = stint{}, true
		select {
		case <-w.reader.wake:
		case <-w.stopping:
			w.reader.stopWaiting()
			return stint{}
		}
	}
}

// tryNext is next where there is a lane; wait says that there is none, and that the caller counts as waiting now. It is one turn under the
// lock for each message.
func (w *runner) tryNext(ended stint, waited bool) (at stint, done settlement, wait bool) {
	r := w.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if waited {
		r.waiters--
	}
	if ended.lane != nil {
		done = w.settleLocked(ended.lane, (*job).succeeded)
		w.proceedLocked(ended.lane, ended.tenure)
	}
	w.hear()
	if w.stopped || r.refused || w.ctx.Err() != nil {
		return stint{}, done, false
	}
	l := w.schedule.take(r.pull)
	if l == nil {
		r.waiters++
		return stint{}, done, true
	}
	r.wakeOne() // there may be more, for another worker
	return stint{l, w.enter(l.running[0].receipt.assignment)}, done, false
}

// hear takes what the reader has to tell, which is in the log. What surely no waiting heals ends the Run. The caller holds the reader's
// lock.
func (w *runner) hear() {
	told := w.reader.trouble
	w.reader.trouble = nil
	for _, err := range told {
		if lasts(err) || w.options.stopOnLoss && isLoss(err) {
			w.failLocked(err)
		}
	}
}

func isLoss(err error) bool { return errors.Is(err, ErrDataLoss) || errors.Is(err, ErrTopicRecreated) }

// enter counts a lane that is being handled. The caller holds the reader's lock.
func (w *runner) enter(a *assignment) *tenure {
	t := w.tenures[a]
	if t == nil {
		t = &tenure{ending: make(chan struct{})}
		t.ctx, t.cancel = context.WithCancelCause(w.values)
		if w.cut != nil {
			t.cancel(w.cut)
		}
		w.tenures[a] = t
	}
	t.active++
	return t
}

// leave counts a lane that is not handled any more. The caller holds the reader's lock.
func (t *tenure) leave() {
	if t.active--; t.active == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// alarm makes a lane ready after a time.
func (w *runner) alarm(l *lane, after time.Duration) *time.Timer {
	var alarm *time.Timer
	alarm = time.AfterFunc(after, func() {
		w.reader.mu.Lock()
		defer w.reader.mu.Unlock()
		if l.alarm == alarm {
			w.schedule.ready(l)
			w.reader.wakeOne()
		}
	})
	return alarm
}

// fail ends the Run with a fault.
func (w *runner) fail(err error) {
	w.reader.mu.Lock()
	defer w.reader.mu.Unlock()
	w.failLocked(err)
}

func (w *runner) failLocked(err error) {
	if w.fault == nil {
		w.fault = err
	}
	w.stopLocked()
}

func (w *runner) stopLocked() {
	if !w.stopped {
		w.stopped = true
		close(w.stopping)
	}
}

// release ends the work on partitions that are about to move to another member: nothing new of them begins, and what is being handled
// may go on for the drain timeout, which is shorter than the group waits.
func (w *runner) release(leaving []*assignment) {
	busy, idle := w.closeTenures(leaving)
	if waitFor(idle, w.reader.options.drain) {
		return
	}
	for _, t := range busy {
		t.cancel(errRevoked)
	}
	waitFor(idle, lastGrace) // else their results count for nothing: the other member handles these messages, too
}

// closeDeadLetters lets go of what wrote the dead letters.
func (w *runner) closeDeadLetters() error {
	if w.dead == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return w.dead.close(ctx)
}

// closeTenures lets nothing new of assignments begin, and returns what is under way, and a channel that is closed once it has ended.
func (w *runner) closeTenures(leaving []*assignment) (busy []*tenure, idle <-chan struct{}) {
	w.reader.mu.Lock()
	defer w.reader.mu.Unlock()
	var ends []<-chan struct{}
	for _, a := range leaving {
		a.leaving = true
		if t := w.tenures[a]; t != nil && t.active > 0 {
			t.idle = make(chan struct{})
			close(t.ending)
			busy, ends = append(busy, t), append(ends, t.idle)
		}
	}
	w.schedule.freeMoved()
	w.reader.wakeOne()
	return busy, background(func() {
		for _, end := range ends {
			<-end
		}
	})
}

// lost ends the work on an assignment that another member may have already. The caller holds the reader's lock.
func (w *runner) lost(a *assignment) {
	if t := w.tenures[a]; t != nil {
		t.cancel(errRevoked)
		delete(w.tenures, a)
	}
	w.schedule.freeMoved()
}

// drain lets nothing new begin and waits until all that is being handled has ended: for the drain timeout as it is, then for lastGrace
// with cancelled contexts.
func (w *runner) drain() {
	w.reader.mu.Lock()
	w.stopLocked()
	w.reader.mu.Unlock()
	timer := time.AfterFunc(w.reader.options.drain, func() { w.cutShort(errDrained) })
	defer timer.Stop()
	ended := background(w.wg.Wait)
	select {
	case <-ended:
	case <-w.cutting:
		waitFor(ended, lastGrace)
	}
	close(w.over)
}

// cutShort cancels the contexts of all handlers.
func (w *runner) cutShort(cause error) {
	w.reader.mu.Lock()
	defer w.reader.mu.Unlock()
	if w.cut != nil {
		return
	}
	w.cut = cause
	close(w.cutting)
	for _, t := range w.tenures {
		t.cancel(cause)
	}
}

// drained waits for the end of the handlers, for a Disconnect under ctx: when that ends they are cut short.
func (w *runner) drained(ctx context.Context) {
	select {
	case <-w.over:
		return
	case <-ctx.Done():
	}
	w.cutShort(errClosed)
	waitFor(w.over, lastWords)
}

// end gives back what is not settled, commits what is, and says what is left.
func (w *runner) end() error {
	held := w.giveUp()
	errs := []error{w.fault, held, w.lastCommit()}
	for _, closing := range w.closings {
		errs = append(errs, <-closing)
	}
	errs = append(errs, w.closeDeadLetters())
	w.cutShort(context.Canceled)
	return errors.Join(errs...)
}

// lastCommit commits what was settled. Disconnect does that itself, and tells what it could not: it is waited for.
func (w *runner) lastCommit() error {
	r := w.reader
	select {
	case <-r.refusing:
		<-r.closing.done // bounded; what it waits for, w.over, is closed
		if len(w.closings) > 0 {
			return nil // a handler has called it, and its error is told as that
		}
		return r.closing.err
	default:
	}
	cl := r.conn.client.Load()
	if cl == nil {
		return nil // a Disconnect has just taken it, and commits
	}
	return errors.Join(r.commit(cl), w.uncommitted())
}

// uncommitted is the error for what was settled and can't be committed, since something before it was not.
func (w *runner) uncommitted() error {
	r := w.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, a := range r.assigned {
		n += a.acknowledged()
	}
	if n == 0 || r.options.direct {
		return nil
	}
	return fmt.Errorf("%d messages were settled and are not committed, since one before them in their partition was not settled; they may"+
		" be delivered again", n)
}

// giveUp gives what was taken and is not settled back to the reader, in order, and returns an error for what of it was begun.
func (w *runner) giveUp() error {
	r := w.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runner, w.ended = nil, true
	begun, rest := w.schedule.unsettled()
	for _, j := range inOrder(rest) {
		_ = r.giveBackLocked(j.receipt)
	}
	return w.heldError(inOrder(begun))
}

// heldError is the error of a Run that could not settle all that it had begun. The caller holds the reader's lock.
func (w *runner) heldError(begun []job) error {
	const most = 5
	var errs []error
	left := 0
	for _, j := range begun {
		switch {
		case j.moved():
		case j.failure != nil && errors.Is(w.fault, j.failure):
		case j.failure != nil && len(errs) < most:
			errs = append(errs, j.failure)
		default:
			left++
		}
	}
	if left > 0 {
		errs = append(errs, fmt.Errorf("%d messages were not settled before the end and are delivered again; the first is offset %d"+
			" of partition %d", left, begun[0].Offset, begun[0].Partition))
	}
	return errors.Join(errs...)
}

func inOrder(jobs []job) []job {
	slices.SortFunc(jobs, func(a, b job) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.receipt.sequence, b.receipt.sequence))
	})
	return jobs
}

// finally ends the Run and runs a closing that a handler has asked for beside it: the closing waits for that handler, and Run for the
// closing.
func (w *runner) finally(ctx context.Context, closing func(context.Context) error) {
	done := make(chan error, 1)
	w.reader.mu.Lock()
	w.closings = append(w.closings, done)
	w.stopLocked()
	w.reader.mu.Unlock()
	go func() { done <- closing(context.WithoutCancel(ctx)) }()
}

// runnerOf is the Run whose handler was given ctx; nil where none was.
func runnerOf(ctx context.Context) *runner {
	w, _ := ctx.Value(runnerKey{}).(*runner)
	return w
}

// waitFor waits until done is closed, for d at most, and reports whether it was.
func waitFor(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
