package evolve

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// yes and no are the boolean schemas.
var yes, no = boolSchema(true), boolSchema(false)

func boolSchema(b bool) *jsonschema.Schema {
	s := blank("")
	s.Always = &b
	return s
}

// blank returns a schema that demands nothing: jsonschema/v5 marks an absent bound by -1.
func blank(location string) *jsonschema.Schema {
	return &jsonschema.Schema{
		Location:      location,
		MinProperties: -1, MaxProperties: -1,
		MinItems: -1, MaxItems: -1, MinContains: 1, MaxContains: -1,
		MinLength: -1, MaxLength: -1,
	}
}

// An edge leads from a schema to one of its subschemas.
type edge struct {
	label string
	to    *jsonschema.Schema
}

// edges lists the subschemas of s in a stable order.
func edges(s *jsonschema.Schema) []edge {
	var out []edge
	one := func(label string, to *jsonschema.Schema) {
		if to != nil {
			out = append(out, edge{label, to})
		}
	}
	many := func(label string, list []*jsonschema.Schema) {
		for i, to := range list {
			one(fmt.Sprintf("%s/%d", label, i), to)
		}
	}
	one("$ref", s.Ref)
	one("$recursiveRef", s.RecursiveRef)
	one("$dynamicRef", s.DynamicRef)
	one("not", s.Not)
	many("allOf", s.AllOf)
	many("anyOf", s.AnyOf)
	many("oneOf", s.OneOf)
	one("if", s.If)
	one("then", s.Then)
	one("else", s.Else)
	objectEdges(s, one)
	arrayEdges(s, one, many)
	one("contentSchema", s.ContentSchema)
	return out
}

func objectEdges(s *jsonschema.Schema, one func(string, *jsonschema.Schema)) {
	for _, name := range sortedKeys(s.Properties) {
		one("properties/"+name, s.Properties[name])
	}
	for _, p := range patternsOf(s) {
		one("patternProperties/"+p.text, p.to)
	}
	one("additionalProperties", schemaOf(s.AdditionalProperties))
	one("propertyNames", s.PropertyNames)
	one("unevaluatedProperties", s.UnevaluatedProperties)
	for _, name := range sortedKeys(s.Dependencies) {
		one("dependencies/"+name, schemaOf(s.Dependencies[name]))
	}
	for _, name := range sortedKeys(s.DependentSchemas) {
		one("dependentSchemas/"+name, s.DependentSchemas[name])
	}
}

func arrayEdges(s *jsonschema.Schema, one func(string, *jsonschema.Schema), many func(string, []*jsonschema.Schema)) {
	if list, ok := s.Items.([]*jsonschema.Schema); ok {
		many("items", list)
	}
	one("items", schemaOf(s.Items))
	one("additionalItems", schemaOf(s.AdditionalItems))
	many("prefixItems", s.PrefixItems)
	one("items2020", s.Items2020)
	one("contains", s.Contains)
	one("unevaluatedItems", s.UnevaluatedItems)
}

func schemaOf(v any) *jsonschema.Schema {
	s, _ := v.(*jsonschema.Schema)
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// A patternRule is one entry of patternProperties.
type patternRule struct {
	text string
	to   *jsonschema.Schema
}

func patternsOf(s *jsonschema.Schema) []patternRule {
	var out []patternRule
	for re, to := range s.PatternProperties {
		out = append(out, patternRule{re.String(), to})
	}
	slices.SortFunc(out, func(a, b patternRule) int { return cmp.Compare(a.text, b.text) })
	return out
}

// facts is what is asked of a schema again and again.
type facts struct {
	names    []string
	patterns []patternRule
	parts    int // subschemas that look at the same value, itself included: what a check costs
}

func (sv *solver) factsOf(s *jsonschema.Schema) *facts {
	f, ok := sv.facts[s]
	if !ok {
		f = &facts{names: sortedKeys(s.Properties), patterns: patternsOf(s), parts: len(inPlace([]*jsonschema.Schema{s}))}
		sv.facts[s] = f
	}
	return f
}

func (sv *solver) names(s *jsonschema.Schema) []string { return sv.factsOf(s).names }

func (sv *solver) patternsOf(s *jsonschema.Schema) []patternRule { return sv.factsOf(s).patterns }

// reachable lists every schema that can be reached from the roots.
func reachable(roots ...*jsonschema.Schema) []*jsonschema.Schema {
	seen := map[*jsonschema.Schema]bool{}
	var order []*jsonschema.Schema
	for stack := roots; len(stack) > 0; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		order = append(order, s)
		for _, e := range edges(s) {
			stack = append(stack, e.to)
		}
	}
	return order
}

// isDynamic says whether what s refers to depends on the path that led to it, so that s can't be judged on its own.
func isDynamic(s *jsonschema.Schema) bool {
	return s.DynamicRef != nil && s.DynamicRef.DynamicAnchor != "" ||
		s.RecursiveRef != nil && s.RecursiveRef.RecursiveAnchor
}

// beyond says why s can't be judged at all, or nothing. These are rare, and what hangs on them is only sampled.
func beyond(s *jsonschema.Schema) (rule, reason string) {
	switch {
	case isDynamic(s):
		return "$dynamicRef", "depends on dynamic references, which are not judged"
	case s.RegexProperties: // a keyword of jsonschema/v5 itself
		return "regexProperties", "depends on regexProperties, which is not judged"
	}
	for _, n := range []int{s.MinProperties, s.MaxProperties, s.MinItems, s.MaxItems, s.MinContains, s.MaxContains, s.MinLength, s.MaxLength} {
		if n < -1 || n > 1<<53 { // jsonschema/v5 lets them overflow
			return "limit", "has a limit that is too large to be counted to"
		}
	}
	return "", ""
}

