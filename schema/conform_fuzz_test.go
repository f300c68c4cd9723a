package schema

// In the package itself: the oracle needs the specimens that Conform tries, and derives from types that are made at run time.

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/internal/zoo"
)

// FuzzConform compares types with any schema. It must not panic, every witness must be one, what is called impossible must be, and a
// report with nothing to say must be right: the zero value is valid, and what the schema names is read and kept.
func FuzzConform(f *testing.F) {
	for i, typ := range zoo.Types {
		derived, err := deriveFrom(typ, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(derived.String()), uint8(i))
		f.Add([]byte(derived.String()), uint8(i+1))
	}
	for _, text := range []string{
		`{"properties":{"id":{"type":["string","null"]},"a":{"enum":[1,"x",null]}},"required":["b"],"additionalProperties":false}`,
		`{"oneOf":[{"properties":{"value":{"const":"a"}}},{"required":["value"]}],"not":{"required":["next"]},"minProperties":3}`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"next":{"$ref":"#/$defs/a"},"children":{"items":{"$ref":"#"}}}}}}`,
		`{"properties":{"I8":{"minimum":-1e30,"maximum":1e30,"type":"number"},"U8":{"multipleOf":0.5}},"if":{"required":["I8"]},"then":{"properties":{"x":{"type":"integer"}}}}`,
		`{"patternProperties":{"^a":{"type":"string"}},"propertyNames":{"maxLength":3},"dependentRequired":{"a":["b"]}}`,
		`{"prefixItems":[{"type":"string"}],"items":false,"contains":{"const":1},"uniqueItems":true}`, `false`,
	} {
		f.Add([]byte(text), uint8(len(text)))
	}
	f.Fuzz(func(t *testing.T, text []byte, pick uint8) {
		s, err := Compile(text)
		if err != nil {
			return
		}
		typ := zoo.Types[int(pick)%len(zoo.Types)]
		report := conformTo(typ, s, nil)
		for _, finding := range report.Findings {
			checkWitness(t, s, typ, finding)
		}
		checkSilence(t, s, typ, report)
	})
}

// checkWitness does what a user would: it validates, reads and writes.
func checkWitness(t *testing.T, s *Schema, typ reflect.Type, f Finding) {
	t.Helper()
	if f.Witness == nil || f.Severity != Error {
		return
	}
	c := conformer{schema: s, root: &jsontype.Type{Go: typ}}
	switch valid := s.Validate(f.Witness) == nil; {
	case valid && c.rootKeeps(f.Witness):
		t.Errorf("the schema takes the witness and %s keeps it: %s", typ, f)
	case !valid:
		target := reflect.New(typ)
		if strictjson.Unmarshal(f.Witness, target.Interface()) != nil {
			t.Errorf("%s does not read what it is said to write: %s", typ, f)
		}
	}
}

func checkSilence(t *testing.T, s *Schema, typ reflect.Type, report Report) {
	t.Helper()
	desc, _ := jsontype.Describe(typ)
	said := slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.Rule != "open" && f.Rule != "integer-form" })
	round := 0
	for v := range valuegen.Values(desc, 100) {
		doc, err := strictjson.Marshal(v.Interface())
		if err != nil {
			continue
		}
		invalid := s.Validate(doc)
		if invalid == nil && report.Impossible() != nil {
			t.Errorf("%s is valid, and the report says that nothing is: %v", doc, report.Impossible())
		}
		if round == 0 && invalid != nil && !said {
			t.Errorf("the zero value of %s is invalid, and the report does not tell: %v\n%s\n%s", typ, invalid, report, s)
		}
		round++
	}
	c := conformer{schema: s, root: desc}
	for _, specimen := range conjoin(s.compiled).specimens(0) {
		text, err := plainJSON(specimen.value)
		if err == nil && !said && s.Validate(text) == nil && !c.rootKeeps(text) {
			t.Errorf("%s is allowed and not kept by %s, and the report does not tell: %s\n%s", text, typ, report, s)
		}
	}
}

// fuzzTypes are what the fields of derived structs are made of.
var fuzzTypes = append(slices.Clone(zoo.Types),
	reflect.TypeFor[int](), reflect.TypeFor[uint8](), reflect.TypeFor[string](), reflect.TypeFor[float64](), reflect.TypeFor[bool](), reflect.TypeFor[any](),
	reflect.TypeFor[[]byte](), reflect.TypeFor[*string](), reflect.TypeFor[[]string](), reflect.TypeFor[map[string]int](), reflect.TypeFor[[2]bool](),
	reflect.TypeFor[zoo.UUID](), reflect.TypeFor[zoo.Currency](), reflect.TypeFor[func()](), reflect.TypeFor[map[bool]int](), reflect.TypeFor[**uint16](),
)

// FuzzDerive derives from structs with any tags. What is derived takes every value of the struct, unless the tag jsonschema bounds it,
// and conforms.
func FuzzDerive(f *testing.F) {
	f.Add("a", "b,omitempty", "", uint8(0), uint8(30))
	f.Add("a,string", ",omitzero", "minimum=1,description=x\\,y", uint8(26), uint8(27))
	f.Add("-", "-,", "enum=a,enum=b,example=c", uint8(28), uint8(28))
	f.Add("a,omitempty,string", "ö", "maxItems=3,uniqueItems", uint8(33), uint8(34))
	f.Add("a\"b", "a'b", "pattern=(,format=x,minLength=-1,=,a=b=c", uint8(32), uint8(39))
	f.Fuzz(func(t *testing.T, first, second, bounds string, a, b uint8) {
		tag := func(json string) reflect.StructTag {
			out := "json:" + strconv.Quote(json)
			if bounds != "" {
				out += " jsonschema:" + strconv.Quote(bounds)
			}
			return reflect.StructTag(out)
		}
		typ := reflect.StructOf([]reflect.StructField{
			{Name: "First", Type: fuzzTypes[int(a)%len(fuzzTypes)], Tag: tag(first)},
			{Name: "Second", Type: fuzzTypes[int(b)%len(fuzzTypes)], Tag: tag(second)},
		})
		s, err := deriveFrom(typ, nil)
		if err != nil || bounds != "" {
			return
		}
		report := conformTo(typ, s, nil)
		if report.Err() != nil {
			t.Fatalf("%s: what was derived does not conform: %v\n%s", typ, report, s)
		}
		desc, _ := jsontype.Describe(typ)
		for v := range valuegen.Values(desc, 40) {
			doc, err := strictjson.Marshal(v.Interface())
			if err != nil {
				t.Fatalf("%s: %v", typ, err)
			}
			if err := s.Validate(doc); err != nil && !onlyTagged(err) {
				t.Fatalf("%s: a value is invalid: %v\n%s\n%s", typ, err, doc, s)
			}
		}
	})
}

// onlyTagged says whether a document fails by what tags of zoo.Tagged bound.
func onlyTagged(err error) bool {
	return !slices.ContainsFunc(err.(*ValidationError).Faults, func(f Fault) bool {
		return !slices.Contains([]string{"age", "name", "email", "share", "tags"}, f.InstancePath[strings.LastIndexByte(f.InstancePath, '/')+1:])
	})
}
