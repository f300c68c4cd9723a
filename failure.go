package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/typedkafka/kafka/schema"
)

// conclude settles what was handled without an error, and sees to what failed.
func (w *runner) conclude(l *lane, t *tenure) {
	w.settle(l, (*job).succeeded)
	if len(l.running) > 0 && t.ctx.Err() == nil { // else they were interrupted: no attempt, and no failure
		w.logPanics(l)
		for _, j := range slices.Clone(l.running) {
			if w.lastAttempt(l, j) {
				w.giveUpOn(l, t, j)
			}
		}
	}
	w.proceed(l, t)
}

// succeeded reports whether all of a lane's jobs were handled without an error. Only its worker may ask.
func (l *lane) succeeded() bool {
	for i := range l.running {
		if l.running[i].err != nil {
			return false
		}
	}
	return true
}

func (j *job) succeeded() bool { return j.err == nil }

// is reports whether two are the same message's.
func (j *job) is(k *job) bool { return j.receipt == k.receipt }

// settle acknowledges those of a lane's jobs that is holds for.
func (w *runner) settle(l *lane, is func(*job) bool) {
	w.reader.mu.Lock()
	done := w.settleLocked(l, is)
	w.reader.mu.Unlock()
	w.follow(done)
}

// settleLocked is settle under the reader's lock, which the caller holds.
func (w *runner) settleLocked(l *lane, is func(*job) bool) (done settlement) {
	l.drop(func(j *job) bool {
		if !is(j) {
			return false
		}
		resume, err := w.reader.acknowledgeLocked(j.receipt)
		done.assignment = j.receipt.assignment
		done.resume, done.moved = done.resume || resume, done.moved || err != nil
		return true
	})
	return done
}

// follow does what a settlement has left. WithSyncCommit it commits.
func (w *runner) follow(done settlement) {
	w.reader.follow(done)
	if done.assignment != nil && w.reader.options.syncCommit {
		w.commitThrough()
	}
}

// commitThrough commits what is acknowledged before the lane goes on. What no waiting heals ends the Run; what the end of the Run cuts
// short, the Run itself tries once more.
func (w *runner) commitThrough() {
	if err := w.reader.commitThrough(w.values, w.stopping); err != nil && lasts(err) {
		w.fail(err)
	}
}

// proceed ends one errand of a lane. The last one decides what becomes of the lane.
func (w *runner) proceed(l *lane, t *tenure) {
	w.reader.mu.Lock()
	defer w.reader.mu.Unlock()
	w.proceedLocked(l, t)
}

// proceedLocked is proceed under the reader's lock, which the caller holds.
func (w *runner) proceedLocked(l *lane, t *tenure) {
	if l.errands--; l.errands > 0 {
		return
	}
	switch {
	case len(l.running) == 0 || l.running[0].moved():
		w.schedule.finish(l)
	case w.stopped:
		w.hold(l)
	default:
		w.schedule.park(l, l.pause(w.options.retry))
	}
	t.leave()
	w.reader.wakeOne()
}

// hold keeps what a lane was at for whoever comes after this Run. The caller holds the reader's lock.
func (w *runner) hold(l *lane) {
	l.state = held
	if w.ended { // Run did not wait for this handler
		for _, j := range l.running {
			_ = w.reader.giveBackLocked(j.receipt)
		}
	}
}

func (w *runner) lastAttempt(l *lane, j job) bool {
	return j.invalid || l.attempts >= w.options.retry.Attempts || permanent(j.err)
}

// permanent reports whether a handler's error is one that no retry heals.
func permanent(err error) bool {
	var marked *permanentError
	var invalid *schema.ValidationError
	return errors.As(err, &marked) || errors.As(err, &invalid)
}

// pause is how long a lane waits for its next attempt.
func (l *lane) pause(p RetryPolicy) time.Duration {
	if l.backoff == nil {
		l.backoff = fullJitter(p.Backoff, p.MaxBackoff)
	}
	return l.backoff.NextBackOff()
}

// fullJitter gives pauses between 0 and a bound that begins with first and doubles up to most. The library's are an interval more or
// less a part of it, so half the bound, more or less all of it.
func fullJitter(first, most time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: first / 2, MaxInterval: most / 2, RandomizationFactor: 1, Multiplier: 2,
	}
}

