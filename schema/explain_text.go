package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// word appends the faults of one finding. Most are one; missing and unknown properties are one each.
func (x *explainer) word(f finding, faults []Fault) []Fault {
	at, rule := x.place(f.err)
	fault := Fault{InstancePath: unescapePath(f.err.InstanceLocation), SchemaPath: x.schemaPath(f.err.AbsoluteKeywordLocation), Rule: rule}
	if at == nil {
		fault.Message = "breaks the rule " + quoteName(rule)
		return append(faults, fault)
	}
	switch rule {
	case "required":
		return x.missing(at, fault, faults)
	case "additionalProperties":
		return x.unknown(at, fault, faults)
	case "anyOf", "oneOf":
		if len(f.err.Causes) > 0 {
			return append(faults, x.alternativeFault(f, at, fault))
		}
	case "":
		return append(faults, x.falseSchema(fault))
	}
	fault.Expected, fault.Message = x.words(at, rule, f.err, fault.InstancePath)
	if at.ofName && strings.Contains(f.err.KeywordLocation, "/propertyNames") {
		_, name := cutLast(fault.InstancePath)
		fault.Message = "the property's name " + quoteName(name) + " " + fault.Message
	}
	return append(faults, fault)
}

// schemaPath leaves out the URI of the main document.
func (x *explainer) schemaPath(location string) string {
	uri, fragment, _ := strings.Cut(location, "#")
	if uri == x.schema.uri {
		return unescapePath(fragment)
	}
	return uri + "#" + unescapePath(fragment)
}

func cutLast(pointer string) (parent, name string) {
	i := strings.LastIndexByte(pointer, '/')
	if i < 0 {
		return "", ""
	}
	return pointer[:i], unescapeToken(pointer[i+1:])
}

// words gives what a keyword expects and the sentence about it.
func (x *explainer) words(at *node, rule string, err *jsonschema.ValidationError, path string) (expected, message string) {
	s := at.schema
	switch rule {
	case "type":
		expected = orList(s.Types)
		return expected, "must be " + expected + ", not " + x.article(path)
	case "uniqueItems":
		i, j := twoNumbers(err.Message)
		return "items that all differ", fmt.Sprintf("must have items that all differ, but items %d and %d are equal", i, j)
	case "oneOf":
		i, j := twoNumbers(err.Message)
		return "exactly one alternative", fmt.Sprintf("must match exactly one alternative, but matches number %d%s and number %d%s",
			i+1, branchName(s.OneOf[min(i, len(s.OneOf)-1)]), j+1, branchName(s.OneOf[min(j, len(s.OneOf)-1)]))
	case "dependentRequired", "dependencies":
		return dependent(s, err)
	}
	p := at.words.of(rule, func() phrase {
		expected, message := say(s, rule)
		return phrase{expected, message}
	})
	return p.expected, p.message
}

// twoNumbers reads the indexes that v5 gives in words: "items at index 1 and 2 are equal", "valid against schemas at indexes 0 and 1".
func twoNumbers(message string) (first, second int) {
	var numbers [2]int
	found := 0
	for word := range strings.FieldsSeq(message) {
		if n, ok := arrayIndex(word); ok && found < len(numbers) {
			numbers[found] = n
			found++
		}
	}
	return numbers[0], numbers[1]
}

// A phrase is what is said of a keyword, or of a missing property: it depends on the schema alone.
type phrase struct{ expected, message string }

// A phrasebook keeps phrases, since a schema that refuses one document will refuse others. It is safe for concurrent use, allocates
// nothing to look a phrase up, and holds at most what the schema has keywords and required names.
type phrasebook struct {
	said atomic.Pointer[map[string]phrase]
}

func (b *phrasebook) of(word string, say func() phrase) phrase {
	old := b.said.Load()
	if old != nil {
		if p, ok := (*old)[word]; ok {
			return p
		}
	}
	p := say()
	book := map[string]phrase{word: p}
	if old != nil {
		maps.Copy(book, *old)
	}
	b.said.CompareAndSwap(old, &book) // who loses says it again next time
	return p
}

func say(s *jsonschema.Schema, rule string) (expected, message string) {
	if expected := bound(s, rule); expected != "" {
		return expected, "must be " + expected
	}
	if expected := count(s, rule); expected != "" {
		return expected, "must have " + expected
	}
	switch rule {
	case "const":
		expected = constant(s.Constant[0])
		return expected, "must be " + expected
	case "enum":
		expected = oneOf(s.Enum)
		return expected, "must be " + expected
	case "format":
		return formatWords(s.Format)
	case "pattern":
		expected = "text that matches " + clip(printable(s.Pattern.String()), 200)
		return expected, "must match the pattern " + clip(printable(s.Pattern.String()), 200)
	case "not":
		return negation(s.Not)
	case "contentEncoding":
		return s.ContentEncoding, "must be encoded as " + s.ContentEncoding
	case "contentMediaType":
		return s.ContentMediaType, "must hold " + s.ContentMediaType
	}
	return "", "breaks the rule " + quoteName(rule)
}

