package plan

import (
	"reflect"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
)

// A Decoder checks a document and decodes it into a Go type in the same pass. It is immutable and safe for concurrent use.
//
// What it accepts is valid, and the value is the one that strictjson decodes: types whose JSON is not decided by their kind are
// handed to strictjson itself, part by part.
type Decoder struct {
	plan    *Plan
	root    *target
	goType  reflect.Type
	foreign bool
	notes   []Note
}

// NewDecoder makes the decoder of values of t.
func (p *Plan) NewDecoder(t *jsontype.Type) *Decoder {
	c := pairing{trail: newTrail(t), targets: make(map[pair]*target)}
	root := c.target(p.root, t)
	return &Decoder{p, root, t.Go, c.foreign, c.notes}
}

// Notes returns the parts of the type that are decoded more slowly.
func (d *Decoder) Notes() []Note { return d.notes }

// Foreign reports whether methods that others wrote get pointers into the value, which they may keep.
func (d *Decoder) Foreign() bool { return d.foreign }

// Decode reports whether doc is valid for sure and fits; then what v points to, which must be zero and of the decoder's type, holds
// its value. Otherwise that holds anything. The value shares no memory with doc; its strings share one copy of it.
func Decode[T any](d *Decoder, doc []byte, v *T) bool {
	return reflect.TypeFor[T]() == d.goType && d.decode(doc, placeAt(v))
}

// DecodeValue is Decode for a value that must be settable.
func (d *Decoder) DecodeValue(doc []byte, v reflect.Value) bool {
	return v.Type() == d.goType && d.decode(doc, placeOf(v))
}

func (d *Decoder) decode(doc []byte, p place) bool {
	w := d.plan.walks.Get().(*walk)
	w.reset(doc)
	end, is := w.decode(d.root, 0, p)
	ok := is == valid && w.space(end) == len(doc)
	w.doc, w.copied = nil, ""
	d.plan.walks.Put(w)
	return ok
}

// decode checks the value at pos, or behind the white space there, and decodes it into p.
func (w *walk) decode(t *target, pos int, p place) (end int, is verdict) {
	if w.work--; w.work < 0 {
		return 0, unsure
	}
	pos = w.space(pos)
	c := w.at(pos)
	switch t.op {
	case readNever:
		return 0, unsure
	case readGeneric:
		return w.decodeGeneric(t, pos, p)
	case readChecked:
		if _, is = w.value(t.node, pos); is != valid {
			return 0, is
		}
		return w.decode(t.elem, pos, p)
	}
	if c == 'n' {
		return w.word(t.node, pos, "null", null) // p stays zero, as encoding/json leaves it
	}
	switch {
	case t.op == readText && c == '"':
		return w.decodeText(t, pos, p)
	case t.op == readStruct && c == '{':
		return w.decodeStruct(t, pos, p)
	case t.op == readSlice && c == '[':
		return w.decodeSlice(t, pos, p)
	case t.op == readInt, t.op == readUint, t.op == readFloat:
		return w.decodeNumber(t, pos, p)
	case t.op == readBool:
		return w.decodeBool(t, pos, p)
	case t.op == readPointer:
		return w.decode(t.elem, pos, p.setNew(t.elem.goType))
	case t.op == readTime && c == '"':
		return w.decodeTime(t, pos, p)
	case t.op == readTexts && c == '{':
		return w.decodeTexts(t, pos, p)
	}
	return 0, unsure
}

// decodeGeneric checks a value and has strictjson decode it.
func (w *walk) decodeGeneric(t *target, pos int, p place) (end int, is verdict) {
	if end, is = w.value(t.node, pos); is != valid {
		return 0, is
	}
	if strictjson.Unmarshal(w.doc[pos:end], p.value(t.goType).Addr().Interface()) != nil {
		return 0, unsure
	}
	return end, valid
}
