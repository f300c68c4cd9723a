package plan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/guard"
	"github.com/typedkafka/kafka/internal/plan"
)

func compile(tb testing.TB, schema string) *jsonschema.Schema {
	tb.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	c.Draft = jsonschema.Draft2020
	if err := c.AddResource("mem:///s", strings.NewReader(schema)); err != nil {
		tb.Fatal(err)
	}
	s, err := c.Compile("mem:///s")
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// reference is the verdict that counts.
func reference(s *jsonschema.Schema, doc []byte) bool {
	if _, fault := guard.Check(doc, guard.Limits{}); fault != nil {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	return d.Decode(&v) == nil && s.Validate(v) == nil
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, doc string }{
		{`{}`, `{"a":[1,"x",null,true,{"b":-1.5e3}]}`},
		{`{"type":"integer"}`, `1.0`},
		{`{"type":"string","maxLength":3}`, `"äöü"`},
		{`{"type":"string","maxLength":3}`, `"\u00e4\n\ud83d\ude00"`},
		{`{"minimum":0.1,"maximum":1e2,"multipleOf":0.01}`, ` 0.33 `},
		{`{"enum":["a",1,null,true]}`, `1.0`},
		{`{"type":"object","properties":{"a":{"type":"integer"}},"required":["a","b"]}`, `{"b":{},"a":1}`},
		{`{"type":"array","prefixItems":[{"type":"string"}],"items":{"type":"number"},"maxItems":3}`, `["x",1,2.5]`},
		{`{"contains":{"const":2},"minContains":1,"maxContains":2}`, `[1,2]`},
		{`{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}}}`, `{"next":{"next":{}}}`},
		{`{"oneOf":[{"type":"string"},{"type":"integer"}]}`, `3`},
		{`{"anyOf":[{"type":"string"},{"minimum":3}]}`, `3`},
		{`{"not":{"type":"string"}}`, `[]`},
		{`{"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}}`, `"ab"`},
		{`{"format":"date-time"}`, `"2026-02-28T23:59:59.123+01:00"`},
		{`{"format":"email"}`, `"a.b+c@example.org"`},
		{`{"format":"uuid"}`, `"123e4567-e89b-12d3-a456-426614174000"`},
	} {
		s := compile(t, c.schema)
		if !reference(s, []byte(c.doc)) {
			t.Fatalf("the test is wrong: %s is invalid under %s", c.doc, c.schema)
		}
		if !plan.Compile(s).Accepts([]byte(c.doc)) {
			t.Errorf("not sure of %s under %s", c.doc, c.schema)
		}
	}
}
