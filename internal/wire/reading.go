package wire

import (
	"encoding/binary"
	"time"
)

// A reading is a number under way: its bytes may come one by one.
type reading struct {
	what  what
	field *field
	size  int // of the number in bytes, or varint
	have  int
	value uint64
}

// what a number says.
type what uint8

const (
	nothing  what = iota
	wait          // for how long
	length        // of a text, bytes or an array
	presence      // of a struct that may be null
	tagCount
	tagKey
	tagSize
	batchHead
)

const (
	varint        = 0
	longestVarint = 5
)

func (r *reading) begin(w what, f *field, size int) { *r = reading{what: w, field: f, size: size} }

// take takes in a byte and reports whether the number ends with it.
func (r *reading) take(b byte) (done bool) {
	if r.size == varint {
		r.value |= uint64(b&0x7f) << (7 * r.have)
		r.have++
		return b < 0x80 || r.have == longestVarint
	}
	r.value = r.value<<8 | uint64(b)
	r.have++
	return r.have == r.size
}

// count is the number as a length: -1 for null.
func (r *reading) count() int {
	switch r.size {
	case varint:
		return int(int32(uint32(r.value)) - 1)
	case 2:
		return int(int16(uint16(r.value)))
	default:
		return int(int32(uint32(r.value)))
	}
}

// read takes in the bytes of a number, and acts on it.
func (a *Answer) read(b []byte) ([]byte, error) {
	if a.reading.what == batchHead {
		return a.readBatchHead(b)
	}
	for i, c := range b {
		a.left--
		if !a.reading.take(c) {
			continue
		}
		r := a.reading
		a.reading = reading{}
		if r.what == wait {
			return b[i+1:], a.shorten(b[:i+1], &r)
		}
		return b[i+1:], a.act(&r)
	}
	return nil, nil
}

func (a *Answer) act(r *reading) error {
	switch r.what {
	case presence:
		if int8(uint8(r.value)) != -1 {
			a.stack = append(a.stack, frame{fields: r.field.inner})
		}
	case length:
		if r.field.kind == array {
			return a.enter(r.field, r.count())
		}
		return a.span(r.field, r.count())
	default:
		return a.tag(r)
	}
	return nil
}

// A client waits for as long as a broker asks it to, and 2^31 ms are 24 days. A quota asks for seconds; one that is exceeded a hundredfold
// may ask for hours. Asking again before that does not get round it, since the broker itself does not read on for as long (KIP-219).
const (
	longestPause = time.Minute
	absurdPause  = 24 * time.Hour
)

// shorten makes a pause the longest, in the bytes that end with it. One that has come in pieces is refused: a part is handed on.
func (a *Answer) shorten(b []byte, r *reading) error {
	asked := time.Duration(int32(uint32(r.value))) * time.Millisecond
	switch {
	case asked <= longestPause:
	case len(b) < r.size, asked > absurdPause:
		return a.lie("asks to wait for %s", asked)
	default:
		binary.BigEndian.PutUint32(b[len(b)-r.size:], uint32(longestPause.Milliseconds()))
	}
	return nil
}

// enter begins an array.
func (a *Answer) enter(f *field, n int) error {
	switch {
	case n <= 0 && len(a.stack) == 1 && a.names():
		return a.lie("names nothing of what was asked for")
	case n <= 0:
		return nil
	case n > a.left/f.size:
		return a.lie("announces %d elements of %d bytes or more, and has %d bytes left", n, f.size, a.left)
	case f.most > 0 && n > int(f.most):
		return a.lie("announces %d elements where no cluster has more than %d", n, f.most)
	}
	a.stack = append(a.stack, frame{fields: f.inner, more: int32(n) - 1})
	return nil
}

// span begins a text, bytes or records.
func (a *Answer) span(f *field, n int) error {
	switch {
	case n <= 0:
		return nil
	case n > a.left:
		return a.lie("announces %d bytes, and has %d left", n, a.left)
	case f.kind == records:
		a.batches.left, a.messages = n, true
		a.nextBatch()
	default:
		a.skip = n
	}
	return nil
}

const (
	mostTags        = 100     // of one struct; Kafka's have a handful
	mostBytesOfTags = 1 << 20 // of one answer; a tag may hold an array again, of brokers
)

// tag acts on a number of the tags: how many, and of each its key and size.
func (a *Answer) tag(r *reading) error {
	switch r.what {
	case tagCount:
		if r.value > mostTags {
			return a.lie("announces %d tags", r.value)
		}
		a.entries = r.value
	case tagKey:
		a.reading.begin(tagSize, r.field, varint)
		return nil
	case tagSize:
		if r.value > uint64(a.left) || a.tagBytes+int(r.value) > mostBytesOfTags {
			return a.lie("announces a tag of %d bytes, and has %d left", r.value, a.left)
		}
		a.tagBytes += int(r.value)
		a.skip = int(r.value)
	}
	if a.entries > 0 {
		a.entries--
		a.reading.begin(tagKey, r.field, varint)
	}
	return nil
}
