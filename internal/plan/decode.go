package plan

import (
	"reflect"
	"strconv"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
)

// A Decoder checks a document and decodes it into a Go type in the same pass. It is immutable and safe for concurrent use.
//
// What it accepts is valid, and the value is the one that strictjson decodes: types whose JSON is not decided by their kind are
// handed to strictjson itself, part by part.
type Decoder struct {
	plan *Plan
	root *target
}

// NewDecoder makes the decoder of values of t.
func (p *Plan) NewDecoder(t *jsontype.Type) *Decoder {
	c := pairing{targets: make(map[pair]*target)}
	return &Decoder{plan: p, root: c.target(p.root, t)}
}

// Decode reports whether doc is valid for sure and fits; then v, which must be settable and zero, holds its value. Otherwise v holds
// anything. The value shares no memory with doc; its strings share one copy of it.
func (d *Decoder) Decode(doc []byte, v reflect.Value) bool {
	w := d.plan.walks.Get().(*walk)
	w.reset(doc)
	end, verdict := w.decode(d.root, 0, v)
	ok := verdict == valid && w.space(end) == len(doc)
	w.doc, w.copied = nil, ""
	d.plan.walks.Put(w)
	return ok
}

// decode checks the value at pos, or behind the white space there, and decodes it into v.
func (w *walk) decode(t *target, pos int, v reflect.Value) (end int, is verdict) {
	if w.work--; w.work < 0 || t.node.opaque {
		return 0, unsure
	}
	pos = w.space(pos)
	if t.before != nil {
		if _, is = w.value(t.before, pos); is != valid {
			return 0, is
		}
	}
	if t.generic {
		return w.decodeGeneric(t, pos, v)
	}
	if w.at(pos) == 'n' {
		return w.word(t.node, pos, "null", null) // v stays zero, as encoding/json leaves it
	}
	switch t.into {
	case jsontype.String:
		return w.decodeString(t, pos, v)
	case jsontype.Int, jsontype.Uint, jsontype.Float:
		return w.decodeNumber(t, pos, v)
	case jsontype.Bool:
		return w.decodeBool(t, pos, v)
	case jsontype.Struct:
		return w.decodeStruct(t, pos, v)
	case jsontype.Slice:
		return w.decodeSlice(t, pos, v)
	default: // a pointer
		v.Set(reflect.New(v.Type().Elem()))
		return w.decode(t.elem, pos, v.Elem())
	}
}

// decodeGeneric checks a value and has strictjson decode it.
func (w *walk) decodeGeneric(t *target, pos int, v reflect.Value) (end int, is verdict) {
	if end, is = w.value(t.node, pos); is != valid {
		return 0, is
	}
	if strictjson.Unmarshal(w.doc[pos:end], v.Addr().Interface()) != nil {
		return 0, unsure
	}
	return end, valid
}

func (w *walk) decodeBool(t *target, pos int, v reflect.Value) (end int, is verdict) {
	switch w.at(pos) {
	case 't':
		v.SetBool(true)
		return w.word(t.node, pos, "true", truth)
	case 'f':
		return w.word(t.node, pos, "false", falsity)
	}
	return 0, unsure
}

func (w *walk) decodeString(t *target, pos int, v reflect.Value) (end int, is verdict) {
	if w.at(pos) != '"' {
		return 0, unsure
	}
	s, ok := w.str(pos)
	n := t.node
	switch {
	case !ok:
		return 0, unsure
	case n.kinds&text == 0:
		return 0, invalid
	case s.escaped:
		own := string(w.unescaped(s))
		if n.text != nil {
			is = n.text.allows([]byte(own), false)
		} else {
			is = valid
		}
		v.SetString(own)
		return s.end + 1, is
	case n.text != nil:
		if is = n.text.allows(w.doc[s.start:s.end], s.ascii); is != valid {
			return 0, is
		}
	}
	v.SetString(w.copy()[s.start:s.end])
	return s.end + 1, valid
}

// copy is the document as the one string that the value's strings are parts of.
func (w *walk) copy() string {
	if w.copied == "" {
		w.copied = string(w.doc)
	}
	return w.copied
}

func (w *walk) decodeNumber(t *target, pos int, v reflect.Value) (end int, is verdict) {
	end, d, exact, ok := w.number(pos)
	n := t.node
	switch {
	case !ok:
		return 0, unsure
	case n.kinds&number == 0:
		return 0, invalid
	case n.number != nil && !exact:
		return 0, unsure
	case n.number != nil:
		if is = n.number.allows(d); is != valid {
			return 0, is
		}
	}
	if !setNumber(t, v, d, exact, w.doc[pos:end]) {
		return 0, unsure
	}
	return end, valid
}

// setNumber reports whether the number fits v.
func setNumber(t *target, v reflect.Value, d decimal, exact bool, token []byte) bool {
	switch {
	case t.into == jsontype.Float:
		return setFloat(v, t.bits, d, exact, token)
	case !exact:
		return setLong(t, v, token)
	case d.places > 0: // encoding/json takes no 1.0 for an integer
		return false
	case t.into == jsontype.Int:
		return setInt(v, d)
	}
	return setUint(v, d)
}

