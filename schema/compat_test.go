package schema_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/typedkafka/kafka/schema"
)

// A change is an old and a new schema, and the reader's pointers at which the new one can't read the old one's messages.
// No pointers means that it can.
type change struct {
	name     string
	old, new string
	strict   []string
	lenient  []string // as strict, if nil and same is true
	differs  bool     // lenient differs from strict
}

// object wraps properties into an open object, closed into one that refuses others.
func object(properties string) string { return `{"type":"object","properties":{` + properties + `}}` }
func closed(properties string) string {
	return `{"type":"object","additionalProperties":false,"properties":{` + properties + `}}`
}

var changes = []change{
	// Properties, in the open and the closed model.
	{name: "optional property added, open", old: object(`"a":{}`), new: object(`"a":{},"b":{"type":"string"}`),
		strict: []string{"/properties/b/type"}, differs: true},
	{name: "optional property added, closed", old: closed(`"a":{}`), new: closed(`"a":{},"b":{"type":"string"}`)},
	{name: "required property added", old: object(`"a":{}`), new: `{"type":"object","properties":{"a":{}},"required":["b"]}`, strict: []string{"/required"}},
	{name: "required property with a default added", old: closed(`"a":{}`),
		new: `{"type":"object","additionalProperties":false,"properties":{"a":{},"b":{"default":1}},"required":["b"]}`, strict: []string{"/required"}},
	{name: "property removed, open", old: object(`"a":{},"b":{}`), new: object(`"a":{}`)},
	{name: "property removed, closed", old: closed(`"a":{},"b":{}`), new: closed(`"a":{}`), strict: []string{"/additionalProperties"}},
	{name: "required dropped", old: `{"required":["a"]}`, new: `{}`},
	{name: "two required added", old: `{"type":"object"}`, new: `{"type":"object","required":["a","b"]}`, strict: []string{"/required", "/required"}},
	{name: "closed", old: object(`"a":{}`), new: closed(`"a":{}`), strict: []string{"/additionalProperties"}, differs: true},
	{name: "map values narrowed", old: `{"additionalProperties":{"type":["string","integer"]}}`, new: `{"additionalProperties":{"type":"string"}}`,
		strict: []string{"/additionalProperties/type"}},
	{name: "free-form object gets properties", old: `{"type":"object"}`, new: object(`"a":{"type":"string"}`), strict: []string{"/properties/a/type"}},
	{name: "required of a name that is not declared", old: `{"properties":{"a":{}}}`, new: `{"properties":{"a":{}},"required":["zz"]}`, strict: []string{"/required"}},

	// Types and values.
	{name: "integer to number", old: `{"type":"integer"}`, new: `{"type":"number"}`},
	{name: "number to integer", old: `{"type":"number"}`, new: `{"type":"integer"}`, strict: []string{"/type"}},
	{name: "multiples of one are integers", old: `{"type":"number","multipleOf":1}`, new: `{"type":"integer"}`},
	{name: "null allowed", old: `{"type":"string"}`, new: `{"type":["string","null"]}`},
	{name: "null refused", old: `{"type":["string","null"]}`, new: `{"type":"string"}`, strict: []string{"/type"}},
	{name: "enum grown", old: `{"enum":["a"]}`, new: `{"enum":["a","b"]}`},
	{name: "enum narrowed", old: `{"enum":["a","b"]}`, new: `{"enum":["a"]}`, strict: []string{"/enum"}},
	{name: "enum to type", old: `{"enum":["a","b"]}`, new: `{"type":"string","maxLength":1}`},
	{name: "const to enum", old: `{"const":1}`, new: `{"enum":[1.0,2]}`},
	{name: "enum outside of its type is never written", old: `{"type":"string","enum":["a",1]}`, new: `{"enum":["a"]}`},

	// Numbers.
	{name: "minimum raised", old: `{"minimum":1}`, new: `{"minimum":2}`, strict: []string{"/minimum"}},
	{name: "minimum lowered", old: `{"minimum":1}`, new: `{"minimum":0.5}`},
	{name: "exclusive to inclusive for integers", old: `{"type":"integer","exclusiveMinimum":0}`, new: `{"type":"integer","minimum":1}`},
	{name: "exclusive to inclusive for numbers", old: `{"type":"number","exclusiveMinimum":0}`, new: `{"type":"number","minimum":1}`, strict: []string{"/minimum"}},
	{name: "multipleOf 6 to 3", old: `{"multipleOf":6}`, new: `{"multipleOf":3}`},
	{name: "multipleOf 6 to 4", old: `{"multipleOf":6}`, new: `{"multipleOf":4}`, strict: []string{"/multipleOf"}},
	{name: "multipleOf 3 to 0.3", old: `{"multipleOf":3}`, new: `{"multipleOf":0.3}`},
	{name: "multipleOf 0.3 to 0.1", old: `{"multipleOf":0.3}`, new: `{"multipleOf":0.1}`},
	{name: "2 and 3 is 6", old: `{"allOf":[{"multipleOf":2},{"multipleOf":3}]}`, new: `{"multipleOf":6}`},
	{name: "an interval without multiples", old: `{"type":"integer","multipleOf":10,"minimum":1,"maximum":9}`, new: `false`},

	// Strings.
	{name: "maxLength lowered", old: `{"maxLength":5}`, new: `{"maxLength":4}`, strict: []string{"/maxLength"}},
	{name: "pattern dropped", old: `{"pattern":"^a"}`, new: `{}`},
	{name: "pattern added", old: `{"type":"string"}`, new: `{"pattern":"^a"}`, strict: []string{"/pattern"}},
	{name: "pattern widened", old: `{"pattern":"^[a-c]+$"}`, new: `{"pattern":"^[a-z]*$"}`},
	{name: "pattern narrowed", old: `{"pattern":"^[a-z]*$"}`, new: `{"pattern":"^[a-c]+$"}`, strict: []string{"/pattern"}},
	{name: "pattern against length", old: `{"pattern":"^.{2,4}$"}`, new: `{"minLength":2,"maxLength":4}`},
	{name: "format dropped", old: `{"format":"uuid"}`, new: `{}`},
	{name: "format added", old: `{"type":"string"}`, new: `{"format":"uuid"}`, strict: []string{"/format"}},
	{name: "format changed", old: `{"format":"date"}`, new: `{"format":"date-time"}`, strict: []string{"/format"}},
	{name: "format with its length", old: `{"format":"uuid"}`, new: `{"maxLength":36,"minLength":36}`},
	{name: "unknown format is a note", old: `{"type":"string"}`, new: `{"format":"colour"}`},

	// Arrays.
	{name: "item narrowed", old: `{"items":{"type":["string","null"]}}`, new: `{"items":{"type":"string"}}`, strict: []string{"/items/type"}},
	{name: "tuple opened", old: `{"prefixItems":[{"type":"string"}],"items":false}`, new: `{"prefixItems":[{"type":"string"},{"type":"integer"}],"items":false}`},
	{name: "tuple shortened", old: `{"prefixItems":[{},{}],"items":false}`, new: `{"prefixItems":[{}],"items":false}`, strict: []string{"/items"}},
	{name: "tuple position narrowed", old: `{"prefixItems":[{},{}]}`, new: `{"prefixItems":[{},{"type":"null"}]}`, strict: []string{"/prefixItems/1/type"}},
	{name: "tuple against items", old: `{"prefixItems":[{"const":1},{"const":2}],"items":false}`, new: `{"items":{"type":"integer"},"maxItems":2}`},
	{name: "uniqueItems added", old: `{"type":"array"}`, new: `{"uniqueItems":true}`, strict: []string{"/uniqueItems"}},
	{name: "uniqueItems of at most one", old: `{"type":"array","maxItems":1}`, new: `{"uniqueItems":true}`},
	{name: "contains added", old: `{"type":"array"}`, new: `{"contains":{"type":"string"}}`, strict: []string{"/contains"}},
	{name: "contains follows from items", old: `{"items":{"type":"string"},"minItems":1}`, new: `{"contains":{"type":"string"}}`},
	{name: "maxContains lowered", old: `{"contains":{"const":1},"maxContains":3}`, new: `{"contains":{"const":1},"maxContains":2}`, strict: []string{"/maxContains"}},
	{name: "maxContains raised", old: `{"contains":{"const":1},"maxContains":2}`, new: `{"contains":{"const":1},"maxContains":3}`},
	{name: "minContains lowered", old: `{"contains":{"const":1},"minContains":3}`, new: `{"contains":{"const":1},"minContains":2}`},

	// Objects beyond properties.
	{name: "propertyNames added", old: `{"type":"object"}`, new: `{"propertyNames":{"maxLength":3}}`, strict: []string{"/propertyNames/maxLength"}},
	{name: "propertyNames of a closed object", old: closed(`"abc":{}`), new: `{"propertyNames":{"maxLength":3}}`},
	{name: "patternProperties added", old: `{"type":"object"}`, new: `{"patternProperties":{"^x":{"type":"string"}}}`, strict: []string{"/patternProperties/^x/type"}},
	{name: "patternProperties narrowed", old: `{"patternProperties":{"b.*b":{"type":"string"}}}`, new: `{"patternProperties":{"^ba+b$":{"type":"string"}}}`},
	{name: "minProperties follows from required", old: `{"type":"object","required":["a","b"]}`, new: `{"minProperties":2}`},
	{name: "maxProperties follows from closed", old: closed(`"a":{},"b":{}`), new: `{"maxProperties":2}`},
	{name: "dependentRequired added", old: object(`"a":{},"b":{}`), new: `{"dependentRequired":{"a":["b"]}}`, strict: []string{"/dependentRequired"}},
	{name: "dependentRequired follows", old: `{"type":"object","required":["b"]}`, new: `{"dependentRequired":{"a":["b"]}}`},
	{name: "dependentSchemas added", old: object(`"a":{},"b":{}`), new: `{"dependentSchemas":{"a":{"properties":{"b":{"type":"string"}}}}}`,
		strict: []string{"/dependentSchemas/a/properties/b/type"}},
	{name: "unevaluatedProperties closes", old: object(`"a":{}`), new: `{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}`,
		strict: []string{"/unevaluatedProperties"}, differs: true},
	{name: "unevaluatedProperties as additionalProperties", old: closed(`"a":{}`), new: `{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}`},
	{name: "unevaluatedProperties with branches", old: `{"type":"object","anyOf":[{"properties":{"a":{}}},{"required":["b"],"properties":{"b":{}}}],"unevaluatedProperties":false}`,
		new: closed(`"a":{},"b":{}`)},
	{name: "unevaluatedItems", old: `{"prefixItems":[{}],"unevaluatedItems":false}`, new: `{"maxItems":1}`},

	// Combinations.
	{name: "anyOf grown", old: `{"anyOf":[{"type":"string"}]}`, new: `{"anyOf":[{"type":"string"},{"type":"null"}]}`},
	{name: "anyOf narrowed", old: `{"anyOf":[{"type":"string"},{"type":"null"}]}`, new: `{"anyOf":[{"type":"string"},{"type":"boolean"}]}`, strict: []string{"/anyOf"}},
	{name: "oneOf branch that overlaps", old: `{"oneOf":[{"type":"integer"}]}`, new: `{"oneOf":[{"type":"integer"},{"minimum":5}]}`, strict: []string{"/oneOf"}},
	{name: "oneOf branch beside", old: `{"oneOf":[{"type":"integer"}]}`, new: `{"oneOf":[{"type":"integer"},{"type":"string"}]}`},
	{name: "allOf narrowed", old: `{"allOf":[{"minimum":1},{"maximum":5}]}`, new: `{"allOf":[{"minimum":1}]}`},
	{name: "not relaxed", old: `{"not":{"type":["string","null"]}}`, new: `{"not":{"type":"string"}}`},
	{name: "not tightened", old: `{"not":{"type":"string"}}`, new: `{"not":{"type":["string","null"]}}`, strict: []string{"/not"}},
	{name: "if then added", old: object(`"k":{"enum":["a","b"]}`),
		new:    `{"type":"object","if":{"properties":{"k":{"const":"a"}},"required":["k"]},"then":{"required":["x"]}}`,
		strict: []string{"/then/required"}},
	{name: "if then as anyOf", old: `{"type":"object","anyOf":[{"properties":{"k":{"const":"a"}},"required":["k","x"]},{"properties":{"k":{"const":"b"}},"required":["k"]}]}`,
		new: `{"type":"object","if":{"properties":{"k":{"const":"a"}},"required":["k"]},"then":{"required":["x"]}}`},

	// References.
	{name: "behind two hops", old: `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"type":["string","null"]}}}`,
		new: `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"type":"string"}}}`, strict: []string{"/$defs/b/type"}},
	{name: "inlined", old: `{"items":{"$ref":"#/$defs/a"},"$defs":{"a":{"type":"string"}}}`, new: `{"items":{"type":"string"}}`},
	{name: "recursive, narrowed inside",
		old:    `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"v":{"type":["string","null"]},"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}}}`,
		new:    `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"v":{"type":"string"},"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}}}`,
		strict: []string{"/$defs/n/properties/v/type"}},
	{name: "recursive, unrolled once", old: `{"type":"object","properties":{"next":{"$ref":"#"}}}`,
		new: `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"next":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}}}}}`},
	{name: "drafts mixed", old: `{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}`,
		new: `{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{"type":"string"}],"items":{"type":"null"}}`},
	{name: "siblings of $ref count in 2020-12 only", old: `{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/a","minLength":3,"definitions":{"a":{"type":"string"}}}`,
		new: `{"$ref":"#/$defs/a","minLength":3,"$defs":{"a":{"type":"string"}}}`, strict: []string{"/minLength"}},

	// Boolean schemas and notes.
	{name: "all to nothing", old: `true`, new: `false`, strict: []string{""}},
	{name: "nothing to all", old: `false`, new: `true`},
	{name: "notes", old: `{"title":"a","description":"b","default":1,"examples":[1]}`, new: `{"title":"c","$comment":"d"}`},
}

