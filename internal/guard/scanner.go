package guard

import (
	"bytes"
	"strconv"
	"strings"
)

// A scanner reads one document from front to back.
type scanner struct {
	doc    []byte
	pos    int
	limits Limits
	stack  []frame
	names  nameSet
	stats  Stats
}

// A frame is an open array or object.
type frame struct {
	object  bool
	index   int  // of the array's current item
	name    span // the object's current name, with its quotes
	scope   scope
	pathLen int // bytes of the pointer to the container itself
}

// A span is a part of the document.
type span struct{ start, end int }

func (s *scanner) top() *frame { return &s.stack[len(s.stack)-1] }

// document reads the one value and what may follow it, which is space.
func (s *scanner) document() *Error {
	for more := true; more; {
		opened, err := s.value()
		if err != nil {
			return err
		}
		if opened {
			continue
		}
		if more, err = s.next(); err != nil {
			return err
		}
	}
	if s.space(); s.pos < len(s.doc) {
		return s.fail(Trailing, "")
	}
	return nil
}

// value reads a scalar or an empty container, or opens a container and stands before its first value: then opened is true.
func (s *scanner) value() (opened bool, err *Error) {
	s.space()
	if s.pos == len(s.doc) {
		return false, s.fail(Syntax, s.missing())
	}
	s.stats.Values++
	switch c := s.doc[s.pos]; c {
	case '{', '[':
		return s.open(c == '{')
	case '"':
		s.pos++
		_, err = s.str()
		return false, err
	case 't':
		return false, s.literal("true")
	case 'f':
		return false, s.literal("false")
	case 'n':
		return false, s.literal("null")
	default:
		if c == '-' || '0' <= c && c <= '9' {
			return false, s.number()
		}
		return false, s.fail(Syntax, s.unexpected("a value"))
	}
}

func (s *scanner) missing() string {
	if len(bytes.TrimLeft(s.doc, " \t\r\n")) == 0 {
		return "is empty: a JSON value is missing"
	}
	return "ends too early: a value is missing"
}

// unexpected says what should stand here, and recognises the byte order mark, which editors leave where nobody sees it.
func (s *scanner) unexpected(want string) string {
	if bytes.HasPrefix(s.doc[s.pos:], []byte("\xef\xbb\xbf")) {
		return "starts with a byte order mark, which JSON does not allow (RFC 8259, 8.1)"
	}
	if s.pos == len(s.doc) {
		return "ends too early: expected " + want
	}
	return "is not JSON: expected " + want
}

func (s *scanner) open(object bool) (opened bool, err *Error) {
	if len(s.stack) == s.limits.Depth {
		return false, &Error{Rule: Depth, Offset: s.pos, Limit: s.limits.Depth}
	}
	s.stack = append(s.stack, frame{object: object, pathLen: s.pathLen(), scope: s.names.open()})
	s.stats.Containers++
	s.stats.Depth = max(s.stats.Depth, len(s.stack))
	s.pos++
	if s.space(); s.at(s.top().closer()) {
		s.shut()
		return false, nil
	}
	if object {
		return true, s.name()
	}
	return true, nil
}

func (f *frame) closer() byte {
	if f.object {
		return '}'
	}
	return ']'
}

// shut leaves the container whose closing bracket stands here.
func (s *scanner) shut() {
	s.stats.Path = max(s.stats.Path, s.pathLen())
	s.names.shut(s.top().scope)
	*s.top() = frame{} // let go of its table
	s.stack = s.stack[:len(s.stack)-1]
	s.pos++
}

// next goes from the end of one value to before the next one, and closes what ends on the way. More is false at the end.
func (s *scanner) next() (more bool, err *Error) {
	for len(s.stack) > 0 {
		s.space()
		f := s.top()
		switch {
		case s.at(','):
			s.pos++
			return true, s.follow(f)
		case s.at(f.closer()):
			s.shut()
		default:
			return false, s.fail(Syntax, s.unexpected("a comma or "+strconv.QuoteRune(rune(f.closer()))))
		}
	}
	return false, nil
}

// follow stands behind a comma.
func (s *scanner) follow(f *frame) *Error {
	if !f.object {
		f.index++
		return nil
	}
	f.name = span{}
	s.space()
	return s.name()
}

// name reads a property's name and the colon.
func (s *scanner) name() *Error {
	if !s.at('"') {
		return s.fail(Syntax, s.unexpected("a property name in double quotes"))
	}
	start := s.pos
	s.pos++
	escaped, err := s.str()
	if err != nil {
		return err
	}
	f := s.top()
	f.name = span{start, s.pos}
	s.stats.Names++
	s.stats.Path = max(s.stats.Path, f.pathLen+1+s.pos-start-len(`""`))
	if s.names.add(s.doc, &f.scope, f.name, escaped) {
		return &Error{Rule: Duplicate, Offset: start, Name: decodeName(s.doc[start:s.pos])}
	}
	if s.space(); !s.at(':') {
		return s.fail(Syntax, s.unexpected("a colon after the property name"))
	}
	s.pos++
	return nil
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.doc) && s.doc[s.pos] == c }

func (s *scanner) space() {
	for s.pos < len(s.doc) && isSpace[s.doc[s.pos]] {
		s.pos++
	}
}

var isSpace = [256]bool{' ': true, '\n': true, '\r': true, '\t': true}

func (s *scanner) fail(rule Rule, expect string) *Error {
	return &Error{Rule: rule, Offset: s.pos, Expect: expect}
}

// pathLen is the length of the pointer to the value that would start here.
func (s *scanner) pathLen() int {
	if len(s.stack) == 0 {
		return 0
	}
	f := s.top()
	if f.object {
		return f.pathLen + 1 + max(0, f.name.end-f.name.start-2)
	}
	return f.pathLen + 1 + digits(f.index)
}

func digits(n int) int {
	d := 1
	for ; n > 9; n /= 10 {
		d++
	}
	return d
}

// pointer is the JSON Pointer of the value, or of the object, at which the scanner stopped.
func (s *scanner) pointer() string {
	var b strings.Builder
	for i := range s.stack {
		f := &s.stack[i]
		switch {
		case !f.object:
			b.WriteByte('/')
			b.WriteString(strconv.Itoa(f.index))
		case f.name.end > 0:
			b.WriteByte('/')
			b.WriteString(escapePointer(decodeName(s.doc[f.name.start:f.name.end])))
		}
	}
	return b.String()
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(name string) string { return pointerEscapes.Replace(name) }
