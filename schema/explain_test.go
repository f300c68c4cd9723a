package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/typedkafka/kafka/schema"
)

// faultsOf checks a document that must be refused.
func faultsOf(t *testing.T, s *schema.Schema, doc string) *schema.ValidationError {
	t.Helper()
	err := s.Validate([]byte(doc))
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) {
		t.Fatalf("%s: got %v, want a ValidationError", doc, err)
	}
	return invalid
}

func lines(e *schema.ValidationError) []string {
	var all []string
	for _, f := range e.Faults {
		all = append(all, f.String())
	}
	return all
}

func TestExplain(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, schema, doc string
		want              []string
	}{
		{"type", `{"type":["string","null"]}`, `1.5`, []string{`the document: must be a string or null, not a fraction`}},
		{"integer", `{"items":{"type":"integer"}}`, `[1,1.0,2.5]`, []string{`/2: must be an integer, not a fraction`}},
		{"const", `{"const":{"a":1}}`, `1`, []string{`the document: must be the object that the schema gives`}},
		{"enum", `{"enum":["a",1,null]}`, `"b"`, []string{`the document: must be one of "a", 1 or null`}},
		{"long enum", `{"enum":[0,1,2,3,4,5,6,7,8,9,10,11]}`, `-1`, []string{`the document: must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 or 2 more`}},
		{"bounds", `{"items":{"minimum":1,"maximum":9.50,"exclusiveMinimum":0.5,"exclusiveMaximum":1e300}}`, `[0,10]`,
			[]string{`/0: must be more than 0.5`, `/0: must be at least 1`, `/1: must be at most 9.5`}},
		{"large bound", `{"exclusiveMaximum":1e300}`, `1e301`, []string{`the document: must be less than 1e+300`}},
		{"multipleOf", `{"multipleOf":0.01}`, `0.001`, []string{`the document: must be a multiple of 0.01`}},
		{"lengths", `{"items":{"minLength":2,"maxLength":1}}`, `["é",""]`,
			[]string{`/0: must have at least 2 characters`, `/1: must have at least 2 characters`}},
		{"pattern and format", `{"pattern":"^[a-z]+$","format":"uuid"}`, `"A"`,
			[]string{`the document: must be a uuid, such as 123e4567-e89b-12d3-a456-426614174000`, `the document: must match the pattern ^[a-z]+$`}},
		{"items", `{"minItems":1,"maxItems":0}`, `[]`, []string{`the document: must have at least 1 item`}},
		{"item too many", `{"prefixItems":[true],"items":false}`, `[1,2]`, []string{`/1: is an item more than the schema allows`}},
		{"draft 7 tuple", `{"$schema":"http://json-schema.org/draft-07/schema#","items":[true],"additionalItems":false}`, `[1,2]`,
			[]string{`the document: must have at most 1 item`}},
		{"unique", `{"uniqueItems":true}`, `[1,[2],3,[2]]`, []string{`the document: must have items that all differ, but items 1 and 3 are equal`}},
		{"contains", `{"contains":{"type":"string"},"minContains":2}`, `["a",1]`,
			[]string{"the document: must have at least 2 items that its `contains` accepts"}},
		{"counts of properties", `{"minProperties":2}`, `{"a":1}`, []string{`the document: must have at least 2 properties`}},
		{"required", `{"required":["a","b"],"properties":{"c":true}}`, `{"c":1}`,
			[]string{`the document: property "a" is missing`, `the document: property "b" is missing`}},
		{"nearly right", `{"required":["currency"]}`, `{"curency":"EUR"}`,
			[]string{`the document: property "currency" is missing; there is "curency": did you mean "currency"?`}},
		{"case", `{"properties":{"id":true},"required":["id"],"additionalProperties":false}`, `{"ID":1}`, []string{
			`the document: property "id" is missing; there is "ID": did you mean "id"?`,
			`/ID: is a property that the schema does not know; did you mean "id"?`}},
		{"separators", `{"properties":{"order_id":true},"additionalProperties":false}`, `{"orderId":1}`,
			[]string{`/orderId: is a property that the schema does not know; did you mean "order_id"?`}},
		{"unknown", `{"properties":{"a":true},"patternProperties":{"^x":true},"additionalProperties":false}`, `{"b":1,"xa":1}`,
			[]string{`/b: is a property that the schema does not know`}},
		{"unevaluated", `{"allOf":[{"properties":{"amount":true}}],"properties":{"total":true},"unevaluatedProperties":false}`, `{"totl":1,"amount":1}`,
			[]string{`/totl: is a property that the schema does not know; did you mean "total"?`}},
		{"false property", `{"properties":{"old":false}}`, `{"old":1}`, []string{`/old: is not allowed here`}},
		{"dependent", `{"dependentRequired":{"card":["cvc","name"]}}`, `{"card":1,"cvc":1}`,
			[]string{`the document: property "name" is missing, which "card" asks for`}},
		{"draft 7 dependencies", `{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a/b":["c"]}}`, `{"a/b":1}`,
			[]string{`the document: property "c" is missing, which "a/b" asks for`}},
		{"names", `{"propertyNames":{"$ref":"#/$defs/n"},"$defs":{"n":{"maxLength":2}},"properties":{"b":{"$ref":"#/$defs/n"}}}`, `{"abc":1,"b":"long"}`,
			[]string{`/abc: the property's name "abc" must have at most 2 characters`, `/b: must have at most 2 characters`}},
		{"not", `{"not":{"type":"null"}}`, `null`, []string{`the document: must not be null`}},
		{"not through ref", `{"$ref":"#/not","not":false}`, `1`, []string{`the document: is not allowed here`}},
		{"if", `{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}`, `{"a":1}`,
			[]string{`the document: property "b" is missing`}},
		{"only types differ", `{"anyOf":[{"type":"string"},{"$ref":"#/$defs/n"}],"$defs":{"n":{"type":"null"}}}`, `1`,
			[]string{`the document: must be null or a string, not a number`}},
		{"nullable", `{"anyOf":[{"type":"null"},{"type":"object","required":["a"]}]}`, `{}`, []string{`the document: property "a" is missing`}},
		{"branch by constant", `{"oneOf":[
			{"title":"card","properties":{"kind":{"const":"card"},"number":{"type":"string"},"cvc":{"type":"string"}},"required":["kind","number","cvc"]},
			{"title":"bank","properties":{"kind":{"const":"bank"},"iban":{"type":"string"}},"required":["kind","iban"]}]}`, `{"kind":"card"}`,
			[]string{`the document: matches none of 2 alternatives; the nearest is number 1 ("card")`,
				`the document: property "cvc" is missing`, `the document: property "number" is missing`}},
		{"branch by ref", `{"properties":{"p":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}]}},
			"$defs":{"a":{"required":["x","y","z"]},"b":{"required":["x","w"]}}}`, `{"p":{"x":1}}`,
			[]string{`/p: matches none of 2 alternatives; the nearest is number 2 ("b")`, `/p: property "w" is missing`}},
		{"two at once", `{"oneOf":[{"title":"small"},{"type":"string"},{"maximum":5}]}`, `1`,
			[]string{`the document: must match exactly one alternative, but matches number 1 ("small") and number 3`}},
		{"through allOf twice", `{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"minimum":1}}}`, `0`,
			[]string{`the document: must be at least 1`}},
		{"indexes as numbers", `{"items":{"type":"null"}}`, `[null,null,1,null,null,null,null,null,null,null,null,1]`,
			[]string{`/2: must be null, not a number`, `/11: must be null, not a number`}},
		{"odd names", `{"additionalProperties":{"type":"null"}}`, `{"a/b~c%20 é":1,"line\nbreak":1}`,
			[]string{`/a~1b~0c%20 é: must be null, not a number`, `/line\nbreak: must be null, not a number`}},
		{"bytes", `true`, "{\"a\": [1,\n  2,,]}", []string{`line 2, column 5 /a/2: is not JSON: expected a value`}},
		{"twice", `true`, `{"a":{"b":1,"\u0062":2}}`, []string{`line 1, column 13 /a/b: property "b" stands twice in its object`}},
		{"empty", `true`, ``, []string{`line 1, column 1: is empty: a JSON value is missing`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := schema.MustCompile([]byte(c.schema))
			got := faultsOf(t, s, c.doc)
			if d := cmp.Diff(c.want, lines(got)); d != "" {
				t.Error(d)
			}
			for _, f := range got.Faults {
				if f.Rule == "" || f.Message == "" {
					t.Errorf("%+v lacks a rule or a message", f)
				}
			}
		})
	}
}

