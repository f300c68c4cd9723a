package plan

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
)

// An Encoder writes values of one Go type with the bytes that encoding/json gives for them. It checks nothing: the bytes are what is
// checked. It is immutable and safe for concurrent use.
type Encoder struct{ root *source }

// NewEncoder makes the encoder of values of t, which is described as a value that is not addressable.
func NewEncoder(t *jsontype.Type) *Encoder {
	c := sources{known: make(map[*jsontype.Type]*source)}
	return &Encoder{root: c.source(t)}
}

// Append appends the JSON of v to dst. It returns false, and anything behind dst, where it is not sure that encoding/json would
// give the same: then strictjson has to decide. It keeps nothing of v.
func (e *Encoder) Append(dst []byte, v reflect.Value) ([]byte, bool) {
	return e.root.append(dst, v, 0)
}

// A source is a Go type with what its values are written as.
type source struct {
	kind        jsontype.Kind
	generic     bool // strictjson encodes it
	addressable bool // encoding/json would reach it by a pointer
	bits        int
	elem        *source
	fields      []sourceField
}

type sourceField struct {
	name      string // `"name":`, as encoding/json writes it
	index     []int
	omitEmpty bool
	omitZero  bool
	source    *source
}

type sources struct{ known map[*jsontype.Type]*source }

func (c *sources) source(t *jsontype.Type) *source {
	if s, ok := c.known[t]; ok {
		return s
	}
	s := &source{kind: t.Kind, addressable: t.Addressable, bits: t.Bits}
	c.known[t] = s
	switch t.Kind {
	case jsontype.Bool, jsontype.Int, jsontype.Uint, jsontype.Float, jsontype.String:
	case jsontype.Pointer, jsontype.Slice:
		s.elem = c.source(t.Elem)
	case jsontype.Struct:
		s.generic = !c.structure(s, t)
	default:
		s.generic = true
	}
	return s
}

type zeroer interface{ IsZero() bool }

// structure fills in the fields; false where strictjson has to encode them.
func (c *sources) structure(s *source, t *jsontype.Type) bool {
	for i := range t.Fields {
		f := &t.Fields[i]
		asksMethod := f.OmitZero && reflect.PointerTo(f.Type.Go).Implements(reflect.TypeFor[zeroer]())
		if f.Quoted || f.ByPointer || asksMethod {
			return false
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			return false
		}
		s.fields = append(s.fields, sourceField{string(name) + ":", f.Index, f.OmitEmpty, f.OmitZero, c.source(f.Type)})
	}
	return true
}

func (s *source) append(dst []byte, v reflect.Value, depth int) ([]byte, bool) {
	if depth > maxDepth { // perhaps a circle
		return dst, false
	}
	if s.generic {
		return s.appendGeneric(dst, v)
	}
	switch s.kind {
	case jsontype.String:
		return appendText(dst, v.String())
	case jsontype.Int:
		return strconv.AppendInt(dst, v.Int(), 10), true
	case jsontype.Uint:
		return strconv.AppendUint(dst, v.Uint(), 10), true
	case jsontype.Float:
		return appendFloat(dst, v.Float(), s.bits)
	case jsontype.Bool:
		return strconv.AppendBool(dst, v.Bool()), true
	case jsontype.Struct:
		return s.appendStruct(dst, v, depth)
	case jsontype.Slice:
		return s.appendSlice(dst, v, depth)
	default: // a pointer
		if v.IsNil() {
			return append(dst, "null"...), true
		}
		return s.elem.append(dst, v.Elem(), depth+1)
	}
}

// appendGeneric has strictjson encode a value, by its pointer where encoding/json would use that.
func (s *source) appendGeneric(dst []byte, v reflect.Value) ([]byte, bool) {
	if s.addressable && v.CanAddr() && v.Kind() != reflect.Pointer {
		v = v.Addr()
	}
	raw, err := strictjson.Marshal(v.Interface())
	return append(dst, raw...), err == nil
}

func (s *source) appendSlice(dst []byte, v reflect.Value, depth int) ([]byte, bool) {
	if v.IsNil() {
		return append(dst, "null"...), true
	}
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = s.elem.append(dst, v.Index(i), depth+1); !ok {
			return dst, false
		}
	}
	return append(dst, ']'), true
}

func (s *source) appendStruct(dst []byte, v reflect.Value, depth int) ([]byte, bool) {
	dst = append(dst, '{')
	start := len(dst)
	for i := range s.fields {
		f := &s.fields[i]
		value := v.Field(f.index[0])
		for _, j := range f.index[1:] { // through embedded structs
			value = value.Field(j)
		}
		if f.omitEmpty && isEmpty(value) || f.omitZero && value.IsZero() {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(dst, f.name...)
		var ok bool
		if dst, ok = f.source.append(dst, value, depth+1); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

// isEmpty is the rule of omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// plainByte has the bytes that encoding/json writes as they are: all of ASCII but quotes, backslashes, control characters, and what
// would mean something in HTML.
var plainByte = func() (plain [utf8.RuneSelf]bool) {
	for c := range plain {
		plain[c] = c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return plain
}()

const hexDigits = "0123456789abcdef"

// appendText is false for what is no UTF-8.
func appendText(dst []byte, s string) ([]byte, bool) {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if !plainByte[c] {
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
			return dst, false
		case r == '\u2028' || r == '\u2029': // line ends in JavaScript
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[r&0xF])
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"'), true
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
