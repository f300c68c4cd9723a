package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// An Observer is told what the producers, consumers and Runs of a proxy do: it is what traces and metrics are made from. Each function may
// be nil. They are called on the goroutine that does the work, several at a time, so they must be safe for concurrent use, must not
// block, and must not call what they observe. They may read what they are given until they return, and keep nothing of it but
// *MessageErrors.
//
// Modules github.com/typedkafka/kafka/otel and github.com/typedkafka/kafka/prom have ready ones.
type Observer struct {
	// Send is called for each message before it is sent: a Producer's, a dead letter, and a redriven one. ctx is the caller's. A
	// Producer's message gets the headers that it adds to r.Headers; nothing else that it changes counts. The function that it
	// returns, which may be nil, is called once with the outcome that the caller gets. For a value that is invalid, r.Raw is nil and the
	// outcome follows at once.
	Send func(ctx context.Context, r *Record) (done func(Delivery, error))

	// Receive is called for each message that is handed out: by Retrieve, or for the first time to a Run's handler.
	Receive func(ctx context.Context, r Reception)

	// Handle is called before each call of a Run's handler, which gets the context that it returns; done, which may be nil, is called
	// with what the handler returned, a *PanicError among it.
	Handle func(ctx context.Context, h Handling) (_ context.Context, done func(error))

	// Fail is called for each message of a Run that has failed for good, once that is settled or ends the Run.
	Fail func(ctx context.Context, f Failure)

	// Commit is called after each commit of offsets, a failed one too.
	Commit func(ctx context.Context, c Commit)

	// Lose is called once for each loss, when it is found: with or without a Retrieve under way, which returns its Err, or a Run.
	Lose func(l Loss)

	// Rebalance is called when a consumer has got partitions, before anything of them is received, and when they have been taken from
	// it, after the commit of what it has acknowledged of them. With WithPartitions there is none.
	Rebalance func(r Rebalance)

	// Consume is called when a consumer is used for the first time, before it connects. status is its Status, to be called at any time.
	// The function that it returns, which may be nil, is called when the consumer has disconnected.
	Consume func(status func() Status) (gone func())
}

// A Reception is what an Observer is told of a message that was received.
type Reception struct {
	Record *Record
	Group  string    // empty with WithPartitions
	Began  time.Time // when Retrieve was called; zero in a Run
	Err    error     // a *MessageError where it could not be decoded
}

// A Handling is what an Observer is told of a call of a handler.
type Handling struct {
	Topic, Group string
	Records      []*Record // one, or in a RunBatch those of the batch
	Batch        bool      // of a RunBatch
	Attempt      int       // the first is 1
}

// A Failure is what an Observer is told of a message that has failed for good.
type Failure struct {
	Group   string
	Message *MessageError
	Fate    Fate
}

// A Fate is what became of a message that has failed for good.
type Fate string

// What there is of it.
const (
	FateSettled      Fate = "settled"       // by OnFailure
	FateDeadLettered Fate = "dead_lettered" // its dead letter is written
	FateEndsRun      Fate = "ends_run"      // there is neither; it is delivered again
)

// A Commit is what an Observer is told of a commit of offsets.
type Commit struct {
	Topic, Group string
	Offsets      map[int32]int64 // by partition: that of the next message to be delivered
	Began        time.Time
	Err          error
}

// A Loss is what an Observer is told of messages that are gone before the consumer has received them.
type Loss struct {
	Topic, Group string // no group with WithPartitions
	Partition    int32  // -1 for LossRecreated
	Kind         LossKind
	Messages     int64 // how many offsets are gone, at most as many messages; -1 where nobody knows
	Err          error // what Retrieve returns: ErrDataLoss or ErrTopicRecreated
}

// A LossKind is how messages were lost.
type LossKind string

// What there is of it.
const (
	LossRetention  LossKind = "retention"  // they were deleted: by retention, or by DeleteRecords
	LossTruncation LossKind = "truncation" // the log ends before what was read of it, after an unclean election
	LossRecreated  LossKind = "recreated"  // the topic was deleted and made again
)

// A Rebalance is what an Observer is told of partitions that have come or gone.
type Rebalance struct {
	Topic, Group string
	Kind         RebalanceKind
	Partitions   []int32
}

// A RebalanceKind is what has become of partitions.
type RebalanceKind string

// What there is of it.
const (
	RebalanceAssigned RebalanceKind = "assigned"
	RebalanceRevoked  RebalanceKind = "revoked" // in order: to another member, or at the end of the consumer
	RebalanceLost     RebalanceKind = "lost"    // the group has given them away, such as after consumer.session_timeout
)

// WithObserver adds an observer of all that stands on the proxy. It may be given several times; they are called in that order. Without
// one nothing is called, and nothing is paid.
func WithObserver(o Observer) ProxyOption {
	return func(p *proxyOptions) { p.observers = append(p.observers, o) }
}

// observers are the observers of a proxy. Who would have to put together what is to be told asks first whether there are any.
type observers []Observer

// An ending is to be called with the outcome of a message; nil where nobody wants it.
type ending func(Delivery, error)

func (e ending) with(d Delivery, err error) {
	if e != nil {
		e(d, err)
	}
}

// observed tells of a record that is about to be sent, or is not since its value is invalid, and adds the observers' headers to it.
func (s *sender) observed(ctx context.Context, rec *kgo.Record) (told ending) {
	if len(s.proxy.observers) > 0 {
		rec.Topic = s.topic // also of one that an invalid value has left empty
		rec.Headers, told = s.proxy.observers.send(ctx, *rec)
	}
	return told
}