const secretSchema = `{"type":"object","required":["id","nmae"],"additionalProperties":false,"properties":{
	"id":{"type":"integer","minimum":0,"multipleOf":7},"name":{"const":"x"},"kind":{"enum":["a","b"]},"mail":{"format":"email","pattern":"^x"},
	"list":{"uniqueItems":true,"items":{"type":"string","maxLength":3},"contains":{"const":"q"}},
	"pay":{"oneOf":[{"properties":{"k":{"const":1}}},{"properties":{"k":{"const":2}}}]},"not":{"not":{"const":"SECRET"}},"obj":{"const":{"a":1}}}}`

const secretDoc = `{"id":-424242,"name":"SECRET","kind":"SECRET","mail":"SECRET","list":["SECRET","SECRET",424242],
	"pay":{"k":"SECRET"},"not":"SECRET2","obj":{"a":"SECRET"},"extra":"SECRET"}`

// No text of an error holds a value, however it is printed; a caller who asks gets it.
func TestNoValueInTexts(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(secretSchema))
	for _, doc := range []string{secretDoc, `{"id":424242,"name":"SECRET`, `{"x":424242} SECRET`, `["SECRET","\ud800"]`, `424242e999`} {
		e := faultsOf(t, s, doc)
		asJSON, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("refused", "err", e, "fault", e.Faults[0])
		for _, text := range []string{e.Error(), fmt.Sprintf("%v %+v %#v %s %q", e, e, e, e, e), fmt.Sprintf("%+v %#v", e.Faults, e.Faults), string(asJSON), log.String()} {
			if strings.Contains(text, "SECRET") || strings.Contains(text, "424242") {
				t.Errorf("a value in %s", text)
			}
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	e := faultsOf(t, schema.MustCompile([]byte(secretSchema)), secretDoc)
	got := map[string]string{}
	for _, f := range e.Faults {
		if v, ok := e.Value(f); ok {
			got[f.InstancePath] = string(v)
		}
	}
	for path, want := range map[string]string{"": secretDoc, "/id": "-424242", "/list/2": "424242", "/pay/k": `"SECRET"`, "/extra": `"SECRET"`, "/obj": `{"a":"SECRET"}`} {
		if got[path] != want {
			t.Errorf("%s: got %s, want %s", path, got[path], want)
		}
	}
	if v, ok := e.Value(schema.Fault{InstancePath: "/none/7"}); ok {
		t.Errorf("a value where nothing is: %s", v)
	}
	broken := faultsOf(t, schema.MustCompile([]byte(`true`)), `{"a":tru}`)
	if v, ok := broken.Value(broken.Faults[0]); ok {
		t.Errorf("a value of a broken document: %s", v)
	}
}

// The error keeps its own copy: callers reuse their buffers.
func TestValueOutlivesTheBuffer(t *testing.T) {
	t.Parallel()
	buffer := []byte(`{"id":-1,"nmae":1}`)
	err := schema.MustCompile([]byte(secretSchema)).Validate(buffer)
	for i := range buffer {
		buffer[i] = 'x'
	}
	var e *schema.ValidationError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if v, ok := e.Value(schema.Fault{InstancePath: "/id"}); !ok || string(v) != "-1" {
		t.Errorf("got %s, %v", v, ok)
	}
}

func TestStableOrder(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(secretSchema))
	want := lines(faultsOf(t, s, secretDoc))
	if len(want) < 10 {
		t.Fatalf("only %d faults", len(want))
	}
	for range 100 {
		if d := cmp.Diff(want, lines(faultsOf(t, s, secretDoc))); d != "" {
			t.Fatal(d)
		}
	}
}

