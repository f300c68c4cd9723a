package guard

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func (s *scanner) literal(word string) *Error {
	end := s.pos + len(word)
	if end > len(s.doc) || string(s.doc[s.pos:end]) != word {
		return s.fail(Syntax, s.unexpected("a value"))
	}
	s.pos = end
	return nil
}

// number reads a number by the grammar of RFC 8259, 6.
func (s *scanner) number() *Error {
	start := s.pos
	if s.at('-') {
		s.pos++
	}
	if s.at('0') {
		s.pos++
	} else if s.digits() == 0 {
		return s.fail(Syntax, s.unexpected("a digit"))
	}
	if s.pos < len(s.doc) && s.doc[s.pos] == ',' { // most numbers end here
		return s.length(start)
	}
	if s.at('.') {
		s.pos++
		if s.digits() == 0 {
			return s.fail(Syntax, s.unexpected("a digit after the decimal point"))
		}
	}
	if s.at('e') || s.at('E') {
		if err := s.exponent(start); err != nil {
			return err
		}
	}
	return s.length(start)
}

func (s *scanner) length(start int) *Error {
	if s.pos-start > s.limits.NumberLength {
		return &Error{Rule: Number, Offset: start, Limit: s.limits.NumberLength,
			Expect: "is a number of more than " + itoa(s.limits.NumberLength) + " characters"}
	}
	return nil
}

// exponent reads the exponent and refuses a large one as soon as it is known to be large.
func (s *scanner) exponent(start int) *Error {
	s.stats.Exponents = true
	s.pos++
	if s.at('-') || s.at('+') {
		s.pos++
	}
	first := s.pos
	if s.digits() == 0 {
		return s.fail(Syntax, s.unexpected("a digit in the exponent"))
	}
	n := 0
	for _, c := range s.doc[first:s.pos] {
		if n = n*10 + int(c-'0'); n > s.limits.Exponent {
			return &Error{Rule: Number, Offset: start, Limit: s.limits.Exponent,
				Expect: "is a number with an exponent beyond " + itoa(s.limits.Exponent)}
		}
	}
	return nil
}

func (s *scanner) digits() int {
	rest := s.doc[s.pos:]
	n := 0
	for n < len(rest) && rest[n]-'0' <= 9 {
		n++
	}
	s.pos += n
	return n
}

// str reads a string from behind its opening quote to behind its closing one.
func (s *scanner) str() (escaped bool, err *Error) {
	for {
		s.pos += plain(s.doc[s.pos:])
		if s.pos == len(s.doc) {
			return escaped, s.fail(Syntax, "ends inside a string")
		}
		switch c := s.doc[s.pos]; {
		case c == '"':
			s.pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return escaped, err
			}
		case c < ' ':
			return escaped, s.fail(Syntax, "has a control character in a string: write it as an escape")
		case s.doc[s.pos] >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(s.doc[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return escaped, s.fail(UTF8, "has a string that is not valid UTF-8")
			}
			s.pos += n
		}
	}
}

// plain counts the leading bytes of b that need no look: ASCII without control characters, quotes and backslashes. It takes eight at
// a time; the expressions mark the bytes that are below 0x20, equal to a quote or a backslash, or not ASCII.
func plain(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		marks := (w | (w - ones*' ') | (quote - ones) | (slash - ones)) & tops
		if marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// escape reads one escape, or the two that make a surrogate pair.
func (s *scanner) escape() *Error {
	if s.pos+1 == len(s.doc) {
		s.pos++
		return s.fail(Syntax, "ends inside a string")
	}
	if c := s.doc[s.pos+1]; c != 'u' {
		if strings.IndexByte(`"\/bfnrt`, c) < 0 {
			return s.fail(Syntax, "has an escape in a string that JSON does not know")
		}
		s.pos += 2
		return nil
	}
	r, ok := hex4(s.doc[s.pos+2:])
	if !ok {
		return s.fail(Syntax, `has a \u escape without four hexadecimal digits`)
	}
	if !utf16.IsSurrogate(r) {
		s.pos += 6
		return nil
	}
	if _, ok := pair(s.doc[s.pos:]); !ok {
		return s.fail(Surrogate, "has half of a surrogate pair in a string")
	}
	s.pos += 12
	return nil
}

// pair reads a surrogate pair that is written as two escapes.
func pair(b []byte) (rune, bool) {
	if len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
		return 0, false
	}
	high, ok1 := hex4(b[2:])
	low, ok2 := hex4(b[8:])
	r := utf16.DecodeRune(high, low)
	return r, ok1 && ok2 && r != utf8.RuneError
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	d0, d1, d2, d3 := hexDigit[b[0]], hexDigit[b[1]], hexDigit[b[2]], hexDigit[b[3]]
	return rune(d0)<<12 | rune(d1)<<8 | rune(d2)<<4 | rune(d3), d0|d1|d2|d3 <= 0xf
}

// hexDigit is the value of a digit, and more than 15 for what is none.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xf0
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		t[c] = byte(10 + i)
	}
	return t
}()
