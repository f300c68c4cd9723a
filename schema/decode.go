package schema

import (
	"encoding/json"
	"math"
	"strings"
	"unicode/utf16"
)

// decode turns text that is known to be JSON, with no name twice, into the values that jsonschema/v5 reads: nil, bool, string,
// json.Number, []any and map[string]any. Strings and numbers share the text's memory, arrays and objects are made in their final size,
// and the values that are written shortest are not allocated at all.
func decode(text string) any {
	value, _ := decodeWithin(text, math.MaxInt)
	return value
}

// decodeWithin gives up before it has allocated more bytes than allowed.
func decodeWithin(text string, bytes int) (value any, ok bool) {
	c := counters.Get().(*counter)
	defer c.release()
	c.count(text)
	d := decoder{text: text, members: c.members, left: bytes - memberBytes*len(c.members)}
	value = d.value()
	return value, d.left >= 0
}

// A decoder looks for ends and never for faults. When it has nothing left to spend it returns at once, with a value that is no use.
type decoder struct {
	text    string
	pos     int
	members []uint32 // of the arrays and objects that are to come
	left    int      // bytes that it may allocate
}

// What is empty is shared: v5 changes no value.
var (
	emptyArray  any = []any{}
	emptyObject any = map[string]any{}
	emptyString any = ""
)

func (d *decoder) value() any {
	d.space()
	switch d.text[d.pos] {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		s := d.str()
		if s == "" {
			return emptyString
		}
		d.left -= boxBytes
		return s
	case 't':
		d.pos += len("true")
		return true
	case 'f':
		d.pos += len("false")
		return false
	case 'n':
		d.pos += len("null")
		return nil
	default:
		return d.number()
	}
}

// open stands at an opening bracket. It gives how many members follow, and reads an empty container to its end.
func (d *decoder) open() int {
	d.pos++
	d.space()
	if c := d.text[d.pos]; c == '}' || c == ']' {
		d.pos++
		return 0
	}
	n := d.members[0]
	d.members = d.members[1:]
	return int(n)
}

func (d *decoder) object() any {
	n := d.open()
	if n == 0 {
		return emptyObject
	}
	if d.left -= objectBytes(n); d.left < 0 {
		return nil
	}
	m := make(map[string]any, n)
	for range n {
		d.space()
		name := d.str()
		d.space()
		d.pos++ // the colon
		m[name] = d.value()
		if d.left < 0 {
			return nil
		}
		d.space()
		d.pos++ // the comma, or the closing bracket
	}
	return m
}

func (d *decoder) array() any {
	n := d.open()
	if n == 0 {
		return emptyArray
	}
	if d.left -= sliceBytes(n); d.left < 0 {
		return nil
	}
	items := make([]any, n)
	for i := range items {
		items[i] = d.value()
		if d.left < 0 {
			return nil
		}
		d.space()
		d.pos++ // the comma, or the closing bracket
	}
	return items
}

// small holds the numbers of two characters: a minus, or no zero, before a digit. One of a single character is in digit. The shortest
// texts would cost most for their size.
var digit, small = func() (digit [10]any, small [10][10]any) {
	for i := range 10 {
		digit[i] = json.Number(rune('0' + i))
		small[0][i] = json.Number("-" + string(rune('0'+i)))
		for first := 1; first < 10; first++ {
			small[first][i] = json.Number([]byte{byte('0' + first), byte('0' + i)})
		}
	}
	return digit, small
}()

func (d *decoder) number() any {
	start := d.pos
	d.pos = scalarEnd(d.text, start)
	text := d.text[start:d.pos]
	switch {
	case len(text) == 1:
		return digit[text[0]-'0']
	case len(text) == 2 && text[0] == '-':
		return small[0][text[1]-'0']
	case len(text) == 2:
		return small[text[0]-'0'][text[1]-'0']
	}
	d.left -= boxBytes
	return json.Number(text)
}

// scalarEnd is where a number or a literal ends.
func scalarEnd(text string, at int) int {
	for at < len(text) && text[at] > ' ' && text[at] != ',' && text[at] != ']' && text[at] != '}' {
		at++
	}
	return at
}

func (d *decoder) space() {
	for d.pos < len(d.text) && d.text[d.pos] <= ' ' {
		d.pos++
	}
}

// str reads a string and leaves out the quotes.
func (d *decoder) str() string {
	end, escaped := stringEnd(d.text, d.pos)
	text := d.text[d.pos+1 : end-1]
	d.pos = end
	if !escaped {
		return text
	}
	d.left -= rounded(len(text))
	return unescape(text)
}

// stringEnd is where the string ends that begins at a quote.
func stringEnd(text string, at int) (end int, escaped bool) {
	at++
	n := strings.IndexByte(text[at:], '"')
	if strings.IndexByte(text[at:at+n], '\\') < 0 {
		return at + n + 1, false
	}
	for ; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1, true
}

func unescape(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for {
		n := strings.IndexByte(text, '\\')
		if n < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:n])
		r, length := escape(text[n:])
		b.WriteRune(r)
		text = text[n+length:]
	}
}

// escape reads what text starts with: an escape, or the two of a surrogate pair.
func escape(text string) (r rune, length int) {
	if i := strings.IndexByte("bfnrt", text[1]); i >= 0 {
		return rune("\b\f\n\r\t"[i]), 2
	}
	if text[1] != 'u' {
		return rune(text[1]), 2
	}
	if r = hex4(text[2:]); utf16.IsSurrogate(r) {
		return utf16.DecodeRune(r, hex4(text[8:])), 12
	}
	return r, 6
}

func hex4(text string) rune {
	r := rune(0)
	for _, c := range []byte(text[:4]) {
		if c > '9' {
			c += 9
		}
		r = r<<4 | rune(c&0xf)
	}
	return r
}