// Error stays short and on one line, whatever the document holds.
func TestErrorIsShort(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(`{"additionalProperties":{"type":"array","items":{"type":"string"}},"propertyNames":{"maxLength":5}}`))
	long := strings.Repeat("näme\\n", 20_000)
	for name, doc := range map[string]string{
		"long name":   `{"` + long + `":1}`,
		"many faults": `{"a":[` + strings.Repeat("1,", 20_000) + `1]}`,
		"both":        `{"` + strings.Repeat("n", 500) + `":[` + strings.Repeat("1,", 2000) + `1]}`,
		"twice":       `{"` + long + `":1,"` + long + `":1}`,
	} {
		e := faultsOf(t, s, doc)
		if text := e.Error(); len(text) >= 2000 || strings.ContainsAny(text, "\n\r\x1b") {
			t.Errorf("%s: %d bytes: %.200q", name, len(text), text)
		}
		if text := e.LogValue().String(); len(text) > 5000 {
			t.Errorf("%s: %d bytes in the log", name, len(text))
		}
	}
}

// Beyond 1,000 faults they are counted; those that are told are the first ones.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(`{"items":{"type":"string"}}`))
	e := faultsOf(t, s, `[`+strings.Repeat("1,", 4999)+`1]`)
	if len(e.Faults) != 1000 || e.Omitted != 4000 || e.Faults[999].InstancePath != "/999" || !strings.Contains(e.Error(), "5000 faults") {
		t.Errorf("%d faults to %s, %d omitted: %s", len(e.Faults), e.Faults[len(e.Faults)-1].InstancePath, e.Omitted, e)
	}
	object := `{"z":1`
	for i := range 3000 {
		object += fmt.Sprintf(`,"p%04d":1`, 2999-i)
	}
	closed := schema.MustCompile([]byte(`{"additionalProperties":false}`))
	e = faultsOf(t, closed, object+"}")
	if len(e.Faults) != 1000 || e.Omitted != 2001 || e.Faults[999].InstancePath != "/p0999" {
		t.Errorf("%d faults to %s, %d omitted", len(e.Faults), e.Faults[len(e.Faults)-1].InstancePath, e.Omitted)
	}
	open := schema.MustCompile([]byte(`{"additionalProperties":{"type":"string"}}`))
	e = faultsOf(t, open, object+"}")
	if len(e.Faults) != 1000 || e.Omitted != 2001 || e.Faults[999].InstancePath != "/p0999" {
		t.Errorf("%d faults to %s, %d omitted", len(e.Faults), e.Faults[len(e.Faults)-1].InstancePath, e.Omitted)
	}
}

func TestJSONForm(t *testing.T) {
	t.Parallel()
	e := faultsOf(t, schema.MustCompile([]byte(`{"items":{"minimum":1}}`)), `[0]`)
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"faults":[{"instancePath":"/0","schemaPath":"/items/minimum","rule":"minimum","expected":"at least 1","message":"must be at least 1"}]}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A fault says which keyword of which document: of another resource with its URI.
func TestSchemaPath(t *testing.T) {
	t.Parallel()
	money := []byte(`{"$defs":{"amount":{"minimum":1}},"type":"object","properties":{"amount":{"$ref":"#/$defs/amount"}}}`)
	s, err := schema.Compile([]byte(`{"$id":"https://example.com/order.json","properties":{"a b":{"$ref":"money.json"},"n":{"type":"null"}}}`),
		schema.Resource("https://example.com/money.json", money))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range faultsOf(t, s, `{"a b":{"amount":0},"n":1}`).Faults {
		got = append(got, f.InstancePath+" "+f.SchemaPath)
	}
	want := []string{"/a b/amount https://example.com/money.json#/$defs/amount/minimum", "/n /properties/n/type"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
