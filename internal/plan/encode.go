package plan

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
)

// An Encoder writes values of one Go type with the bytes that encoding/json gives for them, and checks them on the way: by the value
// where the schema's question can be answered from it, by the bytes just written where it can't. It is immutable and safe for
// concurrent use.
type Encoder struct {
	plan    *Plan
	root    *source
	goType  reflect.Type
	foreign bool
	notes   []Note
}

// NewEncoder makes the encoder of values of t, which is described as a value that is not addressable.
func (p *Plan) NewEncoder(t *jsontype.Type) *Encoder {
	c := sources{trail: newTrail(t), known: make(map[sourceKey]*source)}
	root := c.source(p.root, t)
	return &Encoder{p, root, t.Go, c.foreign, c.notes}
}

// Notes returns the parts of the type that are encoded more slowly.
func (e *Encoder) Notes() []Note { return e.notes }

// Foreign reports whether methods that others wrote get pointers into the value, which they may keep.
func (e *Encoder) Foreign() bool { return e.foreign }

// An Outcome is what is known of the bytes that were appended.
type Outcome uint8

// The outcomes of Append.
const (
	Refused Outcome = iota // nothing: strictjson has to encode the value, or to say why it can't
	Unsure                 // they are encoding/json's, but the schema may refuse them
	Valid                  // they are encoding/json's, and valid for sure
)

// Append appends the JSON of the value that v points to, whose type must be the encoder's; else it refuses. It keeps nothing of v.
func Append[T any](e *Encoder, dst []byte, v *T) ([]byte, Outcome) {
	if reflect.TypeFor[T]() != e.goType {
		return dst, Refused
	}
	return e.append(dst, placeAt(v))
}

// AppendValue is Append for a value that must be addressable.
func (e *Encoder) AppendValue(dst []byte, v reflect.Value) ([]byte, Outcome) {
	if v.Type() != e.goType {
		return dst, Refused
	}
	return e.append(dst, placeOf(v))
}

func (e *Encoder) append(dst []byte, p place) ([]byte, Outcome) {
	w := writer{plan: e.plan, slow: slowBytes, work: workAtLeast}
	dst, ok := w.put(dst, e.root, p, 0)
	w.release()
	switch {
	case !ok:
		return dst, Refused
	case w.doubt:
		return dst, Unsure
	}
	return dst, Valid
}

// A writer is one value on its way to bytes.
type writer struct {
	plan  *Plan
	doubt bool  // the value breaks a rule, or may do so: its bytes decide
	slow  int   // as in a walk
	work  int   // values that may still be looked at in bytes, as in a walk
	walk  *walk // nil until it is needed
}

// helper is the walk for what needs one.
func (w *writer) helper() *walk {
	if w.walk == nil {
		w.walk = w.plan.walks.Get().(*walk)
	}
	return w.walk
}

func (w *writer) release() {
	if w.walk != nil {
		w.walk.doc = nil
		w.plan.walks.Put(w.walk)
	}
}

// must notes what a rule says of the value.
func (w *writer) must(hold bool) {
	if !hold {
		w.doubt = true
	}
}

// put appends the JSON of the value at p; false where it is not sure that encoding/json would give the same.
func (w *writer) put(dst []byte, s *source, p place, depth int) ([]byte, bool) {
	switch s.op {
	case writeText:
		return w.putText(dst, s.text, p.text())
	case writeInt:
		n := p.int(s.bits)
		w.must(s.whole.allows(n))
		return strconv.AppendInt(dst, n, 10), true
	case writeUint:
		n := p.uint(s.bits)
		w.must(s.whole.allowsUint(n))
		return strconv.AppendUint(dst, n, 10), true
	case writeFloat:
		f := p.float(s.bits)
		w.must(s.float.allows(f))
		return appendFloat(dst, f, s.bits)
	case writeBool:
		return strconv.AppendBool(dst, p.bool()), true
	case writeTime:
		return w.putTime(dst, s, p)
	case writeBase64:
		return w.putBase64(dst, s, p), true
	}
	if depth > maxDepth { // perhaps a circle
		return dst, false
	}
	return w.putContainer(dst, s, p, depth+1)
}

func (w *writer) putContainer(dst []byte, s *source, p place, depth int) ([]byte, bool) {
	switch s.op {
	case writeStruct:
		return w.putStruct(dst, s, p, depth)
	case writeSlice:
		return w.putSlice(dst, s, p, depth)
	case writePointer:
		to, ok := p.pointed()
		if !ok {
			return w.putNull(dst, s), true
		}
		return w.put(dst, s.elem, to, depth)
	case writeTexts:
		return w.putTexts(dst, s, p)
	case writeDoubted:
		w.doubt = true
		return w.put(dst, s.elem, p, depth-1)
	case writeChecked:
		start := len(dst)
		dst, ok := w.put(dst, s.elem, p, depth-1)
		if ok && !w.doubt {
			w.check(s.node, dst[start:], depth-1)
		}
		return dst, ok
	default:
		return w.putGeneric(dst, s, p, depth-1)
	}
}

