package plan

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// A textForm says how a text was written.
type textForm uint8

const (
	asWritten   textForm = iota // ASCII, without escapes
	beyondASCII                 // without escapes
	escaped                     // with escapes
	notUTF8                     // not at all
)

// plainByte has the bytes that encoding/json writes as they are: all of ASCII but quotes, backslashes, control characters, and what
// would mean something in HTML.
var plainByte = func() (plain [utf8.RuneSelf]bool) {
	for c := range plain {
		plain[c] = c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return plain
}()

const hexDigits = "0123456789abcdef"

// endText ends a text that was copied to start, with escapes where the copy needs some.
func endText(dst []byte, start int, s string) ([]byte, textForm) {
	if n := plainLength(dst[start:]); n < len(s) {
		return appendOddText(dst[:start+n], s[n:])
	}
	return append(dst, '"'), asWritten
}

// plainLength is how many bytes at the front of b are plain.
func plainLength(b []byte) int {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		if m := notPlain(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c >= utf8.RuneSelf || !plainByte[c] {
			break
		}
	}
	return i
}

// notPlain has the high bit set of the first byte of x that is not plain. Bytes above it may be marked wrongly. Setting one bit makes
// '<' and '>' equal, and '"' and '&'.
func notPlain(x uint64) uint64 {
	angles, quotes, slash := (x|0x02*ones)^'>'*ones, (x|0x04*ones)^'&'*ones, x^'\\'*ones
	return (x | (angles - ones) | (quotes - ones) | (slash - ones) | (x - ' '*ones)) & highs
}

// appendOddText writes the rest of a text, which begins with a byte that is not plain.
func appendOddText(dst []byte, s string) ([]byte, textForm) {
	form, start := beyondASCII, 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if !plainByte[c] {
				form = escaped
				dst = append(dst, s[start:i]...)
				dst = appendEscape(dst, c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return dst, notUTF8
		case r == '\u2028' || r == '\u2029': // line ends in JavaScript
			form = escaped
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[r&0xF])
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"'), form
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF])
}

// appendFloat writes as ECMAScript does, which encoding/json follows. NaN and infinities have no JSON.
func appendFloat(dst []byte, f float64, bits int) ([]byte, bool) {
	if bits == 64 {
		if out, ok := appendShortDecimal(dst, f); ok {
			return out, true
		}
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, false
	}
	format, size := byte('f'), math.Abs(f)
	if size != 0 && (bits == 64 && (size < 1e-6 || size >= 1e21) || bits == 32 && (float32(size) < 1e-6 || float32(size) >= 1e21)) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	if n := len(dst); format == 'e' && n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' { // e-09 is written e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst, true
}

const (
	shortPlaces = 6
	shortScale  = 1e6
	shortMost   = 1e9 // so that there are at most 15 digits
)

// appendShortDecimal writes a float that was made from a decimal of few digits, such as a price, in a third of the time that the
// general algorithm takes. If digits/10^6 is rounded to f, and both operands are exact, then f is the float nearest to that decimal;
// decimals of up to 15 digits are rounded to different floats, so no other one that is as short reads back as f.
func appendShortDecimal(dst []byte, f float64) ([]byte, bool) {
	size := math.Abs(f)
	if !(size < shortMost) || f == 0 && math.Signbit(f) { // also NaN; and -0 is written so
		return dst, false
	}
	digits := uint64(size*shortScale + 0.5)
	if float64(digits)/shortScale != size {
		return dst, false
	}
	if f < 0 {
		dst = append(dst, '-')
	}
	whole, rest := digits/shortScale, digits%shortScale
	dst = strconv.AppendUint(dst, whole, 10)
	if rest == 0 {
		return dst, true
	}
	first, second, third := 2*(rest/1e4), 2*(rest/1e2%1e2), 2*(rest%1e2)
	dst = append(dst, '.', digitPairs[first], digitPairs[first+1], digitPairs[second], digitPairs[second+1], digitPairs[third], digitPairs[third+1])
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst, true
}

// digitPairs has the two digits of each number below 100.
var digitPairs = func() (pairs [200]byte) {
	for i := range pairs {
		pairs[i] = byte('0' + i/2%10)
		if i%2 == 0 {
			pairs[i] = byte('0' + i/20)
		}
	}
	return pairs
}()
