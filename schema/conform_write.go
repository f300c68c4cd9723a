package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/valuegen"
)

// writtenNull reports a nil that is written as null where the schema takes none.
func (c *conformer) writtenNull(p *pair) {
	if !p.write || p.behind && p.t.Kind != jsontype.Pointer || !p.t.Nilable() || p.omitted() || p.n.accepts(nil) {
		return
	}
	what := map[jsontype.Kind]string{jsontype.Pointer: "pointer", jsontype.Map: "map", jsontype.Any: "interface"}[p.t.Kind]
	if what == "" {
		what = "slice"
	}
	remedy := "allow null in the schema"
	if p.field != nil && p.step.kind == toMember {
		remedy += ", or add omitempty where the property is not required"
	}
	c.add(p, Finding{
		Severity: Error, Rule: "null", Witness: c.written(p, reflect.Zero(p.t.Go)),
		Message: fmt.Sprintf("a nil %s is written as null, which the schema refuses: %s", what, remedy),
	})
}

// writtenZero reports a zero value that misses a constraint, and a type that is wider than an enum.
func (c *conformer) writtenZero(p *pair) {
	if c.writtenMembers(p) {
		return
	}
	zero := reflect.New(p.t.Go).Elem()
	if p.t.Kind == jsontype.Struct {
		return // see writtenObject
	}
	if p.t.Nilable() || p.omitted() && p.t.Kind != jsontype.Array {
		c.writtenOther(p)
		return
	}
	text, ok := encodeAt(p, zero)
	if !ok {
		c.add(p, Finding{Severity: Warning, Rule: "encode", Message: fmt.Sprintf("the zero value of %s has no JSON: it must be set before a value is sent", c.typeName(p))})
		return
	}
	if keyword, at := ownFault(p.n.refusal(decode(string(text)))); keyword != "" {
		c.add(p, Finding{
			Severity: Warning, SchemaPath: at, Rule: keyword, Witness: c.written(p, zero),
			Message: fmt.Sprintf("the zero value of %s misses %s in the schema: it must be set before a value is sent", c.typeName(p), keyword),
		})
		return
	}
	c.writtenOther(p)
}

// writtenMembers tries the values that an Enumer names.
func (c *conformer) writtenMembers(p *pair) bool {
	e, ok := enumerOf(p.t.Go)
	if !ok || p.t.Kind == jsontype.Struct {
		return false
	}
	for _, m := range e.Enum() {
		v := reflect.ValueOf(m)
		if !v.IsValid() || !v.CanConvert(p.t.Go) {
			continue
		}
		v = v.Convert(p.t.Go)
		if text, ok := encodeAt(p, v); ok && !p.n.accepts(decode(string(text))) && (!v.IsZero() || !p.omitted()) {
			c.add(p, Finding{
				Severity: Error, Rule: "enum", Witness: c.written(p, v),
				Message: fmt.Sprintf("the method Enum of %s names a value that the schema refuses: add it to the schema, or take it from the type", goName(p.t.Go)),
			})
			return true
		}
	}
	return true
}

// writtenOther tells a type that is wider than an enum or a constant.
func (c *conformer) writtenOther(p *pair) {
	for _, s := range p.n.parts {
		keyword := "enum"
		if s.Constant != nil {
			keyword = "const"
		}
		if s.Constant == nil && s.Enum == nil {
			continue
		}
		v := c.unlisted(p)
		if v.IsValid() {
			c.add(p, Finding{
				Severity: Warning, SchemaPath: pointerOf(s) + "/" + keyword, Rule: keyword, Witness: c.written(p, v),
				Message: fmt.Sprintf("%s can hold values that the schema's %s does not name: give the type a method Enum that names them", c.typeName(p), keyword),
			})
		}
		return
	}
}

// unlisted is a value that the schema refuses, if the generator finds one.
func (c *conformer) unlisted(p *pair) reflect.Value {
	for v := range valuegen.Values(p.t, 30) {
		if text, ok := encodeAt(p, v); ok && string(text) != "null" && !p.n.accepts(decode(string(text))) {
			return v
		}
	}
	return reflect.Value{}
}

// ownFault gives the keyword that refuses the value itself, not one of its members, and where it stands.
func ownFault(err error) (keyword, at string) {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return "", ""
	}
	word := lastKeyword(invalid.KeywordLocation)
	choice := invalid.InstanceLocation == "" && (word == "anyOf" || word == "oneOf")
	if !choice { // what a branch refuses is no fault of its own
		for _, cause := range invalid.Causes {
			if keyword, at = ownFault(cause); keyword != "" {
				return keyword, at
			}
		}
	}
	if invalid.InstanceLocation != "" || len(invalid.Causes) > 0 && !choice || word == "" {
		return "", ""
	}
	_, at, _ = strings.Cut(invalid.AbsoluteKeywordLocation, "#")
	return word, unescapePath(at)
}

// lastKeyword is the keyword that a location ends in, also if a name or a number stands behind it.
func lastKeyword(location string) string {
	tokens := strings.Split(location, "/")
	for i := len(tokens) - 1; i > 0; i-- {
		if strings.HasPrefix(tokens[i-1], "depend") {
			return tokens[i-1]
		}
		if !numeric(tokens[i]) && (i+1 == len(tokens) || numeric(tokens[i+1])) && (i < 2 || !strings.HasPrefix(tokens[i-2], "depend")) {
			return tokens[i]
		}
	}
	return ""
}
