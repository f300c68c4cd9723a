package plan

import (
	"encoding/json"
	"math"
	"reflect"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// A source is a node with the Go type of the values that are written under it: how they are written, and what of the schema is left
// to ask of them. What the type guarantees is not asked again.
type source struct {
	op     writing
	goType reflect.Type
	bits   int
	null   bool // a nil is allowed
	text   *textRule
	whole  intRange
	float  floatRange
	count  countRange // of items or properties
	elem   *source    // of pointers, slices and maps; for doubted and checked, the same type without a schema
	size   uintptr    // of an item
	fields []sourceField
	needed int   // required properties that may be left out
	node   *node // what the bytes are checked against, for generic and checked
	// byPointer: encoding/json would reach the value by a pointer, whose methods it calls then; for generic.
	byPointer bool
}

// writing says how a source writes.
type writing uint8

const (
	writeGeneric writing = iota // by strictjson; the bytes are checked
	writeChecked                // by elem; the bytes are checked: keywords that need more than the value
	writeDoubted                // by elem: never valid, or never sure
	writeBool
	writeInt
	writeUint
	writeFloat
	writeText
	writeTime
	writeBase64
	writePointer
	writeSlice
	writeTexts // a map[string]string
	writeStruct
)

// A sourceField is a field of a struct.
type sourceField struct {
	name      token // `,"name":`, as encoding/json writes it, but for the first field, with the quote that opens a text
	step      step
	omit      omission
	source    *source
	isText    bool // its source writes a text
	needed    bool // counts among needed
	forbidden bool // the schema allows no such property
}

// countRange bounds a number of items or properties.
type countRange struct{ least, most int }

func (r countRange) allows(n int) bool { return n >= r.least && n <= r.most }

type sourceKey struct {
	n *node
	t *jsontype.Type
}

// sources makes each source once: recursion ends at one that is there already.
type sources struct {
	trail
	known   map[sourceKey]*source
	foreign bool // methods of others get to see the memory of the value
}

func (c *sources) source(n *node, t *jsontype.Type) *source {
	n = n.direct()
	if s, ok := c.known[sourceKey{n, t}]; ok {
		return s
	}
	s := &source{goType: t.Go, bits: t.Bits, node: n, null: n.kinds&null != 0, byPointer: t.Addressable && t.Kind != jsontype.Pointer}
	c.known[sourceKey{n, t}] = s
	switch {
	case n == anything: // nothing is asked, but what writes itself has to be looked at
		c.fill(s, n, t)
	case n.opaque:
		s.op, s.elem = writeDoubted, c.source(anything, t)
	case n.inPlace != nil || !n.judges(t):
		s.op, s.elem = writeChecked, c.source(anything, t)
	case !c.fill(s, n, t):
		*s = source{op: writeDoubted, elem: c.source(anything, t)}
	}
	switch s.op {
	case writeGeneric:
		c.foreign = true
		c.note(n, "encoding is done by the general encoder: %s", why(t, t.Kind))
	case writeChecked:
		c.note(n, "encoding looks at the bytes that it has written: a keyword asks more than can be told from the value")
	}
	return s
}

// judges reports whether what n asks of a t can be told from the value, without its bytes.
func (n *node) judges(t *jsontype.Type) bool {
	switch t.Kind {
	case jsontype.Bool:
		return n.kinds&boolean == boolean
	case jsontype.Float, jsontype.Int, jsontype.Uint:
		return n.number == nil || n.number.multiple == nil && !n.number.has
	case jsontype.Slice:
		return n.kinds&array != 0 && (n.array == nil || len(n.array.prefix) == 0 && !n.array.unique && n.array.contains == nil)
	case jsontype.Map:
		return n.kinds&object != 0 && len(n.ofObjects().properties) == 0
	case jsontype.Bytes:
		return n.kinds&text != 0
	}
	return true
}

// fill says how a t is written under n; false where n allows no value of t at all.
func (c *sources) fill(s *source, n *node, t *jsontype.Type) bool {
	s.text = n.text
	switch t.Kind {
	case jsontype.Bool:
		s.op = writeBool
		return true
	case jsontype.Int, jsontype.Uint:
		return c.integer(s, n, t)
	case jsontype.Float:
		s.op, s.float = writeFloat, floatRangeOf(n, t.Bits)
		return n.kinds&number != 0
	case jsontype.String:
		s.op = writeText
		return n.kinds&text != 0
	case jsontype.Time:
		s.op = writeTime
		return n.kinds&text != 0
	case jsontype.Bytes:
		s.op = writeBase64
		return true
	case jsontype.Pointer:
		s.op, s.elem = writePointer, c.source(n, t.Elem)
		return true // the element's own matter
	case jsontype.Slice:
		r := n.ofArrays()
		s.op, s.size, s.count = writeSlice, t.Go.Elem().Size(), countRange{r.least, r.most}
		c.below("[]", func() { s.elem = c.source(r.items, t.Elem) })
		return true
	case jsontype.Map:
		c.texts(s, n, t)
		return true
	case jsontype.Struct:
		return n.kinds&object != 0 && c.structure(s, n, t)
	}
	s.op = writeGeneric
	return true
}

func (c *sources) integer(s *source, n *node, t *jsontype.Type) bool {
	s.op = writeInt
	if t.Kind == jsontype.Uint {
		s.op = writeUint
	}
	s.whole = intRangeOf(n.number)
	if t.Kind == jsontype.Int && s.whole.holds(-1<<(t.Bits-1), 1<<(t.Bits-1)-1) || t.Kind == jsontype.Uint && s.whole.holdsUints(t.Bits) {
		s.whole = anyInt
	}
	return n.kinds&integer != 0
}

// texts is for maps. Only the plainest, and the most used, has a way of its own.
func (c *sources) texts(s *source, n *node, t *jsontype.Type) {
	r := n.ofObjects()
	if t.Go != reflect.TypeFor[map[string]string]() {
		s.op = writeGeneric
		return
	}
	s.op, s.count, s.elem = writeTexts, countRange{r.least, r.most}, c.source(r.additional, t.Elem)
	if r.closed {
		s.count.most = 0
	}
	if s.elem.op != writeText {
		s.op, s.elem = writeChecked, c.source(anything, t)
	}
}

// structure fills in the fields. What jsontype says of names holds: no two are equal.
func (c *sources) structure(s *source, n *node, t *jsontype.Type) bool {
	if !plainFields(t) {
		s.op = writeGeneric
		return true
	}
	r := n.ofObjects()
	s.op, s.count = writeStruct, countRange{r.least, r.most}
	required := r.required
	for i := range t.Fields {
		f := &t.Fields[i]
		field := sourceField{step: stepTo(t.Go, f.Index), omit: omissionOf(f)}
		child := r.additional
		if j, ok := r.index[f.Name]; ok {
			child = r.properties[j].node
			field.needed = required.has(j) && f.CanOmit()
			required = required.without(j)
		} else if r.closed {
			child, field.forbidden = anything, true
		}
		if field.forbidden && !f.CanOmit() {
			return false
		}
		if field.needed {
			s.needed++
		}
		c.below("."+f.Go, func() { field.source = c.source(child, f.Type) })
		field.isText = field.source.op == writeText
		field.name = nameToken(f.Name, field.isText)
		s.fields = append(s.fields, field)
	}
	return required.empty()
}

// plainFields reports whether the fields are written one after another, each by its own kind: without the option string, pointers
// that are embedded, and methods that say what is zero.
func plainFields(t *jsontype.Type) bool {
	for i := range t.Fields {
		f := &t.Fields[i]
		asksMethod := f.OmitZero && f.Type.Kind != jsontype.Time && reflect.PointerTo(f.Type.Go).Implements(reflect.TypeFor[zeroer]())
		if f.Quoted || f.ByPointer || asksMethod {
			return false
		}
	}
	return true
}

type zeroer interface{ IsZero() bool }

// nameToken is what comes before a field's value.
func nameToken(name string, isText bool) token {
	text := "," + jsonText(name) + ":"
	if isText {
		text += `"`
	}
	return newToken(text)
}

// jsonText is a name as encoding/json writes it.
func jsonText(name string) string {
	text, err := json.Marshal(name)
	if err != nil { // no string has one
		panic(err)
	}
	return string(text)
}

func (r intRange) holds(least, most int64) bool { return r.least <= least && most <= r.most }

func (r intRange) holdsUints(bits int) bool {
	return r.least <= 0 && (r.most == math.MaxInt64 || bits < 64 && r.most >= 1<<bits-1)
}

// allowsUint knows that a bound has at most maxDigits digits, so that a larger number is above each.
func (r intRange) allowsUint(n uint64) bool {
	if n > math.MaxInt64 {
		return r.most == math.MaxInt64
	}
	return r.allows(int64(n))
}

// intRangeOf is what a rule lets through of integers.
func intRangeOf(r *numberRule) intRange {
	if r == nil {
		return anyInt
	}
	return intRangeAt(0, r.bounds)
}
