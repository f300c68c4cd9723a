package schema_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/typedkafka/kafka/internal/zoo"
	"github.com/typedkafka/kafka/schema"
)

var updateDerived = flag.Bool("update-derived", false, "write testdata/derived anew")

// The texts are committed: a change of what is derived shows in a diff.
func TestForIsTheSameTextEveryTime(t *testing.T) {
	t.Parallel()
	for _, s := range subjects {
		t.Run(s.typ.String(), func(t *testing.T) {
			t.Parallel()
			derived, err := s.derive()
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.derive()
			if err != nil || again.String() != derived.String() {
				t.Fatalf("two runs differ: %v\n%s\n%s", err, derived, again)
			}
			name := strings.NewReplacer("*", "ptr-", "[]", "slice-", "[", "-", "]", "", "/", "-").Replace(s.typ.String())
			compareGolden(t, filepath.Join("testdata", "derived", name+".json"), derived.String()+"\n")
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *updateDerived {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test ./schema -run TestFor -update-derived writes it):\n%s", file, diff)
	}
}

// What a tag bounds, Go does not: of Tagged only the zero value is valid for sure. TestForAndConformAgree looks at the others.
func TestEveryValueIsValidUnderTheDerivedSchema(t *testing.T) {
	t.Parallel()
	for _, s := range subjects {
		t.Run(s.typ.String(), func(t *testing.T) {
			t.Parallel()
			open, err := s.derive()
			if err != nil {
				t.Fatal(err)
			}
			closed, err := s.derive(schema.Closed())
			if err != nil {
				t.Fatal(err)
			}
			n := 1000
			if s.typ == reflect.TypeFor[zoo.Tagged]() {
				n = 1
			}
			for i, doc := range documents(t, s.typ, n) {
				if err := open.Validate(doc); err != nil {
					t.Fatalf("value %d is invalid: %v\n%s\n%s", i, err, doc, open)
				}
				if i >= 100 {
					continue
				}
				if err := closed.Validate(doc); err != nil {
					t.Fatalf("closed: value %d is invalid: %v\n%s\n%s", i, err, doc, closed)
				}
			}
		})
	}
}

func TestForTakesWhatEncodingJSONLeavesOut(t *testing.T) {
	t.Parallel()
	s := schema.MustFor[zoo.Optional]()
	valid := `{"struct":{"sku":"","qty":0,"price":0},"time":"2026-01-02T03:04:05Z","array":[1,2]}`
	if err := s.Validate([]byte(valid)); err != nil {
		t.Errorf("optional fields left out: %v", err)
	}
	for _, invalid := range []string{
		`{}`, // what omitempty can't omit is required
		strings.Replace(valid, `[1,2]`, `[1]`, 1), strings.Replace(valid, `[1,2]`, `[1,2],"slice":null`, 1),
		strings.Replace(valid, `"qty":0`, `"qty":-1`, 1), strings.Replace(valid, `2026`, `x`, 1),
	} {
		if s.Validate([]byte(invalid)) == nil {
			t.Errorf("%s is valid", invalid)
		}
	}
}

func TestForIsOpenUnlessAsked(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"items":[{"sku":"a","qty":1,"price":1,"more":1}]}`)
	if err := schema.MustFor[zoo.Page[zoo.Line]]().Validate(doc); err != nil {
		t.Errorf("open: %v", err)
	}
	if schema.MustFor[zoo.Page[zoo.Line]](schema.Closed()).Validate(doc) == nil {
		t.Error("a closed schema takes a property that the struct lacks")
	}
}

func TestTagsBecomeKeywords(t *testing.T) {
	t.Parallel()
	type T struct {
		A *int           `json:"a" jsonschema:"minimum=1,exclusiveMaximum=9.5,multipleOf=2,example=2,example=4,default=2"`
		B string         `json:"b" jsonschema:"enum=x,enum=y\\,z,pattern=^[a-z<>]+$,title=B"`
		C map[string]int `json:"c" jsonschema:"minProperties=1,maxProperties=2"`
		D []string       `json:"d" jsonschema:"uniqueItems,deprecated=false"`
		E *zoo.Currency  `json:"e" jsonschema:"enum=EUR"`
		F *zoo.Line      `json:"f" jsonschema:"description=one line"`
		G int8           `json:"g" jsonschema:"minimum=0"`
	}
	want := `{
  "a": {"type": ["integer", "null"], "minimum": 1, "exclusiveMaximum": 9.5, "multipleOf": 2, "examples": [2, 4], "default": 2},
  "b": {"type": "string", "enum": ["x", "y,z"], "pattern": "^[a-z<>]+$", "title": "B"},
  "c": {"type": ["object", "null"], "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2},
  "d": {"type": ["array", "null"], "items": {"type": "string"}, "uniqueItems": true, "deprecated": false},
  "e": {"type": ["string", "null"], "enum": ["", "EUR", "USD", null, "EUR"]},
  "f": {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}], "description": "one line"},
  "g": {"type": "integer", "minimum": 0, "maximum": 127}
}`
	var got struct {
		Properties any `json:"properties"`
	}
	if err := json.Unmarshal([]byte(schema.MustFor[T]().String()), &got); err != nil {
		t.Fatal(err)
	}
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got.Properties); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

type onlyMarshals int

func (onlyMarshals) MarshalText() ([]byte, error) { return []byte("x"), nil }

type pointerMethods struct{}

func (*pointerMethods) MarshalJSON() ([]byte, error) { return []byte(`"x"`), nil }
func (*pointerMethods) UnmarshalJSON([]byte) error   { return nil }

type noValues string

func (noValues) Enum() []any { return nil }

type wrongValues string

func (wrongValues) Enum() []any { return []any{1} }

func TestForTellsEveryFaultOfAStruct(t *testing.T) {
	t.Parallel()
	type Inner struct {
		Chan chan int
	}
	type T struct {
		Inner  []Inner
		Typo   int            `jsonschema:"minimun=1"`
		Word   int            `jsonschema:"fortytwo"`
		Wrong  string         `jsonschema:"minimum=1"`
		Value  int            `jsonschema:"minimum=x"`
		Count  string         `jsonschema:"maxLength=-1"`
		Half   onlyMarshals   `json:"half"`
		Ptr    pointerMethods `json:"ptr"`
		None   noValues       `json:"none"`
		Values wrongValues    `json:"values"`
	}
	_, err := schema.For[T]()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"T.Inner[].Chan: encoding/json refuses the type chan int", `T.Typo: its tag jsonschema has the unknown key "minimun": did you mean "minimum"?`,
		`T.Word: its tag jsonschema has the unknown key "fortytwo"`, "T.Wrong: minimum in its tag jsonschema says nothing about the Go type string",
		"T.Value: the value of minimum", "T.Count: the value of maxLength", "T.Half: schema_test.onlyMarshals has a method",
		"T.Ptr: the methods of *schema_test.pointerMethods", "T.None: the method Enum", "T.Values: a value that the method Enum",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
}

func TestForRefusesABadPatternByItsPlace(t *testing.T) {
	t.Parallel()
	type T struct {
		A string `json:"a" jsonschema:"pattern=(?=x)"`
	}
	_, err := schema.For[T]()
	var refused *schema.CompileError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "/properties/a/pattern") {
		t.Errorf("got %v", err)
	}
}

type decimal struct{ text string }

func (d decimal) MarshalJSON() ([]byte, error)  { return []byte("1.5"), nil }
func (d *decimal) UnmarshalJSON(b []byte) error { d.text = string(b); return nil }

func TestTypeSchema(t *testing.T) {
	t.Parallel()
	type T struct {
		Price decimal  `json:"price" jsonschema:"minimum=1"`
		Opt   *decimal `json:"opt"`
	}
	s, err := schema.For[T](schema.TypeSchema[decimal](`{"type": "number"}`))
	if err != nil {
		t.Fatal(err)
	}
	for doc, valid := range map[string]bool{`{"price":1.5}`: true, `{"price":"1.5"}`: false, `{"price":0.5}`: false, `{"price":1,"opt":null}`: true, `{"price":1,"opt":"x"}`: false} {
		if err := s.Validate([]byte(doc)); (err == nil) != valid {
			t.Errorf("%s: %v", doc, err)
		}
	}
	if _, err := schema.For[T](schema.TypeSchema[decimal](`{"type":`)); err == nil {
		t.Error("a broken schema of a type is no error")
	}
	if _, err := schema.For[T](schema.TypeSchema[decimal](`true`)); err == nil {
		t.Error("a schema that is no object is no error")
	}
}

type otherLine struct{ A int }

func TestTypesOfOneNameStandApart(t *testing.T) {
	t.Parallel()
	type Line struct{ B int }
	type T struct {
		A zoo.Line                 `json:"a"`
		B Line                     `json:"b"`
		C zoo.Page[zoo.Line]       `json:"c"`
		D zoo.Page[*Line]          `json:"d"`
		E map[string]zoo.Page[int] `json:"e"`
		F []otherLine              `json:"f"`
	}
	var got struct {
		Defs map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(schema.MustFor[T]().String()), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Line", "Line2", "Page_Line", "Page_Line2", "Page_int", "otherLine"} {
		if got.Defs[name] == nil {
			t.Errorf("%s is missing in $defs", name)
		}
	}
}
