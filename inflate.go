package kafka

import (
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"
)

// An inflater decompresses a consumer's batches, within bounds for all that is fetched at once: franz-go decompresses a whole answer
// before it hands out the first record, and some 500 batches of 64 MiB fit into one answer of 1 MiB. It bounds what a batch's records
// take as well: 64 MiB may hold 9,000,000 of them, which take 2 GB. It is safe for concurrent use.
type inflater struct {
	plain func() kgo.Decompressor // bounded by consumer.max_decompressed_bytes
	most  int64                   // weight of a batch, and of what is decompressed between two polls
	used  atomic.Int64            // since the last poll
}

// errLater is no fault: the client asks for the batch again when what was decompressed has been polled. It is returned for a batch that is
// its partition's first in an answer only; others are as good as not sent.
var errLater = errors.New("enough is decompressed that waits to be polled")

// heavier is how much more the records of a batch may take than their bytes.
const heavier = 4

// newInflater makes one of a bound for a batch. opts are those of the clients: the user's decompressor may be among them.
func newInflater(most int, opts []kgo.Opt) *inflater {
	return &inflater{most: heavier * int64(most), plain: sync.OnceValue(func() kgo.Decompressor { return decompressorOf(opts, most) })}
}

// decompressorOf finds what a client with some options decompresses with: a client has no other way to tell, and franz-go no other way to
// make one with a bound.
func decompressorOf(opts []kgo.Opt, most int) kgo.Decompressor {
	cl, err := kgo.NewClient(append(opts[:len(opts):len(opts)], kgo.MaxDecompressBatchBytes(most))...)
	if err != nil {
		return kgo.DefaultDecompressor() // the clients to come tell it
	}
	defer cl.Close()
	return cl.OptValue(kgo.WithDecompressor).(kgo.Decompressor)
}

// Decompress returns errLater where enough is decompressed, and kgo.ErrMaxDecompress for a batch that is too large.
func (i *inflater) Decompress(src []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if i.used.Load() >= i.most {
		return nil, errLater
	}
	batch, err := i.plain().Decompress(src, codec)
	if err != nil {
		return nil, err
	}
	w := weight(batch)
	if w > i.most {
		return nil, kgo.ErrMaxDecompress
	}
	i.used.Add(w)
	return batch, nil
}

// apart is an inflater with the same bounds for what is fetched beside, and never polled.
func (i *inflater) apart() *inflater { return &inflater{plain: i.plain, most: i.most} }

// polled makes room for the next.
func (i *inflater) polled() { i.used.Store(0) }

const (
	recordWeight = int64(unsafe.Sizeof(kgo.Record{}) + unsafe.Sizeof(&kgo.Record{}))
	headerWeight = int64(unsafe.Sizeof(kgo.RecordHeader{}))
)

// weight is what a decompressed batch takes in memory, with its records. What it can't read, the client can't either.
func weight(batch []byte) int64 {
	w := int64(len(batch))
	for len(batch) > 0 {
		length, used := binary.Varint(batch)
		if used <= 0 || length < 0 || length > int64(len(batch)-used) {
			return w
		}
		record := batch[used : used+int(length)]
		batch = batch[used+int(length):]
		w += recordWeight + headerWeight*announcedHeaders(record)
	}
	return w
}

// announcedHeaders is how many headers a record announces: after its attributes, two deltas, the key and the value (KIP-98).
func announcedHeaders(record []byte) int64 {
	at := 1
	for part := range 4 {
		if at > len(record) {
			return 0
		}
		n, used := binary.Varint(record[at:])
		if used <= 0 {
			return 0
		}
		at += used
		if part >= 2 { // key and value
			if n > int64(len(record)) {
				return 0
			}
			at += int(max(n, 0))
		}
	}
	if at > len(record) {
		return 0
	}
	n, _ := binary.Varint(record[at:])
	return min(max(n, 0), int64(len(record)))
}
