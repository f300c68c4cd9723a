package schema_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

// Each schema is refused, and the error says what is in want.
func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, doc, want string }{
		{"no JSON", `{"type": "object",}`, "line 1, column 19"},
		{"number that panics v5", `{"enum": [1e1000001]}`, "/enum/0: is a number with an exponent beyond 324"},
		{"count that v5 can't hold", `{"maxLength": 1e300}`, "/maxLength: is a count that no document reaches"},
		{"bound beyond reason", `{"minimum": 1e1000001}`, "/minimum: is a number with an exponent beyond 324"},
		{"keyword twice", `{"type": "string", "type": "number"}`, `property "type" stands twice`},
		{"empty enum", `{"properties": {"a": {"enum": []}}}`, "/properties/a/enum: is an empty list"},
		{"look-around", `{"pattern": "^(?=a)b"}`, "/pattern: is no pattern that RE2 runs"},
		{"look-around in a name", `{"patternProperties": {"(?!a)": {}}}`, "/patternProperties/(?!a): is no pattern that RE2 runs"},
		{"two faults", `{"items": {"enum": []}, "not": {"pattern": "("}}`, "2 faults: /items/enum: is an empty list"},
		{"depth", strings.Repeat(`{"not":`, 200) + `{}` + strings.Repeat(`}`, 200), "more than 128 deep"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := schema.Compile([]byte(c.doc), schema.Named("order.json"))
			var compile *schema.CompileError
			if !errors.As(err, &compile) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "order.json") {
				t.Errorf("got %v, want a CompileError with %q and the schema's name", err, c.want)
			}
		})
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"propertees": {"a": {}}, "x-owner": "team", "properties": {"propertees": {"minimun": 1}}}`)
	if _, err := schema.Compile(doc); err != nil {
		t.Errorf("JSON Schema ignores what it does not know: %v", err)
	}
	_, err := schema.Compile(doc, schema.Strict())
	if err == nil || !strings.Contains(err.Error(), `/propertees: is not a keyword of JSON Schema 2020-12 and would be ignored; did you mean "properties"?`) ||
		!strings.Contains(err.Error(), `/properties/propertees/minimun: `) || !strings.Contains(err.Error(), "2 faults") {
		t.Errorf("got %v", err)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	money := []byte(`{"$defs":{"cents":{"type":"integer"}},"type":"object","properties":{"amount":{"$ref":"#/$defs/cents"}}}`)
	tagged := []byte(`{"$id":"https://example.com/tag.json","type":"string"}`)
	cases := []struct{ name, doc, uri string }{
		{"relative", `{"properties":{"m":{"$ref":"money.json"}}}`, "money.json"},
		{"relative in a folder", `{"properties":{"m":{"$ref":"common/money.json#"}}}`, "common/money.json"},
		{"a part", `{"properties":{"m":{"properties":{"amount":{"$ref":"money.json#/$defs/cents"}}}}}`, "money.json"},
		{"absolute", `{"properties":{"m":{"$ref":"https://example.com/money.json"}}}`, "https://example.com/money.json"},
		{"relative to the $id", `{"$id":"https://example.com/v1/order.json","properties":{"m":{"$ref":"../money.json"}}}`, "https://example.com/money.json"},
		{"urn", `{"properties":{"m":{"$ref":"urn:example:money"}}}`, "urn:example:money"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := schema.Compile([]byte(c.doc), schema.Resource(c.uri, money), schema.Resource("other.json", tagged))
			if err != nil {
				t.Fatal(err)
			}
			if s.Validate([]byte(`{"m":{"amount":1}}`)) != nil || s.Validate([]byte(`{"m":{"amount":"1"}}`)) == nil {
				t.Error("the resource is not what was registered")
			}
		})
	}
	byID, err := schema.Compile([]byte(`{"$ref":"https://example.com/tag.json"}`), schema.Resource("other.json", tagged))
	if err != nil || byID.Validate([]byte(`1`)) == nil {
		t.Errorf("a resource is not found by its $id: %v", err)
	}
	back, err := schema.Compile([]byte(`{"$id":"https://example.com/a.json","$defs":{"n":{"type":"null"}},"items":{"$ref":"b.json"}}`),
		schema.Resource("https://example.com/b.json", []byte(`{"$ref":"a.json#/$defs/n"}`)))
	if err != nil || back.Validate([]byte(`[1]`)) == nil || back.Validate([]byte(`[null]`)) != nil {
		t.Errorf("a resource can't refer back to the schema's $id: %v", err)
	}
}

// Nothing is loaded that was not registered, and the error says where the reference stands. No path of this machine gets into a text.
func TestReferencesStayInside(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(file, []byte(`true`), 0o600); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"other.json", "../schema.go", "file:///etc/passwd", "file://" + file, "http://localhost:1/x", "https://json-schema.org/none", "//host/x", "urn:x:y"} {
		_, err := schema.Compile([]byte(`{"properties":{"a":{"items":{"$ref":"` + ref + `"}}}}`))
		if err == nil || !strings.Contains(err.Error(), `/properties/a/items/$ref: refers to "`+ref) || !strings.Contains(err.Error(), "not registered") {
			t.Errorf("%s: %v", ref, err)
		}
		if text := strings.ReplaceAll(err.Error(), ref, ""); strings.Contains(text, filepath.Dir(here)) || strings.Contains(text, "mem:") {
			t.Errorf("a place of ours in %s", text)
		}
	}
	_, err = schema.Compile([]byte(`{"properties":{"a":{"$ref":"#/$defs/nothing"}}}`))
	if err == nil || !strings.Contains(err.Error(), `/properties/a/$ref: refers to "#/$defs/nothing", where nothing is`) {
		t.Errorf("got %v", err)
	}
	_, err = schema.Compile([]byte(`{"$schema":"https://example.com/meta","type":"object"}`))
	if err == nil || !strings.Contains(err.Error(), `/$schema: refers to "https://example.com/meta", which is not registered`) {
		t.Errorf("got %v", err)
	}
}

