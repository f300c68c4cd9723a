package kafka

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What looks at a batch that brings nothing keeps to the bounds of what reads it: a batch of millions of empty records is too large, which
// the reader itself tells.
func TestWhatStandsIsInflatedWithinBounds(t *testing.T) {
	t.Parallel()
	const records, claimed, at = 100_000, 200_000, 150_000
	r := &reader{topic: "orders", inflater: newInflater(1<<20, nil)}
	batch := zstdBatch(t, claimed, bytes.Repeat([]byte{12, 0, 0, 0, 1, 1, 0}, records))
	judge := func() error {
		return r.judgeFetched(stuck{at: at}, &kmsg.FetchResponse{Topics: []kmsg.FetchResponseTopic{{
			Topic: r.topic, Partitions: []kmsg.FetchResponseTopicPartition{{RecordBatches: batch}},
		}}})
	}
	if err := judge(); err != nil {
		t.Errorf("100,000 records were made to find that they end before the offset: %v", err)
	}
	r.inflater = newInflater(64<<20, nil)
	if judge() == nil {
		t.Error("the test's batch would have been refused anyway")
	}
	if r.inflater.used.Load() != 0 {
		t.Error("what is never polled takes room from what is")
	}
}

// zstdBatch is a batch with offsets from 0 on.
func zstdBatch(t *testing.T, offsets int32, records []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: int16(kgo.CodecZstd), LastOffsetDelta: offsets - 1, ProducerID: -1, ProducerEpoch: -1,
		FirstSequence: -1, NumRecords: offsets, Records: z.EncodeAll(records, nil),
	}
	b.Length = int32(49 + len(b.Records))
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}
