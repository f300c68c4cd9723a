package kafka

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// plainBytes and plainRecords bound what a faithful sender has under way, so that no batch is larger than any topic takes by
	// default. What is larger than plainBytes is alone in its batch, and is compressed.
	plainBytes   = 900_000
	plainRecords = 500
)

// A faithful is a sender that writes records that came from Kafka, as they came, whatever size they are, acknowledged by all in-sync
// replicas whatever producer.acks says. It has a client of its own, since franz-go bounds a batch by its size before compression,
// and compresses and acknowledges alike for all that a client sends. It is safe for concurrent use.
//
// A large batch limit alone would not do: records that are under way together share a batch, and the broker refuses a batch of
// which each record would have passed. So a record that is large claims the whole send buffer and is alone.
type faithful struct {
	sender   *sender
	squeeze  squeezer
	renewing sync.Mutex // held over each decision to renew the client
}

// newFaithful makes a sender to a topic; what it is for is its connection's name in errors and the log. It does no I/O.
func newFaithful(p *Proxy, what, topic string) *faithful {
	plain, _ := kgo.DefaultCompressor(p.cfg.Producer.compression()) // its error is of codecs that don't exist
	f := &faithful{sender: newSender(p, topic, p.cfg.Producer.DeliveryTimeout), squeeze: squeezer{plain: plain}}
	f.sender.room = newAdmission(plainRecords, plainBytes)
	f.sender.topicNow = &topicLife{}
	f.sender.conn = newConnection("connect for "+what, p.cfg.ConnectTimeout, func() *slog.Logger { return p.logOf(p.log, what) },
		func(ctx, base context.Context, faults *faults) (*kgo.Client, error) {
			return p.dialProducing(ctx, base, faults, f.options(p.cfg)...)
		})
	return f
}

func (f *faithful) options(c Config) []kgo.Opt {
	const most = 1 << 30 // of franz-go
	limit := min(max(c.Consumer.MaxDecompressedBytes, largestMessage)+batchRoom, most-batchRoom)
	return []kgo.Opt{
		kgo.RecordPartitioner(newPartitioner()),
		kgo.ProducerLinger(0),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.WithCompressor(&f.squeeze),
		kgo.ProducerBatchMaxBytes(int32(limit)), kgo.BrokerMaxWriteBytes(int32(limit + batchRoom)),
		kgo.MetadataMaxAge(metadataAge), kgo.MetadataMinAge(metadataMinAge), kgo.RequestTimeoutOverhead(answerTime),
	}
}

// send writes a record and waits for its acknowledgement, until ctx ends or the delivery timeout passes. Its errors are a
// producer's.
func (f *faithful) send(ctx context.Context, rec kgo.Record, alone bool) (written Delivery, err error) {
	seen := rec // its headers stay as they are
	told := f.sender.observed(ctx, &seen)
	defer func() { told.with(written, err) }()
	d := f.sender.blank()
	d.rec = rec
	if alone {
		d.claim = plainBytes
	}
	if err = f.sender.sendToAwait(ctx, d); err != nil {
		return Delivery{}, err
	}
	by := d.client
	written, err = f.sender.await(ctx, d)
	if spoilt(err) && ctx.Err() == nil {
		f.renew(ctx, by)
	}
	return written, err
}

// spoilt reports whether the client may go on failing, or holding things up, after its cause is mended. franz-go keeps a producer id that
// was refused for the life of the client, also when the permission has come; and a record that a hung broker does not answer keeps its
// place in the send buffer, which may be all of it, until the broker answers.
func spoilt(err error) bool {
	return errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, kerr.ClusterAuthorizationFailed)
}

// renew closes a client, unless that has happened or is about to; the next send opens another one. What else was under way ends with
// ErrOutcomeUnknown.
func (f *faithful) renew(ctx context.Context, failed *kgo.Client) {
	cl, stop := f.takeIf(failed)
	closeWithin(ctx, cl, stop)
}

func (f *faithful) takeIf(failed *kgo.Client) (*kgo.Client, context.CancelFunc) {
	f.renewing.Lock()
	defer f.renewing.Unlock()
	if f.sender.conn.client.Load() != failed || f.sender.usable() != nil {
		return nil, nil
	}
	return f.sender.conn.take()
}

// explain adds to the error of a missing permission who lacks it and how it is given.
func (f *faithful) explain(err error) error {
	return f.sender.proxy.access.forbidden(err, need{operation: "Write", topic: f.sender.topic})
}

// A squeezer compresses what is too large for a topic's default limit, and leaves the rest as the proxy compresses, which by default is
// not at all, so that every client can read it. Once a broker has refused a batch for its size it compresses everything, as far as it
// can: that takes a second for every 4 MB, four times as long as a little less. It is safe for concurrent use.
type squeezer struct {
	plain kgo.Compressor // nil: none
	hard  atomic.Bool    // a broker has refused a batch for its size

	better, best lazyZstd
}

// Compress is called by the client for each batch.
func (s *squeezer) Compress(dst *bytes.Buffer, src []byte, flags ...kgo.CompressFlag) ([]byte, kgo.CompressionCodecType) {
	hard := s.hard.Load()
	switch {
	case slices.Contains(flags, kgo.CompressDisableZstd) && (hard || len(src) > plainBytes): // Kafka before 2.1
		gzip, _ := kgo.DefaultCompressor(kgo.GzipCompression().WithLevel(9))
		return gzip.Compress(dst, src, flags...)
	case hard:
		return s.best.compress(src, zstd.SpeedBestCompression), kgo.CodecZstd
	case len(src) > plainBytes:
		return s.better.compress(src, zstd.SpeedBetterCompression), kgo.CodecZstd
	case s.plain != nil:
		return s.plain.Compress(dst, src, flags...)
	}
	return src, kgo.CodecNone
}

// A lazyZstd is an encoder that is made when it is needed, since it takes some megabytes.
type lazyZstd struct {
	once    sync.Once
	encoder *zstd.Encoder
}

// largestWindow is what every decoder of zstd takes (RFC 8878, 3.1.1.1.2). franz-go's own compressor looks back 64 KiB, and would make
// of a message that repeats itself over a longer way one that is larger than it came.
const largestWindow = 8 << 20

func (z *lazyZstd) compress(src []byte, level zstd.EncoderLevel) []byte {
	z.once.Do(func() {
		z.encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithWindowSize(largestWindow),
			zstd.WithEncoderConcurrency(1)) // its error is of options that are out of range
	})
	return z.encoder.EncodeAll(src, nil)
}
