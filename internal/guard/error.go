package guard

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// A Rule names what a document broke.
type Rule string

// The rules, in the words that a fault's Rule has.
const (
	Size      Rule = "size"      // more bytes than the limit
	Depth     Rule = "depth"     // arrays and objects nested beyond the limit
	Number    Rule = "number"    // a number that is too long, or whose exponent is too large
	UTF8      Rule = "utf8"      // bytes in a string that are not UTF-8
	Surrogate Rule = "surrogate" // half of a \uD800-\uDFFF pair without the other
	Duplicate Rule = "duplicate" // a name that stands twice in one object, however it is written
	Trailing  Rule = "trailing"  // something behind the value
	Syntax    Rule = "syntax"    // not JSON
)

// An Error is the first fault of a document. It holds no value of the document; Pointer and Name hold names of properties.
type Error struct {
	Rule    Rule
	Offset  int    // of the byte where the fault was seen, from 0
	Line    int    // from 1
	Column  int    // in characters, from 1
	Pointer string // JSON Pointer (RFC 6901) of the value or the object in which it was seen
	Limit   int    // the limit that was passed, for Size, Depth and Number
	Actual  int    // what there was instead, for Size
	Expect  string // what should have stood there, or what is wrong
	Name    string // the name that stands twice, for Duplicate
}

// Sentence says what is wrong, without where.
func (e *Error) Sentence() string {
	switch e.Rule {
	case Size:
		return fmt.Sprintf("is %d bytes long, more than the limit of %d", e.Actual, e.Limit)
	case Depth:
		return fmt.Sprintf("nests arrays and objects more than %d deep", e.Limit)
	case Duplicate:
		return "has the same property name twice"
	case Trailing:
		return "has more data after the end of its JSON value"
	default:
		return e.Expect
	}
}

// Error says what is wrong and where.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Sentence())
}

// locate completes an error with where the scanner stands.
func (s *scanner) locate(e *Error) *Error {
	before := s.doc[:min(e.Offset, len(s.doc))]
	e.Line = 1 + bytes.Count(before, []byte{'\n'})
	e.Column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	e.Pointer = s.pointer()
	return e
}
