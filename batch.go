package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A BatchHandler handles messages of one partition, in their order. Nil acknowledges all of them. A *BatchError, whose Errs has an error
// or nil for each message at its index, acknowledges those with nil, and the others are handled again, as one batch; any other error
// is one for each message.
type BatchHandler[T any] func(ctx context.Context, batch []*Message[T]) error

// BatchSize sets the most messages that a RunBatch's handler gets at once. Defaults to 100.
func BatchSize(n int) RunOption {
	return func(o *runOptions) { o.batch = &n }
}

// BatchWait sets how long the first message of a batch may wait for it to be full. Defaults to 1 s.
func BatchWait(d time.Duration) RunOption {
	return func(o *runOptions) { o.patience = &d }
}

// RunBatch is Run for a handler that takes messages by the batch, as an insert of many rows does. A batch is of one partition and in its
// order, whatever the keys; Concurrency sets how many partitions are handled side by side. Messages that can't be decoded are no part of
// it and go the way of failures. All else is as in Run: retries (of what failed in a batch, before anything that comes after it),
// OnFailure and dead letters (message by message), the end, and what it returns.
func (c *Consumer[T]) RunBatch(ctx context.Context, h BatchHandler[T], opts ...RunOption) error {
	return c.runBy(ctx, h == nil, opts, (*runOptions).checkBatch, func(o runOptions) handling { return c.many(o, h) })
}

// many makes a handler of batches of T into one of jobs.
func (c *Consumer[T]) many(o runOptions, h BatchHandler[T]) handling {
	return func(ctx context.Context, jobs []job, attempt int) {
		batch := make([]*Message[T], 0, len(jobs))
		valid := make([]*job, 0, len(jobs))
		for i := range jobs {
			j := &jobs[i]
			m, err := c.decode(&j.taken)
			c.tellTaken(ctx, attempt, m, err)
			if err != nil {
				j.err, j.invalid = err, true
				continue
			}
			m.Attempt, m.receipt.decided = attempt, true
			batch, valid = append(batch, m), append(valid, j)
		}
		if len(batch) == 0 {
			return
		}
		ctx, told := c.tellHandling(ctx, attempt, true, batch...)
		err := o.callBatch(ctx, func(ctx context.Context) error { return h(ctx, batch) })
		if told != nil {
			told(err)
		}
		spread(err, valid)
	}
}

// callBatch calls a handler of batches with what a Run's handler is wrapped in.
func (o runOptions) callBatch(ctx context.Context, call func(context.Context) error) (err error) {
	defer caught(&err)
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	return call(ctx)
}

// spread gives each job of a batch its part of what the handler returned.
func spread(err error, jobs []*job) {
	var each *BatchError
	parted := errors.As(err, &each)
	if parted && len(each.Errs) != len(jobs) {
		err, parted = fmt.Errorf("the handler returned a BatchError of %d for a batch of %d messages: %w", len(each.Errs), len(jobs), err), false
	}
	for i, j := range jobs {
		if j.err = err; parted {
			j.err = each.Errs[i]
		}
	}
}

// checkBatch finds what a RunBatch can't meet, and gives it its defaults.
func (o *runOptions) checkBatch(window window) error {
	const size, wait = 100, time.Second
	o.byPartition = true
	if o.batch == nil {
		o.batch = new(min(size, window.messages))
	}
	if o.patience == nil {
		o.patience = new(wait)
	}
	var refused objections
	refused.when(*o.batch < 1, "BatchSize(%d) handles nothing: give at least 1", *o.batch)
	refused.when(*o.batch > window.messages, "BatchSize(%d) is never reached: WithMaxUnacked allows %d", *o.batch, window.messages)
	refused.when(*o.patience < 0, "BatchWait(%s) is over before it begins: give at least 0", *o.patience)
	refused.when(o.unordered, "Unordered has no meaning in RunBatch: a batch has the order of its partition")
	return refused.err()
}

// checkSingle finds what only a RunBatch has a use for.
func (o *runOptions) checkSingle(window) error {
	if o.batch != nil || o.patience != nil {
		return errors.New("BatchSize and BatchWait have no meaning in Run: use RunBatch")
	}
	o.batch, o.patience = new(1), new(time.Duration(0))
	return nil
}
