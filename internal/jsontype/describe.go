package jsontype

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Describe describes t as the type of a value that encoding does not reach by a pointer, as in json.Marshal(value). The error
// joins every place of t that encoding/json refuses, or silently leaves out, each named by its field; the description holds all
// the same, with such places Invalid or missing.
func Describe(t reflect.Type) (*Type, error) {
	d := describer{types: map[place]*Type{}}
	root := d.describe(t, false, Name(t))
	return root, errors.Join(d.faults...)
}

// Name gives the name of a type for people: without packages, and short for a type that has no name.
func Name(t reflect.Type) string {
	if t.Name() == "" && t.Kind() == reflect.Struct {
		return "struct"
	}
	var b strings.Builder
	for rest := t.String(); rest != ""; {
		end := strings.IndexAny(rest, "[],*{} ")
		if end < 0 {
			end = len(rest)
		}
		name, _, _ := strings.Cut(rest[strings.LastIndexAny(rest[:end], "./")+1:end], "·") // Line·1 is a type declared in a function
		b.WriteString(name)
		if end < len(rest) {
			b.WriteByte(rest[end])
			end++
		}
		rest = rest[end:]
	}
	return b.String()
}

type place struct {
	t           reflect.Type
	addressable bool
}

type describer struct {
	types  map[place]*Type
	faults []error
}

func (d *describer) fault(path, format string, args ...any) {
	d.faults = append(d.faults, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func (d *describer) describe(t reflect.Type, addressable bool, path string) *Type {
	if known, ok := d.types[place{t, addressable}]; ok {
		return known
	}
	out := &Type{Go: t, Kind: writes(t, addressable), Reads: reads(t), Addressable: addressable}
	d.types[place{t, addressable}] = out
	if out.Kind == Invalid {
		d.fault(path, "encoding/json refuses the type %s: leave the field out with the tag json:\"-\", or give its type MarshalJSON and UnmarshalJSON", t)
	}
	if out.Kind == Custom && out.Reads == Custom || out.Kind == Text && out.Reads == Text {
		return out // what is inside is the methods' own matter
	}
	d.parts(out, path)
	return out
}

// parts describes what a type is made of, for the side of it that methods do not decide.
func (d *describer) parts(out *Type, path string) {
	t := out.Go
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		out.Bits = t.Bits()
	case reflect.Pointer:
		out.Elem = d.describe(t.Elem(), true, path)
	case reflect.Slice:
		out.Elem = d.describe(t.Elem(), true, path+"[]")
	case reflect.Array:
		out.Len = t.Len()
		out.Elem = d.describe(t.Elem(), out.Addressable, path+"[]")
	case reflect.Map:
		out.Key = d.key(t, path)
		out.Elem = d.describe(t.Elem(), false, path+"[]")
	case reflect.Struct:
		if out.Kind == Struct || out.Reads == Struct {
			d.fields(out, path)
		}
	}
}

// key describes a map's key. Methods of the pointer are not called on it, and MarshalJSON never is.
func (d *describer) key(t reflect.Type, path string) *Type {
	k := t.Key()
	out := &Type{Go: k, Kind: natural(k), Reads: natural(k)}
	if out.Kind != String && out.Kind != Number && k.Implements(textMarshaler) {
		out.Kind = Text
	}
	if reflect.PointerTo(k).Implements(textUnmarshaler) {
		out.Reads = Text
	}
	switch out.Kind {
	case Int, Uint:
		out.Bits = k.Bits()
	case Number:
		out.Kind = String
	case String, Text:
	default:
		d.fault(path, "encoding/json refuses %s as the key of a map: use a string, an integer or a type with MarshalText", k)
		out.Kind = Invalid
	}
	return out
}