// giveUpOn sees to a message that has failed for good: OnFailure, then its dead letter, else the end of the Run.
func (w *runner) giveUpOn(l *lane, t *tenure, j job) {
	failure := l.failure(j)
	if w.options.onFailure != nil {
		err := w.askOnFailure(t.ctx, failure)
		if err == nil {
			w.settle(l, j.is)
			w.tellFate(t, failure, FateSettled)
			return
		}
		if t.ctx.Err() != nil {
			return
		}
		if !errors.Is(err, failure) {
			failure.Err = err
		}
	}
	noted := w.note(l, j, failure.Err, failure.Attempts)
	if w.dead == nil {
		w.fail(noted)
		w.tellFate(t, failure, FateEndsRun)
		return
	}
	w.reader.mu.Lock()
	l.errands++
	w.reader.mu.Unlock()
	w.wg.Go(func() { w.bury(l, t, j, failure) })
}

// failure is what a job has failed with.
func (l *lane) failure(j job) *MessageError {
	m := &MessageError{Record: j.Record, Err: j.err, Attempts: l.attempts}
	m.receipt.decided = true
	var undecoded *MessageError
	if j.invalid {
		m.Attempts = 0
		if errors.As(j.err, &undecoded) {
			m.Err = undecoded.Err
		}
	}
	return m
}

func (w *runner) askOnFailure(ctx context.Context, m *MessageError) (err error) {
	defer caught(&err)
	return w.options.onFailure(ctx, m)
}

// note keeps what Run is to return if the job is not settled before its end: an error whose record may be acknowledged then.
func (w *runner) note(l *lane, j job, err error, attempts int) *MessageError {
	w.reader.mu.Lock()
	defer w.reader.mu.Unlock()
	m := &MessageError{Record: j.Record, Err: err, Attempts: attempts}
	for i := range l.running {
		if l.running[i].is(&j) {
			l.running[i].failure = m
		}
	}
	return m
}

// bury writes a dead letter, and then acknowledges the message.
func (w *runner) bury(l *lane, t *tenure, j job, m *MessageError) {
	if w.writeDeadLetter(t, l, j, m) {
		w.logBuried(j)
		w.settle(l, j.is)
		w.tellFate(t, m, FateDeadLettered)
	}
	w.proceed(l, t)
}

// tellFate tells observers what became of a message that has failed for good.
func (w *runner) tellFate(t *tenure, m *MessageError, f Fate) {
	w.reader.proxy.observers.fail(t.ctx, Failure{Group: w.reader.group, Message: m, Fate: f})
}

// writeDeadLetter writes until it is written; false when the end came first. While it can't be written, its partition stands.
func (w *runner) writeDeadLetter(t *tenure, l *lane, j job, m *MessageError) bool {
	pauses := fullJitter(firstRetry, lastRetry)
	for stalled := false; ; {
		err := w.dead.write(t.ctx, m)
		if err == nil {
			return true
		}
		_ = w.note(l, j, fmt.Errorf("%w; and its dead letter can't be written: %w", m.Err, err), m.Attempts)
		if t.ctx.Err() != nil {
			return false
		}
		if !stalled {
			stalled = true
			w.stall(j.receipt.assignment, err)
			defer w.goOn(j.receipt.assignment)
		}
		select {
		case <-time.After(pauses.NextBackOff()):
		case <-t.ctx.Done():
			return false
		case <-t.ending:
			return false
		case <-w.stopping:
			return false
		}
	}
}

// stall stops a partition whose dead letter can't be written.
func (w *runner) stall(a *assignment, cause error) {
	r := w.reader
	r.mu.Lock()
	first := a.stalls == 0
	if a.stalls++; first {
		a.stallCause, a.stalledSince = cause, time.Now()
	}
	w.schedule.stop(a.partition)
	r.mu.Unlock()
	if first {
		r.log().Error("kafka: a dead letter can't be written; its partition stands until it can", "partition", a.partition,
			"dead_letters", *w.options.deadLetter, "error", cause)
	}
}

// goOn undoes stall.
func (w *runner) goOn(a *assignment) {
	r := w.reader
	r.mu.Lock()
	a.stalls--
	last := a.stalls == 0
	if last {
		a.stallCause = nil
	}
	w.schedule.resume(a.partition)
	resume := r.goesOnLocked(a)
	r.mu.Unlock()
	if resume {
		r.resume(a)
	}
	if last {
		r.log().Info("kafka: a partition that stood for its dead letters goes on", "partition", a.partition)
	}
}
