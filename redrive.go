package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The headers of a message that was redriven.
const (
	redrivePrefix    = "redrive-"
	redriveTopic     = redrivePrefix + "topic"
	redrivePartition = redrivePrefix + "partition"
	redriveOffset    = redrivePrefix + "offset"
	redriveTimestamp = redrivePrefix + "timestamp"
	redriveCount     = redrivePrefix + "count"
)

var redriveHeaders = []string{redriveTopic, redrivePartition, redriveOffset, redriveTimestamp, redriveCount}

// A Redriver sends dead letters to the topic that they came from again. It is safe for concurrent use, does no I/O before its first
// Redrive, and has a connection of its own, acknowledged by all in-sync replicas.
//
// Which ones and when is the caller's choice: he reads the dead-letter topic by a Consumer, asks ParseDeadLetter where each comes from
// and why it is there, and acknowledges it after Redrive has returned nil. So each chosen message is sent at least once. A copy carries
// where its message first stood, for readers that must drop a repeat: see RedrivenFrom.
//
// A redriven message comes after newer messages of its key, though it is older: redrive only what may be handled late, or look at
// RedrivenFrom in the handler. Its timestamp is that of the redrive, since a topic deletes by timestamp and an old one could be
// deleted before it is read; header redrive-timestamp has the message's own.
type Redriver[T any] struct {
	codec   *Codec[T]
	line    *faithful
	options redriveOptions
}

// A RedriveOption sets what a Redriver refuses.
type RedriveOption func(*redriveOptions)

type redriveOptions struct {
	most    int
	invalid bool
}

// MaxRedrives bounds how many times a message may be redriven, counted by a header that goes with it, so that one which fails again and
// again does not go round for ever. Defaults to 3.
func MaxRedrives(n int) RedriveOption {
	return func(o *redriveOptions) { o.most = n }
}

// AllowInvalid sends also what breaks the topic's schema, is no JSON, or is a null value that was not expected: for readers of another
// version. By default such a dead letter is refused until the schema allows it.
func AllowInvalid() RedriveOption {
	return func(o *redriveOptions) { o.invalid = true }
}

// NewRedriver makes a redriver to t, the topic that the dead letters come from, on p. It returns every error that can be known without a
// network and does no I/O.
func NewRedriver[T any](p *Proxy, t Topic[T], opts ...RedriveOption) (*Redriver[T], error) {
	if err := p.usable(); err != nil {
		return nil, fmt.Errorf("kafka: new redriver: %w", err)
	}
	o := redriveOptions{most: 3}
	apply(&o, opts)
	var optErr error
	if o.most < 1 {
		optErr = fmt.Errorf("MaxRedrives(%d) sends nothing: give at least 1", o.most)
	}
	entry, topicErr := p.cfg.topic(t.Name)
	codec, codecErr := newCodec(t, p.limits())
	if err := errors.Join(topicErr, codecErr, optErr); err != nil {
		return nil, fmt.Errorf("kafka: new redriver to %q: %w", t.Name, err)
	}
	return &Redriver[T]{codec: codec, line: newFaithful(p, "redriving", topicName(entry)), options: o}, nil
}

// Redrive sends a dead letter to the partition that it came from, or where its key belongs if that is no more, with its bytes, key and
// headers as they were, and waits for the acknowledgement. It blocks as Produce does, and its errors are Produce's: after
// ErrOutcomeUnknown it may be written, and sending it again may write it twice, which RedrivenFrom tells. It refuses, before anything is
// sent, a record that is no dead letter of the topic, one that was redriven too often, one that has no bytes (Kind "batch"), and one that
// is invalid, with the *schema.ValidationError, unless AllowInvalid.
func (r *Redriver[T]) Redrive(ctx context.Context, dead *Record) (Delivery, error) {
	if r == nil || r.line == nil {
		return Delivery{}, errNotMade("Redriver", "NewRedriver")
	}
	from, err := ParseDeadLetter(dead)
	if err != nil {
		return Delivery{}, err
	}
	if err = r.line.sender.usable(); err == nil {
		err = r.check(dead, from)
	}
	var d Delivery
	if err == nil {
		d, err = r.send(ctx, redriven(dead, from))
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("kafka: redrive %s[%d]@%d: %w", dead.Topic, dead.Partition, dead.Offset, err)
	}
	return d, nil
}

