package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// tagKey says what a key of the tag jsonschema may hold and where it says something.
type tagKey struct {
	value tagValue
	on    []jsontype.Kind // nil: anywhere
}

type tagValue int

const (
	aText   tagValue = iota
	aNumber          // any
	aCount           // 0, 1, …
	aFlag            // nothing, true or false
	itsOwn           // a value of the field
)

var (
	numbersOnly = []jsontype.Kind{jsontype.Int, jsontype.Uint, jsontype.Float, jsontype.Number, jsontype.BigInt}
	textual     = []jsontype.Kind{jsontype.String, jsontype.Text, jsontype.Time, jsontype.Bytes}
	listed      = []jsontype.Kind{jsontype.Slice, jsontype.Array}
	mapped      = []jsontype.Kind{jsontype.Map}
)

var tagKeys = map[string]tagKey{
	"title": {aText, nil}, "description": {aText, nil}, "format": {aText, textual}, "pattern": {aText, textual},
	"minimum": {aNumber, numbersOnly}, "maximum": {aNumber, numbersOnly}, "exclusiveMinimum": {aNumber, numbersOnly},
	"exclusiveMaximum": {aNumber, numbersOnly}, "multipleOf": {aNumber, numbersOnly},
	"minLength": {aCount, textual}, "maxLength": {aCount, textual}, "minItems": {aCount, listed}, "maxItems": {aCount, listed},
	"uniqueItems": {aFlag, listed}, "minProperties": {aCount, mapped}, "maxProperties": {aCount, mapped},
	"deprecated": {aFlag, nil}, "default": {itsOwn, nil}, "enum": {itsOwn, nil}, "example": {itsOwn, nil},
}

// tags adds to a field's schema what its tags say.
func (d *deriver) tags(out object, f *jsontype.Field, path string) object {
	for _, part := range splitTag(f.Tag.Get("jsonschema")) {
		key, text, hasValue := strings.Cut(part, "=")
		known, ok := tagKeys[key]
		if !ok {
			d.unknownTag(key, path)
			continue
		}
		kind := valueKind(f)
		if known.on != nil && !slices.Contains(known.on, kind) && !d.isGiven(f.Type) {
			d.fault(path, "%s in its tag jsonschema says nothing about the Go type %s", key, f.Type.Go)
			continue
		}
		value, ok := tagValueOf(known.value, text, hasValue, kind)
		if !ok {
			d.fault(path, "the value of %s in its tag jsonschema is not one that %s can have", key, key)
			continue
		}
		out = withTag(out, key, value)
	}
	if text, ok := f.Tag.Lookup("jsonschema_description"); ok {
		out = out.set("description", text)
	}
	return out
}

func (d *deriver) isGiven(t *jsontype.Type) bool {
	for t.Kind == jsontype.Pointer {
		t = t.Elem
	}
	_, ok := d.given[t.Go]
	return ok
}

func withTag(out object, key string, value any) object {
	switch key {
	case "example":
		examples, _ := out.get("examples").([]any)
		return out.set("examples", append(examples, value))
	case "enum":
		members, _ := out.get("enum").([]any)
		if len(members) == 0 && out.allowsNull() {
			members = []any{nil}
		}
		return out.set("enum", append(members, value))
	}
	return out.set(key, value)
}

func (d *deriver) unknownTag(key, path string) {
	if near := nearest(key, maps.Keys(tagKeys)); near != "" {
		d.fault(path, "its tag jsonschema has the unknown key %q: did you mean %q?", key, near)
		return
	}
	d.fault(path, "its tag jsonschema has the unknown key %q: see schema.For for those that there are", key)
}

// splitTag splits at commas that no backslash stands before.
func splitTag(tag string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(tag); i++ {
		switch {
		case tag[i] == '\\' && i+1 < len(tag) && tag[i+1] == ',':
			part.WriteByte(',')
			i++
		case tag[i] == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(tag[i])
		}
	}
	return slices.DeleteFunc(append(parts, part.String()), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// valueKind is the kind of what a field holds when it is not nil.
func valueKind(f *jsontype.Field) jsontype.Kind {
	if f.Quoted {
		return jsontype.String
	}
	t := f.Type
	for t.Kind == jsontype.Pointer {
		t = t.Elem
	}
	return t.Kind
}

func tagValueOf(want tagValue, text string, hasValue bool, kind jsontype.Kind) (any, bool) {
	switch want {
	case aText:
		return text, hasValue
	case aFlag:
		return !hasValue || text == "true", !hasValue || text == "true" || text == "false"
	case aNumber:
		return json.Number(text), isNumber(text)
	case aCount:
		return json.Number(text), numeric(text) && isNumber(text)
	}
	return ownValue(text, kind), hasValue
}

// ownValue reads a value of the field's own kind: a text needs no quotes.
func ownValue(text string, kind jsontype.Kind) any {
	if !slices.Contains(textual, kind) && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

func isNumber(text string) bool {
	var n json.Number
	return text != "" && text[0] != '"' && json.Unmarshal([]byte(text), &n) == nil && n != ""
}