func TestCompatible(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			old, candidate := schema.MustCompile([]byte(c.old)), schema.MustCompile([]byte(c.new))
			c.check(t, old, candidate, c.strict)
			lenient := c.strict
			if c.differs {
				lenient = c.lenient
			}
			c.check(t, old, candidate, lenient, schema.Lenient())
		})
	}
}

func (c change) check(t *testing.T, old, candidate *schema.Schema, want []string, opts ...schema.CompatibleOption) {
	t.Helper()
	report := schema.Compatible(schema.Backward, []*schema.Schema{old, candidate}, opts...)
	var got []string
	for _, f := range report.Findings {
		got = append(got, f.SchemaPath)
		if f.Severity != schema.Error {
			t.Errorf("%s: not decided: %s", f.SchemaPath, f.Message)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("backward, %d options: findings (-want +got):\n%s%s", len(opts), diff, report)
	}
	checkWitnesses(t, report, old, candidate)
	forward := schema.Compatible(schema.Forward, []*schema.Schema{candidate, old}, opts...)
	if len(forward.Findings) != len(want) {
		t.Errorf("forward of the swapped pair: %s", forward)
	}
}

func compiled(docs ...string) []*schema.Schema {
	var out []*schema.Schema
	for _, doc := range docs {
		out = append(out, schema.MustCompile([]byte(doc)))
	}
	return out
}

func TestCompatibleModes(t *testing.T) {
	t.Parallel()
	versions := compiled(`{"type":"integer","maximum":20}`, `{"type":"integer","maximum":5}`, `{"type":"integer","maximum":10}`)
	for mode, want := range map[schema.Mode]int{
		schema.Backward: 0, schema.Forward: 1, schema.Full: 1,
		schema.BackwardTransitive: 1, schema.ForwardTransitive: 1, schema.FullTransitive: 2,
	} {
		report := schema.Compatible(mode, versions)
		if len(report.Findings) != want {
			t.Errorf("%s: want %d findings, got %s", mode, want, report)
		}
		parsed, err := schema.ParseMode(strings.ToUpper(mode.String()))
		if err != nil || parsed != mode {
			t.Errorf("ParseMode(%q) = %v, %v", mode, parsed, err)
		}
	}
	if _, err := schema.ParseMode("sideways"); err == nil || !strings.Contains(err.Error(), "full_transitive") {
		t.Errorf("ParseMode should name the modes: %v", err)
	}
}

func TestCompatibleArguments(t *testing.T) {
	t.Parallel()
	one := compiled(`{}`)
	for name, report := range map[string]schema.Report{
		"no versions":   schema.Compatible(schema.Full, nil),
		"a nil version": schema.Compatible(schema.Full, []*schema.Schema{one[0], nil}),
		"no mode":       schema.Compatible(0, one),
		"a wrong mode":  schema.Compatible(7, one),
	} {
		if report.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := schema.Compatible(schema.Full, one).Err(); err != nil {
		t.Errorf("the first version is compatible with nothing before it: %v", err)
	}
}

func TestCompatibleMessage(t *testing.T) {
	t.Parallel()
	report := schema.Compatible(schema.Backward, compiled(
		`{"type":"object","properties":{"lines":{"items":{"properties":{"qty":{"type":"integer","minimum":0}}}}}}`,
		`{"type":"object","properties":{"lines":{"items":{"properties":{"qty":{"type":"integer","minimum":1}}}}}}`))
	want := []schema.Finding{{
		Severity: schema.Error, Rule: "minimum",
		Path: "/properties/lines/items/properties/qty/minimum", SchemaPath: "/properties/lines/items/properties/qty/minimum",
		Message: "the new schema refuses /lines/0/qty as version 1 may write it: the new schema's minimum is higher than what version 1 may write; " +
			"let it accept what was accepted before",
		Witness: []byte(`{"lines":[{"qty":0}]}`),
	}}
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(report.Findings)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// What can't be judged fails, unless it is accepted by name.
func TestCompatibleUndecided(t *testing.T) {
	t.Parallel()
	versions := compiled(
		`{"properties":{"at":{"type":"string","format":"hostname","minLength":4}}}`,
		`{"properties":{"at":{"type":"string","format":"hostname","not":{"format":"uri"}}}}`)
	report := schema.Compatible(schema.Backward, versions)
	if len(report.Findings) != 1 || report.Findings[0].Severity != schema.NotChecked || report.Err() == nil {
		t.Fatalf("want one finding that is not checked and fails: %s", report)
	}
	path := report.Findings[0].SchemaPath
	for accepted, want := range map[string]bool{path: true, "/properties/at": true, "/properties/a": false, "/other": false} {
		err := schema.Compatible(schema.Backward, versions, schema.AcceptUndecided(accepted)).Err()
		if (err == nil) != want {
			t.Errorf("AcceptUndecided(%q): %v", accepted, err)
		}
	}
	if err := schema.Compatible(schema.Backward, versions, schema.AcceptUndecided()).Err(); err != nil {
		t.Errorf("AcceptUndecided(): %v", err)
	}
	broken := compiled(`{"type":"string"}`, `{"type":"null"}`)
	if schema.Compatible(schema.Backward, broken, schema.AcceptUndecided()).Err() == nil {
		t.Error("AcceptUndecided accepted a break that was shown")
	}
}

// What jsonschema/v5 itself reads in a way of its own must not slip through.
func TestCompatibleNeverGuesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"a keyword of v5's own":  {`{"type":"object"}`, `{"type":"object","regexProperties":true}`},
		"a limit that overflows": {`{"type":"string"}`, `{"type":"string","maxLength":1e300}`},
		"content of content": {`{"$schema":"http://json-schema.org/draft-07/schema#","contentMediaType":"application/json","contentSchema":{"type":"integer"}}`,
			`{"$schema":"http://json-schema.org/draft-07/schema#","contentMediaType":"application/json","contentSchema":{"type":"null"}}`},
		"dynamic references": {`{"type":"object"}`, `{"$dynamicAnchor":"n","type":"object","properties":{"n":{"$dynamicRef":"#n"}}}`},
	} {
		old, errOld := schema.Compile([]byte(c[0]))
		candidate, errNew := schema.Compile([]byte(c[1]))
		if errOld != nil || errNew != nil {
			t.Logf("%s: refused by Compile: %v %v", name, errOld, errNew)
			continue
		}
		report := schema.Compatible(schema.Backward, []*schema.Schema{old, candidate})
		checkWitnesses(t, report, old, candidate)
		if report.Err() == nil {
			t.Errorf("%s: called compatible", name)
		}
	}
}
