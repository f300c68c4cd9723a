// Package guard checks bytes before anything else reads them as JSON. It accepts what every careful reader understands alike, and
// nothing whose reading costs more than its size: one value, in valid UTF-8, with no name twice in an object, numbers that a
// decimal library can hold, bounded depth, and nothing behind it (RFC 8259, and I-JSON, RFC 7493, for names and surrogates).
//
// It makes one pass, does work and holds memory in proportion to the input, and looks at no value.
package guard

import (
	"slices"
	"sync"
)

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
	OpenNames  int  // names of objects that are open at once, at most: what the guard holds in memory
	Depth      int  // arrays and objects open at once, at most
	Path       int  // bytes of the longest JSON Pointer at most, as names stand in the document
	Exponents  bool // whether a number has an exponent
	Steps      int  // what the guard itself did: bytes read, names compared and moved
}

// Check returns what there is in doc, or the first fault in it (then only the steps count). It keeps nothing of doc and is safe for
// concurrent use.
func Check(doc []byte, limits Limits) (Stats, *Error) {
	limits = limits.withDefaults()
	if len(doc) > limits.Size {
		return Stats{}, &Error{Rule: Size, Limit: limits.Size, Actual: len(doc), Line: 1, Column: 1}
	}
	s := scanners.Get().(*scanner)
	defer s.release()
	s.doc, s.limits = doc, limits
	if err := s.document(); err != nil {
		err = s.locate(s.first(err))
		return Stats{Steps: err.Offset + s.names.steps}, err
	}
	s.stats.Steps = len(doc) + s.names.steps
	return s.stats, nil
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// What an idle scanner keeps is enough for a document of the default size, and no more: one that is larger does not stay in memory.
const (
	keepNames   = 1 << 18 // 2 MiB, of at most 1 MiB / len(`"":0,`) names
	keepScratch = 1 << 12
	keepFrames  = 1 << 7
)

func (s *scanner) release() {
	if cap(s.frames) > keepFrames {
		s.frames = nil
	}
	s.names.rest()
	*s = scanner{frames: s.frames, names: s.names}
	scanners.Put(s)
}

// double makes room for as many elements again: append would grow a large slice by a quarter, and leave four times its size behind.
func double[E any](s []E) []E { return slices.Grow(s, len(s)+16) }
