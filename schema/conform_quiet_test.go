package schema_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/internal/zoo"
	"github.com/typedkafka/kafka/schema"
)

// once are the findings that are said once a report and concern nearly every struct.
var once = []string{"open", "integer-form", "integer-range"}

func quiet[T any](name, text string) drift { return drifts[T](name, "", "", "", text) }

type event struct {
	Kind   string `json:"kind"`
	Amount *int   `json:"amount,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Enum makes kinds an enum that the schema knows.
type kind string

func (kind) Enum() []any { return []any{kind("paid"), kind("refused")} }

type union struct {
	Kind   kind   `json:"kind"`
	Amount *int64 `json:"amount,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// correct are pairs that agree, in ways that a simple comparison takes for drift.
var correct = []drift{
	quiet[zoo.Line]("plain", properties(`"sku":{"type":"string"},"qty":{"type":"integer","minimum":0,"maximum":4294967295},"price":{"type":"number"}`, `"required":["sku","qty","price"]`)),
	quiet[fieldA[*int]]("pointer and null", properties(`"a":{"type":["integer","null"]}`, `"required":["a"]`)),
	quiet[optionA[*int]]("pointer with omitempty and no null", properties(`"a":{"type":"integer"}`)),
	quiet[optionA[*int]]("pointer with omitempty and null", properties(`"a":{"type":["null","integer"]}`)),
	quiet[optionA[[]int]]("slice with omitempty and no null", properties(`"a":{"type":"array","items":{"type":"integer"}}`)),
	quiet[optionA[[]int]]("slice with minItems that an absent one never misses", properties(`"a":{"type":"array","items":{"type":"integer"},"minItems":1}`)),
	quiet[optionA[time.Time]]("omitempty on a time never omits", properties(`"a":{"type":"string","format":"date-time"}`, `"required":["a"]`)),
	quiet[optionA[[2]int]]("omitempty on an array never omits", properties(`"a":{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2}`, `"required":["a"]`)),
	quiet[optionA[zoo.Line]]("omitempty on a struct never omits", properties(`"a":{"type":"object","properties":{"sku":{"type":"string"},"qty":{"type":"integer","minimum":0,"maximum":5},"price":{"type":"number"}}}`, `"required":["a"]`)),
	quiet[fieldA[zoo.UUID]]("array of bytes that is text", properties(`"a":{"type":"string","format":"uuid"}`, `"required":["a"]`)),
	quiet[optionA[netip.Addr]]("address as a text that is always written", properties(`"a":{"type":"string","format":"ipv4"}`, `"x-note":"omitempty does not omit a struct"`)),
	quiet[optionA[[]byte]]("bytes as base64", properties(`"a":{"type":"string","contentEncoding":"base64"}`)),
	quiet[fieldA[[4]byte]]("array of bytes as an array", properties(`"a":{"type":"array","items":{"type":"integer","minimum":0,"maximum":255},"minItems":4,"maxItems":4}`)),
	quiet[fieldA[json.Number]]("json.Number is a number", properties(`"a":{"type":"number"}`)),
	quiet[fieldA[*big.Int]]("big.Int has no bounds", properties(`"a":{"type":["integer","null"]}`)),
	quiet[fieldA[any]]("any against anything", properties(`"a":true`)),
	quiet[fieldA[decimal]]("methods against anything", properties(`"a":{}`)),
	quiet[fieldA[json.RawMessage]]("raw JSON against a description only", properties(`"a":{"description":"anything"}`)),
	quiet[stringA[int]]("option string on both sides", properties(`"a":{"type":"string","pattern":"^-?[0-9]{1,18}$"}`, `"x-note":"the zero value is 0 and matches"`)),
	quiet[zoo.Embeds]("embedded structs", properties(`"id":{"type":"string"},"kind":{"type":"string"},"seen":{"type":"integer"},"address":{"type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"},"zip":{"type":"string"}}},"own":{"type":"string"}`,
		`"required":["id","seen","address","own"]`, `"additionalProperties":false`)),
	quiet[zoo.EmbedsPointer]("embedded pointer whose properties are optional", properties(`"id":{"type":"string"},"kind":{"type":"string"},"own":{"type":"string"}`, `"required":["own"]`)),
	quiet[zoo.List]("recursion on both sides", `{"$ref":"#/$defs/list","$defs":{"list":{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/list"},{"type":"null"}]}},"required":["value"]}}}`),
	quiet[zoo.Line]("allOf that adds up", `{"allOf":[{"type":"object","properties":{"sku":{"type":"string"}}},{"properties":{"qty":{"type":"integer","minimum":0,"maximum":10}}},{"properties":{"price":{"type":"number"}},"required":["sku","qty","price"]}]}`),
	quiet[fieldA[string]]("numeric keywords say nothing of strings", properties(`"a":{"type":"string","minimum":5,"minItems":3}`)),
	quiet[fieldA[zoo.Currency]]("enum that is the type's own", properties(`"a":{"type":"string","enum":["USD","EUR",""]}`)),
	quiet[fieldA[zoo.Currency]]("enum that has more than the type", properties(`"a":{"type":"string","enum":["USD","EUR","","GBP"]}`)),
	quiet[fieldA[float64]]("bounds of a float in decimals", properties(`"a":{"type":"number","minimum":-0.1,"maximum":0.3}`)),
	quiet[fieldA[int8]]("bounds of the type itself", properties(`"a":{"type":"integer","minimum":-128,"maximum":127}`)),
	quiet[fieldA[int]]("exclusive bounds", properties(`"a":{"type":"integer","exclusiveMinimum":-1,"exclusiveMaximum":9223372036854775808}`)),
	quiet[map[string]zoo.Currency]("map against additionalProperties", `{"type":["object","null"],"additionalProperties":{"enum":["","EUR","USD"]}}`),
	quiet[optionA[map[int]string]]("map of integers with names that are", properties(`"a":{"type":"object","propertyNames":{"pattern":"^(0|[1-9][0-9]*)$"},"additionalProperties":{"type":"string"}}`)),
	quiet[optionA[map[string]int]]("map against patternProperties", properties(`"a":{"type":"object","patternProperties":{"^":{"type":"integer"}},"additionalProperties":false}`)),
	quiet[zoo.Line]("closed by unevaluatedProperties behind a reference", `{"$ref":"#/$defs/line","unevaluatedProperties":false,"$defs":{"line":{"type":"object","properties":{"sku":{"type":"string"},"qty":{"type":"integer","minimum":0,"maximum":9},"price":{"type":"number"}}}}}`),
	quiet[fieldA[[2]string]]("tuple of one type", properties(`"a":{"type":"array","prefixItems":[{"type":"string"},{"type":"string"}],"items":false,"minItems":2}`)),
	quiet[zoo.Line]("a property that may not be there", properties(`"sku":{"type":"string"},"qty":{"type":"integer","minimum":0,"maximum":9},"price":{"type":"number"},"old":false`)),
	quiet[optionA[string]]("minLength of an optional string", properties(`"a":{"type":"string","minLength":1,"maxLength":5}`)),
	quiet[zoo.Line]("draft 7 with definitions", `{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"type":"number"}},"type":"object","properties":{"sku":{"type":"string"},"qty":{"type":"integer","minimum":0,"maximum":9},"price":{"$ref":"#/definitions/n"}}}`),
	quiet[zoo.Line]("no schema of anything", `true`),
	quiet[zoo.Line]("an object and no more", `{"type":"object"}`),
	quiet[union]("oneOf with a constant that tells the branches apart", `{"type":"object","properties":{"kind":{"enum":["paid","refused"]}},"required":["kind"],"oneOf":[
		{"properties":{"kind":{"const":"paid"},"amount":{"type":"integer"},"reason":false},"required":["kind"]},
		{"properties":{"kind":{"const":"refused"},"reason":{"type":"string"},"amount":false},"required":["kind"]}]}`),
}

func TestConformIsQuietOnCorrectPairs(t *testing.T) {
	t.Parallel()
	if len(correct) < 20 {
		t.Errorf("only %d pairs", len(correct))
	}
	for _, d := range correct {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			report := d.conform(compile(t, d.schema))
			rest := slices.DeleteFunc(slices.Clone(report.Findings), func(f schema.Finding) bool { return slices.Contains(once, f.Rule) })
			if d.typ == reflect.TypeFor[union]() || d.typ == reflect.TypeFor[optionA[netip.Addr]]() {
				// The zero value is no valid one, which is told as a warning.
				rest = slices.DeleteFunc(rest, func(f schema.Finding) bool { return f.Severity == schema.Warning })
			}
			if len(rest) > 0 || report.Err() != nil {
				t.Errorf("%s", report)
			}
		})
	}
}

