package schema

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// A conjunction is all that a schema says of one place: parts that must hold together, with $ref and allOf followed.
type conjunction struct {
	base  []*jsonschema.Schema // what it was made of: they hold exactly where the parts do
	parts []*jsonschema.Schema
	memo  *memory // shared by all that come of one
}

// memory keeps what was worked out for conjunctions, and bounds the work.
type memory struct {
	examples map[string]any
	open     map[string]bool // examples that are being made: a recursive schema asks for itself
	steps    int
}

const maxSteps = 50_000

func conjoin(base ...*jsonschema.Schema) *conjunction {
	return conjoinIn(&memory{examples: map[string]any{}, open: map[string]bool{}}, base...)
}

func conjoinIn(memo *memory, base ...*jsonschema.Schema) *conjunction {
	n := &conjunction{base: base, memo: memo}
	seen := map[*jsonschema.Schema]bool{}
	var add func(s *jsonschema.Schema)
	add = func(s *jsonschema.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		n.parts = append(n.parts, s)
		for _, ref := range []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.DynamicRef} {
			add(ref)
		}
		for _, sub := range s.AllOf {
			add(sub)
		}
	}
	for _, s := range base {
		add(s)
	}
	return n
}

// with adds schemas that hold too.
func (n *conjunction) with(more ...*jsonschema.Schema) *conjunction {
	return conjoinIn(n.memo, append(slices.Clip(n.base), more...)...)
}

func (n *conjunction) key() string {
	var b strings.Builder
	for _, s := range n.base {
		fmt.Fprintf(&b, "%p ", s)
	}
	return b.String()
}

// pointer says where the conjunction stands in the schema, as a JSON Pointer; within another document, with its URI before it.
func (n *conjunction) pointer() string {
	if len(n.base) == 0 {
		return ""
	}
	return pointerOf(n.base[len(n.base)-1])
}

// accepts says whether a value is valid here.
func (n *conjunction) accepts(v any) bool { return n.refusal(v) == nil }

// refusal gives what v5 has against a value, or nil.
func (n *conjunction) refusal(v any) error {
	for _, s := range n.base {
		if err := runV5(s, v); err != nil {
			return err
		}
	}
	return nil
}

// trivial says whether the conjunction takes everything.
func (n *conjunction) trivial() bool {
	for _, s := range n.parts {
		if !isTrivial(s) {
			return false
		}
	}
	return true
}

func isTrivial(s *jsonschema.Schema) bool {
	if s.Always != nil {
		return *s.Always
	}
	return s.Types == nil && s.Constant == nil && s.Enum == nil && s.Format == "" && s.Not == nil && s.AnyOf == nil && s.OneOf == nil && s.If == nil &&
		!saysOfObjects(s) && !saysOfArrays(s) && s.MinLength < 0 && s.MaxLength < 0 && s.Pattern == nil && s.ContentEncoding == "" &&
		s.Minimum == nil && s.Maximum == nil && s.ExclusiveMinimum == nil && s.ExclusiveMaximum == nil && s.MultipleOf == nil
}

func saysOfObjects(s *jsonschema.Schema) bool {
	return s.MinProperties >= 0 || s.MaxProperties >= 0 || s.Required != nil || s.Properties != nil || s.PropertyNames != nil || s.PatternProperties != nil ||
		s.AdditionalProperties != nil || s.Dependencies != nil || s.DependentRequired != nil || s.DependentSchemas != nil || s.UnevaluatedProperties != nil
}

func saysOfArrays(s *jsonschema.Schema) bool {
	return s.MinItems >= 0 || s.MaxItems >= 0 || s.UniqueItems || s.Items != nil || s.AdditionalItems != nil || s.PrefixItems != nil || s.Items2020 != nil ||
		s.Contains != nil || s.UnevaluatedItems != nil
}

// kindSet is a set of kinds of JSON; integers and other numbers apart.
type kindSet uint8

const (
	nullKind kindSet = 1 << iota
	boolKind
	intKind
	fractionKind
	stringKind
	arrayKind
	objectKind
	numberKind = intKind | fractionKind
	allKinds   = 1<<7 - 1
)

var kindOfType = map[string]kindSet{
	"null": nullKind, "boolean": boolKind, "integer": intKind, "number": numberKind, "string": stringKind, "array": arrayKind, "object": objectKind,
}

// String lists the kinds as JSON Schema calls them.
func (k kindSet) String() string {
	var names []string
	for _, name := range []string{"null", "boolean", "number", "string", "array", "object"} {
		if kind := kindOfType[name]; k&kind == kind {
			names = append(names, name)
		} else if name == "number" && k&intKind != 0 {
			names = append(names, "integer")
		}
	}
	return strings.Join(names, " or ")
}

