package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A specimen is a value that a schema allows, and the keyword that asked for it.
type specimen struct {
	value any // as decode gives it
	rule  string
	at    string // the pointer of the schema that asked
}

// maxSpecimenDepth bounds how deep examples nest: a recursive schema has no end.
const maxSpecimenDepth = 8

// specimens are values that the conjunction explicitly allows: constants, members of enums, bounds, and one or two of each type that it
// names. All of them are valid. Objects and arrays hold only what they must.
func (n *conjunction) specimens(depth int) []specimen {
	if n.memo.steps++; depth > maxSpecimenDepth || n.memo.steps > maxSteps {
		return nil
	}
	var out []specimen
	for _, s := range n.parts {
		out = append(out, constants(s)...)
	}
	if len(out) == 0 {
		kinds := n.kinds()
		if kinds == allKinds {
			kinds = 0 // nothing is named
		}
		out = n.ofKinds(kinds, depth)
	}
	out = slices.DeleteFunc(out, func(s specimen) bool { return !n.accepts(s.value) })
	for _, b := range n.branches(allKinds) {
		if depth > 2 && len(out) > 0 {
			break
		}
		out = append(out, n.with(b).specimens(depth+2)...)
	}
	return out
}

// constants are what const and enum name.
func constants(s *jsonschema.Schema) []specimen {
	var out []specimen
	for _, v := range s.Constant {
		out = append(out, specimen{v, "const", pointerOf(s)})
	}
	const most = 200 // members are alike
	for _, v := range s.Enum[:min(len(s.Enum), most)] {
		out = append(out, specimen{v, "enum", pointerOf(s)})
	}
	return out
}

func (n *conjunction) ofKinds(kinds kindSet, depth int) []specimen {
	var out []specimen
	add := func(rule string, values ...any) {
		for _, v := range values {
			out = append(out, specimen{v, rule, n.pointer()})
		}
	}
	if kinds&stringKind != 0 {
		out = append(out, n.strings()...)
	}
	if kinds&numberKind != 0 {
		out = append(out, n.numbers(kinds)...)
	}
	if kinds&boolKind != 0 {
		add("type", true, false)
	}
	if kinds&objectKind != 0 {
		if o, ok := n.object(depth); ok {
			add("type", o)
		}
	}
	if kinds&arrayKind != 0 {
		if a, ok := n.array(depth); ok {
			add("type", a)
		}
	}
	if kinds&nullKind != 0 {
		add("null", nil)
	}
	return out
}

// example gives one valid value.
func (n *conjunction) example(depth int) (v any, ok bool) {
	key := n.key()
	if v, ok := n.memo.examples[key]; ok {
		return v, true
	}
	if n.memo.open[key] {
		return nil, false
	}
	n.memo.open[key] = true
	defer delete(n.memo.open, key)
	if v, ok = n.makeExample(depth); ok {
		n.memo.examples[key] = v
	}
	return v, ok
}

// makeExample takes the first specimen; where nothing is named, a string serves as well as any.
func (n *conjunction) makeExample(depth int) (any, bool) {
	if list := n.specimens(depth); len(list) > 0 {
		return list[0].value, true
	}
	for _, v := range []any{"text", json.Number("1"), map[string]any{}, []any{}, true, nil} {
		if n.accepts(v) {
			return v, true
		}
	}
	if list := n.ofKinds(n.kinds(), depth); len(list) > 0 && n.accepts(list[0].value) {
		return list[0].value, true
	}
	return nil, false
}

// object gives an object with what it must have.
func (n *conjunction) object(depth int) (any, bool) {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(n.required())) {
		if !n.fill(out, name, depth) {
			return nil, false
		}
	}
	for _, name := range n.declared() { // minProperties
		if n.accepts(out) {
			return out, true
		}
		if _, has := out[name]; !has && !n.fill(out, name, depth) {
			delete(out, name)
		}
	}
	for i := 0; i < 3 && !n.accepts(out); i++ {
		n.fill(out, fmt.Sprintf("name%d", i), depth)
	}
	return out, true
}

func (n *conjunction) fill(out map[string]any, name string, depth int) bool {
	v, ok := n.member(name).n.example(depth + 1)
	if ok {
		out[name] = v
	}
	return ok
}

// array gives the shortest array that is allowed.
func (n *conjunction) array(depth int) (any, bool) {
	out := []any{}
	least, _ := n.lengths()
	for _, s := range n.parts {
		if s.Contains != nil {
			if v, ok := conjoinIn(n.memo, s.Contains).example(depth + 1); ok {
				out = append(out, v)
			}
		}
	}
	for i := len(out); i < min(least, 100); i++ {
		item, ok := n.item(i)
		if !ok {
			return nil, false
		}
		options := item.specimens(depth + 1)
		if len(options) == 0 {
			v, ok := item.example(depth + 1)
			if !ok {
				return nil, false
			}
			options = []specimen{{value: v}}
		}
		out = append(out, options[i%len(options)].value) // different ones, for uniqueItems
	}
	return out, true
}

// byFormat are strings of the formats that jsonschema/v5 asserts, and of some that it does not know.
var byFormat = map[string]string{
	"date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02", "time": "03:04:05Z", "duration": "P1DT2H", "period": "2026-01-02T03:04:05Z/P1D",
	"hostname": "example.com", "email": "a@example.com", "ip-address": "192.0.2.1", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	"uri": "https://example.com/a", "iri": "https://example.com/a", "uri-reference": "a/b", "uriref": "a/b", "iri-reference": "a/b",
	"uri-template": "https://example.com/{a}", "regex": "^a+$", "json-pointer": "/a/b", "relative-json-pointer": "1/a",
	"uuid": "0b6e1c5e-6f0a-4c6e-9d2a-3f1b5d7a9c11", "byte": "YWJj", "binary": "abc",
}

