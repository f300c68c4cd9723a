package kafka

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// topicPatience is how long a topic may be missing before that is told: right after its creation real brokers don't know it.
	topicPatience = 2 * time.Second
	// topicWatch is how often an open reader looks whether its topic is still there and still the same. franz-go says nothing
	// where it is not.
	topicWatch = 2 * time.Second
	askAgain   = 100 * time.Millisecond // between questions whose answer needs a moment
)

// prepare makes sure, before the group is joined, that the topic exists and that the group has a start.
func (r *reader) prepare(ctx context.Context, cl *kgo.Client) error {
	id, err := r.awaitTopic(ctx, cl)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.topicID = id
	r.mu.Unlock()
	switch {
	case r.options.direct:
		return r.findStarts(ctx, kadm.NewClient(cl))
	case r.options.serverSide:
		if err := r.needServerSide(ctx, cl); err != nil {
			return err
		}
	}
	if r.options.start == Earliest {
		return nil
	}
	return r.commitStart(ctx, kadm.NewClient(cl))
}

// awaitTopic returns the topic's id, or ErrUnknownTopic after it stayed missing.
func (r *reader) awaitTopic(ctx context.Context, cl *kgo.Client) ([16]byte, error) {
	patience := time.Now().Add(topicPatience)
	for {
		id, err := topicID(ctx, cl, r.topic)
		switch {
		case !errors.Is(err, kerr.UnknownTopicOrPartition):
			return id, err
		case time.Now().After(patience):
			return id, offerTopic(ctx, cl, r.topic, unknownTopic(r.topic, err))
		}
		if err := sleep(ctx); err != nil {
			return id, err
		}
	}
}

// sleep waits for a moment, or until ctx ends.
func sleep(ctx context.Context) error {
	select {
	case <-time.After(askAgain):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// topicID asks the cluster for the id of a topic (KIP-516), past the client's cache.
func topicID(ctx context.Context, cl *kgo.Client, topic string) (id [16]byte, err error) {
	req := kmsg.NewPtrMetadataRequest()
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = kmsg.StringPtr(topic)
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return id, err
	}
	if len(resp.Topics) != 1 {
		return id, fmt.Errorf("the broker answered about %d topics instead of one", len(resp.Topics))
	}
	return resp.Topics[0].TopicID, kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// commitStart gives a group that has committed nothing on the topic its start, once, for all partitions and before anybody joins:
// a start that each member looked up for itself would lose what is written between two members, or into a partition that is added.
//
// The broker takes a commit without a member id only while the group is empty (UNKNOWN_MEMBER_ID otherwise). Then somebody else was
// faster, and his start holds; or the members read other topics, and the start is committed as a member, right after joining.
//
// The start is looked up before the question whether there is one: looked up after it, it could pass what another member left behind
// that came and went in between.
func (r *reader) commitStart(ctx context.Context, cl *kadm.Client) error {
	var last error
	for {
		err := r.tryCommitStart(ctx, cl)
		switch end := ctx.Err(); {
		case last != nil && end != nil && errors.Is(err, end): // it was cut short, and the answer before says why
			return r.noStart(end, last)
		case err == nil, !mayHeal(err):
			return err
		}
		last = err
		if end := sleep(ctx); end != nil {
			return r.noStart(end, last)
		}
	}
}

// mayHeal reports whether a start may be found later. Right after its creation brokers may not know a topic, or not lead it.
func mayHeal(err error) bool { return errors.Is(err, kerr.UnknownMemberID) || kerr.IsRetriable(err) }

// noStart says why there was no start by the end of a context.
func (r *reader) noStart(end, last error) error {
	if !errors.Is(last, kerr.UnknownMemberID) {
		return fmt.Errorf("%w; the last answer: %w", end, last)
	}
	return fmt.Errorf("group %q has members that read topic %q and has not committed anything there, so where it begins is theirs"+
		" to say: wait until one of them commits, or stop them, or set the offsets with kafka-consumer-groups.sh"+
		" --reset-offsets, or leave out WithStart: %w", r.group, r.topic, end)
}

// tryCommitStart commits the start, unless there is a commit.
func (r *reader) tryCommitStart(ctx context.Context, cl *kadm.Client) error {
	start, err := r.lookUpStart(ctx, cl)
	if err = cmp.Or(err, start.Error()); err != nil {
		return err
	}
	committed, err := r.hasCommit(ctx, cl)
	if committed || err != nil {
		return err
	}
	err = r.commitOffsets(ctx, cl, start)
	if errors.Is(err, kerr.UnknownMemberID) && r.othersOnly(ctx, cl) {
		r.beginAt(start)
		return nil
	}
	return err
}

// othersOnly reports whether the group has members, and none that reads the topic. While they join, nobody can say.
func (r *reader) othersOnly(ctx context.Context, cl *kadm.Client) bool {
	groups, err := cl.DescribeGroups(ctx, r.group)
	group := groups[r.group]
	if err != nil || group.Err != nil || group.State != "Stable" {
		return false
	}
	for _, m := range group.Members {
		if meta, ok := m.Join.AsConsumer(); !ok || slices.Contains(meta.Topics, r.topic) {
			return false
		}
	}
	return true
}

// beginAt sets where partitions begin that the group has no commit for when they are assigned.
func (r *reader) beginAt(start kadm.ListedOffsets) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begins = make(map[int32]int64)
	start.Each(func(o kadm.ListedOffset) { r.begins[o.Partition] = o.Offset })
}

// hasCommit reports whether the group has committed an offset on the topic.
func (r *reader) hasCommit(ctx context.Context, cl *kadm.Client) (bool, error) {
	for {
		offsets, err := cl.FetchOffsetsForTopics(ctx, r.group, r.topic)
		if err == nil {
			err = offsets.Error()
		}
		switch {
		case err == nil:
			found := false
			offsets.Each(func(o kadm.OffsetResponse) { found = found || o.Topic == r.topic && o.At >= 0 })
			return found, nil
		case errors.Is(err, kerr.GroupIDNotFound):
			return false, nil
		case !kerr.IsRetriable(err): // a fresh cluster's coordinator is not available for a moment
			return false, err
		}
		if err := sleep(ctx); err != nil {
			return false, err
		}
	}
}

// lookUpStart finds where the start is in each partition.
func (r *reader) lookUpStart(ctx context.Context, cl *kadm.Client) (kadm.ListedOffsets, error) {
	switch start := r.options.start; {
	case start == Earliest:
		return cl.ListStartOffsets(ctx, r.topic)
	case start.latest:
		return cl.ListEndOffsets(ctx, r.topic)
	default:
		// Not below 0: negative times have meanings of their own there, the end of the log among them.
		return cl.ListOffsetsAfterMilli(ctx, max(0, start.at.UnixMilli()), r.topic)
	}
}

func (r *reader) commitOffsets(ctx context.Context, cl *kadm.Client, start kadm.ListedOffsets) error {
	var offsets kadm.Offsets
	start.Each(func(o kadm.ListedOffset) {
		offsets.Add(kadm.Offset{Topic: o.Topic, Partition: o.Partition, At: o.Offset, LeaderEpoch: o.LeaderEpoch, Metadata: r.topicMark()})
	})
	resp, err := cl.CommitOffsets(ctx, r.group, offsets)
	if err != nil {
		return err
	}
	return resp.Error()
}

// topicMark is what the group's offsets carry as metadata: the id of the topic that they count in. An offset of a topic that was
// deleted means nothing in the one that was made again under its name, and not every broker forgets it.
func (r *reader) topicMark() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return markPrefix + hex.EncodeToString(r.topicID[:])
}

