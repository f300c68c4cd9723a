package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Handler handles one message. What it returns decides: nil acknowledges the message, an error is retried and then goes the way
// of failures. It must be safe for concurrent use where Concurrency is more than 1.
type Handler[T any] func(ctx context.Context, m *Message[T]) error

// A RunOption sets how one Run handles.
type RunOption func(*runOptions)

type runOptions struct {
	concurrency int
	unordered   bool
	retry       RetryPolicy
	timeout     time.Duration
	onFailure   func(context.Context, *MessageError) error
	deadLetter  *string
	stopOnLoss  bool
	byPartition bool
	batch       *int           // the most messages that run at once in one lane
	patience    *time.Duration // how long a batch may wait to be full
}

// Concurrency sets how many messages are handled side by side. Defaults to 1. Messages with one key are handled one after another, in
// order; those of different keys side by side, also within a partition; those without a key in the order of their partition, unless
// Unordered.
func Concurrency(n int) RunOption {
	return func(o *runOptions) { o.concurrency = n }
}

// Unordered handles messages without a key side by side. Those with a key keep their order.
func Unordered() RunOption {
	return func(o *runOptions) { o.unordered = true }
}

// A RetryPolicy says how often and when a failed message is handled again. The pause before the n-th retry is random between 0 and
// Backoff·2ⁿ⁻¹, and never more than MaxBackoff ("full jitter"). While a message waits, others of its key wait behind it, and all
// else goes on.
type RetryPolicy struct {
	Attempts   int           // how often a message is handled in all, at least 1
	Backoff    time.Duration // bounds the first pause. Defaults to 200 ms
	MaxBackoff time.Duration // bounds every pause. Defaults to 10 s
}

// Retry sets the retry policy. Defaults to five attempts. Errors marked by Permanent are not retried, and neither are messages that
// can't be decoded.
func Retry(p RetryPolicy) RunOption {
	return func(o *runOptions) { o.retry = p }
}

// HandlerTimeout bounds each call of the handler: its context ends after d. Defaults to no bound.
func HandlerTimeout(d time.Duration) RunOption {
	return func(o *runOptions) { o.timeout = d }
}

// OnFailure sets what is called with a message that has failed for good, before its dead letter: a handler's last error, or a message
// that can't be decoded. Nil settles the message, as if it had been handled: it was skipped, parked elsewhere, or brought to a
// newer version. An error sends it on to the dead letters, with that error.
func OnFailure(f func(ctx context.Context, m *MessageError) error) RunOption {
	return func(o *runOptions) { o.onFailure = f }
}

// DeadLetter sets the topic, or the alias of an entry in Config.Topics, that failed messages are written to: with their original
// bytes, key, timestamp and headers, and headers that say where they come from and why. A message is acknowledged only after that is
// written by all in-sync replicas. Where it can't be written, its partition stops and goes on by itself once it can. It may be written
// twice, never not at all. ParseDeadLetter reads it, a Redriver sends it again.
//
// A topic deletes by the time of its messages, and dead letters keep theirs: give their topic a retention.ms that outlasts the one of the
// topic they come from, and a max.message.bytes that is not below.
//
// Without DeadLetter a message that has failed for good, and that OnFailure did not settle, ends the Run.
func DeadLetter(topic string) RunOption {
	return func(o *runOptions) { o.deadLetter = &topic }
}

// StopOnLoss ends the Run where messages are gone unread (ErrDataLoss) or the topic was made again (ErrTopicRecreated). By default it is
// logged and the Run goes on with what is there. Another Run goes on there, too.
func StopOnLoss() RunOption {
	return func(o *runOptions) { o.stopOnLoss = true }
}

// Run receives messages and calls h with each, until ctx ends, Disconnect is called, or a fault ends it. It blocks all the while. One
// Run at a time, and no Retrieve beside it; what Retrieve handed out before and was not acknowledged comes again.
//
// Delivery is at least once. A message is acknowledged when h has returned nil, when OnFailure has, or when its dead letter is
// written, and never before. A handler's error is retried (Retry), goes to OnFailure, then to the dead letters (DeadLetter); with neither
// of the two Run ends with the *MessageError, and the message is delivered again. A message that can't be decoded goes the same way
// without a retry. A panic of h is an error like any other, a *PanicError.
//
// The context that h gets has the values of ctx but does not end with it: when ctx ends, no new message is handled, and those that are
// being handled may go on for the drain timeout (WithDrainTimeout). Then their contexts are cancelled. So too where a partition moves to
// another member. What h returns under a context that was cancelled so is no failure: the message is delivered again.
//
// Run returns nil if ctx or Disconnect ended it, and all that it had begun is settled and committed; else an error that says what is
// not, a *MessageError among it where a message had failed. Faults of the first connection are returned at once. After that Run waits
// for whatever may heal, and ends for what only a person can mend: authentication, permissions, certificates.
func (c *Consumer[T]) Run(ctx context.Context, h Handler[T], opts ...RunOption) error {
	return c.runBy(ctx, h == nil, opts, (*runOptions).checkSingle, func(o runOptions) handling {
		return c.one(Chain(h, recovered, timeout[T](o.timeout)))
	})
}

