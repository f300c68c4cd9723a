package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// A Consumer receives messages of type T from one topic, each checked against the topic's schema before it is decoded: as a member of
// a group, or WithPartitions without one. It connects on its first Retrieve or Run.
//
// Delivery is at least once, always. A message is acknowledged by the next Retrieve, or by its Ack: never by having been fetched,
// and never by Disconnect. What is acknowledged is committed to the group every second, partition by partition, in order of
// delivery, and never past a message that is not; a message in hand when the program ends comes again.
//
// One goroutine at a time may be inside Retrieve or Messages, since a second one's call would acknowledge the first one's message.
// With ManualAck any number may. All other methods are safe for concurrent use.
type Consumer[T any] struct {
	codec      *Codec[T]
	reader     *reader
	tombstones bool
	chunks     sync.Pool // of *[]Message[T], for newMessage
}

// A ConsumerOption sets how one consumer receives.
type ConsumerOption func(*consumerOptions)

type consumerOptions struct {
	group       string
	groupGiven  bool // by WithGroup
	instanceID  *string
	serverSide  bool
	direct      bool // without a group:
	partitions  []int32
	start       Start
	window      window
	commitEvery *time.Duration
	syncCommit  bool
	manualAck   bool
	tombstones  bool
	drain       time.Duration
}

// WithGroup sets the consumer group. Defaults to the group of the topic's entry in the configuration, else the configuration's.
func WithGroup(group string) ConsumerOption {
	return func(o *consumerOptions) { o.group, o.groupGiven = group, true }
}

// WithStart sets where a group begins that has not committed anything on the topic yet. Defaults to Earliest. Where the group has
// a commit it goes on there, and a partition that is added later is read from its beginning, so that nothing is missed.
func WithStart(s Start) ConsumerOption {
	return func(o *consumerOptions) { o.start = s }
}

// WithMaxUnacked bounds how many messages of one partition may be handed out since its oldest unacknowledged one, acknowledged or
// not. At the bound the partition waits; where all do, Retrieve returns ErrTooManyUnacked. It also bounds what a crash delivers
// again, and how far a Run goes on past a message that fails. Defaults to 1,000.
func WithMaxUnacked(n int) ConsumerOption {
	return func(o *consumerOptions) { o.window.messages = n }
}

// WithMaxUnackedBytes bounds the bytes of those messages, keys and values, likewise, and so the memory of a Run that waits for one
// message. A single larger message is still handed out. Defaults to 64 MiB.
func WithMaxUnackedBytes(n int) ConsumerOption {
	return func(o *consumerOptions) { o.window.bytes = n }
}

// WithDrainTimeout sets how long the handlers of a Run may go on once it ends, or once their partition moves to another member; then
// their contexts are cancelled. It must be shorter than consumer.rebalance_timeout, in which a partition is handed over. Defaults to
// 10 s, or half the rebalance timeout if that is shorter.
func WithDrainTimeout(d time.Duration) ConsumerOption {
	return func(o *consumerOptions) { o.drain = d }
}

// ManualAck makes Ack the only acknowledgement, of messages and of MessageErrors, so that any number of goroutines may Retrieve
// side by side and acknowledge in any order.
func ManualAck() ConsumerOption {
	return func(o *consumerOptions) { o.manualAck = true }
}

// AcceptTombstones delivers null values as messages with a zero Value and a nil Raw. By default they are MessageErrors.
func AcceptTombstones() ConsumerOption {
	return func(o *consumerOptions) { o.tombstones = true }
}

// A Start is where a group begins that has not committed anything yet.
type Start struct {
	latest bool
	at     time.Time
}

var (
	// Earliest begins at the oldest message that the topic still has.
	Earliest = Start{}
	// Latest begins at what is written after the group's first member connects.
	Latest = Start{latest: true}
)

// AtTime begins at the first message whose timestamp is t or later, to the millisecond; at the end where there is none.
func AtTime(t time.Time) Start { return Start{at: t} }

// NewConsumer makes a consumer of t on p. It returns every error that can be known without a network: a topic that the
// configuration does not list, no group, a schema that does not compile or that no value of T can meet. It does no I/O.
func NewConsumer[T any](p *Proxy, t Topic[T], opts ...ConsumerOption) (*Consumer[T], error) {
	if err := p.usable(); err != nil {
		return nil, fmt.Errorf("kafka: new consumer: %w", err)
	}
	rebalance := p.cfg.Consumer.RebalanceTimeout
	o := consumerOptions{window: window{1000, 64 << 20}, drain: min(10*time.Second, rebalance/2)}
	apply(&o, opts)
	entry, topicErr := p.cfg.topic(t.Name)
	if !o.direct {
		o.group = cmp.Or(o.group, entry.Group, p.cfg.Group)
	}
	codec, codecErr := newCodec(t, p.limits())
	if err := errors.Join(topicErr, codecErr, o.check(rebalance)); err != nil {
		return nil, fmt.Errorf("kafka: new consumer of %q: %w", t.Name, err)
	}
	return &Consumer[T]{codec: codec, reader: newReader(p, topicName(entry), o), tombstones: o.tombstones}, nil
}