// bound words the keywords that bound a number.
func bound(s *jsonschema.Schema, rule string) string {
	switch rule {
	case "minimum":
		return "at least " + decimal(s.Minimum)
	case "exclusiveMinimum":
		return "more than " + decimal(s.ExclusiveMinimum)
	case "maximum":
		return "at most " + decimal(s.Maximum)
	case "exclusiveMaximum":
		return "less than " + decimal(s.ExclusiveMaximum)
	case "multipleOf":
		return "a multiple of " + decimal(s.MultipleOf)
	}
	return ""
}

// count words the keywords that bound a length.
func count(s *jsonschema.Schema, rule string) string {
	switch rule {
	case "minLength":
		return "at least " + plural(s.MinLength, "character", "characters")
	case "maxLength":
		return "at most " + plural(s.MaxLength, "character", "characters")
	case "minItems":
		return "at least " + plural(s.MinItems, "item", "items")
	case "maxItems":
		return "at most " + plural(s.MaxItems, "item", "items")
	case "additionalItems":
		items, _ := s.Items.([]*jsonschema.Schema)
		return "at most " + plural(len(items), "item", "items")
	case "minProperties":
		return "at least " + plural(s.MinProperties, "property", "properties")
	case "maxProperties":
		return "at most " + plural(s.MaxProperties, "property", "properties")
	case "minContains":
		return "at least " + plural(s.MinContains, "item that its `contains` accepts", "items that its `contains` accepts")
	case "maxContains":
		return "at most " + plural(s.MaxContains, "item that its `contains` accepts", "items that its `contains` accepts")
	}
	return ""
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// decimal writes a bound as a person would: v5 holds it as an exact fraction.
func decimal(r *big.Rat) string {
	if r == nil {
		return "its bound"
	}
	digits, exact := r.FloatPrec()
	text := r.FloatString(digits)
	if !exact || len(text) > 24 {
		f, _ := r.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return text
}

var articles = map[string]string{"string": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean",
	"object": "an object", "array": "an array", "null": "null"}

// orList joins type names: "a string, a number or null".
func orList(types []string) string {
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = articles[t]
	}
	return orWords(words)
}

func orWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// article says what kind of value there is, never the value.
func (x *explainer) article(path string) string {
	v, ok := lookup(x.root, path)
	if !ok {
		return "what is there"
	}
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		if r, ok := new(big.Rat).SetString(string(v)); ok && !r.IsInt() {
			return "a fraction"
		}
		return "a number"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}

// constant prints a member of the schema, which is no value of the document.
func constant(v any) string {
	switch v.(type) {
	case map[string]any:
		return "the object that the schema gives"
	case []any:
		return "the array that the schema gives"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "the constant that the schema gives"
	}
	return clip(string(text), 80)
}

// shownMembers is how many members of an enum are listed.
const shownMembers = 10

func oneOf(members []any) string {
	if len(members) == 1 {
		return constant(members[0])
	}
	words := make([]string, 0, shownMembers+1)
	for i, m := range members {
		if i == shownMembers {
			words = append(words, plural(len(members)-i, "more", "more"))
			break
		}
		words = append(words, constant(m))
	}
	return "one of " + orWords(words)
}

// formatExamples say what a format looks like, which its name often does not.
var formatExamples = map[string]string{
	"date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31", "time": "12:00:00Z", "duration": "P1DT12H", "email": "name@example.com",
	"hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.com/path", "uuid": "123e4567-e89b-12d3-a456-426614174000",
	"json-pointer": "/lines/0", "regex": "^[a-z]+$",
}

func formatWords(format string) (expected, message string) {
	expected = "format " + clip(format, 80)
	if example := formatExamples[format]; example != "" {
		article := "a"
		if format[0] == 'e' || format[0] == 'i' { // an email, an ipv4; but a uri, a uuid
			article = "an"
		}
		return expected, fmt.Sprintf("must be %s %s, such as %s", article, format, example)
	}
	return expected, "must have the format " + quoteName(format)
}

func negation(s *jsonschema.Schema) (expected, message string) {
	switch {
	case len(s.Constant) > 0:
		return "not " + constant(s.Constant[0]), "must not be " + constant(s.Constant[0])
	case len(s.Enum) > 0:
		return "not " + oneOf(s.Enum), "must not be " + oneOf(s.Enum)
	case len(s.Types) > 0:
		return "not " + orList(s.Types), "must not be " + orList(s.Types)
	}
	return "not what `not` describes", "must not match what the schema excludes with `not`"
}

// dependent reads the place of the keyword, which ends with the property that is there and the index of the one that is missing.
func dependent(s *jsonschema.Schema, err *jsonschema.ValidationError) (expected, message string) {
	rest, index := cutLast(unescapePath(err.AbsoluteKeywordLocation))
	_, there := cutLast(rest)
	names := s.DependentRequired[there]
	if list, ok := s.Dependencies[there].([]string); ok {
		names = list
	}
	i, ok := arrayIndex(index)
	if !ok || i >= len(names) {
		return "", "lacks a property that another one asks for"
	}
	expected = "property " + quoteName(names[i])
	return expected, fmt.Sprintf("%s is missing, which %s asks for", expected, quoteName(there))
}
