package guard

import (
	"bytes"
	"strconv"
	"strings"
)

// A scanner reads one document from front to back. Its readers take where they stand and give where what they read ends, which keeps the
// place in a register.
type scanner struct {
	doc    []byte
	limits Limits
	stack  []frame
	names  nameSet
	stats  Stats
}

// A frame is an open array or object that is not empty.
type frame struct {
	object bool
	count  int  // items or names so far, with the current one
	name   span // the object's current name, with its quotes
	names  int  // where the object's names begin in the list
	self   int  // bytes of the pointer to the container itself
	path   int  // bytes of the pointer to the current item or property
	wider  int  // the count from which on an index has one digit more
}

// A span is a part of the document.
type span struct{ start, end int }

func (s *scanner) top() *frame { return &s.stack[len(s.stack)-1] }

// document reads the one value and what may follow it, which is space.
func (s *scanner) document() *Error {
	at := 0
	for {
		end, opened, err := s.value(at)
		if err != nil {
			return err
		}
		if at = end; opened {
			continue
		}
		end, more, err := s.next(at)
		if err != nil {
			return err
		}
		if at = end; !more {
			return s.end(at)
		}
	}
}

func (s *scanner) end(at int) *Error {
	if at = s.space(at); at < len(s.doc) {
		return fail(Trailing, at, "")
	}
	return nil
}

// value reads a scalar or an empty container, or opens a container and ends before its first value: then opened is true.
func (s *scanner) value(at int) (end int, opened bool, err *Error) {
	at = s.space(at)
	if at >= len(s.doc) {
		return at, false, fail(Syntax, at, s.missing())
	}
	s.stats.Values++
	switch c := s.doc[at]; c {
	case '"':
		end, _, err = s.str(at)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		end, err = s.number(at)
	case '{', '[':
		return s.open(at, c)
	case 't':
		end, err = s.literal(at, "true")
	case 'f':
		end, err = s.literal(at, "false")
	case 'n':
		end, err = s.literal(at, "null")
	default:
		err = fail(Syntax, at, s.unexpected(at, "a value"))
	}
	return end, false, err
}

func (s *scanner) missing() string {
	if len(bytes.TrimLeft(s.doc, " \t\r\n")) == 0 {
		return "is empty: a JSON value is missing"
	}
	return "ends too early: a value is missing"
}

// unexpected says what should stand here, and recognises the byte order mark, which editors leave where nobody sees it.
func (s *scanner) unexpected(at int, want string) string {
	if bytes.HasPrefix(s.doc[at:], []byte("\xef\xbb\xbf")) {
		return "starts with a byte order mark, which JSON does not allow (RFC 8259, 8.1)"
	}
	if at == len(s.doc) {
		return "ends too early: expected " + want
	}
	return "is not JSON: expected " + want
}

func (s *scanner) literal(at int, word string) (end int, err *Error) {
	end = at + len(word)
	if end > len(s.doc) || string(s.doc[at:end]) != word {
		return at, fail(Syntax, at, s.unexpected(at, "a value"))
	}
	return end, nil
}

// open stands at an opening bracket.
func (s *scanner) open(at int, bracket byte) (end int, opened bool, err *Error) {
	if len(s.stack) == s.limits.Depth {
		return at, false, &Error{Rule: Depth, Offset: at, Limit: s.limits.Depth}
	}
	s.stats.Containers++
	s.stats.Depth = max(s.stats.Depth, len(s.stack)+1)
	at = s.space(at + 1)
	if s.is(at, bracket+closing) {
		return at + 1, false, nil
	}
	f := s.push(bracket == '{')
	if bracket == '{' {
		at, err = s.name(f, at)
	}
	return at, true, err
}

// closing is how far a closing bracket is behind its opening one, in ASCII.
const closing = '}' - '{'

func (s *scanner) push(object bool) *frame {
	self := 0
	if len(s.stack) > 0 {
		self = s.top().path
	}
	if len(s.stack) == cap(s.stack) {
		s.stack = double(s.stack)
	}
	s.stack = s.stack[:len(s.stack)+1]
	f := s.top()
	f.object, f.count, f.names = object, 1, len(s.names.list) // the name and its path are set by name
	f.self, f.path, f.wider = self, self+len("/0"), 11
	return f
}