func (o consumerOptions) check(rebalance time.Duration) error {
	refused := objections{o.checkMembership(), o.checkCommits()}
	refused.when(o.window.messages < 1, "WithMaxUnacked(%d) lets nothing through: give at least 1", o.window.messages)
	refused.when(o.window.bytes < 1, "WithMaxUnackedBytes(%d) lets nothing through: give at least 1", o.window.bytes)
	refused.when(o.drain < 0 || o.drain+lastGrace >= rebalance, "WithDrainTimeout(%s) leaves no time to hand over a partition: give at"+
		" least 0, and with the %s that cancelled handlers have less than consumer.rebalance_timeout, %s", o.drain, lastGrace, rebalance)
	return refused.err()
}

// Retrieve acknowledges the message that it returned before, unless ManualAck is set, and returns the next one. It blocks until
// there is one, or ctx ends: then it has taken nothing, and its error is ctx's, with the last connection error where one stands.
// With a ctx that is done already it acknowledges nothing either.
//
// A *MessageError is a message that could not be decoded, with its bytes and position; the next call goes on after it. ErrDataLoss,
// ErrTopicRecreated and ErrUnknownTopic tell of the topic; the next call goes on. A broker that is lost after the first connection
// is no error: Retrieve waits for it.
func (c *Consumer[T]) Retrieve(ctx context.Context) (*Message[T], error) {
	if err := c.made(); err != nil {
		return nil, err
	}
	if len(c.reader.proxy.observers) > 0 {
		return c.observedRetrieve(ctx)
	}
	return c.retrieve(ctx)
}

func (c *Consumer[T]) retrieve(ctx context.Context) (*Message[T], error) {
	var got taken
	if err := c.reader.retrieve(ctx, &got); err != nil {
		return nil, fmt.Errorf("kafka: retrieve from %q: %w", c.reader.topic, err)
	}
	return c.decode(&got)
}

var errTombstone = errors.New("the value is null (a tombstone): use AcceptTombstones to receive it as a message")

// decode makes a message of what was taken, or the error that carries its record.
func (c *Consumer[T]) decode(got *taken) (*Message[T], error) {
	m := c.newMessage(len(got.Raw))
	m.Record = got.Record
	err := got.broken
	switch {
	case err != nil:
	case m.Raw != nil:
		err = c.codec.decodeInto(m.Raw, &m.Value)
	case !c.tombstones:
		err = errTombstone
	}
	if err != nil {
		return nil, &MessageError{Record: m.Record, Err: err}
	}
	return m, nil
}

// Messages ranges over Retrieve. The end of ctx and Disconnect end the range without an error. MessageErrors and faults that may
// heal are yielded and the range goes on; a fault that only a person can mend is yielded last. The loop's body handles a message
// before the range acknowledges it by retrieving the next; break acknowledges nothing, and the message is delivered again.
func (c *Consumer[T]) Messages(ctx context.Context) iter.Seq2[*Message[T], error] {
	return func(yield func(*Message[T], error) bool) {
		for {
			m, err := c.Retrieve(ctx)
			if over(ctx, err) {
				return
			}
			if !yield(m, err) {
				c.giveBack(m, err)
				return
			}
			if err != nil && !c.goesOn(ctx, err) {
				return
			}
		}
	}
}

// over reports whether err is only the end of ctx or a Disconnect. What Retrieve told beside such an end is to be yielded: it is
// told once.
func over(ctx context.Context, err error) bool {
	return errors.Is(err, ErrDisconnected) || ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// giveBack undoes the delivery of what a range broke off at, unless it was acknowledged.
func (c *Consumer[T]) giveBack(m *Message[T], err error) {
	var bad *MessageError
	switch {
	case m != nil:
		_ = m.Nack()
	case errors.As(err, &bad):
		_ = bad.Nack()
	}
}

// goesOn reports whether a range may go on after err, and waits where going on at once would only repeat it.
func (c *Consumer[T]) goesOn(ctx context.Context, err error) bool {
	var bad *MessageError
	switch {
	case errors.As(err, &bad):
		return true
	case errors.Is(err, ErrTooManyUnacked):
		return c.reader.awaitAcknowledgement(ctx)
	}
	return Temporary(err)
}

// Commit commits what is acknowledged now instead of within the commit interval. It blocks until the broker has answered or ctx
// ends.
func (c *Consumer[T]) Commit(ctx context.Context) error {
	if err := c.made(); err != nil {
		return err
	}
	if err := c.reader.commitNow(ctx); err != nil {
		return fmt.Errorf("kafka: commit on %q for group %q: %w", c.reader.topic, c.reader.group, err)
	}
	return nil
}

// Disconnect refuses new calls, ends a waiting Retrieve with ErrDisconnected, commits what is acknowledged, leaves the group and
// closes the connection. The message in hand is not acknowledged. It blocks until that is done or ctx ends, 30 s without a
// deadline; with a done ctx it closes at once and says what it could not commit. It may be called twice and beside running calls.
func (c *Consumer[T]) Disconnect(ctx context.Context) error {
	if err := c.made(); err != nil {
		return err
	}
	return c.reader.Disconnect(ctx)
}

func (c *Consumer[T]) made() error {
	if c == nil || c.reader == nil {
		return errNotMade("Consumer", "NewConsumer")
	}
	return nil
}
