package kafka

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
)

// An admission is the send buffer's limit on records and bytes, over all producers of a proxy. It stands before franz-go's own,
// which a caller can't wait for under his own ctx without one caller's cancel failing another's record. It is safe for
// concurrent use and lets in who came first.
type admission struct {
	records *semaphore.Weighted
	bytes   *semaphore.Weighted
	most    int64 // bytes; a larger message counts as this much, so that it can pass at all
}

func newAdmission(records, bytes int) *admission {
	return &admission{
		records: semaphore.NewWeighted(int64(records)),
		bytes:   semaphore.NewWeighted(int64(bytes)),
		most:    int64(bytes),
	}
}

// admit waits for room for one record of size bytes and returns what leave must give back. It ends with ErrBufferFull when ctx
// does, and with ErrDisconnected when closing is closed.
func (a *admission) admit(ctx context.Context, size int, closing <-chan struct{}) (int64, error) {
	cost := min(int64(size), a.most)
	if a.records.TryAcquire(1) {
		if a.bytes.TryAcquire(cost) {
			return cost, nil
		}
		a.records.Release(1)
	}
	return cost, a.wait(ctx, cost, closing)
}

// wait is admit when there is no room at once.
func (a *admission) wait(ctx context.Context, cost int64, closing <-chan struct{}) error {
	either, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-closing:
			cancel(ErrDisconnected)
		case <-done:
		}
	}()
	err := a.records.Acquire(either, 1)
	if err == nil {
		if err = a.bytes.Acquire(either, cost); err != nil {
			a.records.Release(1)
		}
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil:
		return ErrDisconnected
	default:
		return fmt.Errorf("%w: no room before the context ended: %w", ErrBufferFull, ctx.Err())
	}
}

func (a *admission) leave(cost int64) {
	a.bytes.Release(cost)
	a.records.Release(1)
}
