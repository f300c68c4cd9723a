package guard

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string from its opening quote to behind its closing one.
func (s *scanner) str(at int) (end int, escaped bool, err *Error) {
	i, wide := at+1, false
	for {
		n, w := plain(s.doc[i:])
		i, wide = i+n, wide || w
		if !s.is(i, '\\') {
			break
		}
		escaped = true
		if i, err = s.escapes(i); err != nil {
			break
		}
	}
	if wide && !utf8.Valid(s.doc[at+1:i]) { // which stands before whatever ended the loop
		return i, escaped, s.badUTF8(at + 1)
	}
	if err == nil && !s.is(i, '"') {
		err = s.openString(i)
	}
	return i + 1, escaped, err
}

// badUTF8 looks for the bytes that are not UTF-8 and are known to be there.
func (s *scanner) badUTF8(at int) *Error {
	for {
		r, n := utf8.DecodeRune(s.doc[at:])
		if r == utf8.RuneError && n <= 1 {
			return fail(UTF8, at, "has a string that is not valid UTF-8")
		}
		at += n
	}
}

// openString stands where a string should go on.
func (s *scanner) openString(at int) *Error {
	if at == len(s.doc) {
		return fail(Syntax, at, "ends inside a string")
	}
	return fail(Syntax, at, "has a control character in a string: write it as an escape")
}

const ones, tops = 0x0101010101010101, 0x8080808080808080

// stops sets the top bit of the first byte in w that is a control character, a quote or a backslash, and perhaps of others behind it
// and of those that are not ASCII.
func stops(w uint64) uint64 {
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	return (w - ones*' ') | (quote - ones) | (slash - ones)
}

// shortText reads up to eight plain ASCII characters and the quote behind them: word holds them, with zeros behind them. Length is
// negative for other strings, and near the end of the document.
func shortText(doc []byte, at int) (word uint64, length int) {
	length = -1
	if at+8 < len(doc) {
		word = binary.LittleEndian.Uint64(doc[at:])
		m := (stops(word) | word) & tops
		if n := bits.TrailingZeros64(m) / 8; doc[at+n] == '"' {
			word, length = word&((m&-m)>>7-1), n // the bytes below the first mark
		}
	}
	return word, length
}

// plain counts the leading bytes of b that end no string and begin no escape: all but control characters, quotes and backslashes. Wide
// says whether some of them are not ASCII. It takes eight bytes at a time.
func plain(b []byte) (n int, wide bool) {
	i, high := 0, uint64(0)
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := stops(w) &^ w & tops; m != 0 {
			before := m&-m - 1
			return i + bits.TrailingZeros64(m)/8, (high|w&before)&tops != 0
		}
		high |= w
	}
	for ; i < len(b) && !endsPlain(b[i]); i++ {
		high |= uint64(b[i])
	}
	return i, high&tops != 0
}

func endsPlain(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// escapes stands at an escape, and ends behind it and others that follow it.
func (s *scanner) escapes(i int) (end int, err *Error) {
	for s.is(i, '\\') {
		if i+1 < len(s.doc) && isShort[s.doc[i+1]] {
			i += 2
			continue
		}
		n, err := s.escape(i)
		if err != nil {
			return i, err
		}
		i += n
	}
	return i, nil
}

// escape gives the length of the long escape at i, or of the two that make a surrogate pair.
func (s *scanner) escape(i int) (length int, err *Error) {
	rest := s.doc[i:]
	switch {
	case len(rest) == 1:
		return 0, fail(Syntax, i+1, "ends inside a string")
	case rest[1] != 'u':
		return 0, fail(Syntax, i, "has an escape in a string that JSON does not know")
	}
	r, ok := hex4(rest[2:])
	if !ok {
		return 0, fail(Syntax, i, `has a \u escape without four hexadecimal digits`)
	}
	if !utf16.IsSurrogate(r) {
		return 6, nil
	}
	if _, ok := pair(rest); !ok {
		return 0, fail(Surrogate, i, "has half of a surrogate pair in a string")
	}
	return 12, nil
}

var isShort = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}

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

// inside is what stands between the quotes of the string that b starts with, which is known to be whole.
func inside(b []byte) (text []byte, escaped bool) {
	i := 1
	for {
		n, _ := plain(b[i:])
		if i += n; b[i] == '"' {
			return b[1:i], escaped
		}
		i, escaped = i+2, true
	}
}

// unescape appends what a string's text means; the text is known to be well formed.
func unescape(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			end := bytes.IndexByte(text[i:], '\\')
			if end < 0 {
				return append(dst, text[i:]...)
			}
			dst = append(dst, text[i:i+end]...)
			i += end
		}
		i++
		if text[i] != 'u' {
			dst = append(dst, short(text[i]))
			continue
		}
		r, _ := hex4(text[i+1:])
		if utf16.IsSurrogate(r) {
			r, _ = pair(text[i-1:])
			i += 6
		}
		i += 4
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func short(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// decodeName gives the meaning of the name that b starts with.
func decodeName(b []byte) string {
	text, escaped := inside(b)
	if !escaped {
		return string(text)
	}
	return string(unescape(nil, text))
}