// kinds are those that the conjunction allows as far as types, enums and branches tell.
func (n *conjunction) kinds() kindSet { return kindsOfAll(n.parts, 0) }

func kindsOfAll(parts []*jsonschema.Schema, depth int) kindSet {
	out := kindSet(allKinds)
	for _, s := range parts {
		out &= kindsOf(s, depth)
	}
	return out
}

// kindsOf looks at one schema alone, whose $ref and allOf are parts of their own, and into its branches.
func kindsOf(s *jsonschema.Schema, depth int) kindSet {
	const maxDepth = 16 // recursion through branches only
	if s.Always != nil && !*s.Always {
		return 0
	}
	out := kindSet(allKinds)
	if s.Types != nil {
		out = 0
		for _, t := range s.Types {
			out |= kindOfType[t]
		}
	}
	for _, values := range [][]any{s.Enum, s.Constant} {
		if values != nil {
			var of kindSet
			for _, v := range values {
				of |= kindOfValue(v)
			}
			out &= of
		}
	}
	for _, branches := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
		if branches != nil && depth < maxDepth {
			var of kindSet
			for _, b := range branches {
				of |= kindsOfAll(conjoin(b).parts, depth+1)
			}
			out &= of
		}
	}
	return out
}

func kindOfValue(v any) kindSet {
	switch v := v.(type) {
	case nil:
		return nullKind
	case bool:
		return boolKind
	case string:
		return stringKind
	case []any:
		return arrayKind
	case map[string]any:
		return objectKind
	default:
		if r, ok := rat(v); ok && r.IsInt() {
			return intKind
		}
		return fractionKind
	}
}

// kindsWritten are those that a type writes, the null of a nil value included.
func kindsWritten(t *jsontype.Type, quoted bool) kindSet {
	switch {
	case t.Kind == jsontype.Pointer:
		return nullKind | kindsWritten(t.Elem, quoted)
	case quoted:
		return stringKind
	}
	switch t.Kind {
	case jsontype.Bool:
		return boolKind
	case jsontype.Int, jsontype.Uint, jsontype.BigInt:
		return intKind
	case jsontype.Float, jsontype.Number:
		return numberKind
	case jsontype.String, jsontype.Text, jsontype.Time:
		return stringKind
	case jsontype.Bytes:
		return stringKind | nullKind
	case jsontype.Slice:
		return arrayKind | nullKind
	case jsontype.Array:
		return arrayKind
	case jsontype.Map:
		return objectKind | nullKind
	case jsontype.Struct:
		return objectKind
	case jsontype.Invalid:
		return 0
	}
	return allKinds
}

// forKind follows a branch if it is the only one of its anyOf or oneOf that can be of a kind, such as the schema beside null.
func (n *conjunction) forKind(kind kindSet) *conjunction {
	for range 8 { // branches of branches
		var only []*jsonschema.Schema
		for _, s := range n.parts {
			for _, branches := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
				if b := feasible(branches, kind); len(b) == 1 && !slices.Contains(n.parts, b[0]) {
					only = append(only, b[0])
				}
			}
		}
		if len(only) == 0 {
			return n
		}
		// The place stays named after the outer schema only if nothing more precise is known.
		n = n.with(only...)
	}
	return n
}

func feasible(branches []*jsonschema.Schema, kind kindSet) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for _, b := range branches {
		if kindsOfAll(conjoin(b).parts, 0)&kind != 0 {
			out = append(out, b)
		}
	}
	return out
}

// maxBranches bounds the branches that are looked into at one place.
const maxBranches = 64

// branches are the schemas of which each may hold or not: of anyOf and oneOf, then and else, dependentSchemas. Where one of several is
// a part already, the others are not looked for.
func (n *conjunction) branches(kind kindSet) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	isPart := func(s *jsonschema.Schema) bool { return slices.Contains(n.parts, s) }
	for _, s := range n.parts {
		var either []*jsonschema.Schema
		for _, sub := range []*jsonschema.Schema{s.Then, s.Else} {
			if sub != nil {
				either = append(either, sub)
			}
		}
		for _, list := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf, either} {
			if !slices.ContainsFunc(list, isPart) {
				out = append(out, feasible(list, kind)...)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.DependentSchemas)) {
			out = append(out, s.DependentSchemas[name])
		}
		for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
			if sub, ok := s.Dependencies[name].(*jsonschema.Schema); ok {
				out = append(out, sub)
			}
		}
	}
	out = slices.DeleteFunc(out, isPart)
	return out[:min(len(out), maxBranches)]
}

