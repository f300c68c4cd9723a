package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/zoo"
	"github.com/typedkafka/kafka/schema"
)

// A drift is a struct and a schema that do not agree, and the finding that has to tell it.
type drift struct {
	name     string
	schema   string
	severity schema.Severity
	path     string
	rule     string
	typ      reflect.Type
	conform  func(*schema.Schema, ...schema.ConformOption) schema.Report
}

func drifts[T any](name, severity, path, rule, text string) drift {
	return drift{
		name, text, map[string]schema.Severity{"error": schema.Error, "warning": schema.Warning, "unknown": schema.NotChecked}[severity],
		path, rule, reflect.TypeFor[T](), schema.Conform[T],
	}
}

func compile(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, err := schema.Compile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// properties is the text of an object schema.
func properties(list string, more ...string) string {
	return `{"type":"object","properties":{` + list + `}` + strings.Join(append([]string{""}, more...), ",") + `}`
}

type (
	fieldA[T any] struct {
		A T `json:"a"`
	}
	optionA[T any] struct {
		A T `json:"a,omitempty"`
	}
	zeroA[T any] struct {
		A T `json:"a,omitzero"`
	}
	stringA[T any] struct {
		A T `json:"a,string"`
	}
)

func TestConformFindsPlantedDrift(t *testing.T) {
	t.Parallel()
	for _, d := range planted {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, d.schema)
			report := d.conform(s)
			found := slices.ContainsFunc(report.Findings, func(f schema.Finding) bool {
				return f.Severity == d.severity && f.Path == d.path && f.Rule == d.rule
			})
			if !found {
				t.Errorf("want %s: %s (%s), got %s", d.severity, d.path, d.rule, report)
			}
			if d.severity != schema.Error && report.Err() != nil && d.severity == schema.Warning {
				t.Errorf("more than a warning: %s", report)
			}
			for _, f := range report.Findings {
				if f.Severity == schema.Error {
					proveWitness(t, s, d.typ, f)
				}
			}
		})
	}
}

// proveWitness shows by the product's own functions that a witness is one: a document that the schema takes and T does not read or
// keep, or one that T writes and the schema refuses.
func proveWitness(t *testing.T, s *schema.Schema, typ reflect.Type, f schema.Finding) {
	t.Helper()
	if f.Witness == nil {
		t.Errorf("an error without a witness: %s", f)
		return
	}
	target := reflect.New(typ)
	readErr := strictjson.Unmarshal(f.Witness, target.Interface())
	var again []byte
	if readErr == nil {
		var err error
		if again, err = strictjson.Marshal(target.Elem().Interface()); err != nil {
			t.Fatal(err)
		}
	}
	if s.Validate(f.Witness) == nil {
		if readErr == nil && keepsAll(number(t, f.Witness), number(t, again)) {
			t.Errorf("the schema takes the witness and %s keeps it: %s", typ, f)
		}
		return
	}
	if readErr != nil || !bytes.Equal(again, f.Witness) {
		t.Errorf("the schema refuses the witness, but %s does not write it (%v, %s): %s", typ, readErr, again, f)
	}
}

func number(t *testing.T, doc []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// keepsAll says whether everything of a stands in b; empty members may be left out.
func keepsAll(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		m, ok := b.(map[string]any)
		for name, v := range a {
			w, has := m[name]
			if !has && !slices.Contains([]string{"<nil>", "0", "", "false", "[]", "map[]"}, fmt.Sprint(v)) || has && !keepsAll(v, w) {
				return false
			}
		}
		return ok
	case []any:
		l, ok := b.([]any)
		if !ok || len(l) != len(a) {
			return false
		}
		for i := range a {
			if !keepsAll(a[i], l[i]) {
				return false
			}
		}
		return true
	case json.Number:
		n, ok := b.(json.Number)
		x, _ := new(big.Rat).SetString(a.String())
		y, _ := new(big.Rat).SetString(n.String())
		return ok && x.Cmp(y) == 0
	}
	return reflect.DeepEqual(a, b)
}

type unmarshalsOnly struct{ text string }

func (u *unmarshalsOnly) UnmarshalText(b []byte) error { u.text = string(b); return nil }

type shout string

func (s shout) MarshalText() ([]byte, error)  { return []byte(strings.ToUpper(string(s))), nil }
func (s *shout) UnmarshalText(b []byte) error { *s = shout(b); return nil }