const markPrefix = "topic_id="

// markTopic puts the mark on a commit.
func (r *reader) markTopic(req *kmsg.OffsetCommitRequest) error {
	mark := r.topicMark()
	for i := range req.Topics {
		for j := range req.Topics[i].Partitions {
			req.Topics[i].Partitions[j].Metadata = &mark
		}
	}
	return nil
}

// staleCommits finds the partitions whose committed offset is of another topic of the same name.
func (r *reader) staleCommits(ctx context.Context, cl *kadm.Client) map[int32]bool {
	offsets, err := cl.FetchOffsetsForTopics(ctx, r.group, r.topic)
	if err != nil {
		return nil // the commits count as they are; most brokers forget those of a deleted topic
	}
	mark := r.topicMark()
	stale := make(map[int32]bool)
	offsets.Each(func(o kadm.OffsetResponse) {
		if o.At >= 0 && strings.HasPrefix(o.Metadata, markPrefix) && o.Metadata != mark {
			stale[o.Partition] = true
		}
	})
	return stale
}

// watch looks whether the topic is still there and still the same.
func (r *reader) watch(ctx context.Context, cl *kgo.Client) {
	id, err := topicID(ctx, cl, r.topic)
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		r.noteMissing(err)
	case err == nil:
		r.mu.Lock()
		same, missing := id == r.topicID, r.missing >= toldMissing
		r.missing = 0
		r.mu.Unlock()
		switch {
		case !same:
			r.restart(cl, id)
		case missing:
			r.log().Info("kafka: the topic is there again")
		}
	}
}

// toldMissing is how often in a row a topic must be missing to be told.
const toldMissing = 2

// noteMissing tells of a topic that is missing, once.
func (r *reader) noteMissing(err error) {
	r.mu.Lock()
	r.missing++
	told := r.missing == toldMissing
	r.mu.Unlock()
	if told {
		err = unknownTopic(r.topic, err)
		r.tell(err)
		r.log().Warn("kafka: the topic is missing", "error", err)
	}
}

// recreated is the loss of a topic that was deleted and made again.
func (r *reader) recreated() Loss {
	return Loss{Kind: LossRecreated, Partition: -1, Messages: unknown, Err: fmt.Errorf(
		"%w: what was not read of the old topic %q is gone; reading the new one from its start", ErrTopicRecreated, r.topic)}
}

// restart goes on with a topic that was deleted and made again. Nothing of the old one may be committed on the new one.
func (r *reader) restart(cl *kgo.Client, id [16]byte) {
	r.commitMu.Lock()
	r.mu.Lock()
	r.topicID, r.begins = id, nil
	for _, a := range r.assigned {
		r.endLocked(a)
	}
	r.tellLossLocked(r.recreated())
	r.mu.Unlock()
	r.commitMu.Unlock()
	r.tellLosses()
	r.readAnew(cl) // franz-go keeps the old id, and fetches nothing, until the topic is purged and added again
}

// readAnew makes the client forget the topic, and have its partitions anew.
func (r *reader) readAnew(cl *kgo.Client) {
	cl.PurgeTopicsFromConsuming(r.topic)
	if r.options.direct {
		r.restartDirectly(cl)
		return
	}
	cl.AddConsumeTopics(r.topic)
}