// strings are texts by format, pattern, encoding and length.
func (n *conjunction) strings() []specimen {
	var out []specimen
	add := func(s *jsonschema.Schema, rule, text string) { out = append(out, specimen{text, rule, pointerOf(s)}) }
	for _, s := range n.parts {
		if text, ok := byFormat[s.Format]; ok {
			add(s, "format", text)
		}
		if s.ContentEncoding == "base64" {
			add(s, "contentEncoding", "YWJj")
		}
		if s.Pattern != nil {
			if text, ok := matching(s.Pattern.String()); ok {
				add(s, "pattern", text)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, s := range n.parts {
		const longest = 2000
		if s.MinLength > 0 && s.MinLength <= longest {
			add(s, "minLength", strings.Repeat("a ", s.MinLength)[:s.MinLength])
		}
		if s.MaxLength >= 0 && s.MaxLength <= longest {
			add(s, "maxLength", strings.Repeat("a ", s.MaxLength)[:s.MaxLength])
		}
	}
	return append(out, specimen{"a b!", "type", n.pointer()})
}

// matching gives a short string that a pattern matches. It finds none for some with anchors inside.
func matching(pattern string) (string, bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	if !writeMatch(&b, re.Simplify()) {
		return "", false
	}
	compiled, err := regexp.Compile(pattern)
	return b.String(), err == nil && compiled.MatchString(b.String())
}

func writeMatch(b *strings.Builder, re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpNoMatch:
		return false
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) == 0 {
			return false
		}
		b.WriteRune(ordinary(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpCapture, syntax.OpPlus:
		return writeMatch(b, re.Sub[0])
	case syntax.OpRepeat:
		for range re.Min {
			if !writeMatch(b, re.Sub[0]) {
				return false
			}
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !writeMatch(b, sub) {
				return false
			}
		}
	case syntax.OpAlternate:
		return writeMatch(b, re.Sub[0])
	}
	return b.Len() < 10_000
}

// ordinary picks a character of a class that people can read, if there is one.
func ordinary(ranges []rune) rune {
	for _, want := range "1aA_-" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= want && want <= ranges[i+1] {
				return want
			}
		}
	}
	return ranges[0]
}

// numbers are the bounds, the values beside exclusive ones, and ordinary numbers between.
func (n *conjunction) numbers(kinds kindSet) []specimen {
	var out []specimen
	add := func(s *jsonschema.Schema, rule string, r *big.Rat) {
		if r != nil {
			out = append(out, specimen{ratText(r), rule, pointerOf(s)})
		}
	}
	step := big.NewRat(1, 1)
	if kinds&intKind == 0 {
		step = big.NewRat(1, 8)
	}
	for _, s := range n.parts {
		add(s, "minimum", s.Minimum)
		add(s, "maximum", s.Maximum)
		if s.ExclusiveMinimum != nil {
			add(s, "exclusiveMinimum", new(big.Rat).Add(s.ExclusiveMinimum, step))
		}
		if s.ExclusiveMaximum != nil {
			add(s, "exclusiveMaximum", new(big.Rat).Sub(s.ExclusiveMaximum, step))
		}
		add(s, "multipleOf", s.MultipleOf)
	}
	values := []string{"1", "0", "-1"}
	if kinds&fractionKind != 0 {
		values = []string{"1.5", "0.5", "-1.5", "0", "1"}
	}
	for _, v := range values {
		if v != "-1" || n.bounded(-1) {
			out = append(out, specimen{json.Number(v), "type", n.pointer()})
		}
	}
	if kinds&fractionKind != 0 {
		out = append(out, n.between()...)
	}
	return out
}

// between is a fraction between two bounds that are near to each other.
func (n *conjunction) between() []specimen {
	for _, s := range n.parts {
		low, high := s.Minimum, s.Maximum
		if low == nil {
			low = s.ExclusiveMinimum
		}
		if high == nil {
			high = s.ExclusiveMaximum
		}
		if low != nil && high != nil {
			mid := new(big.Rat).Add(low, high)
			return []specimen{{ratText(mid.Quo(mid, big.NewRat(2, 1))), "type", n.pointer()}}
		}
	}
	return nil
}

// bounded says whether there is a bound below (-1) or above (1).
func (n *conjunction) bounded(side int) bool {
	for _, s := range n.parts {
		if side < 0 && (s.Minimum != nil || s.ExclusiveMinimum != nil) || side > 0 && (s.Maximum != nil || s.ExclusiveMaximum != nil) {
			return true
		}
	}
	return false
}

// ratText writes a number as JSON does, as short as documents must be.
func ratText(r *big.Rat) json.Number {
	const longest = 40
	text := r.Num().String()
	if !r.IsInt() {
		text = strings.TrimRight(r.FloatString(longest), "0")
	}
	if len(text) > longest {
		text = new(big.Float).SetPrec(256).SetRat(r).Text('e', 17)
	}
	return json.Number(text)
}

// rat reads a number as the validator does, exactly.
func rat(v any) (*big.Rat, bool) {
	text := fmt.Sprint(v)
	if len(text) > 400 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