// runBy is a Run of either kind: check is of its own options, and handle makes its handler into one of jobs.
func (c *Consumer[T]) runBy(ctx context.Context, noHandler bool, opts []RunOption, check func(*runOptions, window) error,
	handle func(runOptions) handling,
) error {
	if err := c.made(); err != nil {
		return err
	}
	o, err := c.runOptions(opts, check)
	if noHandler {
		err = errors.Join(errNilHandler, err)
	}
	if err == nil {
		err = c.reader.run(ctx, o, handle(o))
	}
	if err != nil {
		return fmt.Errorf("kafka: run on %q: %w", c.reader.topic, err)
	}
	return nil
}

var errNilHandler = errors.New("the handler is nil: give a function that handles messages")

// one makes a handler of T into one of single jobs.
func (c *Consumer[T]) one(h Handler[T]) handling {
	return func(ctx context.Context, jobs []job, attempt int) {
		j := &jobs[0]
		m, err := c.decode(&j.taken)
		c.tellTaken(ctx, attempt, m, err)
		if err != nil {
			j.err, j.invalid = err, true
			return
		}
		m.Attempt, m.receipt.decided = attempt, true
		ctx, told := c.tellHandling(ctx, attempt, false, m)
		j.err = h(ctx, m)
		if told != nil {
			told(j.err)
		}
	}
}

// runOptions applies options and checks them, those of one kind of Run by kind.
func (c *Consumer[T]) runOptions(opts []RunOption, kind func(*runOptions, window) error) (runOptions, error) {
	o := runOptions{concurrency: 1, retry: RetryPolicy{Attempts: 5}}
	apply(&o, opts)
	err := errors.Join(o.check(), kind(&o, c.reader.options.window))
	if c.reader.options.manualAck {
		err = errors.Join(err, errors.New("the consumer has ManualAck, but in a Run the handler's result acknowledges: leave ManualAck out"))
	}
	return o, errors.Join(err, c.resolveDeadLetter(&o))
}

// check finds what can't be met, and gives zero fields their defaults.
func (o *runOptions) check() error {
	const firstBackoff, mostBackoff = 200 * time.Millisecond, 10 * time.Second
	var refused objections
	p := &o.retry
	refused.when(o.concurrency < 1, "Concurrency(%d) handles nothing: give at least 1", o.concurrency)
	refused.when(p.Attempts < 1, "a RetryPolicy with %d Attempts never calls the handler: give at least 1", p.Attempts)
	refused.when(p.Backoff < 0 || p.MaxBackoff < 0, "a RetryPolicy can't wait %s to %s: give positive times", p.Backoff, p.MaxBackoff)
	refused.when(o.timeout < 0, "HandlerTimeout(%s) is over before it begins: give a positive time", o.timeout)
	if p.Backoff == 0 {
		p.Backoff = firstBackoff
	}
	if p.MaxBackoff == 0 {
		p.MaxBackoff = max(mostBackoff, p.Backoff)
	}
	refused.when(p.MaxBackoff < p.Backoff, "a RetryPolicy's MaxBackoff %s is below its Backoff %s", p.MaxBackoff, p.Backoff)
	return refused.err()
}

// resolveDeadLetter turns an alias into the topic's name.
func (c *Consumer[T]) resolveDeadLetter(o *runOptions) error {
	if o.deadLetter == nil {
		return nil
	}
	entry, err := c.reader.proxy.cfg.topic(*o.deadLetter)
	if err != nil {
		return fmt.Errorf("the dead letters' topic: %w", err)
	}
	name := topicName(entry)
	if name == c.reader.topic {
		return fmt.Errorf("DeadLetter(%q) is the topic that is consumed, so each dead letter would come again: give another one", *o.deadLetter)
	}
	o.deadLetter = &name
	return nil
}
