package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commitTimeout bounds one commit, so that a hung coordinator holds up neither a revocation nor what else waits.
const commitTimeout = 10 * time.Second

// commitNow commits for the caller of Commit. Its ctx ends only his wait: a commit that is cut short may be processed after the next
// one, and take the group back.
func (r *reader) commitNow(ctx context.Context) error {
	select {
	case <-r.refusing:
		return ErrDisconnected
	default:
	}
	cl := r.conn.client.Load()
	if cl == nil {
		return nil // nothing was received, so nothing is acknowledged
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- r.commit(cl) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return r.conn.ended(ctx)
	}
}

// commit commits what is acknowledged of the assignments, one commit after another.
func (r *reader) commit(cl *kgo.Client) error {
	r.commitMu.Lock()
	defer r.commitMu.Unlock()
	ctx, cancel := r.commitContext()
	defer cancel()
	return r.commitAll(ctx, cl, nil)
}

// commitContext is what a commit that nobody waits for runs under.
func (r *reader) commitContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.loops.life, commitTimeout)
}

// commitAll commits what is acknowledged of the assignments and of those that are going. The caller holds r.commitMu.
func (r *reader) commitAll(ctx context.Context, cl *kgo.Client, going []*assignment) error {
	due := r.uncommitted(going)
	if len(due) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	offsets := make(map[int32]kgo.EpochOffset, len(due))
	for a, c := range due {
		offsets[a.partition] = kgo.EpochOffset{Epoch: c.to.epoch, Offset: c.to.offset}
	}
	var errs []error
	cl.CommitOffsetsSync(kgo.PreCommitFnContext(ctx, r.markTopic), map[string]map[int32]kgo.EpochOffset{r.topic: offsets},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			if err != nil {
				r.doubt(due)
				errs = append(errs, err)
				return
			}
			errs = append(errs, r.committed(due, resp))
		})
	return errors.Join(errs...)
}

// A pledge is how far an assignment is to be committed, and how many acknowledged messages that covers.
type pledge struct {
	to      position
	covered int
}

func (r *reader) uncommitted(going []*assignment) map[*assignment]pledge {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := make(map[*assignment]pledge)
	note := func(a *assignment) {
		if to, ok := a.uncommitted(); ok {
			due[a] = pledge{to, a.unsaved}
		}
	}
	for _, a := range r.assigned {
		note(a)
	}
	for _, a := range going {
		note(a)
	}
	return due
}

// doubt makes assignments commit again, moved or not: a commit that got no answer may still be processed, after a later one.
func (r *reader) doubt(due map[*assignment]pledge) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range due {
		a.committed = noPosition
	}
}

// committed notes the answer of the broker to a commit.
func (r *reader) committed(due map[*assignment]pledge, resp *kmsg.OffsetCommitResponse) error {
	codes := make(map[int32]int16)
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			codes[p.Partition] = p.ErrorCode
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for a, c := range due {
		if err := kerr.ErrorForCode(codes[a.partition]); err != nil {
			errs = append(errs, fmt.Errorf("partition %d: %w", a.partition, err))
			continue
		}
		a.committed = c.to
		a.unsaved -= c.covered
	}
	return errors.Join(errs...)
}

// commitPeriodically commits and logs the first failure and the recovery.
func (r *reader) commitPeriodically(cl *kgo.Client, failing bool) bool {
	err := r.commit(cl)
	switch {
	case err != nil && !failing && !errors.Is(err, context.Canceled):
		r.proxy.log.Warn("kafka: can't commit; trying again", "topic", r.topic, "group", r.group, "error", err)
	case err == nil && failing:
		r.proxy.log.Info("kafka: committing again", "topic", r.topic, "group", r.group)
	}
	return err != nil
}
