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
	d := p.sender.blank()
	err := p.fill(d, value, opts)
	return p.sendAndWait(ctx, "produce", d, err)
}

// sendAndWait sends a delivery and waits for its acknowledgement, unless err says why there is nothing to send.
func (p *Producer[T]) sendAndWait(ctx context.Context, verb string, d *delivery, err error) (done Delivery, _ error) {
	told := p.sender.observed(ctx, &d.rec)
	if err == nil {
		err = p.sender.sendToAwait(ctx, d)
	}
	if err == nil {
		done, err = p.sender.await(ctx, d)
	}
	if err != nil {
		done, err = Delivery{}, p.failed(verb, err)
	}
	told.with(done, err)
	return done, err
}

// ProduceAsync sends one message and returns before its acknowledgement. Calls from one goroutine are written in their order, key
// by key; between goroutines there is no order. It blocks for the connection on a cold proxy and for room in the send buffer,
// until ctx ends; afterwards ctx changes nothing.
//
// done is called exactly once for every call, also for an invalid value and at Disconnect, in order per partition, on a goroutine of
// this producer alone: it may block and may call Produce; a slow one delays this producer's other calls of done and nothing else. With
// nil an error is in the log only, counted.
func (p *Producer[T]) ProduceAsync(ctx context.Context, value T, done func(Delivery, error), opts ...RecordOption) {
	if err := p.made(); err != nil {
		if done != nil {
			go done(Delivery{}, err)
		}
		return
	}
	d := p.sender.blank()
	err := p.fill(d, value, opts)
	d.done, d.told = done, p.sender.observed(ctx, &d.rec)
	if err == nil {
		err = p.sender.send(ctx, d)
	}
	if err != nil {
		d.told.with(Delivery{}, p.failed("produce", err))
		p.sender.report(d, err)
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
	deliveries := make([]*delivery, len(values))
	batch := BatchError{Errs: make([]error, len(values))}
	for i, v := range values {
		deliveries[i] = p.sender.blank()
		batch.Errs[i] = p.fill(deliveries[i], v, opts)
	}
	if batch.failed() {
		p.tellInvalid(ctx, deliveries, batch.Errs)
		return nil, &batch
	}
	told := make([]ending, len(values))
	for i, d := range deliveries {
		told[i] = p.sender.observed(ctx, &d.rec)
		batch.Errs[i] = p.sender.sendToAwait(ctx, d)
	}
	all := make([]Delivery, len(values))
	for i, d := range deliveries {
		if batch.Errs[i] == nil {
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
func (p *Producer[T]) tellInvalid(ctx context.Context, deliveries []*delivery, errs []error) {
	for i, err := range errs {
		if err != nil {
			p.sender.observed(ctx, &deliveries[i].rec).with(Delivery{}, err)
		}
	}
}

// Tombstone sends a null value for key, which deletes the key's messages from a compacted topic, and waits for its
// acknowledgement as Produce does. A nil key is an error before any I/O.
func (p *Producer[T]) Tombstone(ctx context.Context, key []byte, opts ...RecordOption) (Delivery, error) {
	if err := p.made(); err != nil {
		return Delivery{}, err
	}
	d := p.sender.blank()
	p.compose(&d.rec, nil, key, opts)
	err := p.sender.usable()
	if err == nil && d.rec.Key == nil {
		err = errors.New("a tombstone needs a key: it says whose messages to delete")
	}
	return p.sendAndWait(ctx, "tombstone", d, err)
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

// fill makes the checked record of a value, in the delivery's memory.
func (p *Producer[T]) fill(d *delivery, value T, opts []RecordOption) (err error) {
	if err := p.sender.usable(); err != nil {
		return err
	}
	if d.memory, err = p.codec.encodeInto(d.memory, value); err != nil {
		return err
	}
	var key []byte
	if p.topic.Key != nil {
		key = p.topic.Key(value)
	}
	p.compose(&d.rec, d.memory, key, opts)
	return nil
}

// compose sets what is known of a record.
func (p *Producer[T]) compose(rec *kgo.Record, raw, key []byte, opts []RecordOption) {
	rec.Topic, rec.Partition, rec.Key, rec.Value = p.topic.Name, anyPartition, key, raw
	if len(opts) > 0 {
		choose(rec, opts)
	}
}

// choose applies the options. What they see by a pointer can't stay on the stack, so a record without options does without.
func choose(rec *kgo.Record, opts []RecordOption) {
	r := Record{Topic: rec.Topic, Partition: rec.Partition, Key: rec.Key, Raw: rec.Value}
	apply(&r, opts)
	rec.Partition, rec.Timestamp, rec.Key, rec.Headers = r.Partition, r.Timestamp, r.Key, clientHeaders(r.Headers)
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
