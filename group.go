package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// open joins the group with a client of its own. A group client dials, joins and fetches as soon as it is made, so everything that
// has to be known before is asked for with another one first.
func (r *reader) open(ctx, base context.Context, f *faults) (*kgo.Client, error) {
	scout, err := r.proxy.dial(ctx, base, f)
	if err != nil {
		return nil, err
	}
	err = r.prepare(ctx, scout)
	scout.Close()
	if err != nil {
		return nil, r.forbidden(err, false)
	}
	seeds := r.proxy.newSeeds()
	looping := r.loops.prepare(base) // first: group callbacks may run before NewClient returns
	opts := append(r.proxy.opts[:len(r.proxy.opts):len(r.proxy.opts)], kgo.WithContext(base),
		kgo.WithHooks(f, seeds, &r.unpolled), seeds.only())
	opts = append(opts, r.fetching()...)
	if r.options.direct {
		opts = append(opts, r.directly()...)
	} else {
		opts = append(append(opts, r.grouped()...), r.membership()...)
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	seeds.of(cl)
	if r.options.direct {
		r.beginDirectly(cl)
	}
	r.loops.start(looping,
		func(ctx context.Context) { r.poll(ctx, cl) },
		func(ctx context.Context) { r.tend(ctx, cl) },
		func(ctx context.Context) { r.survey(ctx, cl) })
	return cl, nil
}

// fetching are the client's options for what every consumer does.
func (r *reader) fetching() []kgo.Opt {
	c := r.proxy.cfg.Consumer
	start := kgo.NewOffset().AtStart()
	return []kgo.Opt{
		// Both, since franz-go couples them where one is unset. prepare has seen to another start.
		kgo.ConsumeStartOffset(start), kgo.ConsumeResetOffset(start),
		kgo.FetchIsolationLevel(c.isolation()),
		kgo.FetchMaxWait(fetchWait),
		kgo.KeepControlRecords(), // to be passed: a commit that stops before them leaves a lag for ever
		kgo.MaxDecompressBatchBytes(c.MaxDecompressedBytes), kgo.WithDecompressor(r.inflater),
		kgo.WithPools(r.pool), kgo.FetchMaxBytes(fetchBytes), kgo.BrokerMaxReadBytes(c.largestAnswer()),
		kgo.MetadataMaxAge(metadataAge), kgo.MetadataMinAge(metadataMinAge),
	}
}

// grouped are the client's options for the members of all groups.
func (r *reader) grouped() []kgo.Opt {
	c := r.proxy.cfg.Consumer
	return []kgo.Opt{
		kgo.ConsumeTopics(r.topic),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(r.onAssigned), kgo.OnPartitionsRevoked(r.onRevoked), kgo.OnPartitionsLost(r.onLost),
		kgo.AdjustFetchOffsetsFn(r.adjust),
		kgo.SessionTimeout(c.SessionTimeout), kgo.HeartbeatInterval(heartbeat(c.SessionTimeout)),
		kgo.RebalanceTimeout(c.RebalanceTimeout),
	}
}

// adviceTimeout bounds the questions beside the group's offsets, so that a slow broker does not hold up fetching.
const adviceTimeout = 5 * time.Second

// fetchWait is how long a broker may wait for messages before it answers a fetch. A partition that goes on after a pause is not in the
// fetch under way, so it waits as long: 5 s at franz-go's default. This is the Java client's.
const fetchWait = 500 * time.Millisecond

// heartbeat is how often a member shows that it lives: the usual 3 s, and at least three times a session.
func heartbeat(session time.Duration) time.Duration { return min(3*time.Second, session/3) }

// onAssigned begins the tracking of the partitions that are ours now. It runs before they are fetched.
func (r *reader) onAssigned(_ context.Context, cl *kgo.Client, parts map[string][]int32) {
	mine := parts[r.topic]
	if r.begin(cl, mine) {
		r.log().Info("kafka: joined the group")
	}
	if len(mine) > 0 {
		r.log().Info("kafka: partitions assigned", "partitions", mine)
		r.tellRebalance(RebalanceAssigned, mine)
	}
}

// begin begins the tracking of partitions, and reports whether the reader was in no group before.
func (r *reader) begin(cl *kgo.Client, mine []int32) (joins bool) {
	r.pauseMu.Lock()
	defer r.pauseMu.Unlock()
	member, _ := cl.GroupMetadata()
	r.mu.Lock()
	joins = !r.joined
	r.member, r.joined = cl, true
	var hold, resume []int32
	for _, p := range mine {
		if old := r.assigned[p]; old != nil {
			r.endLocked(old) // what is left of it must not be acknowledged into nothing
		}
		a := newAssignment(r, p, r.options.window)
		a.member = member
		r.assigned[p] = a
		if a.suspended = r.pauses.has(p); a.suspended {
			a.paused = true
			hold = append(hold, p)
		} else {
			resume = append(resume, p) // a pause outlives the assignment that it was for
		}
	}
	r.signalLow()
	r.mu.Unlock()
	r.fetchOnly(cl, hold, resume)
	post(r.surveyNow)
	return joins
}

// onRevoked commits what is acknowledged of the partitions that move away, in order: a Run's handlers end, no acknowledgement after this
// point, then the commit, then the other member.
func (r *reader) onRevoked(_ context.Context, cl *kgo.Client, parts map[string][]int32) {
	r.release(parts[r.topic])
	r.commitMu.Lock()
	defer r.commitMu.Unlock()
	gone := r.disown(parts[r.topic])
	ctx, cancel := r.commitContext()
	defer cancel()
	if err := r.commitAll(ctx, cl, gone); err != nil {
		r.log().Warn("kafka: can't commit what was acknowledged of revoked partitions; it is delivered again", "error", err)
	}
	if len(parts[r.topic]) > 0 { // the client also calls at the end of each session
		r.log().Info("kafka: partitions revoked", "partitions", parts[r.topic])
		r.tellRebalance(RebalanceRevoked, parts[r.topic])
	}
}

// release lets a Run end what it has under way of partitions that move away.
func (r *reader) release(parts []int32) {
	r.mu.Lock()
	w := r.runner
	var leaving []*assignment
	for _, p := range parts {
		if a := r.assigned[p]; a != nil {
			leaving = append(leaving, a)
		}
	}
	r.mu.Unlock()
	if w != nil {
		w.release(leaving)
	}
}

// onLost ends the tracking of partitions that another member may have already. It waits for a commit under way: sent after a
// rejoin, that one would count as the new membership's.
func (r *reader) onLost(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
	r.commitMu.Lock()
	defer r.commitMu.Unlock()
	r.disown(parts[r.topic])
	r.mu.Lock()
	was := r.joined
	r.joined = false
	r.mu.Unlock()
	switch {
	case len(parts[r.topic]) > 0:
		r.log().Warn("kafka: partitions lost: the group gave them away; what is not committed is delivered again",
			"partitions", parts[r.topic])
		r.tellRebalance(RebalanceLost, parts[r.topic])
	case was: // the client calls with each try to join that fails
		r.log().Warn("kafka: the membership in the group ended; joining again")
	}
}

// disown ends assignments: from here on they take no acknowledgement.
func (r *reader) disown(parts []int32) (gone []*assignment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range parts {
		if a := r.assigned[p]; a != nil {
			r.endLocked(a)
			gone = append(gone, a)
		}
	}
	return gone
}

// endLocked ends one assignment. The poller may wait for what it has polled of it to be taken, and a waiter for what it blocks. The
// caller holds r.mu.
func (r *reader) endLocked(a *assignment) {
	a.gone = true
	delete(r.assigned, a.partition)
	if r.runner != nil {
		r.runner.lost(a)
	}
	r.signalLow()
	r.wakeOne()
}

// adjust looks at the offsets that the group has committed before fetching begins there: it sets where each assignment begins, tells
// of what retention has taken, and goes to the start where the commit is of a topic that was deleted and made again. The assignments
// can't change meanwhile: franz-go ends this before it calls back about them.
func (r *reader) adjust(ctx context.Context, fetched map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	r.mu.Lock()
	cl, mine := kadm.NewClient(r.member), fetched[r.topic]
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, adviceTimeout)
	defer cancel()
	stale := r.staleCommits(ctx, cl)
	starts, _ := cl.ListStartOffsets(ctx, r.topic) // where it fails, the first fetch shows the log start
	defer post(r.surveyNow)                        // where each begins is known
	defer r.tellLosses()
	r.mu.Lock()
	defer r.mu.Unlock()
	for p, o := range mine {
		a := r.assigned[p]
		if a == nil {
			continue
		}
		start, known := starts.Lookup(r.topic, p)
		known = known && start.Err == nil
		begin, begins := r.begins[p]
		switch at := o.EpochOffset(); {
		case stale[p]:
			mine[p] = kgo.NewOffset().AtStart()
			r.tellLossLocked(r.recreated())
			if known {
				a.restart(start.Offset)
			}
		case at.Offset >= 0:
			a.resume(position{at.Offset, at.Epoch})
		case begins:
			mine[p] = kgo.NewOffset().At(begin)
			a.restart(begin) // and the next commit commits it, with nothing received too
		case known:
			// Where it begins anyway, but said: franz-go passes over nothing in a partition that has neither a commit nor a message yet, so
			// one whose first batch is too large would stand still for ever (v1.22.2, groupConsumer.applySetOffsets).
			mine[p] = kgo.NewOffset().At(start.Offset)
		}
		if known {
			r.observeLocked(p, start.Offset)
		}
	}
	return fetched, nil
}

