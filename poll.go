package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// pollRecords is the most that one poll takes from the client.
const pollRecords = 500

var (
	// enough is what may wait to be taken until the poller waits, of partitions that are taken from. The client fetches no more from a
	// broker until all it has from there is polled: of small messages some thousands, which are to last for as long as a fetch takes.
	enough = window{4000, 8 << 20}
	// tooMuch is what may wait of a partition that is not taken from, until its fetching stops; it begins again at little.
	tooMuch, little = window{8000, 4 << 20}, window{2000, 1 << 20}
)

// poll takes in what the client has fetched, until ctx ends. It polls with rebalances blocked, gives the records to their
// assignments, and allows rebalances again, and never blocks in between: a result held across a lost and regained partition would
// go to the wrong assignment, and messages would be lost.
func (r *reader) poll(ctx context.Context, cl *kgo.Client) {
	var pause time.Duration
	told := make(troubles)
	recycles := onlyPool(cl)
	for r.awaitRoom(ctx) {
		fetches := cl.PollRecords(ctx, pollRecords)
		records, faults := r.takeIn(fetches)
		if recycles {
			fetches.EachRecord((*kgo.Record).Recycle)
		}
		r.inflater.polled()
		r.unpolled.polled()
		r.skip(cl, faults)
		r.pauseBlocked(cl)
		cl.AllowRebalance()
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		r.report(faults, told)
		if told.heal(fetches) { // after the faults: those of a session wait here until they are polled, and are older
			r.healed()
			r.log().Info("kafka: receiving again")
		}
		r.tellLosses()
		pause = r.rest(ctx, pause, records == 0 && len(faults) > 0)
	}
}

// rest waits after a poll that brought nothing but faults, longer each time: a topic that may not be read answers with one error
// after another, 5,000 in 3 s.
func (r *reader) rest(ctx context.Context, before time.Duration, faulty bool) time.Duration {
	if !faulty {
		return 0
	}
	pause := min(max(firstRetry, 2*before), lastRetry)
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
	return pause
}

// awaitRoom waits while enough is polled and not taken; false when ctx ends. What belongs to partitions that wait for an
// acknowledgement, or for a dead letter, does not count: they would hold up the others.
func (r *reader) awaitRoom(ctx context.Context) bool {
	for ctx.Err() == nil {
		if !r.full() {
			return true
		}
		select {
		case <-r.low:
		case <-ctx.Done():
		}
	}
	return false
}

// full reports whether enough waits to be taken, or nothing that might come could be, and asks for a token in low when that changes.
func (r *reader) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kept window
	resting := 0
	for _, a := range r.assigned {
		if a.resting() {
			resting++
			continue
		}
		kept.messages += a.waiting.messages
		kept.bytes += a.waiting.bytes
	}
	if !kept.reaches(enough) && (resting < len(r.assigned) || resting == 0) {
		return false
	}
	r.untilLow = max(1, kept.messages/2)
	return true
}

// A fetchFault is an error of one partition in a poll's result.
type fetchFault struct {
	partition int32
	err       error
}

// takeIn gives the polled records to their assignments. Records without one are of a partition that has moved away; they are the
// other member's.
func (r *reader) takeIn(fetches kgo.Fetches) (records int, faults []fetchFault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fetches.EachError(func(_ string, p int32, err error) { // first, since a truncation explains the records after it
		if errors.Is(err, errLater) {
			return
		}
		faults = append(faults, fetchFault{p, err})
		r.noteTruncation(err)
	})
	for _, f := range fetches {
		for i := range f.Topics {
			if r.isOurs(&f.Topics[i]) {
				records += r.takeInTopic(&f.Topics[i])
			}
		}
	}
	if records > 0 {
		r.wakeOne()
	}
	return records, faults
}

// isOurs reports whether what was fetched is of the topic as it is now, and not of one that was deleted and made again since the poll
// began. The caller holds r.mu.
func (r *reader) isOurs(t *kgo.FetchTopic) bool {
	var none [16]byte
	return t.Topic == r.topic && (t.TopicID == r.topicID || t.TopicID == none || r.topicID == none)
}

func (r *reader) takeInTopic(t *kgo.FetchTopic) (records int) {
	for i := range t.Partitions {
		p := &t.Partitions[i]
		a := r.assigned[p.Partition]
		if a == nil {
			continue
		}
		r.observeLocked(p.Partition, p.LogStartOffset)
		a.sawFetched(p)
		r.noteReset(a, p.Records)
		for _, rec := range p.Records {
			a.add(rec)
		}
		records += len(p.Records)
		r.ready.add(a)
	}
	return records
}

// skip moves on over batches that are larger than the limit, and queues each as a record with an error. Rebalances are blocked, so
// the partitions are still ours.
func (r *reader) skip(cl *kgo.Client, faults []fetchFault) {
	for _, f := range faults {
		var large *kgo.ErrDecompressTooLarge
		if !errors.As(f.err, &large) || large.Topic != r.topic {
			continue
		}
		r.addBroken(large)
		cl.SetOffsets(map[string]map[int32]kgo.EpochOffset{
			r.topic: {large.Partition: {Epoch: large.Epoch, Offset: large.NextOffset}},
		})
	}
}