// What breaks the metaschema is told all at once, with its place, for each document.
func TestBadSchemas(t *testing.T) {
	t.Parallel()
	_, err := schema.Compile([]byte(`{"properties":{"a":{"minimum":"1","required":true}},"type":"strin"}`), schema.Named("a.json"))
	want := `schema a.json: 3 faults: /properties/a/minimum: must be a number, not a string; /properties/a/required: must be an array, not a boolean; ` +
		`/type: must be one of "array", "boolean", "integer", "null", "number", "object" or "string"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = schema.Compile([]byte(`{"enum":[]}`), schema.Named("a.json"), schema.Resource("b.json", []byte(`{"pattern":"("}`)), schema.Resource("c.json", []byte(`{`)))
	if err == nil || !strings.Contains(err.Error(), "schema c.json: line 1, column 2") {
		t.Errorf("got %v", err)
	}
	_, err = schema.Compile([]byte(`{"enum":[]}`), schema.Named("a.json"), schema.Resource("b.json", []byte(`{"pattern":"("}`)))
	if err == nil || !strings.Contains(err.Error(), "schema a.json: 2 faults: /enum: ") || !strings.Contains(err.Error(), "/pattern: ") || !strings.Contains(err.Error(), "(in b.json)") {
		t.Errorf("got %v", err)
	}
	for name, opt := range map[string]schema.CompileOption{
		"twice":   schema.Resource("mem:///schema.json", []byte(`true`)),
		"no URI":  schema.Resource("", []byte(`true`)),
		"a part":  schema.Resource("a.json#/x", []byte(`true`)),
		"a draft": schema.AssumeDraft(5),
	} {
		if _, err := schema.Compile([]byte(`true`), opt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	tuple := []byte(`{"items":[{"type":"string"}]}`)
	if _, err := schema.Compile(tuple); err == nil {
		t.Error("2020-12 has no list of items")
	}
	s, err := schema.Compile(tuple, schema.AssumeDraft(schema.Draft7))
	if err != nil || s.Validate([]byte(`[1]`)) == nil {
		t.Errorf("draft 7 has: %v", err)
	}
	for _, uri := range []string{"http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema",
		"http://json-schema.org/draft-06/schema#", "http://json-schema.org/draft-04/schema#"} {
		s, err := schema.Compile([]byte(`{"$schema":"` + uri + `","format":"ipv4"}`))
		if err != nil || s.Validate([]byte(`"x"`)) == nil || s.Validate([]byte(`"192.0.2.1"`)) != nil {
			t.Errorf("%s: formats are not asserted (%v)", uri, err)
		}
	}
	_, err = schema.Compile([]byte(`{"$schema":"http://json-schema.org/draft-07/schema#","prefixItems":[]}`), schema.Strict())
	if err == nil || !strings.Contains(err.Error(), "draft 2020-12 knows it: set $schema") {
		t.Errorf("got %v", err)
	}
}

func TestMustCompile(t *testing.T) {
	t.Parallel()
	defer func() {
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "/type") {
			t.Errorf("got %v", err)
		}
	}()
	schema.MustCompile([]byte(`{"type":"strin"}`))
}

// Compile keeps its own copy of the text.
func TestCompileCopies(t *testing.T) {
	t.Parallel()
	text := []byte(`{"type":"string"}`)
	s := schema.MustCompile(text)
	text[2] = 'x'
	if s.String() != `{"type":"string"}` {
		t.Errorf("got %s", s)
	}
}

// An unknown keyword does not hide what else is wrong.
func TestStrictTellsTheOtherFaultsToo(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"propertees": {}, "properties": {"a": {"type": "strin"}, "b": {"minimun": 1}}}`)
	_, err := schema.Compile(doc, schema.Strict())
	var e *schema.CompileError
	if !errors.As(err, &e) {
		t.Fatalf("%v is no CompileError", err)
	}
	var places []string
	for _, f := range e.Faults {
		places = append(places, f.InstancePath)
	}
	if want := []string{"/properties/a/type", "/properties/b/minimun", "/propertees"}; len(places) != 3 ||
		slices.ContainsFunc(want, func(place string) bool { return !slices.Contains(places, place) }) {
		t.Errorf("faults at %q, want %q", places, want)
	}
}