// observeLocked tells of messages that are gone unread, given a partition's log start. The caller holds r.mu.
func (r *reader) observeLocked(partition int32, logStart int64) {
	a := r.assigned[partition]
	if a == nil {
		return
	}
	a.log.start = logStart
	if from, to, lost := a.observe(logStart); lost {
		r.tellLossLocked(Loss{Kind: LossRetention, Partition: partition, Messages: to - from, Err: fmt.Errorf(
			"%w: offsets %d to %d of partition %d were deleted before %s had read them (retention, or DeleteRecords); going on at %d",
			ErrDataLoss, from, to-1, partition, r.who(), to)})
	}
}

// who reads, in the text of an error.
func (r *reader) who() string {
	if r.options.direct {
		return "this consumer"
	}
	return fmt.Sprintf("group %q", r.group)
}

// tend commits at every interval and watches the topic.
func (r *reader) tend(ctx context.Context, cl *kgo.Client) {
	commit, watch := time.NewTicker(r.commitInterval()), time.NewTicker(topicWatch)
	defer commit.Stop()
	defer watch.Stop()
	var failing bool
	for {
		select {
		case <-ctx.Done():
			return
		case <-commit.C:
			r.checkMembership(cl)
			failing = r.commitPeriodically(cl, failing)
		case <-watch.C:
			r.checkMembership(cl)
			r.watch(ctx, cl)
		}
	}
}