func (r *reader) addBroken(large *kgo.ErrDecompressTooLarge) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.assigned[large.Partition]
	if a == nil {
		return
	}
	first := max(large.Offset, a.polled) // the group may have passed the batch's beginning
	rec := &kgo.Record{Topic: large.Topic, Partition: large.Partition, Offset: first, LeaderEpoch: large.Epoch}
	a.addBroken(rec, large.NextOffset-1, fmt.Errorf("the batch of offsets %d to %d decompresses to more than the %d bytes that"+
		" consumer.max_decompressed_bytes allows; it was skipped: %w",
		first, large.NextOffset-1, r.proxy.cfg.Consumer.MaxDecompressedBytes, large))
	r.ready.add(a)
	r.wakeOne()
}

// pauseBlocked stops fetching for partitions that wait for an acknowledgement, or for a dead letter, and have a good deal waiting. Only
// those, and not at once: a pause drops what the client has fetched, so pausing whatever is slow would fetch everything several times.
func (r *reader) pauseBlocked(cl *kgo.Client) {
	r.pauseMu.Lock()
	defer r.pauseMu.Unlock()
	var blocked []int32
	r.mu.Lock()
	for p, a := range r.assigned {
		if a.resting() && !a.paused && a.waiting.reaches(tooMuch) {
			a.paused = true
			blocked = append(blocked, p)
		}
	}
	r.mu.Unlock()
	if len(blocked) > 0 {
		cl.PauseFetchPartitions(map[string][]int32{r.topic: blocked})
	}
}

// resume undoes pauseBlocked for a partition that goes on, once little of it waits.
func (r *reader) resume(a *assignment) {
	r.pauseMu.Lock()
	defer r.pauseMu.Unlock()
	r.mu.Lock()
	due, cl := a.paused && a.mayFetch(), r.member
	if due {
		a.paused = false
	}
	r.mu.Unlock()
	if due {
		cl.ResumeFetchPartitions(map[string][]int32{r.topic: {a.partition}})
	}
}

// report tells Retrieve of the faults that are the caller's to know, and logs all, once until records come again. Losing a broker, or
// the group, is none of his: the client tries again and joins again, and a context that ends carries the cause.
func (r *reader) report(faults []fetchFault, told troubles) {
	for _, f := range faults {
		var loss *kgo.ErrDataLoss
		var large *kgo.ErrDecompressTooLarge
		switch {
		case errors.As(f.err, &large), errors.As(f.err, &loss): // told by now
		case errors.Is(f.err, kerr.UnknownTopicOrPartition), errors.Is(f.err, kerr.UnknownTopicID):
			// The watch over the topic tells, once it stayed so.
		case !heals(f.err):
			err := r.refusedFetch(f)
			r.tell(err)
			if told.first(f.partition) {
				r.log().Error("kafka: can't receive", "error", err)
			}
		default:
			err := r.proxy.access.redact(f.err)
			r.noteUnhealed(err)
			if told.first(f.partition) {
				r.log().Warn("kafka: can't receive; trying again", "error", err)
			}
		}
	}
}

// heals reports whether the client overcomes a fault by itself. All that ends a membership is such a fault, but for what only a
// person can mend: a member whose session has expired joins again.
func heals(err error) bool {
	var session *kgo.ErrGroupSession
	if errors.As(err, &session) {
		return !lasts(err)
	}
	return Temporary(err)
}

// noteTruncation tells that the log of a partition ends before what was read of it, after an unclean election. The caller holds r.mu.
func (r *reader) noteTruncation(err error) {
	var loss *kgo.ErrDataLoss
	if !errors.As(err, &loss) || loss.Topic != r.topic {
		return
	}
	if a := r.assigned[loss.Partition]; a != nil {
		a.goBack(loss.ResetTo)
		if a.cut == *loss {
			return // the client tells it again where it had to ask again; the epoch in it says that it is the same
		}
		a.cut = *loss
	}
	r.tellLossLocked(Loss{Kind: LossTruncation, Partition: loss.Partition, Messages: unknown,
		Err: fmt.Errorf("%w: the log of partition %d was truncated: %w", ErrDataLoss, loss.Partition, loss)})
}

// noteReset tells where the client had to begin at the log start because the log does not reach to the group's offset, which it does
// in silence. The caller holds r.mu.
func (r *reader) noteReset(a *assignment, recs []*kgo.Record) {
	if len(recs) == 0 || recs[0].Offset >= a.polled {
		return
	}
	r.tellLossLocked(Loss{Kind: LossTruncation, Partition: a.partition, Messages: unknown, Err: fmt.Errorf(
		"%w: partition %d ends before offset %d, where %s was to go on; going on at its start, offset %d",
		ErrDataLoss, a.partition, a.polled, r.who(), recs[0].Offset)})
	a.goBack(recs[0].Offset)
}

func (r *reader) refusedFetch(f fetchFault) error {
	var denied *AccessError
	err := r.forbidden(f.err, f.partition >= 0)
	if errors.As(err, &denied) || f.partition < 0 {
		return err
	}
	return fmt.Errorf("partition %d: %w", f.partition, err)
}

// forbidden says who may not read what, and how that is changed; seen says that the topic surely exists.
func (r *reader) forbidden(err error, seen bool) error {
	return r.proxy.access.forbidden(err, need{operation: "Read", topic: r.topic, group: r.group, seen: seen})
}
