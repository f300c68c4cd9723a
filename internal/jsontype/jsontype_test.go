package jsontype_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/internal/zoo"
)

// The description against what encoding/json writes, for 300 values of each type: the names in their order, what is always
// written, and the kind of each value.
func TestDescribeAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, typ := range zoo.Types {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			desc, err := jsontype.Describe(typ)
			if err != nil {
				t.Fatal(err)
			}
			written := map[string]bool{}
			for v := range valuegen.Values(desc, 300) {
				doc, err := json.Marshal(v.Interface())
				if err != nil {
					t.Fatalf("%+v: %v", v.Interface(), err)
				}
				compareObject(t, desc, doc, written)
			}
			for _, f := range desc.Fields {
				if !written[f.Name] && f.Type.Go.String() != "[0]int" {
					t.Errorf("no value wrote the field %s: the generator or the description is wrong", f.Go)
				}
			}
		})
	}
}

func compareObject(t *testing.T, desc *jsontype.Type, doc []byte, written map[string]bool) {
	t.Helper()
	names, values := members(t, doc)
	at := 0
	for _, f := range desc.Fields {
		if at == len(names) || names[at] != f.Name {
			if !f.CanOmit() {
				t.Fatalf("the field %s is not written in its place: %s", f.Go, doc)
			}
			continue
		}
		written[f.Name] = true
		if !fits(&f, values[at]) {
			t.Fatalf("the field %s of kind %d is written as %s", f.Go, f.Type.Kind, values[at])
		}
		at++
	}
	if at < len(names) {
		t.Fatalf("%q is written, but not described: %s", names[at], doc)
	}
}

func members(t *testing.T, doc []byte) (names []string, values []json.RawMessage) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(doc))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		names, values = append(names, name.(string)), append(values, value)
	}
	return names, values
}

func fits(f *jsontype.Field, value []byte) bool {
	t := f.Type
	for t.Kind == jsontype.Pointer {
		if string(value) == "null" {
			return true
		}
		t = t.Elem
	}
	begins := map[jsontype.Kind]string{
		jsontype.Bool: "tf", jsontype.Int: "-0123456789", jsontype.Uint: "0123456789", jsontype.Float: "-0123456789", jsontype.Number: "-0123456789",
		jsontype.BigInt: "-0123456789", jsontype.String: `"`, jsontype.Text: `"`, jsontype.Time: `"`, jsontype.Bytes: `"n`, jsontype.Slice: "[n",
		jsontype.Map: "{n", jsontype.Struct: "{", jsontype.Array: "[",
	}[t.Kind]
	if f.Quoted {
		begins = `"`
	}
	return begins == "" || strings.IndexByte(begins, value[0]) >= 0
}

func TestDescribeNamesEveryFault(t *testing.T) {
	t.Parallel()
	type Inner struct{ C chan int }
	type unexported struct{ X int }
	type Bad struct {
		Func  func()
		Inner []Inner
		Map   map[float64]int
		Cx    complex128 `json:"cx,omitempty"`
		*unexported
		Comma  int `json:"a'b"`
		Format int `json:",format:hex"`
	}
	_, err := jsontype.Describe(reflect.TypeFor[Bad]())
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, want := range []string{
		"Bad.Func: encoding/json refuses", "Bad.Inner[].C: encoding/json refuses the type chan int",
		"Bad.Map: encoding/json refuses float64", "Bad.Cx: encoding/json refuses", "Bad.unexported: decoding can't allocate",
		"Bad.Comma: encoding/json does not take the name", "Bad.Format: the option",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
}

type ambiguousA struct{ X int }
type ambiguousB struct{ X int }

func TestEqualNamesAtOneDepthAreAFault(t *testing.T) {
	t.Parallel()
	// Not declared, since go vet knows this fault too.
	twice := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"a"`},
		{Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"a"`},
	})
	if _, err := jsontype.Describe(twice); err == nil || !strings.Contains(err.Error(), `the fields A and B both have the name "a"`) {
		t.Errorf("got %v", err)
	}
	type T struct {
		ambiguousA
		ambiguousB
	}
	if _, err := jsontype.Describe(reflect.TypeFor[T]()); err == nil || !strings.Contains(err.Error(), "ambiguousA.X and ambiguousB.X") {
		t.Errorf("got %v", err)
	}
}

type valueReceiver struct{ N int }

func (valueReceiver) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

type pointerReceiver struct{ N int }

func (*pointerReceiver) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func TestMethodsOfThePointerCountWhereTheyAreCalled(t *testing.T) {
	t.Parallel()
	type T struct {
		Value   valueReceiver
		Direct  pointerReceiver
		Pointer *pointerReceiver
		Slice   []pointerReceiver
		Array   [1]pointerReceiver
		Map     map[string]pointerReceiver
	}
	desc, err := jsontype.Describe(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	var got []jsontype.Kind
	for _, f := range desc.Fields {
		typ := f.Type
		for typ.Elem != nil {
			typ = typ.Elem
		}
		got = append(got, typ.Kind)
	}
	want := []jsontype.Kind{jsontype.Custom, jsontype.Struct, jsontype.Custom, jsontype.Custom, jsontype.Struct, jsontype.Struct}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	doc, err := json.Marshal(T{Pointer: &pointerReceiver{}, Slice: make([]pointerReceiver, 1), Map: map[string]pointerReceiver{"a": {}}})
	if want := `{"Value":1,"Direct":{"N":0},"Pointer":1,"Slice":[1],"Array":[{"N":0}],"Map":{"a":{"N":0}}}`; err != nil || string(doc) != want {
		t.Errorf("encoding/json writes %s", doc)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for typ, want := range map[reflect.Type]string{
		reflect.TypeFor[zoo.Order](): "Order", reflect.TypeFor[zoo.Page[zoo.Line]](): "Page[Line]", reflect.TypeFor[int](): "int",
		reflect.TypeFor[struct{ A int }](): "struct", reflect.TypeFor[zoo.Page[string]](): "Page[string]",
	} {
		if got := jsontype.Name(typ); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
