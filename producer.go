package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A Producer sends messages of type T to one topic, each checked against the topic's schema before anything is sent. It is safe
// for concurrent use. It connects on its first send.
//
// Every method that sends follows one contract of errors:
//
//   - *schema.ValidationError: the value breaks the schema. Nothing was sent, no connection was opened.
//   - ErrOutcomeUnknown: the message may be written, even minutes later; sending it again may write it twice.
//   - Every other error: the message was surely not written, by our own refusal (ErrBufferFull, ErrDisconnected, a connection that
//     can't be opened) or the broker's (ErrUnknownTopic, no permission, too large). Temporary says whether waiting may heal it.
type Producer[T any] struct {
	topic  Topic[T]
	codec  *Codec[T]
	sender *sender
}

// A ProducerOption sets what one producer does differently from its proxy's configuration.
type ProducerOption func(*producerOptions)

type producerOptions struct{ deliveryTimeout time.Duration }

// WithDeliveryTimeout sets how long a message of this producer may take from admission to acknowledgement; then its outcome is
// unknown. Defaults to producer.delivery_timeout, 30 s.
func WithDeliveryTimeout(d time.Duration) ProducerOption {
	return func(o *producerOptions) { o.deliveryTimeout = d }
}

// NewProducer makes a producer of t on p. It returns every error that can be known without a network: a topic that the
// configuration does not list, a schema that does not compile or that no value of T can meet. It does no I/O.
func NewProducer[T any](p *Proxy, t Topic[T], opts ...ProducerOption) (*Producer[T], error) {
	if err := p.usable(); err != nil {
		return nil, fmt.Errorf("kafka: new producer: %w", err)
	}
	o := producerOptions{deliveryTimeout: p.cfg.Producer.DeliveryTimeout}
	apply(&o, opts)
	entry, topicErr := p.cfg.topic(t.Name)
	codec, codecErr := newCodec(t, p.limits())
	var optErr error
	if o.deliveryTimeout <= 0 {
		optErr = fmt.Errorf("a delivery timeout of %s can't be met: give a positive one", o.deliveryTimeout)
	}
	if err := errors.Join(topicErr, codecErr, optErr); err != nil {
		return nil, fmt.Errorf("kafka: new producer of %q: %w", t.Name, err)
	}
	t.Name = topicName(entry)
	return &Producer[T]{topic: t, codec: codec, sender: newSender(p, t.Name, o.deliveryTimeout)}, nil
}

// Produce sends one message and waits for its acknowledgement. It blocks for the connection, for room in the send buffer and for
// the broker, until ctx ends or the delivery timeout passes; the type's comment says what each error means.
func (p *Producer[T]) Produce(ctx context.Context, value T, opts ...RecordOption) (Delivery, error) {
	if err := p.made(); err != nil {
		return Delivery{}, err
	}
	rec, err := p.record(value, opts)
	return p.sendAndWait(ctx, "produce", rec, err)
}

// sendAndWait sends a record and waits for its acknowledgement, unless err says why there is none.
func (p *Producer[T]) sendAndWait(ctx context.Context, verb string, rec kgo.Record, err error) (d Delivery, _ error) {
	told := p.sender.observed(ctx, &rec)
	if err == nil {
		d, err = p.sender.sendAndWait(ctx, rec)
	}
	if err != nil {
		d, err = Delivery{}, p.failed(verb, err)
	}
	told.with(d, err)
	return d, err
}

