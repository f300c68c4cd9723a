package wire

import "encoding/binary"

// batches are the batches of a partition, of which only the heads are looked at.
type batches struct {
	left  int // bytes of them that are still to come
	head  [batchHeadSize]byte
	have  int // of head
	plain int // records of the answer that are not compressed
}

const (
	batchHeadSize = 61 // up to the records (KIP-98)
)

// LeastRecord is how many bytes a record has at least: a length and six parts, each empty.
const LeastRecord = 7

// nextBatch begins a batch, or passes what is too short for one: a broker cuts the last one off where its answer is full.
func (a *Answer) nextBatch() {
	if a.batches.left < batchHeadSize {
		a.passBatches()
		return
	}
	a.batches.have = 0
	a.reading.begin(batchHead, nil, batchHeadSize)
}

func (a *Answer) passBatches() {
	a.skip, a.batches.left = a.batches.left, 0
}

func (a *Answer) readBatchHead(b []byte) ([]byte, error) {
	h := &a.batches
	n := copy(h.head[h.have:], b)
	h.have += n
	h.left -= n
	a.left -= n
	if h.have < batchHeadSize {
		return b[n:], nil
	}
	a.reading = reading{}
	return b[n:], a.judgeBatch()
}

func (a *Answer) judgeBatch() error {
	h := &a.batches
	size := int(int32(binary.BigEndian.Uint32(h.head[8:]))) + 12 - batchHeadSize
	magic, compressed := h.head[16], h.head[22]&7 != 0
	first, last := int64(binary.BigEndian.Uint64(h.head[:])), int32(binary.BigEndian.Uint32(h.head[23:]))
	count := int(int32(binary.BigEndian.Uint32(h.head[57:])))
	if magic != 2 || size > h.left { // older than Kafka 0.11, or cut off
		a.passBatches()
		return nil
	}
	switch {
	case size < 0: // the client would take it for one that is cut off, and ask again for ever
		return a.lie("has a batch of %d bytes", size+batchHeadSize)
	case first < 0 || last < 0: // the same, as one that is long past
		return a.lie("has a batch of the offsets %d to %d", first, first+int64(last))
	case count <= 0: // the client sees to it
	case compressed && count > a.bounds.Compressed:
		return a.lie("has a batch that claims %d records, more than the %d that a batch may decompress to", count, a.bounds.Compressed)
	case !compressed && count > size/LeastRecord:
		return a.lie("has a batch that claims %d records in %d bytes", count, size)
	case !compressed:
		if h.plain += count; h.plain > a.bounds.Plain {
			return a.lie("has more than %d records", a.bounds.Plain)
		}
	}
	a.skip = size
	h.left -= size
	return nil
}