// setLong is for integers of more than maxDigits digits.
func setLong(t *target, v reflect.Value, token []byte) bool {
	if t.into == jsontype.Int {
		n, err := strconv.ParseInt(string(token), 10, t.bits)
		v.SetInt(n)
		return err == nil
	}
	n, err := strconv.ParseUint(string(token), 10, t.bits)
	v.SetUint(n)
	return err == nil
}

func setInt(v reflect.Value, d decimal) bool {
	n := int64(d.digits) // up to maxDigits digits fit
	if d.negative {
		n = -n
	}
	if v.OverflowInt(n) {
		return false
	}
	v.SetInt(n)
	return true
}

func setUint(v reflect.Value, d decimal) bool {
	if d.negative || v.OverflowUint(d.digits) {
		return false
	}
	v.SetUint(d.digits)
	return true
}

// exactFloat is the largest number up to which every integer is a float64, and exactTens are the powers of ten that are one: the
// quotient of two such is rounded once, so it is the nearest float64 of the decimal.
const exactFloat = 1 << 53

var exactTens = [maxDigits + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

func setFloat(v reflect.Value, bits int, d decimal, exact bool, token []byte) bool {
	if exact && bits == 64 && d.digits < exactFloat && !(d.negative && d.digits == 0) {
		f := float64(d.digits) / exactTens[d.places]
		if d.negative {
			f = -f
		}
		v.SetFloat(f)
		return true
	}
	f, err := strconv.ParseFloat(string(token), bits)
	v.SetFloat(f)
	return err == nil
}

func (w *walk) decodeSlice(t *target, pos int, v reflect.Value) (end int, is verdict) {
	if w.at(pos) != '[' {
		return 0, unsure
	}
	if t.node.kinds&array == 0 {
		return 0, invalid
	}
	if w.depth++; w.depth > maxDepth {
		return 0, unsure
	}
	end, is = w.decodeItems(t, pos+1, v)
	w.depth--
	return end, is
}

func (w *walk) decodeItems(t *target, pos int, v reflect.Value) (end int, is verdict) {
	r := t.node.ofArrays()
	pos = w.space(pos)
	if w.at(pos) == ']' {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		return pos + 1, r.complete(0, 0)
	}
	for count := 0; ; {
		if count == v.Cap() {
			v.Grow(max(4-count, 1)) // at least four at first, then twice as many each time
		}
		v.SetLen(count + 1)
		if pos, is = w.decode(t.elem, pos, v.Index(count)); is != valid {
			return 0, is
		}
		count++
		switch pos = w.space(pos); w.at(pos) {
		case ',':
			pos++
		case ']':
			return pos + 1, r.complete(count, 0)
		default:
			return 0, unsure
		}
	}
}

func (w *walk) decodeStruct(t *target, pos int, v reflect.Value) (end int, is verdict) {
	if w.at(pos) != '{' {
		return 0, unsure
	}
	if t.node.kinds&object == 0 {
		return 0, invalid
	}
	if w.depth++; w.depth > maxDepth {
		return 0, unsure
	}
	open := len(w.names)
	end, is = w.decodeMembers(t, pos+1, open, v)
	w.names = w.names[:open]
	w.depth--
	return end, is
}

func (w *walk) decodeMembers(t *target, pos, open int, v reflect.Value) (end int, is verdict) {
	r := t.node.ofObjects()
	var seen uint64
	count, guess := 0, 0
	pos = w.space(pos)
	if w.at(pos) == '}' {
		return pos + 1, r.complete(t.needed&^seen, count)
	}
	for {
		s, next, ok := w.memberName(pos)
		if !ok {
			return 0, unsure
		}
		count++
		i := t.find(w.doc[s.start:s.end], guess)
		switch {
		case i >= 0 && seen>>i&1 == 1:
			return 0, unsure // twice
		case i >= 0:
			seen |= 1 << i
			guess = i + 1
			pos, is = w.decodeMember(&t.members[i], next, v)
		case r.closed:
			return 0, invalid
		case !w.firstOfName(s, open):
			return 0, unsure
		default:
			pos, is = w.value(r.additional, next)
		}
		if is != valid {
			return 0, is
		}
		switch pos = w.space(pos); w.at(pos) {
		case ',':
			pos = w.space(pos + 1)
		case '}':
			return pos + 1, r.complete(t.needed&^seen, count)
		default:
			return 0, unsure
		}
	}
}

func (w *walk) decodeMember(m *member, pos int, v reflect.Value) (end int, is verdict) {
	switch len(m.field) {
	case 0:
		return w.value(m.target.node, pos)
	case 1:
		return w.decode(m.target, pos, v.Field(m.field[0]))
	}
	return w.decode(m.target, pos, v.FieldByIndex(m.field))
}
