package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Status is what a Consumer was at when Status was called. It is a copy, plain data, and fit for JSON.
type Status struct {
	Topic string `json:"topic"`
	Group string `json:"group,omitempty"` // empty with WithPartitions
	// Joined says that the consumer is in its group, or with WithPartitions that it is connected. It may be so without any partition:
	// then the other members have them all.
	Joined bool `json:"joined"`
	// Partitions are those that are assigned, in order.
	Partitions []PartitionStatus `json:"partitions"`
	// LastError is the newest error of this consumer's connection, group or topic. That of a connection goes once its broker answers
	// again; another stays until a newer one comes, so look at its time. Errors of handlers are not among them.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
}

// A PartitionStatus is a Consumer's status in one partition. Offsets that are not known (yet) are -1.
type PartitionStatus struct {
	Partition int32 `json:"partition"`
	// Position is the offset of the next message to be handed out.
	Position int64 `json:"position"`
	// Committed is the group's offset; -1 where it has none, as always with WithPartitions.
	Committed int64 `json:"committed"`
	// End is where the messages end that may be read now: the last stable offset, or with consumer.isolation read_uncommitted the high
	// watermark. It is as old as the last fetch that brought messages, and 2 s at most while the broker answers.
	End int64 `json:"end"`
	// Lag is how far Committed is behind End, or Position where nothing is committed. Offsets have gaps, so it counts at least the
	// messages that are left.
	Lag int64 `json:"lag"`
	// InFlight is how many messages are handed out, or taken by a Run, and neither acknowledged nor given back; InFlightBytes the bytes of their keys and
	// values.
	InFlight      int `json:"in_flight"`
	InFlightBytes int `json:"in_flight_bytes"`
	// Paused says that Pause holds it.
	Paused bool `json:"paused"`
	// Stalled says why nothing more of it is handed out although something is there: a dead letter that can't be written, the bound
	// of unacknowledged messages (WithMaxUnacked), or a transaction that is left open. Empty where it goes on.
	Stalled string `json:"stalled,omitempty"`
	// StalledSince is when that began. At the bound, and behind a transaction, a partition may stand for moments in good health: so a
	// probe looks at how long.
	StalledSince time.Time `json:"stalled_since,omitzero"`
}

// Status says what the consumer is at. It does no I/O, waits for none, and is safe for concurrent use and cheap enough for a probe. A
// consumer that was never used, or is disconnected, has not joined.
func (c *Consumer[T]) Status() Status {
	if c.made() != nil {
		return Status{}
	}
	return c.reader.status()
}

func (r *reader) status() Status {
	s := Status{Topic: r.topic, Group: r.group}
	at, err := r.conn.standing()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastErrorAt.After(at) {
		err, at = r.lastError, r.lastErrorAt
	}
	if err != nil {
		s.LastError, s.LastErrorAt = err.Error(), at
	}
	s.Joined = r.joined && !r.refused
	s.Partitions = make([]PartitionStatus, 0, len(r.assigned))
	for _, a := range r.assigned {
		s.Partitions = append(s.Partitions, a.status())
	}
	slices.SortFunc(s.Partitions, func(a, b PartitionStatus) int { return cmp.Compare(a.Partition, b.Partition) })
	return s
}

// noteLocked keeps an error for the status. The caller holds r.mu.
func (r *reader) noteLocked(err error) {
	if !errors.Is(err, context.Canceled) { // our own end
		r.lastError, r.lastErrorAt = err, time.Now()
	}
}

func (r *reader) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLocked(err)
}

// noteUnhealed keeps a fault that the client tries to overcome, for the status and for a caller whose ctx ends.
func (r *reader) noteUnhealed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLocked(err)
	r.unhealed, r.unhealedAt = err, time.Now()
}

// healed forgets that fault.
func (r *reader) healed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unhealed = nil
}

func (a *assignment) status() PartitionStatus {
	s := PartitionStatus{
		Partition: a.partition, Position: a.position(), Committed: a.saved, End: a.log.end, Lag: unknown,
		InFlight: a.unacked.messages, InFlightBytes: a.unacked.bytes, Paused: a.suspended,
	}
	if s.End != unknown {
		s.End = max(s.End, s.Position) // what was fetched may be younger than what was asked
		from := s.Committed
		if from == unknown {
			from = s.Position
		}
		if from != unknown {
			s.Lag = max(0, s.End-from)
		}
	}
	s.Stalled, s.StalledSince = a.stalled()
	return s
}

// position is the offset of what is handed out next.
func (a *assignment) position() int64 {
	switch i := int(a.next - a.first); {
	case i < a.entries.len():
		return a.entries.at(i).offset // never one that is passed: next is not on those
	case a.polled != unknown:
		return a.polled
	}
	return a.log.start
}