// An interner numbers schemas: two with the same number accept the same documents, since they are written alike
// all the way down. It is what makes the memory of compared pairs finite on recursive schemas.
type interner struct {
	ids  map[*jsonschema.Schema]int
	keys map[string]int
}

// newInterner numbers what can be reached from the roots by partition refinement: all schemas with the same keywords
// share a number at first, and are told apart by the numbers of their subschemas until nothing changes.
func newInterner(roots ...*jsonschema.Schema) *interner {
	nodes := reachable(roots...)
	in := &interner{ids: map[*jsonschema.Schema]int{}, keys: map[string]int{}}
	locals := make([]string, len(nodes))
	for i, s := range nodes {
		locals[i] = local(s)
	}
	for classes := -1; ; {
		keys, next := map[string]int{}, make(map[*jsonschema.Schema]int, len(nodes))
		for i, s := range nodes {
			next[s] = number(keys, in.key(s, locals[i]))
		}
		in.ids = next
		if len(keys) == classes {
			in.keys = keys
			in.rekey(nodes, locals)
			return in
		}
		classes = len(keys)
	}
}

// rekey files the final numbers under keys that are made of final numbers, so that a schema made later can be found to be equal.
func (in *interner) rekey(nodes []*jsonschema.Schema, locals []string) {
	in.keys = make(map[string]int, len(nodes))
	for i, s := range nodes {
		in.keys[in.key(s, locals[i])] = in.ids[s]
	}
}

func number(keys map[string]int, key string) int {
	id, ok := keys[key]
	if !ok {
		id = len(keys)
		keys[key] = id
	}
	return id
}

func (in *interner) key(s *jsonschema.Schema, local string) string {
	var b strings.Builder
	b.WriteString(local)
	for _, e := range edges(s) {
		fmt.Fprintf(&b, "|%s=%d", e.label, in.ids[e.to])
	}
	return b.String()
}

// id numbers s, which may have been made by the comparison itself: those are trees over numbered schemas.
func (in *interner) id(s *jsonschema.Schema) int {
	if id, ok := in.ids[s]; ok {
		return id
	}
	for _, e := range edges(s) {
		in.id(e.to)
	}
	key := in.key(s, local(s))
	id, ok := in.keys[key]
	if !ok {
		id = len(in.ids) + len(in.keys) // both only grow, so that the sum is new
		in.keys[key] = id
	}
	in.ids[s] = id
	return id
}

// local writes down every keyword of s that is not a subschema.
func local(s *jsonschema.Schema) string {
	var b strings.Builder
	put := func(label string, v any) { fmt.Fprintf(&b, "%s:%v;", label, v) }
	if s.Always != nil {
		put("always", *s.Always)
	}
	if isDynamic(s) {
		put("dynamic", fmt.Sprintf("%p", s))
	}
	put("mark", s.Comment)
	put("types", typesOf(s))
	put("const", canonical(s.Constant))
	put("enum", canonical(s.Enum))
	put("format", assertedFormat(s))
	put("content", assertedContent(s))
	put("bounds", []int{s.MinProperties, s.MaxProperties, s.MinItems, s.MaxItems, s.MinContains, s.MaxContains, s.MinLength, s.MaxLength})
	put("flags", []bool{s.UniqueItems, s.ContainsEval, s.RegexProperties})
	put("required", fmt.Sprintf("%q", s.Required))
	for _, r := range []*big.Rat{s.Minimum, s.ExclusiveMinimum, s.Maximum, s.ExclusiveMaximum, s.MultipleOf} {
		put("rat", r)
	}
	if s.Pattern != nil {
		put("pattern", fmt.Sprintf("%q", s.Pattern.String()))
	}
	localNames(s, put)
	return b.String()
}

func localNames(s *jsonschema.Schema, put func(string, any)) {
	if allowed, ok := s.AdditionalProperties.(bool); ok {
		put("additionalProperties", allowed)
	}
	if allowed, ok := s.AdditionalItems.(bool); ok {
		put("additionalItems", allowed)
	}
	if list, ok := s.Items.([]*jsonschema.Schema); ok {
		put("tuple", len(list))
	}
	for _, name := range sortedKeys(s.Dependencies) {
		if names, ok := s.Dependencies[name].([]string); ok {
			put("dependencies", fmt.Sprintf("%q%q", name, names))
		}
	}
	for _, name := range sortedKeys(s.DependentRequired) {
		put("dependentRequired", fmt.Sprintf("%q%q", name, s.DependentRequired[name]))
	}
}

func canonical(values []any) string {
	if len(values) == 0 {
		return ""
	}
	text, err := json.Marshal(values)
	if err != nil {
		return fmt.Sprintf("%v", values)
	}
	return string(text)
}

// assertedFormat is the format of s that a check asserts: every one that jsonschema/v5 knows, in each draft.
func assertedFormat(s *jsonschema.Schema) string {
	if _, known := jsonschema.Formats[s.Format]; !known {
		return ""
	}
	return s.Format
}

// assertedContent names what jsonschema/v5 asserts of a string's content, which it does in the drafts before 2019-09.
func assertedContent(s *jsonschema.Schema) string {
	if s.ContentEncoding == "" && s.ContentMediaType == "" {
		return ""
	}
	if s.Draft == jsonschema.Draft2019 || s.Draft == jsonschema.Draft2020 {
		return ""
	}
	_, encoding := jsonschema.Decoders[s.ContentEncoding]
	_, media := jsonschema.MediaTypes[s.ContentMediaType]
	if !encoding && !media {
		return ""
	}
	name := s.ContentEncoding + " " + s.ContentMediaType
	if s.ContentSchema != nil { // no two are taken to be the same
		name += fmt.Sprintf(" %p", s.ContentSchema)
	}
	return name
}
