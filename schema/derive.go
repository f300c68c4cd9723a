package schema

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// An Enumer is a type that names all its values: [For] derives an enum from it, and [Conform] knows that it writes no others. A
// string type with constants is made one by a method such as
//
//	func (Color) Enum() []any { return []any{Red, Green} }
type Enumer interface{ Enum() []any }

// A ForOption changes what [For] derives.
type ForOption func(*deriver)

// Closed refuses properties that the struct does not have. Left out, objects are open, so that a field that is added later does not
// break the consumers that are deployed.
func Closed() ForOption { return func(d *deriver) { d.closed = true } }

// TypeSchema gives the schema of a type X whose own methods decide its JSON, such as a decimal: For puts it wherever X stands. Left
// out, a type with MarshalJSON may be anything, and one with MarshalText any string. [Conform] can't check X against it: vouch for X by
// [AcceptType] there.
func TypeSchema[X any](doc string) ForOption {
	return func(d *deriver) { d.given[reflect.TypeFor[X]()] = json.RawMessage(doc) }
}

// For derives a schema of draft 2020-12 from T, as encoding/json writes T. Its text (see [Schema.String]) is indented and the same
// every time, so that it can be committed and compared.
//
//   - A field that is always written is required. One with omitempty or omitzero (where they can have an effect), one of an embedded
//     pointer, and a pointer are optional.
//   - What can be nil may be null: pointers always, slices and maps unless omitempty or omitzero leaves them out.
//   - Integers have the bounds of their type, if it is narrower than 64 bits; time.Time is a date-time, []byte base64, a map an object,
//     an array one of its length. A type that is an [Enumer] has an enum.
//   - Structs with a name stand in $defs under it.
//   - Bounds and texts come from the tag jsonschema, in the form that invopop/jsonschema made known: keys and values with commas between
//     them, a comma inside a value written \\, as in
//
// `jsonschema:"minimum=0,maximum=150,description=Years\\, rounded down"`. Keys are title, description, format, pattern, minimum,
// maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, minItems, maxItems, uniqueItems, minProperties,
// maxProperties, default, deprecated, and, as often as needed, enum and example. The tag jsonschema_description takes a description as
// it is.
//
// The error joins every fault of T: what encoding/json refuses or leaves out in silence, tags that say nothing, types that do not read
// what they write; each names its field. For reads no values and may be called at any time; it costs too much to call for each message.
func For[T any](opts ...ForOption) (*Schema, error) {
	return deriveFrom(reflect.TypeFor[T](), opts)
}

// MustFor is [For] for package variables: it panics where For gives an error.
func MustFor[T any](opts ...ForOption) *Schema {
	s, err := For[T](opts...)
	if err != nil {
		panic(err)
	}
	return s
}

func deriveFrom(t reflect.Type, opts []ForOption) (*Schema, error) {
	root, err := jsontype.Describe(t)
	d := deriver{given: map[reflect.Type]json.RawMessage{}, defs: map[reflect.Type]*definition{}, names: map[string]bool{}, root: t}
	for _, opt := range opts {
		opt(&d)
	}
	if err != nil {
		d.faults = append(d.faults, err)
	}
	doc := object{{"$schema", "https://json-schema.org/draft/2020-12/schema"}}
	if t.Name() != "" {
		doc = append(doc, member{"title", jsontype.Name(t)})
	}
	doc = append(doc, d.inline(root, jsontype.Name(t))...)
	if defs := d.definitions(); len(defs) > 0 {
		doc = append(doc, member{"$defs", defs})
	}
	if len(d.faults) > 0 {
		return nil, fmt.Errorf("no schema can be derived from %s: %w", t, errors.Join(d.faults...))
	}
	return compileDerived(doc, jsontype.Name(t))
}

