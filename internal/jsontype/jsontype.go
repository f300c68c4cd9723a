// Package jsontype describes a Go type as encoding/json sees it: what it writes, what it reads, and under which names. It is
// the one description that deriving a schema, comparing with one, generating values and decoding fast stand on.
package jsontype

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"time"
)

// Kind says which JSON a type has. It is a reflect.Kind where encoding/json decides by that, and the type's own where methods do.
type Kind int

// The kinds. Integers, floats and uints carry their width in Type.Bits.
const (
	Invalid Kind = iota // encoding/json refuses it
	Bool
	Int
	Uint
	Float
	String
	Bytes   // a slice of bytes: a base64 string, or null
	Pointer // null, or what Elem is
	Slice   // an array, or null
	Array   // an array of Len elements
	Map     // an object with any names, or null
	Struct  // an object with Fields
	Any     // an interface: any JSON
	Number  // encoding/json.Number: a number
	Time    // time.Time: an RFC 3339 string
	BigInt  // math/big.Int: an integer without bounds
	Raw     // encoding/json.RawMessage: any JSON, null when nil
	Text    // a string that its MarshalText or UnmarshalText decides
	Custom  // any JSON that its MarshalJSON or UnmarshalJSON decides
)

// A Type is a Go type at one place. Types refer to each other in circles where the Go types do.
type Type struct {
	Go reflect.Type
	// Kind is what encoding writes, Reads what decoding takes. They differ where a type has one method of a pair, or where a
	// method of the pointer is not called on a value.
	Kind, Reads Kind
	Bits        int     // of Int, Uint and Float
	Len         int     // of Array
	Key, Elem   *Type   // of Map, Slice, Array and Pointer; Key only of Map
	Fields      []Field // of Struct, in the order in which they are written
	// Addressable says whether encoding reaches the value by a pointer or a slice, so that methods of the pointer are called.
	Addressable bool
}

// A Field is one name that a struct writes and reads, its own or one of an embedded struct.
type Field struct {
	Name  string // in the document
	Go    string // in Go, with the embedded structs before it: Base.ID
	Index []int  // for reflect's FieldByIndex
	Type  *Type
	Tag   reflect.StructTag
	// OmitEmpty and OmitZero are set where they can have an effect: omitempty never omits a struct.
	OmitEmpty, OmitZero bool
	// Quoted is the option string, where the type takes it.
	Quoted bool
	// ByPointer says that an embedded pointer stands before the field: while it is nil, the field is not written.
	ByPointer bool
}

// CanOmit says whether some value of the struct is written without the field.
func (f *Field) CanOmit() bool { return f.OmitEmpty || f.OmitZero || f.ByPointer }

// Nilable says whether a value of t can be nil, which is written as null.
func (t *Type) Nilable() bool {
	switch t.Go.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return t.Kind != Text
	}
	return false
}

var (
	marshaler       = reflect.TypeFor[json.Marshaler]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// known are types with methods whose JSON is known all the same.
var known = map[reflect.Type]Kind{
	reflect.TypeFor[time.Time]():       Time,
	reflect.TypeFor[big.Int]():         BigInt,
	reflect.TypeFor[json.RawMessage](): Raw,
}

// writes tells the kind that encoding a t gives: encoding/json calls the methods of the pointer only on what it can address.
func writes(t reflect.Type, addressable bool) Kind {
	has := func(method reflect.Type) bool {
		return t.Implements(method) || addressable && reflect.PointerTo(t).Implements(method)
	}
	return byMethod(t, has(marshaler), has(textMarshaler))
}

// reads tells the kind that decoding into a t takes; what is decoded into is always addressable.
func reads(t reflect.Type) Kind {
	return byMethod(t, reflect.PointerTo(t).Implements(unmarshaler), reflect.PointerTo(t).Implements(textUnmarshaler))
}

func byMethod(t reflect.Type, inJSON, inText bool) Kind {
	kind, isKnown := known[t]
	switch {
	case t.Kind() == reflect.Pointer:
		return Pointer // its element, always addressable, decides
	case inJSON && isKnown:
		return kind
	case inJSON:
		return Custom
	case inText:
		return Text
	}
	return natural(t)
}

func natural(t reflect.Type) Kind {
	switch t.Kind() {
	case reflect.Bool:
		return Bool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Int
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return Uint
	case reflect.Float32, reflect.Float64:
		return Float
	case reflect.String:
		if t == reflect.TypeFor[json.Number]() {
			return Number
		}
		return String
	case reflect.Slice:
		if isByte(t.Elem()) {
			return Bytes
		}
		return Slice
	case reflect.Array:
		return Array
	case reflect.Map:
		return Map
	case reflect.Struct:
		return Struct
	case reflect.Interface:
		return Any
	}
	return Invalid
}

// isByte says whether a slice of t is written as base64: not if the elements write themselves.
func isByte(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Uint8 && !p.Implements(marshaler) && !p.Implements(textMarshaler)
}