// Disconnect refuses new calls, commits what is acknowledged, leaves the group and closes the client.
// In a handler of its own Run it only begins, since it waits for that handler: the Run ends it.
func (r *reader) Disconnect(ctx context.Context) error {
	if w := runnerOf(ctx); w != nil && w.reader == r {
		w.finally(ctx, func(ctx context.Context) error { return r.closing.run(ctx, r.end) })
		return nil
	}
	return r.closing.run(ctx, r.end)
}

func (r *reader) end(ctx context.Context) error {
	r.mu.Lock()
	r.refused = true
	close(r.refusing)
	w := r.runner
	r.mu.Unlock()
	if w != nil {
		w.drained(ctx)
	}
	r.conn.refuse()
	var err error
	if cl, stop := r.conn.take(); cl != nil {
		err = r.leave(ctx, cl, stop)
	}
	r.proxy.release(ctx, r)
	r.showing.end()
	return err
}

// abandon closes a client that was opened too late for anybody to use.
func (r *reader) abandon(cl *kgo.Client, stop context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	_ = r.leave(ctx, cl, stop)
}

// leave ends the loops, commits, leaves the group and closes the client. When ctx ends it only leaves, which takes no longer than
// lastWords.
func (r *reader) leave(ctx context.Context, cl *kgo.Client, stop context.CancelFunc) error {
	last, cancel := outlive(ctx, lastWords)
	defer cancel()
	r.loops.end(ctx, last)
	mine := r.assignments()
	r.commitMu.Lock()
	err := r.commitAll(ctx, cl, nil)
	r.commitMu.Unlock()
	leaveErr := r.proxy.access.redact(cl.LeaveGroupContext(last))
	r.logLeft(leaveErr)
	closeWithin(last, cl, stop)
	if left := r.unsaved(mine); left > 0 && !r.options.direct {
		return r.leftBehind(left, errors.Join(err, leaveErr))
	}
	return nil
}

