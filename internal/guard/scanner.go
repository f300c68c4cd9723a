package guard

import (
	"bytes"
	"strconv"
)

// A scanner reads one document from front to back. Its readers take where they stand and give where what they read ends, which keeps the
// place in a register.
type scanner struct {
	doc    []byte
	limits Limits
	frames []frame // the root's, and behind it as many as there were containers open at once
	depth  int     // containers that were open where the scanner stopped
	names  nameSet
	stats  Stats
}

// document reads the one value and what may follow it, which is space.
func (s *scanner) document() (err *Error) {
	s.frames = append(s.frames[:0], root)
	s.depth, err = s.read()
	return err
}

// read goes through the document, one value each time round, and gives how many containers are open where it stops. It is long, since a
// call for each bracket or comma costs more than the work that they are. Only scalars, names and the ends of objects are worth one; the
// rest is small enough for the compiler to put it in line, and the place, the depth and the frame stay in registers.
func (s *scanner) read() (depth int, err *Error) {
	doc, at := s.doc, 0
	var c byte
	for f := &s.frames[0]; ; {
		if f.closer == '}' {
			if at, err = s.name(f, at); err != nil {
				return depth, err
			}
		}
		if at, c = next(doc, at); !opens(c) {
			if at, err = s.scalar(at, c); err != nil {
				return depth, err
			}
		} else {
			if depth == s.limits.Depth {
				return depth, &Error{Rule: Depth, Offset: at, Limit: s.limits.Depth}
			}
			if s.stats.Containers++; depth+1 == len(s.frames) {
				s.deeper()
			}
			closer := c + closing
			var first byte
			if at, first = next(doc, at+1); first != closer {
				self := f.path()
				depth++
				f = &s.frames[depth]
				f.enter(closer, len(s.names.list), self)
				continue
			}
			at++
		}
		for at, c = next(doc, at); c != ',' || depth == 0; at, c = next(doc, at+1) {
			if c != f.closer {
				return depth, s.end(f, at)
			}
			if c == ']' {
				s.endArray(f)
			} else if err = s.endObject(f); err != nil {
				return depth, err
			}
			depth--
			f = &s.frames[depth]
		}
		at++
		f.count++
	}
}

// opens says whether c is an opening bracket: the two differ by one bit.
func opens(c byte) bool { return c|('['^'{') == '{' }

// closing is how far a closing bracket is behind its opening one, in ASCII.
const closing = '}' - '{'

// endArray leaves the array whose closing bracket was read.
func (s *scanner) endArray(f *frame) {
	s.stats.Path = max(s.stats.Path, f.path()) // the last index is the longest
	s.stats.Values += int(f.count)
}

// endObject leaves the object whose closing bracket was read.
func (s *scanner) endObject(f *frame) *Error {
	held := len(s.names.list)
	if f.count > 1 {
		if o, twice := s.names.twice(s.doc, int(f.names), held); twice {
			return s.duplicate(f, o)
		}
	}
	s.names.list = s.names.list[:f.names]
	s.stats.OpenNames = max(s.stats.OpenNames, held)
	s.stats.Names += int(f.count)
	s.stats.Values += int(f.count)
	return nil
}

// end stands where nothing goes on.
func (s *scanner) end(f *frame, at int) *Error {
	if f.closer != root.closer {
		return fail(Syntax, at, s.unexpected(at, "a comma or "+strconv.QuoteRune(rune(f.closer))))
	}
	if at < len(s.doc) {
		return fail(Trailing, at, "")
	}
	s.stats.Values++ // the others are in containers and were counted there
	s.stats.Depth = len(s.frames) - 1
	return nil
}

// name reads a property's name and the colon.
func (s *scanner) name(f *frame, at int) (end int, err *Error) {
	f.name = span{}
	at, c := next(s.doc, at)
	if c != '"' {
		return at, fail(Syntax, at, s.unexpected(at, "a property name in double quotes"))
	}
	word, length := shortText(s.doc, at+1)
	end, hash := at+length+len(`""`), hashWord(word, length)
	if length < 0 {
		if end, hash, err = s.longName(at); err != nil {
			return end, err
		}
	}
	f.name = span{int32(at), int32(end)}
	s.stats.Path = max(s.stats.Path, f.path())
	s.names.add(newName(hash, at))
	if end, c = next(s.doc, end); c != ':' {
		return end, fail(Syntax, end, s.unexpected(end, "a colon after the property name"))
	}
	return end + 1, nil
}

// longName reads any name and hashes what it means.
func (s *scanner) longName(at int) (end int, hash uint64, err *Error) {
	end, escaped, err := s.str(at)
	if err != nil {
		return end, 0, err
	}
	return end, s.names.hash(s.doc[at+1:end-1], escaped), nil
}

// duplicate is about a name of the innermost object.
func (s *scanner) duplicate(f *frame, o name) *Error {
	quoted := s.doc[o.start():]
	text, _ := inside(quoted)
	f.name = span{int32(o.start()), int32(o.start() + len(text) + len(`""`))}
	return &Error{Rule: Duplicate, Offset: o.start(), Name: decodeName(quoted)}
}

// first gives the fault that stands first: names of objects that are still open were not compared yet.
func (s *scanner) first(err *Error) *Error {
	end := len(s.names.list)
	for i := s.depth; i > 0; i-- {
		f := &s.frames[i]
		if o, twice := s.names.twice(s.doc, int(f.names), end); twice && o.start() < err.Offset {
			s.depth = i
			err = s.duplicate(f, o)
		}
		end = int(f.names)
	}
	return err
}

// scalar reads the value that begins with c at that place, and is no array or object.
func (s *scanner) scalar(at int, c byte) (end int, err *Error) {
	switch c {
	case '"':
		if _, length := shortText(s.doc, at+1); length >= 0 {
			return at + length + len(`""`), nil
		}
		end, _, err = s.str(at)
		return end, err
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if at+1 < len(s.doc) && behindNumber[s.doc[at+1]] {
			return at + 1, nil
		}
		return s.number(at)
	case '-':
		return s.number(at)
	case 't':
		return s.literal(at, "true")
	case 'f':
		return s.literal(at, "false")
	case 'n':
		return s.literal(at, "null")
	}
	if at == len(s.doc) {
		return at, fail(Syntax, at, s.missing())
	}
	return at, fail(Syntax, at, s.unexpected(at, "a value"))
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

// is says whether c stands there.
func (s *scanner) is(at int, c byte) bool { return at < len(s.doc) && s.doc[at] == c }

// next skips space, and gives the byte behind it, or 0 at the end. Both it and what it calls are put in line by the compiler, as long as
// they stay apart.
func next(doc []byte, at int) (int, byte) {
	if at < len(doc) && doc[at] > ' ' {
		return at, doc[at]
	}
	return space(doc, at)
}

func space(doc []byte, at int) (int, byte) {
	for at < len(doc) && isSpace[doc[at]] {
		at++
	}
	if at == len(doc) {
		return at, 0
	}
	return at, doc[at]
}

var isSpace = [256]bool{' ': true, '\n': true, '\r': true, '\t': true}

func fail(rule Rule, at int, expect string) *Error {
	return &Error{Rule: rule, Offset: at, Expect: expect}
}
