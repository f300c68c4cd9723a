package kafka_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/gauge"
)

// The codecs of a batch's attributes.
const (
	plainCodec = iota
	gzipCodec
	snappyCodec
	lz4Codec
	zstdCodec
)

// A rawBatch is a batch that anybody can write by hand.
type rawBatch struct {
	first   int64
	delta   int32 // of the last offset
	codec   int16
	claims  int32
	records []byte
}

// bytes is the batch with a true length and CRC.
func (b rawBatch) bytes() []byte {
	batch := kmsg.RecordBatch{
		FirstOffset: b.first, Length: int32(49 + len(b.records)), PartitionLeaderEpoch: -1, Magic: 2, Attributes: b.codec,
		LastOffsetDelta: b.delta, FirstTimestamp: 1, MaxTimestamp: 1, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: b.claims, Records: b.records,
	}
	raw := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// rawRecord is a record of a batch with a value; more is what its head may hold beside.
func rawRecord(delta int32, value []byte, headers ...kmsg.Header) []byte {
	r := kmsg.Record{OffsetDelta: delta, Value: value, Headers: headers}
	r.Length = int32(len(r.AppendTo(nil)) - 1) // its own length is one byte there
	return r.AppendTo(nil)
}

// fetching lies about the batches of each answer that has some.
func fetching(t *testing.T, alter func(batches []byte) []byte) lie {
	altering := altered(t, fetchRequest, func(r *kmsg.FetchResponse) {
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				p := &r.Topics[i].Partitions[j]
				if len(p.RecordBatches) > 0 {
					p.RecordBatches = alter(p.RecordBatches)
				}
			}
		}
	})
	return altering
}

// instead are other batches than those that the broker has.
func instead(batches ...[]byte) func([]byte) []byte {
	all := bytes.Join(batches, nil)
	return func([]byte) []byte { return all }
}

// A batch that lies makes Retrieve and Run say so; once the broker tells the truth, the message comes.
func TestHostileBatches(t *testing.T) {
	t.Parallel()
	good := rawBatch{claims: 1, records: rawRecord(0, orderBytes(1, 2)[0])}
	with := func(change func(b *rawBatch)) func([]byte) []byte {
		b := good
		change(&b)
		return instead(b.bytes())
	}
	flip := func(at int, to byte) func([]byte) []byte {
		raw := good.bytes()
		raw[at] = to
		return instead(raw)
	}
	for name, tc := range map[string]struct {
		alter func([]byte) []byte
		says  string
	}{
		"a wrong CRC":                    {flip(17, 1), "crc"},
		"a magic of the future":          {flip(16, 9), "unknown magic 9"},
		"a negative length":              {flip(8, 0xff), "has a batch of -"},
		"a negative offset":              {with(func(b *rawBatch) { b.first = -7 }), "a batch of the offsets -7 to -7"},
		"offsets that go back":           {with(func(b *rawBatch) { b.delta = -3 }), "a batch of the offsets 0 to -3"},
		"a negative count":               {with(func(b *rawBatch) { b.claims = -1 }), "negative record count -1"},
		"a count of 2 billion":           {with(func(b *rawBatch) { b.claims = announced }), "claims 2147483632 records in"},
		"a compressed count of the same": {with(func(b *rawBatch) { b.claims, b.codec = announced, zstdCodec }), "claims 2147483632 records, more than"},
		"gzip that is none":              {with(func(b *rawBatch) { b.codec = gzipCodec }), "gzip"},
		"zstd that is none":              {with(func(b *rawBatch) { b.codec = zstdCodec }), "magic number"},
		"snappy that is none":            {with(func(b *rawBatch) { b.codec = snappyCodec }), "s2: corrupt input"},
		"lz4 that is none":               {with(func(b *rawBatch) { b.codec = lz4Codec }), "lz4: bad magic number"},
		"records that break off":         {with(func(b *rawBatch) { b.records = b.records[:len(b.records)-3] }), "the offsets 0 to 0 claims 1 records, of which 0 can be read"},
		"records that are noise":         {with(func(b *rawBatch) { b.records = gibberish(3, 80) }), "the offsets 0 to 0 claims 1 records, of which 0 can be read"},
		"fewer records than are claimed": {with(func(b *rawBatch) { b.claims, b.delta = 3, 2 }), "the offsets 0 to 2 claims 3 records, of which 1 can be read"},
		"compressed records that break off": {with(func(b *rawBatch) {
			b.codec, b.records = zstdCodec, zstded(b.records[:len(b.records)-3])
		}), "the offsets 0 to 0 claims 1 records, of which 0 can be read"},
		"fewer compressed records than are claimed": {with(func(b *rawBatch) {
			b.codec, b.claims, b.delta, b.records = zstdCodec, 3, 2, zstded(b.records)
		}), "the offsets 0 to 2 claims 3 records, of which 1 can be read"},
		"a batch that is cut off":   {instead(good.bytes()[:70]), "a batch is cut off after 70 bytes"},
		"a codec that nobody knows": {with(func(b *rawBatch) { b.codec = 7 }), "unknown compression codec"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, l, topic := hostile(t)
			c.writeOrders(t, topic, 0, 2, 4)
			l.tell(fetching(t, tc.alter))
			p := newProxy(t, c.cfg, l.option())
			consumer := newConsumer(t, p, topic)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			next := 1
			m, err := consumer.Retrieve(ctx)
			if err == nil && contains(errors.New(tc.says), "of which 1 can be read") { // it comes
				next = 2
				m, err = consumer.Retrieve(ctx)
			}
			if err == nil {
				t.Fatalf("received %+v", m.Value)
			}
			wantWords(t, err, tc.says)
			var at *kafka.ConnectError
			if contains(err, "can't be read from") && (!errors.As(err, &at) || at.Address != c.cfg.Brokers[0] || at.Remedy == "" ||
				!errors.Is(err, kerr.CorruptMessage)) {
				t.Errorf("it does not say whose it is, or what to do: %+v", at)
			}
			l.tell(nil)
			for m == nil {
				m, err = consumer.Retrieve(within(t, patience))
				if err != nil && !contains(err, tc.says) { // told before
					t.Fatal(err)
				}
			}
			if m.Value.Qty != next && tc.says != "unknown magic 9" { // which is skipped
				t.Errorf("received %+v", m.Value)
			}
		})
	}
}