// stalled says why and since when nothing is handed out although something is there.
func (a *assignment) stalled() (why string, since time.Time) {
	switch {
	case a.stalls > 0:
		return fmt.Sprintf("a dead letter can't be written: %v", a.stallCause), a.stalledSince
	case a.blocked:
		return fmt.Sprintf("%d messages, of %d bytes, were handed out since offset %d, which is not acknowledged",
			a.handed.messages, a.handed.bytes, a.oldest()), a.blockedSince
	case !a.log.openSince.IsZero() && a.position() >= a.log.end && time.Since(a.log.openSince) >= surveyEvery:
		return fmt.Sprintf("a transaction is open since offset %d, so nothing up to offset %d can be read before its end or timeout"+
			" (kafka-transactions.sh finds hanging ones)", a.log.end, a.log.high), a.log.openSince
	}
	return "", time.Time{}
}

// An edges is how far a partition's log reaches, as brokers told last; -1 is unknown.
type edges struct {
	start, end, high int64     // end is what may be read, high what is written
	seen             time.Time // when end was told
	openSince        time.Time // since when end has not moved although high is beyond it: a transaction is open
}

var noEdges = edges{start: unknown, end: unknown, high: unknown}

func (e *edges) sawEnd(end int64, now time.Time) {
	if end != e.end {
		e.openSince = time.Time{}
	}
	e.end, e.seen = end, now
}

func (e *edges) sawHigh(high int64, now time.Time) {
	e.high = high
	switch {
	case high <= e.end:
		e.openSince = time.Time{}
	case e.openSince.IsZero():
		e.openSince = now
	}
}

// sawFetched takes in what a fetch that brought messages says of the log. The caller holds the reader's lock.
func (a *assignment) sawFetched(p *kgo.FetchPartition) {
	now := time.Now()
	if a.reader.proxy.cfg.Consumer.Isolation == readCommitted && p.LastStableOffset >= 0 {
		a.log.sawEnd(p.LastStableOffset, now)
		a.log.sawHigh(p.HighWatermark, now)
		return
	}
	a.log.sawEnd(p.HighWatermark, now)
}

// surveyEvery is how often brokers are asked where the logs end. A fetch tells it too, but the client keeps to itself one that
// brings no messages, as on an idle topic and behind an open transaction.
const surveyEvery = 2 * time.Second

// survey keeps the ends of the assigned partitions' logs up to date for the status.
func (r *reader) survey(ctx context.Context, cl *kgo.Client) {
	ticker := time.NewTicker(surveyEvery)
	defer ticker.Stop()
	for {
		r.askForEnds(ctx, cl)
		r.examine(ctx, cl)
		r.logStalls()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-r.surveyNow:
		}
	}
}

func (r *reader) askForEnds(ctx context.Context, cl *kgo.Client) {
	ctx, cancel := context.WithTimeout(ctx, adviceTimeout)
	defer cancel()
	const uncommitted, committed = 0, 1 // isolation levels
	untold := func(a *assignment) bool { return time.Since(a.log.seen) >= surveyEvery/2 }
	if r.proxy.cfg.Consumer.Isolation != readCommitted {
		r.askForEnd(ctx, cl, uncommitted, untold, (*edges).sawEnd)
		return
	}
	r.askForEnd(ctx, cl, committed, untold, (*edges).sawEnd)
	readToEnd := func(a *assignment) bool { return a.log.end != unknown && a.position() >= a.log.end }
	r.askForEnd(ctx, cl, uncommitted, readToEnd, (*edges).sawHigh)
}

// askForEnd asks where the logs of some assigned partitions end at an isolation level. What no broker answers stays as it was.
func (r *reader) askForEnd(ctx context.Context, cl *kgo.Client, isolation int8, which func(*assignment) bool,
	saw func(*edges, int64, time.Time),
) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.IsolationLevel = isolation
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = r.topic
	r.mu.Lock()
	for p, a := range r.assigned {
		if which(a) {
			one := kmsg.NewListOffsetsRequestTopicPartition()
			one.Partition, one.Timestamp = p, endOfLog
			topic.Partitions = append(topic.Partitions, one)
		}
	}
	r.mu.Unlock()
	if len(topic.Partitions) == 0 {
		return
	}
	req.Topics = append(req.Topics, topic)
	for _, shard := range cl.RequestSharded(ctx, req) {
		if resp, ok := shard.Resp.(*kmsg.ListOffsetsResponse); ok && shard.Err == nil {
			r.takeInEnds(resp, saw)
		}
	}
}

// endOfLog is the timestamp that asks for the end.
const endOfLog = -1

func (r *reader) takeInEnds(resp *kmsg.ListOffsetsResponse, saw func(*edges, int64, time.Time)) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if a := r.assigned[p.Partition]; a != nil && t.Topic == r.topic && p.ErrorCode == 0 {
				saw(&a.log, p.Offset, now)
			}
		}
	}
}