func compileDerived(doc object, name string) (*Schema, error) {
	text, err := plainJSON(doc)
	if err != nil {
		return nil, fmt.Errorf("no schema can be derived from %s: %w", name, err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		return nil, fmt.Errorf("no schema can be derived from %s: %w", name, err)
	}
	return Compile(indented.Bytes(), Named("schema derived from "+name), Strict())
}

// A deriver writes the schema of one type.
//
// It is our own, and no library's, since what decides here is what encoding/json writes: null for a nil slice, what omitempty can
// not omit, strings by the option string, base64, methods of pointers that are not called. The libraries (google/jsonschema-go,
// invopop/jsonschema) differ from it in several of these each, and [Conform] needs the description of the type anyway.
type deriver struct {
	closed bool
	given  map[reflect.Type]json.RawMessage
	root   reflect.Type
	defs   map[reflect.Type]*definition
	names  map[string]bool
	faults []error
}

type definition struct {
	name string
	body object
}

func (d *deriver) fault(path, format string, args ...any) {
	d.faults = append(d.faults, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

// schema gives what a value of t is, null included where t can be nil.
func (d *deriver) schema(t *jsontype.Type, path string) object {
	if doc, ok := d.given[t.Go]; ok {
		return d.asGiven(doc, path)
	}
	if t.Go == d.root && t.Kind == jsontype.Struct {
		return object{{"$ref", "#"}}
	}
	if t.Kind == jsontype.Struct && t.Go.Name() != "" {
		return object{{"$ref", "#/$defs/" + d.define(t, path)}}
	}
	return d.inline(t, path)
}

// asGiven takes a schema from the caller apart, so that null and texts can be added to it.
func (d *deriver) asGiven(doc json.RawMessage, path string) object {
	dec := json.NewDecoder(bytes.NewReader(doc))
	var out object
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		d.fault(path, "the schema that TypeSchema gives for it is no JSON object")
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			d.fault(path, "the schema that TypeSchema gives for it is no JSON: %v", err)
			return nil
		}
		out = append(out, member{key.(string), value})
	}
	return out
}

// define gives the name under which a struct stands in $defs.
func (d *deriver) define(t *jsontype.Type, path string) string {
	if def := d.defs[t.Go]; def != nil {
		return def.name
	}
	name := defName(jsontype.Name(t.Go))
	for n := 2; d.names[name]; n++ {
		name = defName(jsontype.Name(t.Go)) + strconv.Itoa(n)
	}
	d.names[name] = true
	def := &definition{name: name}
	d.defs[t.Go] = def
	def.body = d.inline(t, path)
	return name
}

var notInNames = regexp.MustCompile(`[^\pL\pN_]+`)

// defName turns Page[Line] into Page_Line: a name that a $ref can hold as it is.
func defName(name string) string {
	return string(bytes.Trim(notInNames.ReplaceAll([]byte(name), []byte("_")), "_"))
}

func (d *deriver) definitions() object {
	var out object
	for _, def := range d.defs {
		out = append(out, member{def.name, def.body})
	}
	return out.sorted()
}

var bounds = map[reflect.Kind][2]json.Number{
	reflect.Int8: {"-128", "127"}, reflect.Int16: {"-32768", "32767"}, reflect.Int32: {"-2147483648", "2147483647"},
	reflect.Uint8: {"0", "255"}, reflect.Uint16: {"0", "65535"}, reflect.Uint32: {"0", "4294967295"},
	reflect.Uint: {"0", ""}, reflect.Uint64: {"0", ""}, reflect.Uintptr: {"0", ""},
	// The shortest text of the greatest float32, which is what encoding/json writes.
	reflect.Float32: {"-3.4028235e38", "3.4028235e38"},
}

// inline gives the schema of t without looking for it in $defs.
func (d *deriver) inline(t *jsontype.Type, path string) object {
	if d.agrees(t, path); t.Kind != jsontype.Pointer && t.Kind != jsontype.Any {
		if e, ok := enumerOf(t.Go); ok {
			return d.enum(t, e, path)
		}
	}
	switch t.Kind {
	case jsontype.Bool:
		return object{{"type", "boolean"}}
	case jsontype.Int, jsontype.Uint:
		return withBounds(object{{"type", "integer"}}, t)
	case jsontype.BigInt:
		return object{{"type", "integer"}}
	case jsontype.Float:
		return withBounds(object{{"type", "number"}}, t)
	case jsontype.Number:
		return object{{"type", "number"}}
	case jsontype.String:
		return object{{"type", "string"}}
	case jsontype.Text:
		return d.text(t)
	case jsontype.Time:
		return object{{"type", "string"}, {"format", "date-time"}}
	case jsontype.Bytes:
		return nullable(object{{"type", "string"}, {"contentEncoding", "base64"}})
	case jsontype.Pointer:
		return nullable(d.schema(t.Elem, path))
	case jsontype.Slice:
		return nullable(object{{"type", "array"}, {"items", d.schema(t.Elem, path+"[]")}})
	case jsontype.Array:
		return object{{"type", "array"}, {"items", d.schema(t.Elem, path+"[]")}, {"minItems", t.Len}, {"maxItems", t.Len}}
	case jsontype.Map:
		return nullable(d.mapping(t, path))
	case jsontype.Struct:
		return d.structure(t, path)
	}
	return object{} // any, raw and custom
}

// agrees refuses types that read something else than they write.
func (d *deriver) agrees(t *jsontype.Type, path string) {
	switch {
	case t.Kind == t.Reads || t.Kind == jsontype.Custom || t.Kind == jsontype.Invalid || t.Kind == jsontype.Text && t.Reads == jsontype.String:
	case hasMarshaler(reflect.PointerTo(t.Go)) && !hasMarshaler(t.Go):
		d.fault(path, "the methods of *%s that encode it are not called on a value: make the field a pointer, or give the methods a value receiver", t.Go)
	default:
		d.fault(path, "%s has a method that encodes or decodes, but not its counterpart, so it does not read what it writes: add the other", t.Go)
	}
}

func hasMarshaler(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func withBounds(o object, t *jsontype.Type) object {
	b, ok := bounds[t.Go.Kind()]
	if !ok {
		return o
	}
	o = append(o, member{"minimum", b[0]})
	if b[1] != "" {
		o = append(o, member{"maximum", b[1]})
	}
	return o
}

func enumerOf(t reflect.Type) (Enumer, bool) {
	e, ok := reflect.New(t).Interface().(Enumer) // the pointer has the methods of the value too
	return e, ok
}

func (d *deriver) enum(t *jsontype.Type, e Enumer, path string) object {
	members := e.Enum()
	if len(members) == 0 {
		d.fault(path, "the method Enum of %s names no values", t.Go)
	}
	for _, m := range members {
		text, err := json.Marshal(m)
		if err != nil || json.Unmarshal(text, reflect.New(t.Go).Interface()) != nil {
			d.fault(path, "a value that the method Enum of %s names has no JSON that %s can read", t.Go, t.Go)
		}
	}
	var out object
	switch t.Kind {
	case jsontype.Bool:
		out = object{{"type", "boolean"}}
	case jsontype.Int, jsontype.Uint:
		out = object{{"type", "integer"}}
	case jsontype.Float:
		out = object{{"type", "number"}}
	case jsontype.String, jsontype.Text:
		out = object{{"type", "string"}}
	}
	return append(out, member{"enum", members})
}

var uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// text knows a UUID of any package by what its zero value writes.
func (d *deriver) text(t *jsontype.Type) object {
	out := object{{"type", "string"}}
	if t.Go.Kind() == reflect.Array {
		if zero, err := json.Marshal(reflect.Zero(t.Go).Interface()); err == nil && uuidText.Match(bytes.Trim(zero, `"`)) {
			out = append(out, member{"format", "uuid"})
		}
	}
	return out
}

const (
	integerText  = `^(0|-?[1-9][0-9]*)$`
	unsignedText = `^(0|[1-9][0-9]*)$`
	numberText   = `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`
)

func (d *deriver) mapping(t *jsontype.Type, path string) object {
	out := object{{"type", "object"}}
	switch e, isEnum := enumerOf(t.Key.Go); {
	case isEnum && t.Key.Kind == jsontype.String:
		out = append(out, member{"propertyNames", object{{"enum", e.Enum()}}})
	case t.Key.Kind == jsontype.Int:
		out = append(out, member{"propertyNames", object{{"pattern", integerText}}})
	case t.Key.Kind == jsontype.Uint:
		out = append(out, member{"propertyNames", object{{"pattern", unsignedText}}})
	}
	return append(out, member{"additionalProperties", d.schema(t.Elem, path+"[]")})
}

func (d *deriver) structure(t *jsontype.Type, path string) object {
	properties := object{}
	var required []string
	for _, f := range t.Fields {
		properties = append(properties, member{f.Name, d.field(&f, path+"."+f.Go)})
		if !f.CanOmit() && f.Type.Kind != jsontype.Pointer {
			required = append(required, f.Name)
		}
	}
	out := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		out = append(out, member{"required", required})
	}
	if d.closed {
		out = append(out, member{"additionalProperties", false})
	}
	return out
}

func (d *deriver) field(f *jsontype.Field, path string) object {
	var out object
	switch _, given := d.given[f.Type.Go]; {
	case f.Quoted && !given:
		out = quoted(f.Type)
	case f.Type.Nilable() && f.Type.Kind != jsontype.Pointer && (f.OmitEmpty || f.OmitZero):
		out = withoutNull(d.schema(f.Type, path))
	default:
		out = d.schema(f.Type, path)
	}
	return d.tags(out, f, path)
}

// quoted gives the schema of a field with the option string: its JSON inside a string.
func quoted(t *jsontype.Type) object {
	switch t.Kind {
	case jsontype.Pointer:
		return nullable(quoted(t.Elem))
	case jsontype.Bool:
		return object{{"type", "string"}, {"enum", []any{"true", "false"}}}
	case jsontype.Int:
		return object{{"type", "string"}, {"pattern", integerText}}
	case jsontype.Uint:
		return object{{"type", "string"}, {"pattern", unsignedText}}
	case jsontype.String:
		return object{{"type", "string"}, {"pattern", `^"[\s\S]*"$`}}
	}
	return object{{"type", "string"}, {"pattern", numberText}}
}
