package schema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

// Each schema is refused, and the error says what is in want.
func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, doc, want string }{
		{"no JSON", `{"type": "object",}`, "line 1, column 19"},
		{"number that panics v5", `{"enum": [1e1000001]}`, "/enum/0: is a number with an exponent beyond 308"},
		{"bound beyond reason", `{"minimum": 1e1000001}`, "/minimum: is a number with an exponent beyond 308"},
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