// What can't be refused at least hurts nobody: offsets out of all order are delivered or passed over, and nothing panics.
func TestHostileOffsets(t *testing.T) {
	t.Parallel()
	at := func(first int64, delta int32) []byte {
		return rawBatch{first: first, delta: delta, claims: 1, records: rawRecord(delta, orderBytes(7, 8)[0])}.bytes()
	}
	for name, batches := range map[string][]byte{
		"back and forth": bytes.Join([][]byte{at(5, 0), at(3, 0), at(9, 0), at(0, 0)}, nil),
		"far away":       at(1<<62, 0),
		"past all":       at(1<<63-1, 1<<31-1),
		"a gap within":   at(0, 1<<31-1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, l, topic := hostile(t)
			l.tell(fetching(t, instead(batches)))
			p := newProxy(t, c.cfg, l.option())
			consumer := newConsumer(t, p, topic)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			for ctx.Err() == nil {
				_, _ = consumer.Retrieve(ctx) // something, or what is wrong with it
			}
			l.tell(nil)
			c.writeOrders(t, topic, 0, 100, 101)
			_ = consumer.Disconnect(within(t, patience)) // what is acknowledged may be out of order
			fresh := newConsumer(t, p, topic, kafka.WithGroup(unique("fresh")))
			expectOrders(t, fresh, 1, 2)
			expectOrders(t, fresh, 100, 101)
		})
	}
}

// A bomb is records that decompress to much more than they are.
type bomb struct {
	codec   int16
	records []byte
}

// bombs decompress to 10 GB each, by members, frames and chunks that follow each other.
func bombs(t *testing.T) map[string]bomb {
	t.Helper()
	const part, parts = 64 << 20, 160
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, _ = g.Write(make([]byte, part))
	_ = g.Close()
	z, _ := zstd.NewWriter(&zs)
	_, _ = z.Write(make([]byte, part))
	_ = z.Close()
	lz, err := kgo.DefaultCompressor(kgo.Lz4Compression())
	if err != nil {
		t.Fatal(err)
	}
	var lzs bytes.Buffer
	four, _ := lz.Compress(&lzs, make([]byte, part))
	sn, _ := kgo.DefaultCompressor(kgo.SnappyCompression())
	var sns bytes.Buffer
	chunk, _ := sn.Compress(&sns, make([]byte, part))
	xerial := append([]byte{130, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1},
		bytes.Repeat(framed(chunk), 3)...) // of 192 MB: the chunks themselves are not small
	return map[string]bomb{
		"gzip":                       {gzipCodec, bytes.Repeat(gz.Bytes(), parts)},
		"zstd":                       {zstdCodec, bytes.Repeat(zs.Bytes(), parts)},
		"lz4":                        {lz4Codec, bytes.Repeat(four, 3)},
		"snappy that announces 4 GB": {snappyCodec, append(binary.AppendUvarint(nil, 1<<32-1), 0xfe, 0xff, 0xff)},
		"snappy in chunks":           {snappyCodec, xerial},
	}
}

// peak is the most that the heap held while do ran, garbage that is not yet collected included.
func peak(do func()) (most uint64) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		defer close(stopped)
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for tick := time.NewTicker(time.Millisecond); ; {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-tick.C:
			case <-stop:
				tick.Stop()
				return
			}
		}
	}()
	defer once.Do(func() { close(stop); <-stopped })
	do()
	return most
}

// bombRoom is what the heap may take for one batch of 64 MiB: making room for it by doubling takes 335 MB at most, until that is collected.
// On a busy machine it is decompressed again meanwhile, by who looks why nothing comes.
const bombRoom = 700 << 20