// send tells of a record, and returns its headers and what is to be called with its outcome.
func (all observers) send(ctx context.Context, rec kgo.Record) ([]kgo.RecordHeader, ending) {
	r := Record{
		Topic: rec.Topic, Partition: rec.Partition, Timestamp: rec.Timestamp, Key: rec.Key, Raw: rec.Value, Headers: headersOf(rec.Headers),
	}
	var told []func(Delivery, error)
	for _, o := range all {
		if o.Send == nil {
			continue
		}
		if done := o.Send(ctx, &r); done != nil {
			told = append(told, done)
		}
	}
	return clientHeaders(r.Headers), func(d Delivery, err error) {
		for _, done := range told {
			done(d, err)
		}
	}
}

// observedRetrieve is retrieve for observers.
func (c *Consumer[T]) observedRetrieve(ctx context.Context) (*Message[T], error) {
	began := time.Now()
	m, err := c.retrieve(ctx)
	c.tellReceived(ctx, began, m, err)
	return m, err
}

// tellReceived tells of a message, or of the error that stands for one.
func (c *Consumer[T]) tellReceived(ctx context.Context, began time.Time, m *Message[T], err error) {
	r := Reception{Group: c.reader.group, Began: began, Err: err}
	var bad *MessageError
	switch {
	case m != nil:
		r.Record = &m.Record
	case errors.As(err, &bad):
		r.Record = &bad.Record
	default:
		return
	}
	c.reader.proxy.observers.receive(ctx, r)
}

func (all observers) receive(ctx context.Context, r Reception) {
	for _, o := range all {
		if o.Receive != nil {
			o.Receive(ctx, r)
		}
	}
}

// tellTaken tells of a message that a Run has taken, at its first attempt.
func (c *Consumer[T]) tellTaken(ctx context.Context, attempt int, m *Message[T], err error) {
	if attempt == 1 && len(c.reader.proxy.observers) > 0 {
		c.tellReceived(ctx, time.Time{}, m, err)
	}
}

// tellHandling tells of a call of a Run's handler. Without observers it returns ctx and nil.
func (c *Consumer[T]) tellHandling(ctx context.Context, attempt int, batch bool, messages ...*Message[T]) (context.Context, func(error)) {
	all := c.reader.proxy.observers
	if len(all) == 0 {
		return ctx, nil
	}
	records := make([]*Record, len(messages))
	for i, m := range messages {
		records[i] = &m.Record
	}
	return all.handle(ctx, Handling{Topic: c.reader.topic, Group: c.reader.group, Records: records, Batch: batch, Attempt: attempt})
}

// handle tells of a call of a handler, and returns its context and what is to be called with its error.
func (all observers) handle(ctx context.Context, h Handling) (context.Context, func(error)) {
	var told []func(error)
	for _, o := range all {
		if o.Handle == nil {
			continue
		}
		observed, done := o.Handle(ctx, h)
		if observed != nil {
			ctx = observed //nolint:fatcontext // as many as there are observers
		}
		if done != nil {
			told = append(told, done)
		}
	}
	return ctx, func(err error) {
		for _, done := range told {
			done(err)
		}
	}
}

func (all observers) fail(ctx context.Context, f Failure) {
	for _, o := range all {
		if o.Fail != nil {
			o.Fail(ctx, f)
		}
	}
}

// tellCommit tells of a commit that was asked for at began.
func (r *reader) tellCommit(ctx context.Context, began time.Time, due map[*assignment]pledge, err error) {
	if len(r.proxy.observers) == 0 {
		return
	}
	offsets := make(map[int32]int64, len(due))
	for a, c := range due {
		offsets[a.partition] = c.to.offset
	}
	r.proxy.observers.commit(ctx, Commit{Topic: r.topic, Group: r.group, Offsets: offsets, Began: began, Err: err})
}

func (all observers) commit(ctx context.Context, c Commit) {
	for _, o := range all {
		if o.Commit != nil {
			o.Commit(ctx, c)
		}
	}
}

func (all observers) lose(l Loss) {
	for _, o := range all {
		if o.Lose != nil {
			o.Lose(l)
		}
	}
}

// tellRebalance tells of partitions that have come or gone. It is called without the reader's lock.
func (r *reader) tellRebalance(kind RebalanceKind, partitions []int32) {
	for _, o := range r.proxy.observers {
		if o.Rebalance != nil {
			o.Rebalance(Rebalance{Topic: r.topic, Group: r.group, Kind: kind, Partitions: partitions})
		}
	}
}

// consume tells of a consumer, and returns what is to be called when it is gone.
func (all observers) consume(status func() Status) (gone []func()) {
	for _, o := range all {
		if o.Consume == nil {
			continue
		}
		if f := o.Consume(status); f != nil {
			gone = append(gone, f)
		}
	}
	return gone
}

// A showing tells observers of one consumer, from its first use to its end. Its zero value is ready; it is safe for concurrent use.
type showing struct {
	once sync.Once
	gone []func()
}

func (s *showing) begin(all observers, status func() Status) {
	s.once.Do(func() { s.gone = all.consume(status) })
}

// end tells that the consumer is gone, if its beginning was told; it is not told afterwards.
func (s *showing) end() {
	s.once.Do(func() {})
	for _, gone := range s.gone {
		gone()
	}
}