// shut leaves the container whose closing bracket was read.
func (s *scanner) shut(f *frame) *Error {
	if f.object {
		held := len(s.names.list)
		if o, twice := s.names.twice(s.doc, f.names, held); twice {
			return s.duplicate(o)
		}
		s.stats.OpenNames = max(s.stats.OpenNames, held)
		s.names.list = s.names.list[:f.names]
		s.stats.Names += f.count
	} else {
		s.stats.Path = max(s.stats.Path, f.path)
	}
	s.stack = s.stack[:len(s.stack)-1]
	return nil
}

// duplicate is about a name of the innermost object.
func (s *scanner) duplicate(o name) *Error {
	quoted := s.doc[o.start():]
	text, _ := inside(quoted)
	s.top().name = span{o.start(), o.start() + len(text) + len(`""`)}
	return &Error{Rule: Duplicate, Offset: o.start(), Name: decodeName(quoted)}
}

// first gives the fault that stands first: names of objects that are still open were not compared yet.
func (s *scanner) first(err *Error) *Error {
	end := len(s.names.list)
	for i := len(s.stack) - 1; i >= 0; i-- {
		f := s.stack[i]
		if o, twice := s.names.twice(s.doc, f.names, end); twice && o.start() < err.Offset {
			s.stack = s.stack[:i+1]
			err = s.duplicate(o)
		}
		end = f.names
	}
	return err
}

// next goes from the end of one value to before the next one, and closes what ends on the way. More is false at the end.
func (s *scanner) next(at int) (end int, more bool, err *Error) {
	for len(s.stack) > 0 {
		f := s.top()
		at = s.space(at)
		switch {
		case s.is(at, ','):
			f.count++
			if f.object {
				at, err = s.name(f, s.space(at+1))
				return at, true, err
			}
			if f.count == f.wider {
				f.path, f.wider = f.path+1, 10*f.wider-9
			}
			return at + 1, true, nil
		case s.is(at, f.closer()):
			if err := s.shut(f); err != nil {
				return at, false, err
			}
			at++
		default:
			return at, false, fail(Syntax, at, s.unexpected(at, "a comma or "+strconv.QuoteRune(rune(f.closer()))))
		}
	}
	return at, false, nil
}

func (f *frame) closer() byte {
	if f.object {
		return '}'
	}
	return ']'
}

// name reads a property's name and the colon.
func (s *scanner) name(f *frame, at int) (end int, err *Error) {
	f.name = span{}
	if !s.is(at, '"') {
		return at, fail(Syntax, at, s.unexpected(at, "a property name in double quotes"))
	}
	end, escaped, err := s.str(at)
	if err != nil {
		return end, err
	}
	f.name = span{at, end}
	f.path = f.self + len("/") + end - at - len(`""`)
	s.stats.Path = max(s.stats.Path, f.path)
	s.names.add(s.doc, f.name, escaped)
	end = s.space(end)
	if !s.is(end, ':') {
		return end, fail(Syntax, end, s.unexpected(end, "a colon after the property name"))
	}
	return end + 1, nil
}

// is says whether c stands there.
func (s *scanner) is(at int, c byte) bool { return at < len(s.doc) && s.doc[at] == c }

// space gives the end of the space that may stand there.
func (s *scanner) space(at int) int {
	for at < len(s.doc) && isSpace[s.doc[at]] {
		at++
	}
	return at
}

var isSpace = [256]bool{' ': true, '\n': true, '\r': true, '\t': true}

func fail(rule Rule, at int, expect string) *Error {
	return &Error{Rule: rule, Offset: at, Expect: expect}
}

// pointer is the JSON Pointer of the value, or of the object, at which the scanner stopped.
func (s *scanner) pointer() string {
	var b strings.Builder
	for i := range s.stack {
		f := &s.stack[i]
		switch {
		case !f.object:
			b.WriteByte('/')
			b.WriteString(strconv.Itoa(f.count - 1))
		case f.name.end > 0:
			b.WriteByte('/')
			b.WriteString(escapePointer(decodeName(s.doc[f.name.start:])))
		}
	}
	return b.String()
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(name string) string { return pointerEscapes.Replace(name) }
