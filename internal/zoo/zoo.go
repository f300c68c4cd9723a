// Package zoo holds Go types for tests: every way that encoding/json lets a struct say what its JSON is.
package zoo

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"time"
)

// Types are all types of the zoo that encoding/json takes without a fault.
var Types = []reflect.Type{
	reflect.TypeFor[Basic](), reflect.TypeFor[Order](), reflect.TypeFor[Widths](), reflect.TypeFor[Optional](), reflect.TypeFor[Pointers](),
	reflect.TypeFor[Embeds](), reflect.TypeFor[EmbedsPointer](), reflect.TypeFor[Shadows](), reflect.TypeFor[Quoted](), reflect.TypeFor[Containers](),
	reflect.TypeFor[Keys](), reflect.TypeFor[Texts](), reflect.TypeFor[Bigs](), reflect.TypeFor[Tree](), reflect.TypeFor[List](), reflect.TypeFor[Page[Line]](),
	reflect.TypeFor[Page[string]](), reflect.TypeFor[Enums](), reflect.TypeFor[Names](), reflect.TypeFor[Tagged](), reflect.TypeFor[Bytes](),
	reflect.TypeFor[Times](), reflect.TypeFor[Nested](), reflect.TypeFor[Empty](), reflect.TypeFor[Left](), reflect.TypeFor[Twice](),
}

// Basic has one field of each common kind.
type Basic struct {
	Bool   bool    `json:"bool"`
	Int    int     `json:"int"`
	Float  float64 `json:"float"`
	String string  `json:"string"`
}