// ProduceAsync sends one message and returns before its acknowledgement. Calls from one goroutine are written in their order, key
// by key; between goroutines there is no order. It blocks for the connection on a cold proxy and for room in the send buffer,
// until ctx ends; afterwards ctx changes nothing.
//
// done, which may be nil, is called exactly once for every call, also for an invalid value and at Disconnect, in order per
// partition, on a goroutine of this producer alone: it may block and may call Produce; a slow one delays this producer's other
// calls of done and nothing else.
func (p *Producer[T]) ProduceAsync(ctx context.Context, value T, done func(Delivery, error), opts ...RecordOption) {
	if err := p.made(); err != nil {
		if done != nil {
			go done(Delivery{}, err)
		}
		return
	}
	rec, err := p.record(value, opts)
	told := p.sender.observed(ctx, &rec)
	if err == nil {
		_, err = p.sender.send(ctx, &parcel{rec: rec, done: done, told: told})
	}
	if err != nil {
		told.with(Delivery{}, p.failed("produce", err))
		p.sender.report(done, err)
	}
}

// ProduceAll sends several messages and waits for all acknowledgements. If one value is invalid none is sent. The options apply
// to each. If not every message was delivered the error is a *BatchError with the error of each at its index; the deliveries at
// the other indexes are good. It blocks as Produce does; when ctx ends, messages that were not sent yet have ErrBufferFull or
// ctx's error and are safe to repeat.
func (p *Producer[T]) ProduceAll(ctx context.Context, values []T, opts ...RecordOption) ([]Delivery, error) {
	if err := p.made(); err != nil {
		return nil, err
	}
	if err := p.sender.usable(); err != nil {
		return nil, p.failed("produce", err)
	}
	recs := make([]kgo.Record, len(values))
	batch := BatchError{Errs: make([]error, len(values))}
	for i, v := range values {
		recs[i], batch.Errs[i] = p.record(v, opts)
	}
	if batch.failed() {
		p.tellInvalid(ctx, recs, batch.Errs)
		return nil, &batch
	}
	deliveries, told := make([]*delivery, len(recs)), make([]ending, len(recs))
	for i := range recs {
		told[i] = p.sender.observed(ctx, &recs[i])
		deliveries[i], batch.Errs[i] = p.sender.send(ctx, &parcel{rec: recs[i], result: make(chan outcome, 1)})
	}
	all := make([]Delivery, len(recs))
	for i, d := range deliveries {
		if d != nil {
			all[i], batch.Errs[i] = p.sender.await(ctx, d)
		}
		if batch.Errs[i] != nil {
			batch.Errs[i] = p.failed("produce", batch.Errs[i])
		}
		told[i].with(all[i], batch.Errs[i])
	}
	if batch.failed() {
		return all, &batch
	}
	return all, nil
}

// tellInvalid tells observers of the values of a batch for which nothing of it was sent.
func (p *Producer[T]) tellInvalid(ctx context.Context, recs []kgo.Record, errs []error) {
	for i, err := range errs {
		if err != nil {
			p.sender.observed(ctx, &recs[i]).with(Delivery{}, err)
		}
	}
}

// Tombstone sends a null value for key, which deletes the key's messages from a compacted topic, and waits for its
// acknowledgement as Produce does. A nil key is an error before any I/O.
func (p *Producer[T]) Tombstone(ctx context.Context, key []byte, opts ...RecordOption) (Delivery, error) {
	if err := p.made(); err != nil {
		return Delivery{}, err
	}
	rec := p.compose(nil, key, opts)
	err := p.sender.usable()
	if err == nil && rec.Key == nil {
		err = errors.New("a tombstone needs a key: it says whose messages to delete")
	}
	return p.sendAndWait(ctx, "tombstone", rec, err)
}

// Flush waits until every message that this producer had admitted before the call is acknowledged or given up, or ctx ends. It
// does not wait for calls of done, so it may be called in one.
func (p *Producer[T]) Flush(ctx context.Context) error {
	if err := p.made(); err != nil {
		return err
	}
	err := p.sender.usable()
	if err == nil {
		err = p.sender.flush(ctx)
	}
	if err != nil {
		return p.failed("flush", err)
	}
	return nil
}

