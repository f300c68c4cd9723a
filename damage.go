package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// franz-go asks again, for ever and in silence, for batches that bring it no further: whose records break off although their CRC is right,
// that are cut off, or that end before the offset that was asked for (v1.22.2, errFetchNoProgress). So where something is there and
// nothing comes, survey looks at what the broker sends: only then, since to look at every record would cost each of them.

// unpolled counts a client's answers to fetches that bring something, since the last poll. It is safe for concurrent use.
type unpolled struct {
	answers atomic.Int32
	tell    chan<- struct{} // gets a token when they are several
}

var _ kgo.HookBrokerE2E = (*unpolled)(nil)

const (
	leastFetched = 32 // bytes of an answer with more in it than that there is nothing
	several      = 2
)

// OnBrokerE2E counts an answer.
func (u *unpolled) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key == fetchKey && e2e.BytesRead > leastFetched && u.answers.Add(1) == several {
		post(u.tell)
	}
}

// polled begins again.
func (u *unpolled) polled() { u.answers.Store(0) }

// A stuck is where a partition stands although something is there.
type stuck struct {
	partition int32
	at        int64
	a         *assignment
}

// examine looks at what stands in the partitions that stay where they were when it looked last.
func (r *reader) examine(ctx context.Context, cl *kgo.Client) {
	ctx, cancel := context.WithTimeout(ctx, adviceTimeout)
	defer cancel()
	stuck, goesOn := r.stuck()
	for _, p := range goesOn {
		r.log().Info("kafka: a partition is read on", "partition", p)
	}
	for _, s := range stuck {
		if err := r.look(ctx, cl, s); err != nil && ctx.Err() == nil {
			r.tellStuck(s, err)
		}
	}
}

// mostLooks bounds how many partitions are looked at at once.
const mostLooks = 10

// stuck finds partitions that stand, and those that do not any more.
func (r *reader) stuck() (all []stuck, goesOn []int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	moving := r.unpolled.answers.Load() < several // something may have been polled since it looked last
	for p, a := range r.assigned {
		at := a.polled
		if at == unknown {
			at = a.log.start
		}
		switch {
		case at != a.lookedAt && a.stuckTold:
			a.lookedAt, a.stuckTold = at, false
			goesOn = append(goesOn, p)
		case at != a.lookedAt && moving:
			a.lookedAt = at
		case at != unknown && at < a.log.end && !a.resting() && a.waiting.messages == 0 && len(all) < mostLooks:
			all = append(all, stuck{p, at, a})
		}
	}
	return all, goesOn
}

// tellStuck tells why a partition stands, each time, and logs it once.
func (r *reader) tellStuck(s stuck, err error) {
	r.mu.Lock()
	first := !s.a.stuckTold
	s.a.stuckTold = true
	if !s.a.gone {
		r.tellLocked(err)
	}
	r.mu.Unlock()
	if first {
		r.log().Error("kafka: a partition can't be read on; trying again", "partition", s.partition, "error", err)
	}
}

// look asks the leader of a partition for its next batch, and says why that brings nothing.
func (r *reader) look(ctx context.Context, cl *kgo.Client, s stuck) error {
	leader, _, err := cl.PartitionLeader(r.topic, s.partition)
	if err != nil || leader < 0 {
		return nil //nolint:nilerr // the client looks for it
	}
	resp, err := cl.Broker(int(leader)).Request(ctx, r.oneBatch(s))
	if err != nil {
		if ctx.Err() == nil && r.conn.faults.last() == nil { // which nothing else tells, such as that the broker can't be asked for any
			r.noteUnhealed(r.stuckError(ctx, cl, leader, fmt.Errorf("asked for messages: %w", err)))
		}
		return nil
	}
	fetched, is := resp.(*kmsg.FetchResponse)
	if !is || fetched.ErrorCode != 0 {
		return nil
	}
	if err := r.judgeFetched(s, fetched); err != nil {
		return r.stuckError(ctx, cl, leader, err)
	}
	return nil
}

