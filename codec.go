package kafka

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/plan"
	"github.com/typedkafka/kafka/internal/seam"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/schema"
)

// A Codec turns values of T into checked bytes and back, exactly as a Producer and a Consumer of the same Topic do inside, with no
// broker: for contract tests, fuzzing, outboxes and HTTP bodies. It is immutable and safe for concurrent use.
type Codec[T any] struct {
	schema *schema.Schema
	limits limits
	fast   fastCodec
	spare  sync.Pool // of *workspace[T]
}

// A fastCodec encodes and decodes by what was compiled from the schema and T. Where it is not sure, strictjson and the schema
// decide. A T that encoding/json does not wholly take has none.
type fastCodec struct {
	encoder *plan.Encoder
	decoder *plan.Decoder
}

func newFastCodec(p *plan.Plan, t reflect.Type) fastCodec {
	described, err := jsontype.Describe(t)
	if err != nil {
		return fastCodec{}
	}
	return fastCodec{p.NewEncoder(described), p.NewDecoder(described)}
}

// A workspace is the memory of one call of Encode or Decode. Value would otherwise be allocated for each: what methods see by a
// pointer can't stay on the stack.
type workspace[T any] struct {
	buf   []byte
	value T
}

func (c *Codec[T]) workspace() *workspace[T] {
	if w, ok := c.spare.Get().(*workspace[T]); ok {
		return w
	}
	return new(workspace[T])
}

// release keeps the workspace for another call, and nothing of the value.
func (c *Codec[T]) release(w *workspace[T]) {
	var none T
	w.value = none
	if cap(w.buf) > largestSpare {
		w.buf = nil
	}
	c.spare.Put(w)
}

// limits are the sizes of a value's bytes, each with the setting that it comes from.
type limits struct{ out, in schema.Limit }

// NewCodec makes the codec of t, with the default limits of size. It fails where t.Schema is nil and none can be derived from T,
// where no value of T can ever meet the schema, and for a T that does not say what a message holds: a pointer, an interface,
// and, unless a Schema is given, a map or json.RawMessage.
func NewCodec[T any](t Topic[T]) (*Codec[T], error) {
	c := Config{}.withDefaults()
	codec, err := newCodec(t, limits{
		out: schema.Limit{Bytes: c.Producer.MaxMessageBytes, Owner: "the default of producer.max_message_bytes"},
		in:  schema.Limit{Bytes: c.Consumer.MaxMessageBytes, Owner: "the default of consumer.max_message_bytes"},
	})
	if err != nil {
		return nil, fmt.Errorf("kafka: new codec: %w", err)
	}
	return codec, nil
}

func newCodec[T any](t Topic[T], l limits) (*Codec[T], error) {
	if err := usableType(reflect.TypeFor[T](), t.Schema != nil); err != nil {
		return nil, err
	}
	s := t.Schema
	if s == nil {
		derived, err := derive[T]()
		if err != nil {
			return nil, fmt.Errorf("no schema can be derived from %s; give Topic.Schema: %w", reflect.TypeFor[T](), err)
		}
		s = derived
	}
	m, err := match[T](s)
	if err != nil {
		return nil, err
	}
	return &Codec[T]{schema: s, limits: l, fast: m.fast}, nil
}

// derivedSchemas has the schema of each type that one was derived from: a program has few, and deriving costs milliseconds.
var derivedSchemas sync.Map // reflect.Type → *schema.Schema

func derive[T any]() (*schema.Schema, error) {
	t := reflect.TypeFor[T]()
	if known, ok := derivedSchemas.Load(t); ok {
		return known.(*schema.Schema), nil
	}
	s, err := schema.For[T]()
	if err != nil {
		return nil, err
	}
	first, _ := derivedSchemas.LoadOrStore(t, s)
	return first.(*schema.Schema), nil
}

// A matched is what is worked out once for a schema and a type, in milliseconds, and kept with the schema.
type matched struct {
	fast       fastCodec
	impossible error // no value of the type can meet the schema
}

func match[T any](s *schema.Schema) (*matched, error) {
	t, inside := reflect.TypeFor[T](), seam.Of(s)
	if inside.Plan == nil {
		return nil, errors.New("Topic.Schema was not made by schema.Compile or schema.For")
	}
	known, ok := inside.Memo.Load(t)
	if !ok {
		m := &matched{impossible: schema.Conform[T](s).Impossible()}
		if m.impossible == nil {
			m.fast = newFastCodec(inside.Plan, t)
		}
		known, _ = inside.Memo.LoadOrStore(t, m)
	}
	m := known.(*matched)
	if m.impossible != nil {
		return nil, fmt.Errorf("no value of %s can meet the schema: %w", t, m.impossible)
	}
	return m, nil
}