// Disconnect refuses new calls, waits for the acknowledgements of what was sent, and lets go of the connection, which closes with
// the last producer of the proxy. It blocks until that is done or ctx ends, 30 s without a deadline; then what is left is
// reported with ErrOutcomeUnknown, and counted in its error. It may be called twice and beside running calls. Every later call
// returns ErrDisconnected.
func (p *Producer[T]) Disconnect(ctx context.Context) error {
	if err := p.made(); err != nil {
		return err
	}
	return p.sender.Disconnect(ctx)
}

// record is the checked record of a value.
func (p *Producer[T]) record(value T, opts []RecordOption) (kgo.Record, error) {
	if err := p.sender.usable(); err != nil {
		return kgo.Record{}, err
	}
	raw, err := p.codec.encodeRecord(value)
	if err != nil {
		return kgo.Record{}, err
	}
	var key []byte
	if p.topic.Key != nil {
		key = p.topic.Key(value)
	}
	return p.compose(raw, key, opts), nil
}

// compose makes the record of a value.
func (p *Producer[T]) compose(raw, key []byte, opts []RecordOption) kgo.Record {
	if len(opts) == 0 {
		return kgo.Record{Topic: p.topic.Name, Partition: anyPartition, Key: key, Value: raw}
	}
	return p.composeWith(raw, key, opts)
}

// composeWith applies the options. What they see by a pointer can't stay on the stack, which is why compose does without where it can.
func (p *Producer[T]) composeWith(raw, key []byte, opts []RecordOption) kgo.Record {
	r := Record{Topic: p.topic.Name, Partition: anyPartition, Key: key, Raw: raw}
	apply(&r, opts)
	return kgo.Record{
		Topic: p.topic.Name, Partition: r.Partition, Timestamp: r.Timestamp, Key: r.Key, Value: raw, Headers: clientHeaders(r.Headers),
	}
}

func (p *Producer[T]) made() error {
	if p == nil || p.sender == nil {
		return errNotMade("Producer", "NewProducer")
	}
	return nil
}

// failed puts what was tried before an error.
func (p *Producer[T]) failed(verb string, err error) error {
	return failedTo(verb, p.topic.Name, err)
}

func failedTo(verb, topic string, err error) error {
	return fmt.Errorf("kafka: %s to %q: %w", verb, topic, err)
}

// A RecordOption sets a part of a record beside its value. A user's own mock can apply it to a Record and look.
type RecordOption func(*Record)

// WithKey sets the key, in place of what Topic.Key gives. Nil is no key.
func WithKey(key []byte) RecordOption {
	return func(r *Record) { r.Key = key }
}

// WithHeader adds a header. A name may come more than once, and a value may be nil.
func WithHeader(key string, value []byte) RecordOption {
	return func(r *Record) { r.Headers = append(r.Headers, Header{Key: key, Value: value}) }
}

// WithTimestamp sets the record's time, to the millisecond. Defaults to now. Brokers refuse times far from their own
// (message.timestamp.after.max.ms), and delete old records by retention.
func WithTimestamp(t time.Time) RecordOption {
	return func(r *Record) { r.Timestamp = t }
}

// WithPartition sets the partition, in place of what the key gives. One that the topic does not have is an error.
func WithPartition(partition int32) RecordOption {
	return func(r *Record) { r.Partition = partition }
}

// producingOptions are the options of the client that the producers share.
func (p *Proxy) producingOptions() []kgo.Opt {
	c := p.cfg.Producer
	opts := []kgo.Opt{
		kgo.RecordPartitioner(newPartitioner()),
		kgo.ProducerLinger(c.Linger),
		kgo.ProducerBatchCompression(c.compression()),
		kgo.RequiredAcks(c.acks()),
		// The client's own limits stand above ours and are never met; see admission.
		kgo.MaxBufferedRecords(2 * c.MaxBufferedRecords),
		kgo.ProducerBatchMaxBytes(c.maxBatchBytes()),
		kgo.MetadataMaxAge(metadataAge), kgo.MetadataMinAge(metadataMinAge), kgo.RequestTimeoutOverhead(answerTime),
	}
	if c.Acks != acksAll {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	return opts
}
