package wire

import "fmt"

// An Answer is one answer of a broker, walked as it comes, and then the next: those of a connection are mostly to the same request, and
// its memory serves all of them. It is for one goroutine.
type Answer struct {
	request  version
	name     string
	fields   []field
	flexible bool
	stack    []frame
	left     int // bytes of the answer that are not walked yet
	skip     int // of those, what the field under way still has
	reading  reading
	batches  batches
	tagBytes int
	entries  uint64 // of tags that are still to come
	bounds   Bounds
	messages bool // batches are in it
}

// Bounds are how many records an answer may have. The client makes room for what a batch claims before it looks at one.
type Bounds struct {
	Compressed int // in a compressed batch; one of more can't be within the limit of its bytes
	Plain      int // in all batches together that are not compressed
}

// A frame is an array, a struct or the answer itself, under way.
type frame struct {
	fields []field
	at     int   // the field that comes next
	more   int32 // elements after this one
}

// Begin begins an answer to a request of a key and version, of size bytes after the correlation id. One that is larger than an answer to
// that can be is an error.
func (a *Answer) Begin(key, v int16, size int, b Bounds) error {
	if asked := (version{key, v}); a.name == "" || a.request != asked {
		a.request, a.name = asked, Name(key)
		a.fields, a.flexible = fieldsOf(key, v)
	}
	*a = Answer{
		request: a.request, name: a.name, fields: a.fields, flexible: a.flexible, stack: a.stack[:0], left: size, bounds: b,
	}
	switch limit := largest(key); {
	case size > limit:
		return a.lie("has %d bytes, more than the %d that such an answer may have", size, limit)
	case size == 0:
		return a.lie("is empty")
	}
	if a.fields == nil || key == apiVersions {
		a.skip = size
		return nil
	}
	a.stack = append(a.stack, frame{fields: a.fields})
	return nil
}

// Name is what Kafka calls a request.
func Name(key int16) string {
	if s, known := shapes[key]; known {
		return s.name
	}
	return fmt.Sprintf("request %d", key)
}

const (
	produce          = 0
	fetch            = 1
	listOffsets      = 2
	offsetCommit     = 8
	offsetFetch      = 9
	findCoordinator  = 10
	joinGroup        = 11
	syncGroup        = 14
	saslHandshake    = 17
	apiVersions      = 18 // an older broker answers in version 0, whatever was asked, so it is not walked
	saslAuthenticate = 36
	shareFetch       = 78
)

// largest is how large an answer may be. What holds messages is bounded by the client (kgo.BrokerMaxReadBytes); a million partitions fit
// into the others'.
func largest(key int16) int {
	switch key {
	case fetch, shareFetch:
		return 1 << 30
	case joinGroup, syncGroup: // members' own bytes are decoded again
		return 8 << 20
	case saslHandshake, apiVersions:
		return 64 << 10
	case saslAuthenticate:
		return 1 << 20
	}
	return 32 << 20
}

// LargestStray bounds an answer that belongs to no request that is known, such as the tokens of a SASL handshake before its version 1.
const LargestStray = 1 << 20

// A Lie is why an answer is refused.
type Lie struct{ text string }

// NewLie says what is wrong with an answer.
func NewLie(format string, args ...any) *Lie { return &Lie{fmt.Sprintf(format, args...)} }

func (l *Lie) Error() string { return "no Kafka broker answers so: " + l.text }

// Temporary tells the client to try again: the next broker, or this one once it is mended, may tell the truth.
func (l *Lie) Temporary() bool { return true }

func (a *Answer) lie(format string, args ...any) error {
	return NewLie("the answer to "+a.name+" "+format, args...)
}

// Done reports whether all of the answer has come.
func (a *Answer) Done() bool { return a.left == 0 }

// Request is the key and the version of what it answers.
func (a *Answer) Request() (key, v int16) { return a.request.key, a.request.version }

// HasMessages reports whether batches of messages have come.
func (a *Answer) HasMessages() bool { return a.messages }

// names reports whether the answer's first array names what was asked for: nobody asks for nothing.
func (a *Answer) names() bool {
	switch a.request.key {
	case produce, listOffsets, offsetCommit:
		return true
	case offsetFetch:
		return a.request.version >= 8 // of groups; before, of their topics, and a group may have none
	case findCoordinator:
		return a.request.version >= 4
	}
	return false
}

// Walk takes in what has come, which may be more than the answer, and returns the rest. A pause that the broker asks for is shortened in
// it to a minute. An error is a lie: nothing of it may reach a decoder.
func (a *Answer) Walk(b []byte) (rest []byte, err error) {
	n := min(a.left, len(b))
	b, rest = b[:n], b[n:]
	for len(b) > 0 {
		switch {
		case a.skip > 0:
			b = a.pass(b)
		case a.reading.what != nothing:
			if b, err = a.read(b); err != nil {
				return nil, err
			}
		case !a.advance():
			a.skip = a.left // what stands behind is ignored by decoders too
		}
	}
	if a.left == 0 && !a.complete() {
		return nil, a.lie("ends before it is complete")
	}
	return rest, nil
}

// complete reports whether all fields of an answer that has ended have come.
func (a *Answer) complete() bool {
	return a.skip == 0 && a.reading.what == nothing && (len(a.stack) == 0 || !a.advance())
}

// pass skips.
func (a *Answer) pass(b []byte) []byte {
	n := min(a.skip, len(b))
	a.skip -= n
	a.left -= n
	return b[n:]
}

// advance goes on to the field that comes next, and says that there is one.
func (a *Answer) advance() bool {
	if a.batches.left > 0 {
		a.nextBatch()
		return true
	}
	for len(a.stack) > 0 {
		f := &a.stack[len(a.stack)-1]
		switch {
		case f.at < len(f.fields):
			f.at++
			a.begin(&f.fields[f.at-1])
			return true
		case f.more > 0:
			f.more--
			f.at = 0
		default:
			a.stack = a.stack[:len(a.stack)-1]
		}
	}
	return false
}

// begin begins a field: by its bytes, or by the number that says how many there are.
func (a *Answer) begin(f *field) {
	lengths := [...]int{text: 2, opaque: 4, records: 4, array: 4}
	switch f.kind {
	case fixed:
		a.skip = f.size
	case pause:
		a.reading.begin(wait, f, f.size)
	case nullable:
		a.reading.begin(presence, f, 1)
	case tags:
		a.reading.begin(tagCount, f, varint)
	default:
		size := varint
		if !a.flexible {
			size = lengths[f.kind]
		}
		a.reading.begin(length, f, size)
	}
}
