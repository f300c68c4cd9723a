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

// WithCommitInterval sets how often acknowledged offsets are committed, instead of consumer.commit_interval: longer means fewer requests
// and more that is delivered again after a crash.
func WithCommitInterval(d time.Duration) ConsumerOption {
	return func(o *consumerOptions) { o.commitEvery = &d }
}

// WithSyncCommit commits each acknowledgement before going on, as far as the order of delivery allows (commitSync after each message in
// Java): a crash delivers again only what was in hand. Retrieve hands out the next message once its acknowledgement of the one before
// is committed; a Run handles the next message of a key, or without keys of a partition, once that of the one before is; Ack returns
// once it is, so that it blocks, 10 s at most. A coordinator that is away is waited for; Ack returns its error, and the offset is
// committed by a later one or at the next commit interval. It costs a round trip for each message: without it a consumer is 100 times
// as fast.
func WithSyncCommit() ConsumerOption {
	return func(o *consumerOptions) { o.syncCommit = true }
}

func (o consumerOptions) checkCommits() error {
	if o.commitEvery != nil && *o.commitEvery <= 0 {
		return fmt.Errorf("WithCommitInterval(%s) never commits: give a positive time, or WithSyncCommit to commit at once", *o.commitEvery)
	}
	return nil
}

func (r *reader) commitInterval() time.Duration {
	if r.options.commitEvery != nil {
		return *r.options.commitEvery
	}
	return r.proxy.cfg.Consumer.CommitInterval
}

// commitThrough is what WithSyncCommit does between two messages: it commits what is acknowledged, again and again while waiting may
// help, until that is done or its partition has moved away, ctx ends, or quit is closed.
func (r *reader) commitThrough(ctx context.Context, quit <-chan struct{}) error {
	pauses := fullJitter(firstRetry, lastRetry)
	for {
		err := r.commitNow(ctx)
		if err == nil || ctx.Err() != nil || lasts(err) || errors.Is(err, ErrDisconnected) {
			return err
		}
		select {
		case <-time.After(pauses.NextBackOff()):
		case <-quit:
			return err
		case <-ctx.Done():
			return r.conn.ended(ctx)
		}
	}
}

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
	round := r.nextRound(cl)
	select {
	case <-round.done:
		return round.err
	case <-ctx.Done():
		return r.conn.ended(ctx)
	}
}

// A commitRound is one commit that all wait for who came before it began, so that many callers make no queue of commits.
type commitRound struct {
	done chan struct{}
	err  error // set when done is closed
}

// nextRound returns the round that is to begin next.
func (r *reader) nextRound(cl *kgo.Client) *commitRound {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.round == nil {
		round := &commitRound{done: make(chan struct{})}
		r.round = round
		go func() {
			defer close(round.done)
			round.err = r.commit(cl)
		}()
	}
	return r.round
}

// closeRound lets who comes from now on wait for another round.
func (r *reader) closeRound() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.round = nil
}

// acknowledgeNow acknowledges for the caller of Ack and, WithSyncCommit, waits until that is committed.
func (r *reader) acknowledgeNow(rc receipt) error {
	if err := r.acknowledge(rc); err != nil || !r.options.syncCommit {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	if err := r.commitNow(ctx); err != nil {
		return fmt.Errorf("kafka: the message is acknowledged, and its commit is tried again: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := rc.assignment; a.gone && a.mark.offset > a.saved {
		return ErrNotOwned
	}
	return nil
}

// commit commits what is acknowledged of the assignments, one commit after another.
func (r *reader) commit(cl *kgo.Client) error {
	r.commitMu.Lock()
	defer r.commitMu.Unlock()
	r.closeRound()
	ctx, cancel := r.commitContext()
	defer cancel()
	err := r.commitAll(ctx, cl, nil)
	if err != nil {
		r.note(err)
	}
	return err
}

// commitContext is what a commit that nobody waits for runs under.
func (r *reader) commitContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.loops.life, commitTimeout)
}

// commitAll commits what is acknowledged of the assignments and of those that are going. The caller holds r.commitMu.
func (r *reader) commitAll(ctx context.Context, cl *kgo.Client, going []*assignment) error {
	if r.options.direct {
		return nil
	}
	due := r.uncommitted(going)
	if len(due) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	began := time.Now()
	err := r.request(ctx, cl, due)
	r.tellCommit(ctx, began, due, err)
	return err
}

// request asks the broker for a commit.
func (r *reader) request(ctx context.Context, cl *kgo.Client, due map[*assignment]pledge) error {
	offsets := make(map[int32]kgo.EpochOffset, len(due))
	for a, c := range due {
		offsets[a.partition] = kgo.EpochOffset{Epoch: c.to.epoch, Offset: c.to.offset}
	}
	var errs []error
	sign := func(req *kmsg.OffsetCommitRequest) error { return r.sign(req, due) }
	cl.CommitOffsetsSync(kgo.PreCommitFnContext(ctx, sign), map[string]map[int32]kgo.EpochOffset{r.topic: offsets},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			if err != nil {
				r.doubt(due)
				errs = append(errs, r.proxy.access.redact(err))
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
			errs = append(errs, fmt.Errorf("partition %d: %w", a.partition, r.forbidden(err, true)))
			continue
		}
		a.committed, a.saved = c.to, c.to.offset
		a.unsaved -= c.covered
	}
	return errors.Join(errs...)
}

// commitPeriodically commits and logs the first failure and the recovery.
func (r *reader) commitPeriodically(cl *kgo.Client, failing bool) bool {
	err := r.commit(cl)
	switch {
	case errors.Is(err, context.Canceled): // our own end
		return failing
	case err != nil && !failing:
		r.log().Warn("kafka: can't commit; trying again", "error", err)
	case err == nil && failing:
		r.log().Info("kafka: committing again")
	}
	return err != nil
}
