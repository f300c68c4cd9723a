package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/guard"
	"github.com/typedkafka/kafka/schema"
)

var fuzzSchemas = []string{
	`true`, `false`, `{}`, orderSchema, secretSchema, `{"type":["integer","null"]}`, `{"enum":[1.0,"a",null,[1],{"a":1}]}`, `{"minimum":0.1,"maximum":1e20}`,
	`{"multipleOf":0.01}`, `{"uniqueItems":true,"contains":{"minimum":1},"maxContains":1}`, `{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"b":{"$ref":"#/$defs/a"}}}}}`,
	`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false,"dependencies":{"a":["b"]}}`,
	`{"$schema":"http://json-schema.org/draft-07/schema#","contentEncoding":"base64","contentMediaType":"application/json"}`,
	`{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true}`, `{"if":{"required":["a"]},"then":false,"else":{"not":{}}}`,
	`{"$dynamicAnchor":"n","properties":{"c":{"items":{"$dynamicRef":"#n"}}},"unevaluatedProperties":false}`,
	`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"properties":{"c":{"$recursiveRef":"#"}}}`,
	`{"propertyNames":{"format":"email"},"patternProperties":{"^a":{"format":"date-time"}}}`, `{"format":"regex"}`, `{"$id":"http://a/b","items":{"$ref":"c"}}`,
}

var fuzzDocs = []string{
	`null`, `1`, `1.0`, `-0.5`, `1e2`, `"a"`, `[]`, `{}`, `[1,1]`, `["a",1]`, `{"a":1}`, `{"a":{"b":{"b":{}}}}`, `{"c":[{"c":[]},{"d":1}]}`, secretDoc,
	`{"id":"1","currency":"EUR","lines":[{"sku":"A","qty":1}]}`, `{"id":"","curency":"EUR","lines":[{"sku":"a"}]}`, `"e30="`, `"2026-01-31T12:00:00Z"`, `{"a@b.c":1}`, `"("`,
	`{"a":1,"a":2}`, `[1e999]`, `"\ud800"`, `{`,
}

// Compile never panics, whatever it reads, and every refusal is a CompileError with a short text.
func FuzzCompile(f *testing.F) {
	for i, s := range fuzzSchemas {
		f.Add([]byte(s), []byte(fuzzSchemas[(i+1)%len(fuzzSchemas)]), i%2 == 0)
	}
	for _, s := range []string{``, `{"enum":[1e1000001]}`, `{"enum":[]}`, `{"$ref":"file:///etc/passwd"}`, `{"$ref":"http://localhost/"}`, `{"$ref":"other"}`, `{"$id":"%zz"}`,
		`{"$schema":"mem:///schema.json"}`, `{"$schema":5}`, `{"pattern":"(?=a)"}`, `{"type":"strin","required":true}`, `{"$anchor":"a","$ref":"#a"}`, `{"properties":{"a":1}}`} {
		f.Add([]byte(s), []byte(s), true)
	}
	f.Fuzz(func(t *testing.T, doc, other []byte, strict bool) {
		opts := []schema.CompileOption{schema.Resource("other", other), schema.Named(string(other))}
		if strict {
			opts = append(opts, schema.Strict())
		}
		s, err := schema.Compile(doc, opts...)
		if err == nil {
			if s.String() != string(doc) {
				t.Fatal("String is not the text that was compiled")
			}
			return
		}
		var refused *schema.CompileError
		if !errors.As(err, &refused) || len(refused.Faults) == 0 {
			t.Fatalf("%T: %v", err, err)
		}
		checkText(t, err.Error())
	})
}

func checkText(t *testing.T, text string) {
	t.Helper()
	if len(text) >= 2000 || strings.ContainsAny(text, "\n\r\t\x00\x1b") {
		t.Fatalf("%d bytes: %q", len(text), text)
	}
}

// Validate never panics, and says what v5 by itself says wherever that answers.
func FuzzValidate(f *testing.F) {
	for _, s := range fuzzSchemas {
		for _, d := range fuzzDocs {
			f.Add([]byte(s), []byte(d))
		}
	}
	f.Fuzz(func(t *testing.T, text, doc []byte) {
		s, err := schema.Compile(text)
		if err != nil {
			t.Skip()
		}
		err = s.Validate(doc)
		var invalid *schema.ValidationError
		if err != nil {
			if !errors.As(err, &invalid) || len(invalid.Faults) == 0 {
				t.Fatalf("%T: %v", err, err)
			}
			checkFaults(t, invalid)
		}
		_, fault := guard.Check(doc, guard.Limits{})
		if fault != nil {
			if invalid == nil || invalid.Faults[0].Rule != string(fault.Rule) {
				t.Fatalf("the guard says %v, Validate says %v", fault, err)
			}
			return
		}
		if workFault(err) != nil || bytes.Contains(text, []byte("$dynamicRef")) { // v5's own choice among equal anchors is random
			return
		}
		if want := v5Verdict(t, text, doc); (want == nil) != (err == nil) {
			t.Fatalf("v5 says %v, Validate says %v", want, err)
		}
	})
}

func checkFaults(t *testing.T, e *schema.ValidationError) {
	t.Helper()
	checkText(t, e.Error())
	for _, f := range e.Faults {
		if f.Rule == "" || f.Message == "" || f.Rule == "internal" {
			t.Fatalf("%+v", f)
		}
		if _, ok := e.Value(f); !ok && f.Line == 0 && f.Rule != "size" && f.Rule != "work" && f.Rule != "memory" && f.SchemaPath != "" && !strings.Contains(f.SchemaPath, "ropertyNames") {
			t.Fatalf("no value for %+v", f)
		}
	}
	if _, err := json.Marshal(e); err != nil {
		t.Fatal(err)
	}
}

// v5Verdict is v5 with nothing of ours around it.
func v5Verdict(t *testing.T, text, doc []byte) error {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource("mem:///fuzz.json", bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///fuzz.json")
	if err != nil {
		t.Fatalf("v5 does not compile what we compile: %v", err)
	}
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("v5 panics on %s with %s: %v", doc, text, fmt.Sprint(r))
		}
	}()
	return s.Validate(decodeLikeV5(t, doc))
}
