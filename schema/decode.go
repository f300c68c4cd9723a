package schema

import (
	"encoding/json"
	"strings"
	"unicode/utf16"
)

// decode turns text that the guard has accepted into the values that jsonschema/v5 reads: nil, bool, string, json.Number, []any and
// map[string]any. Strings and numbers share the text's memory, and the values that are written shortest are not allocated at all.
func decode(text string) any {
	d := decoder{text: text}
	return d.value()
}

// A decoder reads text that is known to be JSON, so it looks for ends and never for faults.
type decoder struct {
	text  string
	pos   int
	items []any // of the arrays that are open, so that each gets a slice of its exact length
}

// What is empty is shared: v5 changes no value.
var (
	emptyArray  any = []any{}
	emptyObject any = map[string]any{}
	emptyString any = ""
)

// digit holds the numbers of one character: the shortest texts would cost most for their size.
var digit = func() (d [10]any) {
	for i := range d {
		d[i] = json.Number(rune('0' + i))
	}
	return d
}()

func (d *decoder) value() any {
	d.space()
	switch d.text[d.pos] {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		if s := d.str(); s != "" {
			return s
		}
		return emptyString
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

func (d *decoder) object() any {
	d.pos++
	if d.space(); d.text[d.pos] == '}' {
		d.pos++
		return emptyObject
	}
	m := make(map[string]any)
	for d.space(); d.text[d.pos] != '}'; d.space() {
		if d.text[d.pos] == ',' {
			d.pos++
			d.space()
		}
		name := d.str()
		d.space()
		d.pos++ // the colon
		m[name] = d.value()
	}
	d.pos++
	return m
}

func (d *decoder) array() any {
	d.pos++
	base := len(d.items)
	for d.space(); d.text[d.pos] != ']'; d.space() {
		if d.text[d.pos] == ',' {
			d.pos++
		}
		item := d.value()
		if len(d.items) == cap(d.items) {
			d.grow()
		}
		d.items = append(d.items, item)
	}
	d.pos++
	own := d.items[base:]
	if len(own) == 0 {
		return emptyArray
	}
	items := make([]any, len(own))
	copy(items, own)
	clear(own)
	d.items = d.items[:base]
	return items
}

// grow doubles, and takes no more than what the rest of the text can fill, at two characters an item: append would waste more than
// that on the way to a large array.
func (d *decoder) grow() {
	n := len(d.items)
	grown := make([]any, n, n+min(n+8, (len(d.text)-d.pos)/2+1))
	copy(grown, d.items)
	d.items = grown
}

func (d *decoder) number() any {
	start := d.pos
	for d.pos < len(d.text) && strings.IndexByte("+-.0123456789eE", d.text[d.pos]) >= 0 {
		d.pos++
	}
	text := d.text[start:d.pos]
	if len(text) == 1 {
		return digit[text[0]-'0']
	}
	return json.Number(text)
}

func (d *decoder) space() {
	for d.pos < len(d.text) && d.text[d.pos] <= ' ' {
		d.pos++
	}
}

// str reads a string and leaves out the quotes.
func (d *decoder) str() string {
	d.pos++
	rest := d.text[d.pos:]
	end := strings.IndexByte(rest, '"')
	if escape := strings.IndexByte(rest[:end], '\\'); escape < 0 {
		d.pos += end + 1
		return rest[:end]
	}
	return d.escapedStr()
}

func (d *decoder) escapedStr() string {
	var b strings.Builder
	for {
		rest := d.text[d.pos:]
		n := strings.IndexAny(rest, `"\`)
		b.WriteString(rest[:n])
		d.pos += n + 1
		if rest[n] == '"' {
			return b.String()
		}
		b.WriteRune(d.escape())
	}
}

// escape stands behind a backslash.
func (d *decoder) escape() rune {
	c := d.text[d.pos]
	d.pos++
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		return rune("\b\f\n\r\t"[i])
	}
	if c != 'u' {
		return rune(c)
	}
	r := d.hex4()
	if utf16.IsSurrogate(r) {
		d.pos += len(`\u`)
		r = utf16.DecodeRune(r, d.hex4())
	}
	return r
}

func (d *decoder) hex4() rune {
	r := rune(0)
	for _, c := range []byte(d.text[d.pos : d.pos+4]) {
		if c > '9' {
			c += 9
		}
		r = r<<4 | rune(c&0xf)
	}
	d.pos += 4
	return r
}

// find gives the text of the value at a JSON Pointer, in text that the guard has accepted.
func find(text, pointer string) (string, bool) {
	d := decoder{text: text}
	for pointer != "" {
		var token string
		token, pointer = firstToken(pointer)
		d.space()
		if !d.enter(token) {
			return "", false
		}
	}
	d.space()
	start := d.pos
	d.value()
	return text[start:d.pos], true
}

// enter goes to before the child that a token names.
func (d *decoder) enter(token string) bool {
	opening := d.text[d.pos]
	index, ok := arrayIndex(token)
	if opening != '{' && (opening != '[' || !ok) {
		return false
	}
	d.pos++
	for i := 0; ; i++ {
		d.space()
		switch d.text[d.pos] {
		case '}', ']':
			return false
		case ',':
			d.pos++
			d.space()
		}
		if opening == '[' && i == index || opening == '{' && d.nameIs(token) {
			return true
		}
		d.value()
	}
}

// nameIs reads a name and its colon.
func (d *decoder) nameIs(token string) bool {
	name := d.str()
	d.space()
	d.pos++
	return name == unescapeToken(token)
}
