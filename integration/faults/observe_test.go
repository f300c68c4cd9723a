package faults_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// An observer looks at the cluster from outside, by no code of ours.
type observer struct {
	brokers []string
	cl      *kgo.Client
	adm     *kadm.Client
}

// offsetsTopic is where brokers keep the offsets of groups.
const offsetsTopic = "__consumer_offsets"

func observe(brokers []string) (*observer, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(100*time.Millisecond), kgo.MetadataMaxAge(2*time.Second),
		kgo.RetryTimeout(10*time.Second))
	if err != nil {
		return nil, err
	}
	return &observer{brokers, cl, kadm.NewClient(cl)}, nil
}

func (o *observer) close() { o.adm.Close() }

// ends gives the offset after the last message of each partition that a reader of committed messages gets to; none where the topic
// is not there.
func (o *observer) ends(ctx context.Context, topic string) (map[int32]int64, error) {
	return offsetsOf(o.adm.ListCommittedOffsets(ctx, topic))
}

func (o *observer) starts(ctx context.Context, topic string) (map[int32]int64, error) {
	return offsetsOf(o.adm.ListStartOffsets(ctx, topic))
}

func offsetsOf(listed kadm.ListedOffsets, err error) (map[int32]int64, error) {
	if err == nil {
		err = listed.Error()
	}
	at := make(map[int32]int64)
	listed.Each(func(l kadm.ListedOffset) { at[l.Partition] = l.Offset })
	return at, err
}

// read gives every record of a topic from some offsets to others to a function, without what was aborted.
func (o *observer) read(ctx context.Context, topic string, from, to map[int32]int64, each func(*kgo.Record)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	left := make(map[int32]bool)
	parts := make(map[int32]kgo.Offset)
	for p, end := range to {
		if from[p] < end {
			left[p], parts[p] = true, kgo.NewOffset().At(from[p])
		}
	}
	if len(left) == 0 {
		return nil
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(o.brokers...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: parts}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	for len(left) > 0 {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("read %s: partitions %v did not end: %w", topic, left, errors.Join(ctx.Err(), fetches.Err()))
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset >= to[r.Partition]-1 {
				delete(left, r.Partition)
			}
			if r.Offset < to[r.Partition] && !r.Attrs.IsControl() {
				each(r)
			}
		})
	}
	return nil
}

// createOn makes a topic on the brokers that are named, the first of which leads.
func (o *observer) createOn(ctx context.Context, name string, partitions int32, brokers []int, configs map[string]*string) error {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, -1, -1
	for p := range partitions {
		replicas := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		replicas.Partition = p
		for _, b := range brokers {
			replicas.Replicas = append(replicas.Replicas, int32(b))
		}
		topic.ReplicaAssignment = append(topic.ReplicaAssignment, replicas)
	}
	for k, v := range configs {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = k, v
		topic.Configs = append(topic.Configs, config)
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis, req.Topics = 30_000, append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, o.cl)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// log reads what a topic holds now.
func (o *observer) log(ctx context.Context, topic string) (topicLog, error) {
	l := topicLog{records: make(map[int32][]logRecord)}
	details, err := o.adm.ListTopics(ctx, topic)
	if err != nil {
		return l, err
	}
	l.topicID = details[topic].ID
	from, err := o.starts(ctx, topic)
	if err != nil {
		return l, err
	}
	to, err := o.ends(ctx, topic)
	if err != nil {
		return l, err
	}
	return l, o.read(ctx, topic, from, to, func(r *kgo.Record) {
		if e, ok := eventIn(r); ok {
			l.records[r.Partition] = append(l.records[r.Partition], logRecord{r.Offset, e.id(), r.LeaderEpoch})
		}
	})
}

// eventIn gives the event that a record holds; not every one does.
func eventIn(r *kgo.Record) (e event, ok bool) {
	return e, r.Value != nil && json.Unmarshal(r.Value, &e) == nil
}

// deadLetters reads a dead-letter topic, whose records carry the time of their writing.
func (o *observer) deadLetters(ctx context.Context, topic string) (all []deadLetter, err error) {
	if topic == "" {
		return nil, nil
	}
	to, err := o.ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	return all, o.read(ctx, topic, map[int32]int64{}, to, func(r *kgo.Record) {
		if e, ok := eventIn(r); ok {
			all = append(all, deadLetter{e.id(), r.Timestamp})
		}
	})
}

// commits reads every commit of a group that its coordinator took since the offsets topic ended at from.
func (o *observer) commits(ctx context.Context, group string, from map[int32]int64) (all []commit, err error) {
	to, err := o.ends(ctx, offsetsTopic)
	if err != nil {
		return nil, err
	}
	return all, o.read(ctx, offsetsTopic, from, to, func(r *kgo.Record) {
		if c, ok := commitIn(r, group); ok {
			all = append(all, c)
		}
	})
}

// commitIn decodes a record of the offsets topic. Keys of version 2 and later are no commits.
func commitIn(r *kgo.Record, group string) (c commit, ok bool) {
	var key kmsg.OffsetCommitKey
	var value kmsg.OffsetCommitValue
	if len(r.Key) < 2 || r.Key[0] != 0 || r.Key[1] > 1 || r.Value == nil {
		return c, false
	}
	if key.ReadFrom(r.Key) != nil || value.ReadFrom(r.Value) != nil || key.Group != group {
		return c, false
	}
	c = commit{value.TopicID, spot{key.Partition, value.Offset}, value.LeaderEpoch, time.UnixMilli(value.CommitTimestamp)}
	if mark, marked := strings.CutPrefix(value.Metadata, "topic_id="); marked && c.topicID == [16]byte{} {
		if raw, err := hex.DecodeString(mark); err == nil {
			copy(c.topicID[:], raw)
		}
	}
	return c, true
}

// lag is how far the group's offsets are from the ends of the topic.
func (o *observer) lag(ctx context.Context, group, topic string) (lag int64, err error) {
	ends, err := o.ends(ctx, topic)
	if err != nil {
		return 0, err
	}
	committed, err := o.adm.FetchOffsetsForTopics(ctx, group, topic)
	if err != nil {
		return 0, err
	}
	for p, end := range ends {
		at, _ := committed.Lookup(topic, p)
		lag += end - max(0, at.At)
	}
	return lag, nil
}

// leader is the broker that leads a partition.
func (o *observer) leader(ctx context.Context, topic string, partition int32) (int, error) {
	topics, err := o.adm.ListTopics(ctx, topic)
	if err != nil {
		return 0, err
	}
	return int(topics[topic].Partitions[partition].Leader), topics[topic].Err
}

// coordinator is the broker that coordinates a group.
func (o *observer) coordinator(ctx context.Context, group string) (int, error) {
	found := o.adm.FindGroupCoordinators(ctx, group)
	return int(found[group].NodeID), found[group].Err
}

// whole reports whether every replica of every partition is in sync.
func (o *observer) whole(ctx context.Context) bool {
	topics, err := o.adm.ListTopicsWithInternal(ctx)
	if err != nil {
		return false
	}
	for _, t := range topics {
		for _, p := range t.Partitions {
			if p.Err != nil || len(p.ISR) < len(p.Replicas) {
				return false
			}
		}
	}
	return true
}