// usableType refuses the types that don't say what a message holds.
func usableType(t reflect.Type, hasSchema bool) error {
	switch {
	case t.Kind() == reflect.Pointer:
		return fmt.Errorf("Topic[%s]: use Topic[%s]; a nil pointer would be a message that holds nothing", t, t.Elem())
	case t.Kind() == reflect.Interface:
		return fmt.Errorf("Topic[%s]: an interface can't be decoded into; use the struct that the messages hold", t)
	case !hasSchema && (t.Kind() == reflect.Map || t == reflect.TypeFor[json.RawMessage]()):
		return fmt.Errorf("Topic[%s]: nothing can be derived from this type; give Topic.Schema, or use a struct", t)
	}
	return nil
}

// Encode gives the bytes that encoding/json gives for v, checked. It fails with a *schema.ValidationError where they break the
// schema or the limit of size, or v has no JSON form; a string that is not UTF-8 has none. The bytes belong to the caller.
func (c *Codec[T]) Encode(v T) ([]byte, error) {
	if c == nil || c.schema == nil {
		return nil, errNotMade("Codec", "NewCodec")
	}
	w := c.workspace()
	defer c.release(w)
	return c.encode(w, v)
}

// encode encodes into memory of just the size.
func (c *Codec[T]) encode(w *workspace[T], v T) ([]byte, error) {
	buf, err := c.appendEncoded(w.buf[:0], c.hold(w, v))
	w.buf = buf
	if err != nil {
		return nil, err
	}
	return exactly(buf), nil
}

// encodeInto is Encode into memory that was another value's, unless there is too little or far too much of it.
func (c *Codec[T]) encodeInto(memory []byte, v T) ([]byte, error) {
	w := c.workspace()
	defer c.release(w)
	if cap(memory) == 0 {
		return c.encode(w, v)
	}
	out, err := c.appendEncoded(memory[:0], c.hold(w, v))
	if err == nil && cap(out) > tooLargeFor*len(out)+minWaste {
		return exactly(out), nil
	}
	return out, err
}

// A value of n bytes does not take memory of more than n times tooLargeFor, and some.
const (
	tooLargeFor = 4
	minWaste    = 512
)

// hold copies v to where the encoder may point to it.
func (c *Codec[T]) hold(w *workspace[T], v T) *T {
	at := &w.value
	if c.fast.encoder == nil || c.fast.encoder.Foreign() {
		at = new(T) // a method of v may keep the pointer that it is called with
	}
	*at = v
	return at
}

// exactly copies b to memory of its own size.
func exactly(b []byte) []byte {
	own := make([]byte, len(b))
	copy(own, b)
	return own
}

// appendEncoded is Encode into memory of the caller's. With an error it has appended nothing.
func (c *Codec[T]) appendEncoded(dst []byte, v *T) ([]byte, error) {
	start, outcome := len(dst), plan.Refused
	out := dst
	if c.fast.encoder != nil {
		out, outcome = plan.Append(c.fast.encoder, dst, v)
	}
	if outcome == plan.Valid && len(out)-start <= c.limits.out.Bytes {
		return out, nil
	}
	if outcome == plan.Refused {
		raw, err := strictjson.Marshal(*v)
		if err != nil {
			return dst, unfit("encode", err)
		}
		out = append(dst, raw...)
	}
	if err := c.schema.ValidateWithin(out[start:], c.limits.out); err != nil {
		return dst, err
	}
	return out, nil
}

// Decode checks raw and decodes it into a fresh T. It fails with a *schema.ValidationError where raw is no JSON, breaks the schema
// or the limit of size, or does not fit T. Names match by case, exactly: what was checked is what is decoded. A property that the
// schema allows and T lacks is ignored. The value shares no memory with raw; its strings share one copy of it.
func (c *Codec[T]) Decode(raw []byte) (T, error) {
	var none T
	if c == nil || c.schema == nil {
		return none, errNotMade("Codec", "NewCodec")
	}
	if c.fast.decoder == nil || c.fast.decoder.Foreign() {
		v := new(T) // a method of v may keep the pointer that it is called with
		err := c.decodeInto(raw, v)
		return *v, err
	}
	w := c.workspace()
	defer c.release(w)
	err := c.decodeInto(raw, &w.value)
	return w.value, err
}

// decodeInto is Decode into a T of the caller's that is zero. With an error it is zero again.
func (c *Codec[T]) decodeInto(raw []byte, v *T) error {
	if c.fast.decoder != nil && len(raw) <= c.limits.in.Bytes && plan.Decode(c.fast.decoder, raw, v) {
		return nil
	}
	var none T
	*v = none
	if err := c.schema.ValidateWithin(raw, c.limits.in); err != nil {
		return err
	}
	if err := strictjson.Unmarshal(raw, v); err != nil {
		*v = none
		return unfit("decode", err)
	}
	return nil
}

// Schema is what is checked against: the Topic's, or the one derived from T.
func (c *Codec[T]) Schema() *schema.Schema {
	if c == nil {
		return nil
	}
	return c.schema
}

// unfit is the fault of a value that encoding/json can't write, or of a document that does not fit T.
func unfit(rule string, err error) error {
	fault := schema.Fault{Rule: rule, Message: err.Error()}
	var located *strictjson.Error
	if errors.As(err, &located) {
		fault.InstancePath = located.Pointer
	}
	return &schema.ValidationError{Faults: []schema.Fault{fault}}
}
