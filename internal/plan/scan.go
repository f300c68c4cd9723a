package plan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// space returns the position of the next byte that is no white space.
func (w *walk) space(pos int) int {
	if pos < len(w.doc) && w.doc[pos] > ' ' {
		return pos
	}
	return w.skipSpace(pos)
}

func (w *walk) skipSpace(pos int) int {
	start := pos
	for pos < len(w.doc) && (w.doc[pos] == ' ' || w.doc[pos] == '\t' || w.doc[pos] == '\n' || w.doc[pos] == '\r') {
		pos++
	}
	w.work -= (pos - start) / bytesOfWork
	return pos
}

// at returns the byte at pos, 0 behind the end: no JSON has one there.
func (w *walk) at(pos int) byte {
	if pos < len(w.doc) {
		return w.doc[pos]
	}
	return 0
}

// literal reports whether the word stands at pos.
func (w *walk) literal(pos int, word string) bool {
	return len(w.doc)-pos >= len(word) && string(w.doc[pos:pos+len(word)]) == word
}

// A str is a string as it stands in the document.
type str struct {
	start, end int // of what is between the quotes
	ascii      bool
	escaped    bool
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit set of each byte of x that ends a plain stretch of a string: a quote, a backslash, a control character or
// what is not ASCII. Bytes above the lowest such one may be marked wrongly, so only the lowest counts.
func special(x uint64) uint64 {
	quote, slash := x^('"'*ones), x^('\\'*ones)
	return (x | (quote - ones) | (slash - ones) | (x - ' '*ones)) & highs
}

// str scans the string whose opening quote is at pos; ok is false where it is none, or its bytes are no UTF-8.
func (w *walk) str(pos int) (s str, ok bool) {
	doc, i := w.doc, pos+1
	for len(doc)-i >= 8 {
		if m := special(binary.LittleEndian.Uint64(doc[i:])); m != 0 {
			i += bits.TrailingZeros64(m) / 8
			if doc[i] == '"' {
				w.work -= (i - pos) / bytesOfWork
				return str{start: pos + 1, end: i, ascii: true}, true
			}
			break
		}
		i += 8
	}
	s, ok = w.oddStr(pos+1, i)
	w.work -= (s.end - pos) / bytesOfWork
	return s, ok
}

// plainStr finds the end of the string whose opening quote is at pos by what a node asks of it, which saves to scan it first; ok is false
// where it is not sure that the string is plain and allowed.
func (w *walk) plainStr(n *node, pos int) (end int, ok bool) {
	switch r, start := n.text, pos+1; {
	case r == nil || n.kinds&text == 0:
	case r.has:
		for _, q := range r.quoted {
			if w.literal(pos, q) {
				return pos + len(q) - 1, true
			}
		}
	case r.usual > 0:
		end = start + r.usual
		return end, w.at(end) == '"' && r.allowsPlain(w.doc[start:end])
	case r.pattern != nil && r.format == nil:
		end, ok = r.pattern.matchUpToQuote(w.doc, start)
		length := end - start
		w.work -= length / bytesOfWork
		return end, ok && length >= r.least && length <= r.most
	}
	return 0, false
}

// oddStr scans on at i in a string that begins at start: one with escapes, beyond ASCII, or at the end of the document. Where it is
// none, s.end is where that was seen.
func (w *walk) oddStr(start, i int) (s str, ok bool) {
	s = str{start: start, ascii: true}
	for {
		for len(w.doc)-i >= 8 {
			m := special(binary.LittleEndian.Uint64(w.doc[i:]))
			if m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		s.end = i
		switch c := w.at(i); {
		case c == '"':
			return s, s.ascii || utf8.Valid(w.doc[s.start:s.end])
		case c == '\\':
			s.escaped = true
			n := w.escape(i)
			if n == 0 {
				return s, false
			}
			i += n
		case c < ' ':
			return s, false
		case c >= utf8.RuneSelf:
			s.ascii = false
			for i++; w.at(i) >= utf8.RuneSelf; i++ { // mostly one letter, or a stretch of them
			}
		default:
			i++
		}
	}
}

// escape returns the length of the escape at pos, 0 where it is none. Surrogates must come as pairs.
func (w *walk) escape(pos int) int {
	switch w.at(pos + 1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return 0
	}
	r, ok := w.hex4(pos + 2)
	switch {
	case !ok || r >= 0xDC00 && r < 0xE000:
		return 0
	case r < 0xD800 || r >= 0xE000:
		return 6
	}
	low, ok := w.hex4(pos + 8)
	if !ok || w.doc[pos+6] != '\\' || w.doc[pos+7] != 'u' || low < 0xDC00 || low >= 0xE000 {
		return 0
	}
	return 12
}

// hex4 reads four hexadecimal digits.
func (w *walk) hex4(pos int) (r rune, ok bool) {
	if len(w.doc)-pos < 4 {
		return 0, false
	}
	b := w.doc[pos : pos+4]
	d0, d1, d2, d3 := hexValue[b[0]], hexValue[b[1]], hexValue[b[2]], hexValue[b[3]]
	return rune(d0)<<12 | rune(d1)<<8 | rune(d2)<<4 | rune(d3), d0|d1|d2|d3 <= 0xf
}

// hexValue is the value of a hexadecimal digit, more than 15 for what is none.
var hexValue = func() (values [256]uint8) {
	for c := range values {
		switch b := byte(c); {
		case isDigit(b):
			values[c] = b - '0'
		case isHex(b):
			values[c] = (b | 0x20) - 'a' + 10
		default:
			values[c] = 0xff
		}
	}
	return values
}()

// unescaped gives the characters of a string that str has accepted. They are valid until the next call.
func (w *walk) unescaped(s str) []byte {
	if !s.escaped {
		return w.doc[s.start:s.end]
	}
	out := w.scratch[:0]
	for i := s.start; i < s.end; {
		if w.doc[i] != '\\' {
			out = append(out, w.doc[i])
			i++
			continue
		}
		n := w.escape(i)
		out = utf8.AppendRune(out, w.escapedRune(i, n))
		i += n
	}
	w.scratch = out
	return out
}

func (w *walk) escapedRune(pos, length int) rune {
	switch length {
	case 6:
		r, _ := w.hex4(pos + 2)
		return r
	case 12:
		high, _ := w.hex4(pos + 2)
		low, _ := w.hex4(pos + 8)
		return (high-0xD800)<<10 | (low - 0xDC00) + 0x10000
	}
	switch c := w.doc[pos+1]; c {
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
	default:
		return rune(c)
	}
}

const (
	maxToken    = 64  // characters of a number, as the guard
	maxExponent = 324 // as the guard
)

// number scans the number at pos. exact says that d is its value, which takes no more than maxDigits digits and places.
func (w *walk) number(pos int) (end int, d decimal, exact, ok bool) {
	doc, i := w.doc[:min(len(w.doc), pos+maxToken+1)], pos // one more would be too long
	if i < len(doc) && doc[i] == '-' {
		d.negative = true
		i++
	}
	start := i
	for ; i < len(doc) && isDigit(doc[i]); i++ {
		d.digits = d.digits*10 + uint64(doc[i]-'0')
	}
	whole := i - start
	if whole == 0 || whole > 1 && doc[start] == '0' {
		return 0, d, false, false
	}
	if i < len(doc) && doc[i] == '.' {
		point := i
		for i++; i < len(doc) && isDigit(doc[i]); i++ {
			d.digits = d.digits*10 + uint64(doc[i]-'0')
		}
		if d.places = i - point - 1; d.places == 0 {
			return 0, d, false, false
		}
	}
	exact = whole+d.places <= maxDigits
	if i < len(doc) && doc[i]|0x20 == 'e' {
		var power int
		if i, power, ok = w.exponent(i + 1); !ok {
			return 0, d, false, false
		}
		d, exact = d.scaledBy(power, exact)
	}
	w.work -= (i - pos) / bytesOfWork
	return i, d, exact, i-pos <= maxToken
}

// exponent scans the sign and digits of an exponent of up to maxExponent.
func (w *walk) exponent(pos int) (end, power int, ok bool) {
	i, sign := pos, 1
	if c := w.at(i); c == '+' || c == '-' {
		sign = int(',') - int(c) // they stand beside the comma
		i++
	}
	start, n := i, 0
	for ; isDigit(w.at(i)) && n <= maxExponent; i++ {
		n = n*10 + int(w.doc[i]-'0')
	}
	return i, sign * n, i > start && n <= maxExponent
}