// A batch that decompresses to 10 GB is a MessageError, takes no more memory than a batch may, and the message after it comes.
func TestDecompressionBombs(t *testing.T) { // alone, since it measures
	for name, b := range bombs(t) {
		t.Run(name, func(t *testing.T) {
			c := newEmbedded(t, "the bomb is written by hand")
			topic := c.topic(t, 1)
			l := new(liar)
			c.writeOrders(t, topic, 0, 0, 1)
			bombBatch := rawBatch{claims: 1, codec: b.codec, records: b.records}.bytes()
			l.tell(fetching(t, instead(bombBatch)))
			consumer := newConsumer(t, newProxy(t, c.cfg, l.option()), topic)
			before := peak(func() {})
			var err error
			most := peak(func() {
				err = retrieveError(t, consumer)
			})
			var broken *kafka.MessageError
			if !errors.As(err, &broken) || !contains(err, "decompresses to more than the 67108864 bytes") {
				t.Errorf("it is told as %v", err)
			}
			t.Logf("the batch has %d bytes, the heap had %d MB at most", len(bombBatch), (most-before)>>20)
			if most-before > bombRoom && !gauge.Race {
				t.Errorf("the heap grew by %d MB", (most-before)>>20)
			}
			l.tell(nil)
			c.writeOrders(t, topic, 0, 1, 2)
			expectOrders(t, consumer, 1, 2)
		})
	}
}

// produceRaw writes a batch as a hostile producer can.
func (c *cluster) produceRaw(t *testing.T, topic string, batch []byte) {
	t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 10_000
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = topic
	topics, err := c.adm.ListTopics(within(t, patience), topic)
	if err != nil {
		t.Fatal(err)
	}
	rt.TopicID = topics[topic].ID
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Records = batch
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	resp, err := c.client(t).Broker(int(topics[topic].Partitions[0].Leader)).Request(within(t, patience), req)
	if err != nil {
		t.Fatal(err)
	}
	if code := resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode; code != 0 {
		t.Fatalf("the broker refuses the batch with code %d", code)
	}
}

func zstded(raw []byte) []byte {
	z, _ := zstd.NewWriter(nil)
	return z.EncodeAll(raw, nil)
}

// A hostile producer writes many batches that are small on the wire and just within the limit each. They are decompressed as they are
// taken, not all at once.
func TestManySmallBombs(t *testing.T) { // alone, since it measures
	const many = 60
	c := newEmbedded(t, "the batches are written by hand")
	topic := c.topic(t, 1)
	record := zstded(rawRecordOf(append(bytes.Repeat([]byte(" "), 60<<20), "{}"...)))
	for range many {
		c.produceRaw(t, topic, rawBatch{claims: 1, codec: zstdCodec, records: record}.bytes())
	}
	c.writeOrders(t, topic, 0, 1, 2)
	consumer := newConsumer(t, newProxy(t, c.cfg), topic)
	before := peak(func() {})
	most := peak(func() {
		for range many {
			if err := retrieveError(t, consumer); !contains(err, "1048588") {
				t.Fatalf("it is told as %v", err)
			}
		}
		expectOrders(t, consumer, 1, 2)
	})
	t.Logf("%d batches of %d bytes decompress to %d MB; the heap grew by %d MB at most", many, len(record), many*60, (most-before)>>20)
	if most-before > 1200<<20 && !gauge.Race {
		t.Errorf("the heap grew by %d MB", (most-before)>>20)
	}
}

// rawRecordOf is a record of a large value.
func rawRecordOf(value []byte) []byte {
	body := []byte{0, 0, 0, 1} // attributes, deltas, no key
	body = binary.AppendVarint(body, int64(len(value)))
	body = append(append(body, value...), 0) // no headers
	return append(binary.AppendVarint(nil, int64(len(body))), body...)
}

// Batches of millions of records, or of headers, without a byte in them take many times what they decompress to: they are too large.
func TestBatchesOfEmptyRecords(t *testing.T) { // alone, since it measures
	const records, headers = 8_000_000, 30_000_000
	many := bytes.Repeat([]byte{12, 0, 0, 0, 1, 1, 0}, records)
	head := append([]byte{0, 0, 0, 1, 1}, binary.AppendVarint(nil, headers)...)
	long := append(binary.AppendVarint(nil, int64(len(head)+2*headers)), head...)
	long = append(long, make([]byte, 2*headers)...)
	for name, b := range map[string]rawBatch{
		"records": {claims: records, delta: records - 1, codec: zstdCodec, records: zstded(many)},
		"headers": {claims: 1, codec: zstdCodec, records: zstded(long)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newEmbedded(t, "the batch is written by hand")
			topic := c.topic(t, 1)
			c.produceRaw(t, topic, b.bytes())
			c.writeOrders(t, topic, 0, 1, 2)
			consumer := newConsumer(t, newProxy(t, c.cfg), topic)
			before := peak(func() {})
			most := peak(func() {
				if err := retrieveError(t, consumer); !contains(err, "decompresses to more than") {
					t.Errorf("it is told as %v", err)
				}
			})
			t.Logf("the batch has %d bytes; the heap grew by %d MB", len(b.records), (most-before)>>20)
			if most-before > 400<<20 && !gauge.Race {
				t.Errorf("the heap grew by %d MB", (most-before)>>20)
			}
			expectOrders(t, consumer, 1, 2)
		})
	}
}