var planted = []drift{
	// Names.
	drifts[fieldA[int]]("required property without a field", "error", "fieldA[int].b", "required", properties(`"a":{"type":"integer"},"b":{"type":"string"}`, `"required":["b"]`)),
	drifts[fieldA[int]]("required name that is not in properties", "error", "fieldA[int].b", "required", properties(`"a":{"type":"integer"}`, `"required":["b"]`)),
	drifts[fieldA[int]]("optional property without a field", "error", "fieldA[int].b", "properties", properties(`"a":{"type":"integer"},"b":{"type":"string"}`)),
	drifts[fieldA[int]]("name that differs by case", "error", "fieldA[int].A", "properties", properties(`"A":{"type":"integer"}`)),
	drifts[fieldA[int]]("name that differs by case, closed", "error", "fieldA[int].A", "additionalProperties", properties(`"A":{"type":"integer"}`, `"additionalProperties":false`)),
	drifts[fieldA[int]]("surplus field, closed", "error", "fieldA[int].A", "additionalProperties", properties(``, `"additionalProperties":false`)),
	drifts[optionA[int]]("surplus field that may be left out, closed", "error", "optionA[int].A", "additionalProperties", properties(``, `"additionalProperties":false`)),
	drifts[fieldA[int]]("surplus field, closed by unevaluatedProperties", "error", "fieldA[int].A", "unevaluatedProperties", properties(`"b":false`, `"unevaluatedProperties":false`)),
	drifts[fieldA[int]]("surplus field, open", "warning", "fieldA[int].A", "undeclared", properties(`"b":false`)),
	drifts[fieldA[int]]("name that propertyNames refuses", "error", "fieldA[int].A", "propertyNames", properties(``, `"propertyNames":{"minLength":2}`)),
	drifts[fieldA[string]]("patternProperties that a struct loses", "error", "fieldA[string]", "patternProperties", properties(`"a":{"type":"string"}`, `"patternProperties":{"^x-":{"type":"string"}}`)),
	drifts[fieldA[string]]("additionalProperties that a struct loses", "error", "fieldA[string]", "additionalProperties", `{"type":"object","additionalProperties":{"type":"string"}}`),
	drifts[fieldA[int]]("field that patternProperties gives another type", "error", "fieldA[int].A", "type", properties(``, `"patternProperties":{"^a$":{"type":"string"}}`)),
	drifts[fieldA[int]]("field that additionalProperties gives another type", "error", "fieldA[int].A", "type", properties(`"b":false`, `"additionalProperties":{"type":"string"}`)),
	drifts[zoo.EmbedsPointer]("required property of an embedded pointer", "error", "EmbedsPointer.Base.ID", "required",
		properties(`"id":{"type":"string"},"kind":{"type":"string"},"own":{"type":"string"}`, `"required":["id"]`)),
	drifts[zoo.Shadows]("shadowed field of another type", "error", "Shadows.ID", "type", properties(`"id":{"type":"string"},"kind":{"type":"string"}`)),

	// Presence and null.
	drifts[optionA[int]]("omitempty on a required property", "error", "optionA[int].A", "required", properties(`"a":{"type":"integer"}`, `"required":["a"]`)),
	drifts[zeroA[time.Time]]("omitzero on a required property", "error", "zeroA[Time].A", "required", properties(`"a":{"type":"string","format":"date-time"}`, `"required":["a"]`)),
	drifts[fieldA[*int]]("nil pointer where null is refused", "error", "fieldA[*int].A", "null", properties(`"a":{"type":"integer"}`)),
	drifts[fieldA[[]int]]("nil slice where null is refused", "error", "fieldA[[]int].A", "null", properties(`"a":{"type":"array","items":{"type":"integer"}}`)),
	drifts[fieldA[map[string]int]]("nil map where null is refused", "error", "fieldA[map[string]int].A", "null", properties(`"a":{"type":"object","additionalProperties":{"type":"integer"}}`)),
	drifts[fieldA[[]byte]]("nil bytes where null is refused", "error", "fieldA[[]uint8].A", "null", properties(`"a":{"type":"string","contentEncoding":"base64"}`)),
	drifts[fieldA[any]]("nil interface where null is refused", "error", "fieldA[interface {}].A", "null", properties(`"a":{"type":"string"}`)),
	drifts[optionA[[]*int]]("nil pointer in a slice", "error", "optionA[[]*int].A[]", "null", properties(`"a":{"type":"array","items":{"type":"integer"}}`)),
	drifts[optionA[[][]int]]("nil slice in a slice", "error", "optionA[[][]int].A[]", "null", properties(`"a":{"type":"array","items":{"type":"array","items":{"type":"integer"}}}`)),
	drifts[fieldA[int]]("null that a value reads as zero", "error", "fieldA[int].A", "null", properties(`"a":{"type":["integer","null"]}`)),
	drifts[fieldA[zoo.Address]]("null that a struct reads as empty", "error", "fieldA[Address].A", "null",
		properties(`"a":{"anyOf":[{"type":"null"},{"type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"},"zip":{"type":"string"}}}]}`)),
	drifts[fieldA[string]]("null as a member of an enum", "error", "fieldA[string].A", "enum", properties(`"a":{"enum":["","a",null]}`)),

	// Kinds.
	drifts[fieldA[int]]("string for an integer", "error", "fieldA[int].A", "type", properties(`"a":{"type":"string"}`)),
	drifts[fieldA[string]]("number for a string", "error", "fieldA[string].A", "type", properties(`"a":{"type":"number"}`)),
	drifts[fieldA[bool]]("string for a bool", "error", "fieldA[bool].A", "type", properties(`"a":{"type":"string"}`)),
	drifts[optionA[[]int]]("object for a slice", "error", "optionA[[]int].A", "type", properties(`"a":{"type":"object"}`)),
	drifts[fieldA[zoo.Line]]("array for a struct", "error", "fieldA[Line].A", "type", properties(`"a":{"type":"array"}`)),
	drifts[fieldA[string]]("a second type", "error", "fieldA[string].A", "type", properties(`"a":{"type":["string","integer"]}`)),
	drifts[fieldA[int]]("number for an integer type", "error", "fieldA[int].A", "type", properties(`"a":{"type":"number"}`)),
	drifts[fieldA[float64]]("float for an integer", "warning", "fieldA[float64].A", "type", properties(`"a":{"type":"integer"}`)),
	drifts[fieldA[int]]("no type at all", "warning", "fieldA[int].A", "untyped", properties(`"a":{"minimum":0}`)),
	drifts[fieldA[int]]("option string in the schema only", "error", "fieldA[int].A", "type", properties(`"a":{"type":"string","pattern":"^[0-9]+$"}`)),
	drifts[stringA[int]]("option string in the struct only", "error", "stringA[int].A", "type", properties(`"a":{"type":"integer"}`)),
	drifts[stringA[int]]("option string against any string", "error", "stringA[int].A", "type", properties(`"a":{"type":"string"}`)),
	drifts[fieldA[time.Duration]]("duration as text", "error", "fieldA[Duration].A", "type", properties(`"a":{"type":"string","format":"duration"}`)),
	drifts[fieldA[[4]byte]]("bytes of an array as base64", "error", "fieldA[[4]uint8].A", "type", properties(`"a":{"type":"string","contentEncoding":"base64"}`)),
	drifts[optionA[[]byte]]("bytes as an array", "error", "optionA[[]uint8].A", "type", properties(`"a":{"type":"array","items":{"type":"integer"}}`)),
	drifts[zoo.Order]("wrong kind at the root", "error", "Order", "type", `{"type":"array"}`),

	// Widths and bounds.
	drifts[fieldA[uint8]]("maximum beyond uint8", "error", "fieldA[uint8].A", "maximum", properties(`"a":{"type":"integer","minimum":0,"maximum":300}`)),
	drifts[fieldA[uint]]("minimum below an unsigned integer", "error", "fieldA[uint].A", "minimum", properties(`"a":{"type":"integer","minimum":-5,"maximum":5}`)),
	drifts[fieldA[int64]]("maximum beyond int64", "error", "fieldA[int64].A", "maximum", properties(`"a":{"type":"integer","minimum":0,"maximum":9223372036854775808}`)),
	drifts[fieldA[int32]]("exclusive maximum beyond int32", "error", "fieldA[int32].A", "exclusiveMaximum", properties(`"a":{"type":"integer","minimum":0,"exclusiveMaximum":3000000000}`)),
	drifts[fieldA[float64]]("integer beyond 2^53 in a float", "error", "fieldA[float64].A", "maximum", properties(`"a":{"type":"number","minimum":0,"maximum":9007199254740993}`)),
	drifts[fieldA[float32]]("bound that a float32 changes", "error", "fieldA[float32].A", "maximum", properties(`"a":{"type":"number","minimum":0,"maximum":16777217}`)),
	drifts[fieldA[uint16]]("no bounds against uint16", "warning", "fieldA[uint16].A", "maximum", properties(`"a":{"type":"integer"}`)),
	drifts[fieldA[uint16]]("no minimum against uint16", "warning", "fieldA[uint16].A", "minimum", properties(`"a":{"type":"integer","maximum":5}`)),
	drifts[fieldA[int64]]("no bounds against int64", "warning", "fieldA[int64].A", "integer-range", properties(`"a":{"type":"integer"}`)),
	drifts[fieldA[int]]("1.0 is an integer", "warning", "fieldA[int].A", "integer-form", properties(`"a":{"type":"integer","minimum":0,"maximum":5}`)),
	drifts[fieldA[uint8]]("minimum that uint8 never reaches", "error", "fieldA[uint8].A", "minimum", properties(`"a":{"type":"integer","minimum":256,"maximum":300}`)),
	drifts[fieldA[int]]("minimum that zero misses", "warning", "fieldA[int].A", "minimum", properties(`"a":{"type":"integer","minimum":1,"maximum":5}`)),
	drifts[fieldA[string]]("minLength that zero misses", "warning", "fieldA[string].A", "minLength", properties(`"a":{"type":"string","minLength":1}`)),
	drifts[fieldA[string]]("pattern that zero misses", "warning", "fieldA[string].A", "pattern", properties(`"a":{"type":"string","pattern":"^[a-z]+$"}`)),
	drifts[fieldA[string]]("format that zero misses", "warning", "fieldA[string].A", "format", properties(`"a":{"type":"string","format":"email"}`)),

	// Enums, constants, formats.
	drifts[fieldA[string]]("type wider than an enum", "warning", "fieldA[string].A", "enum", properties(`"a":{"enum":["","a"]}`)),
	drifts[optionA[string]]("optional type wider than an enum", "warning", "optionA[string].A", "enum", properties(`"a":{"enum":["a","b"]}`)),
	drifts[fieldA[string]]("type wider than a constant", "warning", "fieldA[string].A", "const", properties(`"a":{"const":"order"}`)),
	drifts[fieldA[zoo.Currency]]("enum of the type that the schema lacks", "error", "fieldA[Currency].A", "enum", properties(`"a":{"enum":["","EUR"]}`)),
	drifts[fieldA[int]]("enum of another kind", "error", "fieldA[int].A", "type", properties(`"a":{"enum":["a","b"]}`)),
	drifts[fieldA[int]]("enum with a member of another kind", "error", "fieldA[int].A", "enum", properties(`"a":{"enum":[0,1,"many"]}`)),
	drifts[fieldA[uint8]]("enum that no value of the type can be", "error", "fieldA[uint8].A", "enum", properties(`"a":{"enum":[300,400]}`)),
	drifts[fieldA[time.Time]]("date for a time", "error", "fieldA[Time].A", "format", properties(`"a":{"type":"string","format":"date"}`)),
	drifts[fieldA[time.Time]]("any string for a time", "error", "fieldA[Time].A", "type", properties(`"a":{"type":"string"}`)),
	drifts[optionA[[]byte]]("any string for bytes", "error", "optionA[[]uint8].A", "type", properties(`"a":{"type":"string"}`)),
	drifts[fieldA[zoo.UUID]]("another format for a type of text", "error", "fieldA[UUID].A", "format", properties(`"a":{"type":"string","format":"ipv4"}`)),
	drifts[fieldA[zoo.UUID]]("any string for a type of text", "warning", "fieldA[UUID].A", "type", properties(`"a":{"type":"string"}`)),
	drifts[fieldA[shout]]("text that its type changes", "error", "fieldA[shout].A", "enum", properties(`"a":{"enum":["","LOUD","quiet"]}`)),

	// Arrays and maps.
	drifts[fieldA[[2]int]]("array longer than maxItems", "error", "fieldA[[2]int].A", "maxItems", properties(`"a":{"type":"array","items":{"type":"integer"},"maxItems":1}`)),
	drifts[fieldA[[2]int]]("array shorter than minItems", "error", "fieldA[[2]int].A", "minItems", properties(`"a":{"type":"array","items":{"type":"integer"},"minItems":3}`)),
	drifts[fieldA[[2]int]]("longer arrays that lose items", "error", "fieldA[[2]int].A", "maxItems", properties(`"a":{"type":"array","items":{"type":"integer"},"minItems":2}`)),
	drifts[fieldA[[2]int]]("shorter arrays that gain items", "error", "fieldA[[2]int].A", "minItems", properties(`"a":{"type":"array","items":{"type":"integer"},"maxItems":2}`)),
	drifts[optionA[[]string]]("item of another type", "error", "optionA[[]string].A[]", "type", properties(`"a":{"type":"array","items":{"type":"integer"}}`)),
	drifts[optionA[[]string]]("tuple with an item of another type", "error", "optionA[[]string].A[1]", "type", properties(`"a":{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}]}`)),
	drifts[fieldA[[2]string]]("tuple with an item too many", "error", "fieldA[[2]string].A", "minItems",
		properties(`"a":{"type":"array","prefixItems":[{"type":"string"},{"type":"string"}],"items":false}`)),
	drifts[optionA[map[string]int]]("map with another type", "error", "optionA[map[string]int].A[]", "type", properties(`"a":{"type":"object","additionalProperties":{"type":"string"}}`)),
	drifts[optionA[map[string]int]]("map with a declared property of another type", "error", "optionA[map[string]int].A[]", "type", properties(`"a":{"type":"object","properties":{"x":{"type":"string"}}}`)),
	drifts[optionA[map[int]string]]("map of integers with a declared name", "error", "optionA[map[int]string].A", "propertyNames", properties(`"a":{"type":"object","properties":{"x":{"type":"string"}}}`)),
	drifts[optionA[map[string]string]]("map against a closed object", "warning", "optionA[map[string]string].A", "additionalProperties",
		properties(`"a":{"type":"object","properties":{"x":{"type":"string"}},"additionalProperties":false}`)),
	drifts[optionA[map[string]string]]("map that need not hold a required name", "warning", "optionA[map[string]string].A", "required",
		properties(`"a":{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}`)),

	// References, branches, recursion.
	drifts[fieldA[int]]("behind a reference", "error", "fieldA[int].A", "type", properties(`"a":{"$ref":"#/$defs/a"}`, `"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"type":"string"}}`)),
	drifts[zoo.List]("in a recursive type", "error", "List.Next.more", "properties",
		`{"$ref":"#/$defs/list","$defs":{"list":{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/other"}]}}},`+
			`"other":{"type":"object","properties":{"value":{"type":"integer"},"more":{"type":"string"},"next":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/list"}]}}}}}`),
	drifts[fieldA[int]]("in allOf", "error", "fieldA[int].b", "required", `{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}}},{"properties":{"b":{"type":"string"}},"required":["b"]}]}`),
	drifts[fieldA[int]]("in a branch of oneOf", "error", "fieldA[int].b", "properties",
		`{"type":"object","properties":{"a":{"type":"integer"}},"oneOf":[{"required":["a"]},{"properties":{"b":{"type":"string"}},"required":["b"]}]}`),
	drifts[fieldA[int]]("of another type in a branch", "error", "fieldA[int].A", "type", properties(`"a":{"anyOf":[{"type":"integer"},{"type":"string"}]}`)),
	drifts[fieldA[int]]("then", "error", "fieldA[int].b", "properties",
		properties(`"a":{"type":"integer"}`, `"if":{"properties":{"a":{"const":1}}},"then":{"properties":{"b":{"type":"string"}}}`)),
	drifts[optionA[int]]("minProperties", "error", "optionA[int]", "minProperties", properties(`"a":{"type":"integer"}`, `"minProperties":2`)),
	drifts[fieldA[int]]("dependentRequired", "error", "fieldA[int]", "dependentRequired", properties(`"a":{"type":"integer"}`, `"dependentRequired":{"a":["b"]}`)),
	drifts[fieldA[int]]("a schema that takes nothing", "error", "fieldA[int]", "type", `false`),
	drifts[fieldA[int]]("a property that takes nothing", "error", "fieldA[int].A", "type", properties(`"a":false`)),

	// What can't be known.
	drifts[fieldA[any]]("any against a type", "unknown", "fieldA[interface {}].A", "opaque", properties(`"a":{"type":["string","null"]}`)),
	drifts[fieldA[json.RawMessage]]("raw JSON against a type", "unknown", "fieldA[RawMessage].A", "opaque", properties(`"a":{"type":["string","null"]}`)),
	drifts[fieldA[decimal]]("methods against a type", "unknown", "fieldA[decimal].A", "opaque", properties(`"a":{"type":"number"}`)),
	drifts[fieldA[unmarshalsOnly]]("a method without its counterpart", "error", "fieldA[unmarshalsOnly].A", "methods", properties(`"a":{"type":["object","string"]}`)),
	drifts[fieldA[big.Int]]("methods of the pointer that are not called", "error", "fieldA[Int].A", "type", properties(`"a":{"type":"integer"}`)),
}

func TestPlantedDriftsAreMany(t *testing.T) {
	t.Parallel()
	if len(planted) < 40 {
		t.Errorf("only %d", len(planted))
	}
}