// check returns every reason why a dead letter is not to be sent.
func (r *Redriver[T]) check(dead *Record, from Provenance) error {
	var errs []error
	if to := r.line.sender.topic; from.Topic != to {
		errs = append(errs, fmt.Errorf("it came from topic %q, and this redriver sends to %q: make one for its topic", from.Topic, to))
	}
	if from.Redrives >= r.options.most {
		errs = append(errs, fmt.Errorf("it was redriven %d times and failed again; the bound is %d: mend what fails, then raise MaxRedrives",
			from.Redrives, r.options.most))
	}
	switch {
	case from.Kind == kindBatch:
		errs = append(errs, fmt.Errorf("it stands for offsets %d to %d of partition %d, which could not be read, and has none of their bytes:"+
			" raise consumer.max_decompressed_bytes and read those offsets again", from.Offset, from.LastOffset, from.Partition))
	case r.options.invalid:
	case dead.Raw != nil:
		_, err := r.codec.Decode(dead.Raw)
		errs = append(errs, err)
	case from.Kind == kindTombstone:
		errs = append(errs, fmt.Errorf("%w, or AllowInvalid to send it all the same", errTombstone))
	}
	return errors.Join(errs...)
}

// redriven is the message that a dead letter was, with the headers that mark it.
func redriven(dead *Record, from Provenance) kgo.Record {
	rec := kgo.Record{Topic: from.Topic, Partition: from.Partition, Key: dead.Key, Value: dead.Raw}
	origin, _, again := RedrivenFrom(dead)
	at, _ := dead.Header(redriveTimestamp)
	if !again {
		origin, at = from.Origin, []byte(timeText(from.Timestamp))
	}
	rec.Headers = clientHeaders(original(dead.Headers))
	for _, h := range []kgo.RecordHeader{
		{Key: redriveTopic, Value: []byte(origin.Topic)},
		{Key: redrivePartition, Value: strconv.AppendInt(nil, int64(origin.Partition), 10)},
		{Key: redriveOffset, Value: strconv.AppendInt(nil, origin.Offset, 10)},
		{Key: redriveTimestamp, Value: at},
		{Key: redriveCount, Value: strconv.AppendInt(nil, int64(from.Redrives)+1, 10)},
	} {
		if len(h.Value) > 0 {
			rec.Headers = append(rec.Headers, h)
		}
	}
	return rec
}

// original are the headers that a dead letter's message had, without the marks of an earlier redrive. A message that was a dead letter of
// another topic itself keeps what it had as such: only what follows the last topic is of this failure.
func original(headers []Header) []Header {
	first := slices.IndexFunc(headers, func(h Header) bool { return h.Key == deadTopic })
	last := first
	for i, h := range headers {
		if h.Key == deadTopic {
			last = i
		}
	}
	var kept []Header
	for i, h := range headers {
		ours := strings.HasPrefix(h.Key, deadPrefix) && (i >= last || first == last)
		if !ours && !slices.Contains(redriveHeaders, h.Key) {
			kept = append(kept, h)
		}
	}
	return kept
}

// send sends to the partition of rec, or by its key where the topic was made again with fewer.
func (r *Redriver[T]) send(ctx context.Context, rec kgo.Record) (Delivery, error) {
	d, err := r.line.send(ctx, rec, false)
	if err != nil && neverSent(err) {
		rec.Partition = anyPartition
		d, err = r.line.send(ctx, rec, false)
	}
	return d, r.line.explain(err)
}

// Disconnect refuses new calls, waits for the acknowledgements of what was sent and closes the connection, as Producer.Disconnect does.
// The proxy's Disconnect does it too.
func (r *Redriver[T]) Disconnect(ctx context.Context) error {
	if r == nil || r.line == nil {
		return errNotMade("Redriver", "NewRedriver")
	}
	return r.line.sender.Disconnect(ctx)
}

// RedrivenFrom returns where a message first stood that a Redriver has sent to its topic again, and how many times it was redriven,
// this one included. ok is false for a message that was not redriven. Copies of one redrive have the same origin and count, so a
// reader that must not handle a message twice keeps them, with what the handling changes, and drops what it has.
func RedrivenFrom(r *Record) (origin Origin, times int, ok bool) {
	if r == nil {
		return Origin{}, 0, false
	}
	h := headerReader{r: r}
	origin = h.origin(redriveTopic, redrivePartition, redriveOffset)
	times = int(h.number(redriveCount, math.MaxInt32))
	if len(h.faults) > 0 || times < 1 {
		return Origin{}, 0, false
	}
	return origin, times, true
}