// oneBatch is a request for the next batch of a partition: the first is sent whole, whatever the limit (KIP-74).
func (r *reader) oneBatch(s stuck) *kmsg.FetchRequest {
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.Partition, partition.FetchOffset, partition.PartitionMaxBytes = s.partition, s.at, 1
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = r.topic
	r.mu.Lock()
	topic.TopicID = r.topicID
	r.mu.Unlock()
	topic.Partitions = append(topic.Partitions, partition)
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MaxBytes, req.SessionEpoch = 0, 1, -1
	req.Topics = append(req.Topics, topic)
	return req
}

// judgeFetched says why an answer brings a reader nothing; nil where it brings something, or where the client tells it itself.
func (r *reader) judgeFetched(s stuck, resp *kmsg.FetchResponse) error {
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return &damage{partition: s.partition, at: s.at, what: "the answer to a fetch of it does not name it"}
	}
	p := &resp.Topics[0].Partitions[0]
	opts := kgo.ProcessFetchPartitionOpts{KeepControlRecords: true, Offset: s.at, Topic: r.topic, Partition: s.partition}
	var decoded []int // records, by batch
	got, next := kgo.ProcessFetchPartition(opts, p, r.inflater.apart(), func(m kgo.FetchBatchMetrics) { decoded = append(decoded, m.NumRecords) })
	if got.Err != nil || len(got.Records) > 0 || next != s.at || len(p.RecordBatches) == 0 {
		return nil //nolint:nilerr // the client tells it itself
	}
	return &damage{partition: s.partition, at: s.at, what: unreadable(p.RecordBatches, decoded, s.at), after: after(p.RecordBatches, s.at)}
}

// unreadable says what is wrong with batches, given how many records of each can be read.
func unreadable(batches []byte, decoded []int, at int64) string {
	for _, n := range decoded {
		var b kmsg.RecordBatch
		whole := int(binary.BigEndian.Uint32(batches[8:])) + 12 // as it was for who decoded it
		if err := b.ReadFrom(batches[:whole]); err != nil {
			return "what stands there is no batch"
		}
		if last := b.FirstOffset + int64(b.LastOffsetDelta); last >= at {
			return fmt.Sprintf("the batch of the offsets %d to %d claims %d records, of which %d can be read", b.FirstOffset, last, b.NumRecords, n)
		}
		batches = batches[whole:]
	}
	if len(batches) > 0 {
		return fmt.Sprintf("a batch is cut off after %d bytes", len(batches))
	}
	return "all batches that are sent end before it"
}

// after is the offset after the batch that holds one; 0 if none does.
func after(batches []byte, at int64) int64 {
	const head = 27 // up to the last offset's delta (KIP-98)
	for len(batches) >= head {
		next := int64(binary.BigEndian.Uint64(batches)) + int64(int32(binary.BigEndian.Uint32(batches[23:]))) + 1
		if next > at {
			return next
		}
		batches = batches[min(len(batches), int(binary.BigEndian.Uint32(batches[8:]))+12):]
	}
	return 0
}

// A damage is why the messages of a partition can't be read from an offset on. It is kerr.CorruptMessage.
type damage struct {
	partition int32
	at, after int64
	what      string
}

func (d *damage) Error() string {
	return fmt.Sprintf("partition %d can't be read from offset %d on: %s", d.partition, d.at, d.what)
}

func (d *damage) Unwrap() error { return kerr.CorruptMessage }

// stuckError says which broker sends what can't be read, and how to go on.
func (r *reader) stuckError(ctx context.Context, cl *kgo.Client, leader int32, err error) error {
	addr := fmt.Sprintf("number %d", leader)
	if meta, err := r.proxy.brokersOf(ctx, cl); err == nil {
		for _, b := range meta.Brokers {
			if b.NodeID == leader {
				addr = hostPort(b.Host, b.Port)
			}
		}
	}
	told := r.proxy.access.connectError(addr, err)
	var d *damage
	if errors.As(err, &d) {
		told.Remedy = "look at what the broker has there (kafka-dump-log.sh --deep-iteration), and at what stands on the way to it"
		if d.after > 0 && !r.options.direct {
			told.Remedy += fmt.Sprintf("; to go on behind it, stop the group and: kafka-consumer-groups.sh --bootstrap-server %s --group %s"+
				" --topic %s:%d --reset-offsets --to-offset %d --execute", addr, r.group, r.topic, d.partition, d.after)
		}
	}
	return told
}