// What For derives from a type, Conform finds no fault with, and every generated value of the type encodes to a valid document or the
// report says why it can't.
func TestForAndConformAgree(t *testing.T) {
	t.Parallel()
	for _, s := range subjects {
		t.Run(s.typ.String(), func(t *testing.T) {
			t.Parallel()
			for n, options := range map[int][]schema.ForOption{1000: nil, 100: {schema.Closed()}} {
				derived, err := s.derive(options...)
				if err != nil {
					t.Fatal(err)
				}
				report := s.conform(derived)
				if report.Err() != nil || report.Impossible() != nil {
					t.Errorf("what was derived does not conform: %s\n%s", report, derived)
				}
				explained(t, s.typ, derived, report, n)
			}
		})
	}
}

// explained fails if a value of a type is invalid and no finding stands at the place of a fault.
func explained(t *testing.T, typ reflect.Type, s *schema.Schema, report schema.Report, n int) {
	t.Helper()
	desc, _ := jsontype.Describe(typ)
	for v := range valuegen.Values(desc, n) {
		doc, err := strictjson.Marshal(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		invalid, ok := s.Validate(doc).(*schema.ValidationError)
		if !ok {
			continue
		}
		for _, f := range invalid.Faults {
			if typ == reflect.TypeFor[zoo.Tagged]() && slices.Contains([]string{"minimum", "maximum", "exclusiveMaximum", "maxLength", "format"}, f.Rule) {
				continue // a bound of a tag that the zero value meets is no finding: Go can't say it
			}
			place := fieldAt(desc, f.InstancePath)
			found := slices.ContainsFunc(report.Findings, func(f schema.Finding) bool {
				return strings.HasPrefix(f.Path, place) || strings.HasPrefix(place, f.Path+".")
			})
			if !found {
				t.Fatalf("%s is invalid at %s (%s), and no finding says why: %s\nreport: %s", doc, place, f.Rule, invalid, report)
			}
		}
	}
}

// fieldAt is the Go path of a place in a document.
func fieldAt(t *jsontype.Type, pointer string) string {
	path := jsontype.Name(t.Go)
	for _, token := range strings.Split(pointer, "/")[1:] {
		for t.Kind == jsontype.Pointer {
			t = t.Elem
		}
		i := slices.IndexFunc(t.Fields, func(f jsontype.Field) bool { return f.Name == token })
		switch {
		case t.Kind != jsontype.Struct && t.Elem != nil:
			path, t = path+"[]", t.Elem
		case i >= 0:
			path, t = path+"."+t.Fields[i].Go, t.Fields[i].Type
		}
	}
	return path
}

// Over the types of the zoo, against schemas that name every type, less than a tenth of the fields is not checked.
func TestLittleIsNotChecked(t *testing.T) {
	t.Parallel()
	fields, unchecked := 0, 0
	for _, s := range subjects {
		if s.typ.Kind() != reflect.Struct {
			continue
		}
		derived, err := s.derive()
		if err != nil {
			t.Fatal(err)
		}
		// {} would hide what can't be checked: it takes anything.
		strict := compile(t, regexp.MustCompile(`("(?:any|anys|items|raw)"): \{\}`).ReplaceAllString(derived.String(), `$1: {"type": ["object", "null"]}`))
		for _, f := range s.conform(strict).Findings {
			if f.Severity == schema.NotChecked {
				unchecked++
			}
		}
		desc, _ := jsontype.Describe(s.typ)
		fields += countFields(desc, map[*jsontype.Type]bool{})
	}
	t.Logf("%d of %d fields are not checked", unchecked, fields)
	if unchecked == 0 || unchecked*10 >= fields {
		t.Errorf("%d of %d fields are not checked", unchecked, fields)
	}
}

func countFields(t *jsontype.Type, seen map[*jsontype.Type]bool) int {
	if t == nil || seen[t] {
		return 0
	}
	seen[t] = true
	n := len(t.Fields) + countFields(t.Elem, seen)
	for _, f := range t.Fields {
		n += countFields(f.Type, seen)
	}
	return n
}

func TestAcceptType(t *testing.T) {
	t.Parallel()
	type T struct {
		Price decimal `json:"price"`
		Any   any     `json:"any"`
	}
	s := compile(t, properties(`"price":{"type":"number"},"any":{"type":["string","null"]}`))
	if err := schema.Conform[T](s).Err(); err == nil || !strings.Contains(err.Error(), "AcceptType[schema_test.decimal]") {
		t.Errorf("got %v", err)
	}
	if err := schema.Conform[T](s, schema.AcceptType[decimal](), schema.AcceptType[any]()).Err(); err != nil {
		t.Errorf("accepted, but: %v", err)
	}
}

func TestConformOfWhatCantBe(t *testing.T) {
	t.Parallel()
	type bad struct {
		C chan int
		F func()
	}
	report := schema.Conform[bad](compile(t, `{}`))
	if len(report.Findings) < 2 || report.Findings[0].Path != "bad.C" || report.Findings[1].Path != "bad.F" || report.Impossible() == nil {
		t.Errorf("got %s", report)
	}
	if schema.Conform[int](nil).Err() == nil {
		t.Error("a nil schema is no finding")
	}
}

// Impossible is what refuses a codec: it may only say what is true of every value.
func TestImpossible(t *testing.T) {
	t.Parallel()
	for _, d := range []drift{
		drifts[fieldA[int]]("required property without a field", "", "fieldA[int].b", "required", properties(`"b":{}`, `"required":["b"]`)),
		drifts[fieldA[int]]("kind that never matches", "", "fieldA[int].A", "type", properties(`"a":{"type":"string"}`)),
		drifts[fieldA[int]]("surplus field of a closed schema", "", "fieldA[int].A", "additionalProperties", properties(``, `"additionalProperties":false`)),
		drifts[zoo.Order]("kind of the root", "", "Order", "type", `{"type":"array"}`),
		drifts[fieldA[zoo.Line]]("deep in structs", "", "fieldA[Line].A.Qty", "type", properties(`"a":{"type":"object","properties":{"qty":{"type":"string"}}}`)),
		drifts[fieldA[*zoo.Line]]("behind a pointer that can't be nil", "", "fieldA[*Line].A.Qty", "type", properties(`"a":{"type":"object","properties":{"qty":{"type":"string"}}}`)),
		drifts[fieldA[uint8]]("bounds out of reach", "", "fieldA[uint8].A", "minimum", properties(`"a":{"type":"integer","minimum":256}`)),
		drifts[fieldA[uint8]]("enum out of reach", "", "fieldA[uint8].A", "enum", properties(`"a":{"enum":[256,-1]}`)),
		drifts[fieldA[[2]int]]("length", "", "fieldA[[2]int].A", "maxItems", properties(`"a":{"type":"array","maxItems":1}`)),
		drifts[fieldA[int]]("no branch", "", "fieldA[int].A", "anyOf", properties(`"a":{"anyOf":[{"type":"integer","minimum":1e30},{"type":"integer","enum":[1.5]}]}`)),
		drifts[fieldA[int]]("false", "", "fieldA[int]", "type", `false`),
		drifts[optionA[int]]("required and left out or of another kind", "", "optionA[int].A", "type", properties(`"a":{"type":"string"}`, `"required":["a"]`)),
	} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, d.schema)
			err := d.conform(s).Impossible()
			if err == nil || !strings.Contains(err.Error(), "error: "+d.path) || !strings.Contains(err.Error(), "("+d.rule+")") {
				t.Errorf("got %v", err)
			}
			for i, doc := range documents(t, d.typ, 1000) {
				if s.Validate(doc) == nil {
					t.Fatalf("but value %d is valid: %s", i, doc)
				}
			}
		})
	}
}

