// Package guard checks bytes before anything else reads them as JSON. It accepts what every careful reader understands alike, and
// nothing whose reading costs more than its size: one value, in valid UTF-8, with no name twice in an object, numbers that a
// decimal library can hold, bounded depth, and nothing behind it (RFC 8259, and I-JSON, RFC 7493, for names and surrogates).
//
// It makes one pass, does work and holds memory in proportion to the input, and looks at no value.
package guard

import "sync"

// Limits bound one document. A field that is zero or less takes its value from Default.
type Limits struct {
	Size         int // bytes of the document
	Depth        int // arrays and objects that are open at once
	NumberLength int // characters of a number
	Exponent     int // absolute value of a number's exponent
}

// Default are the limits for a message: Kafka's own default for a record batch (message.max.bytes, 1,048,588), and numbers that
// can't make a big-number library allocate: 1e1000001 crashes or stalls the readers that trust the text. An exponent of 324 is that of
// the smallest float64, 5e-324, so every float64 can be sent.
var Default = Limits{Size: 1_048_588, Depth: 64, NumberLength: 64, Exponent: 324}

// maxSize keeps offsets in 32 bits, which halves what the guard holds for a name.
const maxSize = 1<<31 - 1

func (l Limits) withDefaults() Limits {
	fill := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	fill(&l.Size, Default.Size)
	fill(&l.Depth, Default.Depth)
	fill(&l.NumberLength, Default.NumberLength)
	fill(&l.Exponent, Default.Exponent)
	l.Size = min(l.Size, maxSize)
	return l
}

// Stats say how much there is to read in a document that passed: what later work can be reckoned from.
type Stats struct {
	Values     int  // scalars, arrays and objects
	Containers int  // arrays and objects among them
	Names      int  // names of properties
	Depth      int  // arrays and objects open at once, at most
	Path       int  // bytes of the longest JSON Pointer at most, as names stand in the document
	Exponents  bool // whether a number has an exponent
	Steps      int  // what the guard itself did: bytes read, names compared and moved
}

// Check returns what there is in doc, or the first fault in it. It keeps nothing of doc and is safe for concurrent use.
func Check(doc []byte, limits Limits) (Stats, *Error) {
	limits = limits.withDefaults()
	if len(doc) > limits.Size {
		return Stats{}, &Error{Rule: Size, Limit: limits.Size, Actual: len(doc), Line: 1, Column: 1}
	}
	s := scanners.Get().(*scanner)
	defer s.release()
	s.doc, s.limits = doc, limits
	if err := s.document(); err != nil {
		return Stats{}, s.locate(err)
	}
	s.stats.Steps = s.pos + s.names.steps
	return s.stats, nil
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// keepNames bounds what an idle scanner holds, so that one large document does not stay in memory for ever.
const keepNames = 1 << 12

func (s *scanner) release() {
	names := s.names
	if cap(names.list) > keepNames || cap(names.scratch[0])+cap(names.scratch[1]) > keepNames {
		names = nameSet{}
	}
	names.list, names.steps = names.list[:0], 0
	clear(s.stack)
	*s = scanner{stack: s.stack[:0], names: names}
	scanners.Put(s)
}