// A memberRule is what a conjunction says of a property.
type memberRule struct {
	n        *conjunction
	declared bool               // by properties or patternProperties
	closed   *jsonschema.Schema // the schema that takes no such name; nil if none does
	keyword  string             // of closed
}

// member gives what holds for a property.
func (n *conjunction) member(name string) memberRule {
	var rule memberRule
	var base []*jsonschema.Schema
	for _, s := range n.parts {
		declared, schemas := declaredMember(s, name)
		base = append(base, schemas...)
		rule.declared = rule.declared || declared
		if declared {
			continue
		}
		switch extra := s.AdditionalProperties.(type) {
		case bool:
			if !extra {
				rule.closed, rule.keyword = s, "additionalProperties"
			}
		case *jsonschema.Schema:
			base = append(base, extra)
		}
	}
	for _, s := range n.parts {
		if u := s.UnevaluatedProperties; u != nil && !rule.declared && len(base) == 0 && !n.declaredInBranch(name) {
			if u.Always != nil && !*u.Always {
				rule.closed, rule.keyword = s, "unevaluatedProperties"
			} else {
				base = append(base, u)
			}
		}
	}
	rule.n = conjoinIn(n.memo, base...)
	return rule
}

func declaredMember(s *jsonschema.Schema, name string) (declared bool, schemas []*jsonschema.Schema) {
	if sub, ok := s.Properties[name]; ok {
		schemas, declared = append(schemas, sub), true
	}
	for _, re := range sortedPatterns(s) {
		if re.MatchString(name) {
			schemas, declared = append(schemas, s.PatternProperties[re]), true
		}
	}
	return declared, schemas
}

func (n *conjunction) declaredInBranch(name string) bool {
	for _, b := range n.branches(objectKind) {
		for _, s := range conjoin(b).parts {
			if declared, _ := declaredMember(s, name); declared || s.AdditionalProperties != nil {
				return true
			}
		}
	}
	return false
}

// declared are the names of all properties, in order.
func (n *conjunction) declared() []string {
	names := map[string]bool{}
	for _, s := range n.parts {
		for name := range s.Properties {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// required are the names that must be there, each with the schema that says so.
func (n *conjunction) required() map[string]*jsonschema.Schema {
	out := map[string]*jsonschema.Schema{}
	for _, s := range n.parts {
		for _, name := range s.Required {
			if out[name] == nil {
				out[name] = s
			}
		}
	}
	return out
}

// item gives what holds for an array's item at an index, and whether there may be one.
func (n *conjunction) item(index int) (*conjunction, bool) {
	var base []*jsonschema.Schema
	for _, s := range n.parts {
		base = append(base, itemOf(s, index)...)
	}
	for _, s := range n.parts {
		if s.UnevaluatedItems != nil && len(base) == 0 {
			base = append(base, s.UnevaluatedItems)
		}
	}
	for _, s := range base {
		if s.Always != nil && !*s.Always {
			return nil, false
		}
	}
	_, most := n.lengths()
	return conjoinIn(n.memo, base...), most < 0 || index < most
}

var never = func() *jsonschema.Schema {
	no := false
	return &jsonschema.Schema{Always: &no}
}()

func itemOf(s *jsonschema.Schema, index int) []*jsonschema.Schema {
	tuple := s.PrefixItems
	var rest any
	if s.Items2020 != nil {
		rest = s.Items2020
	}
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		rest = items
	case []*jsonschema.Schema:
		tuple, rest = items, s.AdditionalItems
	}
	if index < len(tuple) {
		return []*jsonschema.Schema{tuple[index]}
	}
	switch rest := rest.(type) {
	case bool:
		if !rest {
			return []*jsonschema.Schema{never}
		}
	case *jsonschema.Schema:
		return []*jsonschema.Schema{rest}
	}
	return nil
}

// tuple is the number of items that have a schema of their own.
func (n *conjunction) tuple() int {
	most := 0
	for _, s := range n.parts {
		most = max(most, len(s.PrefixItems))
		if items, ok := s.Items.([]*jsonschema.Schema); ok {
			most = max(most, len(items))
		}
	}
	return most
}

// lengths are the bounds of an array's length; -1 is none.
func (n *conjunction) lengths() (least, most int) {
	least, most = 0, -1
	for _, s := range n.parts {
		least = max(least, s.MinItems)
		if s.MaxItems >= 0 && (most < 0 || s.MaxItems < most) {
			most = s.MaxItems
		}
	}
	return least, most
}

func sortedPatterns(s *jsonschema.Schema) []*regexp.Regexp {
	return slices.SortedFunc(maps.Keys(s.PatternProperties), func(a, b *regexp.Regexp) int { return strings.Compare(a.String(), b.String()) })
}