func TestSchemaPathsOfTheSchemaItselfHaveNoURI(t *testing.T) {
	t.Parallel()
	s := compile(t, properties(`"a":{"type":"string"},"b":{"$ref":"other.json#/$defs/b"}`, `"$id":"https://example.com/a.json"`,
		`"$defs":{"b":{"$id":"https://example.com/other.json","$defs":{"b":{"type":"string"}}}}`))
	type T struct {
		A []struct{ X int } `json:"a"`
	}
	got := schema.Conform[T](s)
	if len(got.Findings) == 0 || got.Findings[0].SchemaPath != "/properties/a" {
		t.Errorf("got %s", got)
	}
	if strings.Contains(got.String(), "struct {") {
		t.Errorf("a struct without a name is shown whole: %s", got)
	}
}

func TestPossible(t *testing.T) {
	t.Parallel()
	for _, d := range slices.Concat(correct, []drift{
		quiet[optionA[int]]("a field that may be left out", properties(`"a":{"type":"string"}`)),
		quiet[fieldA[[]zoo.Line]]("items of a slice that may be empty", properties(`"a":{"type":"array","items":{"type":"string"}}`)),
		quiet[fieldA[*zoo.Line]]("a pointer that may be nil", properties(`"a":{"type":["array","null"]}`)),
		quiet[optionA[int]]("omitempty on a required property", properties(`"a":{"type":"integer"}`, `"required":["a"]`)),
		quiet[fieldA[any]]("any", properties(`"a":{"type":"string"}`)),
		quiet[fieldA[decimal]]("methods", properties(`"a":{"type":"string"}`)),
		quiet[map[string]int]("a map", properties(`"b":{"type":"integer"}`, `"required":["b"]`)),
		quiet[event]("branches of which one can be", `{"oneOf":[{"type":"array"},{"required":["none"]},{"properties":{"kind":{"const":"x"}},"required":["kind"]}]}`),
	}) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if err := d.conform(compile(t, d.schema)).Impossible(); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestConformIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	for _, d := range planted {
		s := compile(t, d.schema)
		if a, b := d.conform(s).String(), d.conform(s).String(); a != b {
			t.Errorf("%s:\n%s\n%s", d.name, a, b)
		}
	}
}