func (w *writer) putNull(dst []byte, s *source) []byte {
	w.must(s.null)
	return append(dst, "null"...)
}

// putGeneric has strictjson encode a value, by its pointer where encoding/json would use that.
func (w *writer) putGeneric(dst []byte, s *source, p place, depth int) ([]byte, bool) {
	v := p.value(s.goType)
	if s.byPointer {
		v = v.Addr()
	}
	raw, err := strictjson.Marshal(v.Interface())
	if err != nil {
		return dst, false
	}
	w.check(s.node, raw, depth)
	return append(dst, raw...), true
}

// check looks at the bytes of a value, which stands below depth containers.
func (w *writer) check(n *node, raw []byte, depth int) {
	h := w.helper()
	h.reset(raw)
	h.depth, h.work = depth, w.work+len(raw)/bytesForWork
	ok := h.document(n)
	w.must(ok)
	w.work = h.work
}

func (w *writer) putSlice(dst []byte, s *source, p place, depth int) ([]byte, bool) {
	n, isNil := p.length()
	if isNil {
		return w.putNull(dst, s), true
	}
	w.must(s.count.allows(n))
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = w.put(dst, s.elem, p.item(i, s.size), depth); !ok {
			return dst, false
		}
	}
	return append(dst, ']'), true
}

// putStruct writes each field with the comma before it; the brace takes the place of the first.
func (w *writer) putStruct(dst []byte, s *source, p place, depth int) ([]byte, bool) {
	start, count, needed := len(dst), 0, 0
	for i := range s.fields {
		f := &s.fields[i]
		at := p.field(f.step)
		if f.omit.when != omitNever {
			if f.omit.omits(at) {
				continue
			}
			if f.needed {
				needed++
			}
			if f.forbidden {
				w.doubt = true
			}
		}
		count++
		dst = f.name.append(dst)
		var ok bool
		if f.isText { // most of all fields
			dst, ok = w.putRestOfText(dst, f.source.text, at.text())
		} else {
			dst, ok = w.put(dst, f.source, at, depth)
		}
		if !ok {
			return dst, false
		}
	}
	w.must(needed == s.needed && s.count.allows(count))
	if count == 0 {
		return append(dst, "{}"...), true
	}
	dst[start] = '{'
	return append(dst, '}'), true
}

// putTexts writes a map in the order of its keys.
func (w *writer) putTexts(dst []byte, s *source, p place) ([]byte, bool) {
	m := p.texts()
	if m == nil {
		return w.putNull(dst, s), true
	}
	w.must(s.count.allows(len(m)))
	var few [16]string
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = w.putText(dst, nil, k); !ok {
			return dst, false
		}
		dst = append(dst, ':')
		if dst, ok = w.putText(dst, s.elem.text, m[k]); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

// putText is false for what is no UTF-8.
func (w *writer) putText(dst []byte, r *textRule, s string) ([]byte, bool) {
	return w.putRestOfText(append(dst, '"'), r, s)
}

// putRestOfText is putText after the opening quote. It copies the text as if nothing in it had to be escaped, and looks at the copy: mostly
// that is all.
func (w *writer) putRestOfText(dst []byte, r *textRule, s string) ([]byte, bool) {
	start := len(dst)
	dst = append(dst, s...)
	if r != nil && r.allowsPlain(dst[start:]) {
		return append(dst, '"'), true
	}
	dst, form := endText(dst, start, s)
	if r == nil {
		return dst, form != notUTF8
	}
	switch form {
	case asWritten:
		w.must(r.allows(dst[start:len(dst)-1], true, &w.slow) == valid)
	case beyondASCII:
		w.must(r.allows(dst[start:len(dst)-1], false, &w.slow) == valid)
	case escaped:
		w.must(r.allowsText(w, s))
	default:
		return dst, false
	}
	return dst, true
}

// allowsText is for texts that stand with escapes in the document.
func (r *textRule) allowsText(w *writer, s string) bool {
	if r.onlyLength() {
		return r.hasLengthOf(s)
	}
	h := w.helper()
	h.scratch = append(h.scratch[:0], s...)
	return r.allows(h.scratch, false, &w.slow) == valid
}

func (w *writer) putTime(dst []byte, s *source, p place) ([]byte, bool) {
	start := len(dst) + 1
	dst, err := p.time().AppendText(append(dst, '"'))
	if err != nil {
		return dst, false
	}
	if s.text != nil {
		w.must(s.text.allows(dst[start:], true, &w.slow) == valid)
	}
	return append(dst, '"'), true
}

func (w *writer) putBase64(dst []byte, s *source, p place) []byte {
	b := p.bytes()
	if b == nil {
		return w.putNull(dst, s)
	}
	start := len(dst) + 1
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), b)
	if s.text != nil {
		w.must(s.text.allows(dst[start:], true, &w.slow) == valid)
	}
	return append(dst, '"')
}