// logLeft tells that the group was left. A static member stays in it until its session ends.
func (r *reader) logLeft(err error) {
	r.mu.Lock()
	joined := r.joined
	r.mu.Unlock()
	switch {
	case !joined || r.options.direct:
	case err != nil:
		r.log().Warn("kafka: can't leave the group; it waits for the session timeout before it gives the partitions away", "error", err)
	case r.options.instanceID != nil:
		r.log().Info("kafka: the group keeps the partitions for this static member until its session ends")
	default:
		r.log().Info("kafka: left the group")
	}
}

// leftBehind is the error of a Disconnect that could not commit everything that is acknowledged.
func (r *reader) leftBehind(n int, cause error) error {
	if cause == nil {
		cause = errors.New("each comes after one that is not acknowledged, and offsets are committed in order")
	}
	return fmt.Errorf("kafka: disconnect the consumer of %q: %d acknowledged messages are not committed and will be delivered"+
		" again: %w", r.topic, n, cause)
}

func (r *reader) assignments() []*assignment {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.assigned))
}

// unsaved counts what is acknowledged and not committed, and ends the assignments.
func (r *reader) unsaved(all []*assignment) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range all {
		a.gone = true
		n += a.acknowledged()
	}
	clear(r.assigned)
	return n
}

// A loops runs the goroutines of an open reader and ends them.
type loops struct {
	wg   sync.WaitGroup
	stop context.CancelFunc // of the loops
	life context.Context    // what commits run under: a commit is never cut short but by the end of a Disconnect's ctx, since
	kill context.CancelFunc // the broker may process one that was cut after the next one
}

// prepare returns the context that the loops are to run under.
func (l *loops) prepare(base context.Context) (looping context.Context) {
	l.life, l.kill = context.WithCancel(context.Background())
	looping, l.stop = context.WithCancel(base)
	return looping
}

func (l *loops) start(looping context.Context, all ...func(context.Context)) {
	for _, loop := range all {
		l.wg.Go(func() { loop(looping) })
	}
}

// end stops the loops and waits for them, at most until last ends: one may be inside a call of the client that takes no context. What
// else runs for the reader is bounded by ctx from here on.
func (l *loops) end(ctx, last context.Context) {
	context.AfterFunc(ctx, l.kill)
	l.stop()
	select {
	case <-background(l.wg.Wait):
	case <-last.Done():
	}
}

// outlive returns a context that ends d after ctx.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(d, cancel)
		context.AfterFunc(own, func() { timer.Stop() })
	})
	return own, func() { stop(); cancel() }
}
