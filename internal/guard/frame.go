package guard

import (
	"strconv"
	"strings"
)

// A frame is the document itself, or an open array or object that is not empty. It is small and the frames of a document lie behind each
// other, since a document of brackets does little else than to write and to read them.
type frame struct {
	closer byte  // the bracket that ends it
	count  int32 // items or names so far, with the current one
	name   span  // the object's current name, with its quotes; empty until it was read
	names  int32 // where the object's names begin in the list
	self   int   // bytes of the pointer to the container itself
}

// A span is a part of the document.
type span struct{ start, end int32 }

// root is the frame of the document, an array with the value as its only item but for two things: no byte that next gives closes it,
// and the item's path is empty.
var root = frame{closer: ' ', count: 1, self: -len("/0")}

// path is how many bytes the pointer to the current item or property has.
func (f *frame) path() int {
	if f.closer == '}' {
		return f.self + int(f.name.end-f.name.start) - 1 // a slash more, two quotes less
	}
	if f.count <= 10 {
		return f.self + len("/0")
	}
	return f.self + len("/") + digits(int(f.count)-1)
}

// digits is how many n has.
func digits(n int) int {
	count := 1
	for ; n > 9; n /= 10 {
		count++
	}
	return count
}

// enter begins the frame of a container; the name is set when it is read.
func (f *frame) enter(closer byte, names, self int) {
	f.closer, f.count, f.names, f.self = closer, 1, int32(names), self
}

// deeper makes room for one frame more.
func (s *scanner) deeper() {
	if len(s.frames) == cap(s.frames) {
		s.frames = double(s.frames)
	}
	s.frames = s.frames[:len(s.frames)+1]
}

// pointer is the JSON Pointer of the value, or of the object, at which the scanner stopped.
func (s *scanner) pointer() string {
	var b strings.Builder
	for _, f := range s.frames[1 : s.depth+1] {
		switch {
		case f.closer == ']':
			b.WriteByte('/')
			b.WriteString(strconv.Itoa(int(f.count) - 1))
		case f.name.end > 0:
			b.WriteByte('/')
			b.WriteString(escapePointer(decodeName(s.doc[f.name.start:])))
		}
	}
	return b.String()
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(name string) string { return pointerEscapes.Replace(name) }