// Order is what a service would have.
type Order struct {
	ID       string            `json:"id"`
	Currency Currency          `json:"currency"`
	Lines    []Line            `json:"lines"`
	Note     string            `json:"note,omitempty"`
	Created  time.Time         `json:"created"`
	Paid     *time.Time        `json:"paid,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Address  *Address          `json:"address,omitempty"`
}

// Line is a line of an Order.
type Line struct {
	SKU   string  `json:"sku"`
	Qty   uint32  `json:"qty"`
	Price float64 `json:"price"`
}

// Address is where an Order goes.
type Address struct {
	Street string `json:"street"`
	City   string `json:"city"`
	Zip    string `json:"zip,omitempty"`
}

// Widths has every width of number.
type Widths struct {
	I8  int8
	I16 int16
	I32 int32
	I64 int64
	U8  uint8
	U16 uint16
	U32 uint32
	U64 uint64
	U   uint
	F32 float32
	F64 float64
}

// Optional has fields that can be left out.
type Optional struct {
	Bool   bool           `json:"bool,omitempty"`
	Int    int            `json:"int,omitempty"`
	String string         `json:"string,omitempty"`
	Slice  []int          `json:"slice,omitempty"`
	Map    map[string]int `json:"map,omitempty"`
	Struct Line           `json:"struct,omitempty"` // never left out
	Zero   Line           `json:"zero,omitzero"`
	Time   time.Time      `json:"time,omitempty"` // never left out
	Epoch  time.Time      `json:"epoch,omitzero"`
	Array  [2]int         `json:"array,omitempty"` // never left out
	Empty  []int          `json:"empty,omitzero"`  // an empty slice is written
	Any    any            `json:"any,omitempty"`
}

// Pointers has pointers, left out and not.
type Pointers struct {
	Int      *int     `json:"int"`
	Opt      *int     `json:"opt,omitempty"`
	String   **string `json:"string"`
	Struct   *Line    `json:"struct"`
	Slice    *[]int   `json:"slice"`
	OptLines []*Line  `json:"opt_lines,omitempty"`
}

// Base is embedded by others.
type Base struct {
	ID   string `json:"id"`
	Kind string `json:"kind,omitempty"`
}

type hidden struct {
	Seen   int `json:"seen"`
	unseen int
}

// Embeds has structs embedded, exported and not, and one under a name.
type Embeds struct {
	Base
	hidden
	Address `json:"address"`
	Own     string `json:"own"`
}

// EmbedsPointer has an embedded pointer: while it is nil, its fields are not written.
type EmbedsPointer struct {
	*Base
	Own string `json:"own"`
}

// Shadows has a field that hides one of an embedded struct.
type Shadows struct {
	Base
	ID int `json:"id"`
}

// Quoted has the option string, also where it says nothing.
type Quoted struct {
	Int    int      `json:"int,string"`
	Uint   uint8    `json:"uint,string"`
	Float  float64  `json:"float,string"`
	Bool   bool     `json:"bool,string"`
	Ptr    *int     `json:"ptr,string"`
	Opt    *int64   `json:"opt,string,omitempty"`
	Slice  []int    `json:"slice,string"` // no effect
	Struct struct{} `json:"struct,string"`
}

// Containers has slices, arrays and maps of each other.
type Containers struct {
	Strings []string          `json:"strings"`
	Matrix  [][]float64       `json:"matrix"`
	Pair    [2]string         `json:"pair"`
	Maps    []map[string]Line `json:"maps"`
	ByName  map[string][]Line `json:"by_name"`
	None    [0]int            `json:"none"`
	Any     any               `json:"any"`
	Anys    []any             `json:"anys"`
}

// Keys has maps by other keys than strings.
type Keys struct {
	ByInt   map[int]string        `json:"by_int"`
	ByUint8 map[uint8]string      `json:"by_uint8"`
	ByName  map[Name]string       `json:"by_name"`
	ByAddr  map[netip.Addr]string `json:"by_addr"`
}

// Name is a string with a name.
type Name string

// UUID is an array of bytes that is written as text, as the common uuid packages have it.
type UUID [16]byte

const hexDigits = "0123456789abcdef"

// MarshalText implements encoding.TextMarshaler.
func (u UUID) MarshalText() ([]byte, error) {
	out := make([]byte, 0, 36)
	for i, b := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, hexDigits[b>>4], hexDigits[b&15])
	}
	return out, nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *UUID) UnmarshalText(text []byte) error {
	if len(text) != 36 {
		return errors.New("a UUID has 36 characters")
	}
	var digits []byte
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c-'0')
		case c >= 'a' && c <= 'f':
			digits = append(digits, c-'a'+10)
		case c != '-':
			return errors.New("a UUID has hexadecimal digits")
		}
	}
	if len(digits) != 32 {
		return errors.New("a UUID has 32 digits")
	}
	for i := range u {
		u[i] = digits[2*i]<<4 | digits[2*i+1]
	}
	return nil
}

// Texts has types that write themselves as text.
type Texts struct {
	ID   UUID       `json:"id"`
	Opt  *UUID      `json:"opt,omitempty"`
	Addr netip.Addr `json:"addr"`
	IDs  []UUID     `json:"ids"`
}

// Bigs has big numbers, and a number that keeps its digits.
type Bigs struct {
	Int    *big.Int    `json:"int"`
	Opt    *big.Int    `json:"opt,omitempty"`
	Float  *big.Float  `json:"float"`
	Rat    *big.Rat    `json:"rat"`
	Number json.Number `json:"number"`
}

// Tree holds itself in a slice.
type Tree struct {
	Value    string  `json:"value"`
	Children []*Tree `json:"children,omitempty"`
	ByName   map[string]Tree
}

// List holds itself by a pointer.
type List struct {
	Value int   `json:"value"`
	Next  *List `json:"next"`
}

// Page is generic.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// Currency is an enum: it names its values by a method.
type Currency string

// Enum gives the values of the type.
func (Currency) Enum() []any { return []any{"", "EUR", "USD"} }

// Level is an enum of integers, whose zero is none of them.
type Level int

// Enum gives the values of the type.
func (Level) Enum() []any { return []any{Level(1), Level(2), Level(3)} }

// Enums has enums.
type Enums struct {
	Currency Currency              `json:"currency"`
	Level    Level                 `json:"level,omitempty"`
	Levels   []Level               `json:"levels"`
	Opt      *Currency             `json:"opt,omitempty"`
	ByName   map[Currency]Currency `json:"by_name,omitempty"`
}

// Names has odd names.
type Names struct {
	NoTag   string
	Skipped string `json:"-"`
	Dash    string `json:"-,"`
	Spaces  string `json:"a b"`
	Slash   string `json:"a/b~c"`
	Unicode string `json:"größe"`
	Empty   string `json:",omitempty"`
	private string
	ID      string `json:"ID"`
	Id      string `json:"id"` //nolint:revive // the case is the point
}

// Tagged has bounds and descriptions in tags.
type Tagged struct {
	Age   int      `json:"age" jsonschema:"minimum=0,maximum=150,description=Years\\, rounded down"`
	Name  string   `json:"name" jsonschema:"minLength=0,maxLength=300,example=Ada,example=Grace" jsonschema_description:"What people say, with commas"`
	Email string   `json:"email,omitempty" jsonschema:"format=email"`
	Tags  []string `json:"tags,omitempty" jsonschema:"maxItems=10,title=Tags"`
	Share float64  `json:"share" jsonschema:"exclusiveMaximum=1e300"`
	Old   bool     `json:"old,omitempty" jsonschema:"deprecated,default=true"`
}

// Bytes has bytes in their three forms.
type Bytes struct {
	Data  []byte          `json:"data"`
	Opt   []byte          `json:"opt,omitempty"`
	Hash  [4]byte         `json:"hash"`
	Raw   json.RawMessage `json:"raw"`
	Bytes [][]byte        `json:"bytes"`
}

// Times has times and durations.
type Times struct {
	At    time.Time     `json:"at"`
	Opt   *time.Time    `json:"opt"`
	Took  time.Duration `json:"took"`
	Month time.Month    `json:"month"`
	All   []time.Time   `json:"all"`
}

// Nested has a struct without a name in a struct.
type Nested struct {
	Inner struct {
		A int `json:"a"`
		B struct {
			C []struct {
				D string `json:"d"`
			} `json:"c"`
		} `json:"b"`
	} `json:"inner"`
}

// Empty has no fields.
type Empty struct{}

// Left and Right hold each other.
type Left struct {
	Name  string `json:"name"`
	Right *Right `json:"right,omitempty"`
}

// Right and Left hold each other.
type Right struct {
	Name  string `json:"name"`
	Lefts []Left `json:"lefts"`
}

// Twice has a struct in two places.
type Twice struct {
	From Address  `json:"from"`
	To   *Address `json:"to"`
}
