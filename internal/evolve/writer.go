package evolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A place is where a value stands in the writer's schema: every subschema that may look at it. In the lenient
// reading a writer emits only names that its schema declares, and a place knows which these are. It is nil in the
// strict reading, and where nothing is declared.
type place struct {
	text     string
	nodes    []*jsonschema.Schema // closed under $ref, allOf, anyOf and the like
	names    []string
	patterns []string
	open     bool              // any name may be written
	below    map[string]*place // by name, once it was asked for
}

func (p *place) key() string {
	if p == nil {
		return ""
	}
	return "@" + p.text
}

// placeOf makes the place that the given subschemas look at.
func (sv *solver) placeOf(roots []*jsonschema.Schema) *place {
	nodes := sv.tidyPlain(inPlace(roots))
	if len(nodes) == 0 {
		return nil
	}
	var text strings.Builder
	for _, s := range nodes {
		fmt.Fprintf(&text, "%d,", sv.interner.id(s))
	}
	if known, ok := sv.places[text.String()]; ok {
		return known
	}
	p := &place{text: text.String(), nodes: nodes, below: map[string]*place{}}
	p.declare(sv)
	sv.places[p.text] = p
	return p
}

func (sv *solver) tidyPlain(list []*jsonschema.Schema) []*jsonschema.Schema {
	slices.SortFunc(list, func(a, b *jsonschema.Schema) int { return sv.interner.id(a) - sv.interner.id(b) })
	return slices.CompactFunc(list, func(a, b *jsonschema.Schema) bool { return sv.interner.id(a) == sv.interner.id(b) })
}

// inPlace lists the roots and all that looks at the same value with them.
func inPlace(roots []*jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	seen := map[*jsonschema.Schema]bool{}
	for stack := slices.Clone(roots); len(stack) > 0; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		out = append(out, s)
		stack = append(stack, s.Ref, s.If, s.Then, s.Else)
		stack = slices.Concat(stack, s.AllOf, s.AnyOf, s.OneOf)
		for _, d := range dependentSchemas(s) {
			stack = append(stack, d.to)
		}
	}
	return out
}

// declare gathers the names that the place declares. A map (additionalProperties with a schema) declares all
// names, and so does a place that declares none: a free-form object.
func (p *place) declare(sv *solver) {
	for _, s := range p.nodes {
		p.names = append(p.names, sv.names(s)...)
		for _, r := range sv.patternsOf(s) {
			p.patterns = append(p.patterns, r.text)
		}
		if schemaOf(s.AdditionalProperties) != nil || s.UnevaluatedProperties != nil && s.UnevaluatedProperties.Always == nil {
			p.open = true
		}
	}
	p.open = p.open || len(p.names)+len(p.patterns) == 0
	for _, s := range p.nodes {
		p.names = append(p.names, s.Required...)
		for _, d := range dependents(s) {
			p.names = append(append(p.names, d.trigger), d.names...)
		}
	}
	slices.Sort(p.names)
	p.names = slices.Compact(p.names)
}

// mayWrite says whether a writer may emit the name.
func (sv *solver) mayWrite(p *place, name string) bool {
	return p == nil || p.open || slices.Contains(p.names, name) ||
		slices.ContainsFunc(p.patterns, func(pattern string) bool { return sv.matches(pattern, name) })
}

// writable keeps the classes of names that a writer may emit beyond the declared ones.
func (sv *solver) writable(p *place, classes []family) []family {
	if p == nil || p.open {
		return classes
	}
	return slices.DeleteFunc(classes, func(c family) bool { return containsAll(c.neg, p.patterns) })
}

func (sv *solver) placeNames(p *place) []string {
	if p == nil {
		return nil
	}
	return p.names
}

func (sv *solver) placePatterns(p *place) []string {
	if p == nil {
		return nil
	}
	return p.patterns
}

// placeWidth is the index from which on all items stand in the same place.
func (sv *solver) placeWidth(p *place) int {
	n := 0
	if p != nil {
		for _, s := range p.nodes {
			prefix, _ := tuple(s)
			n = max(n, len(prefix))
		}
	}
	return n
}

// namePlace is the place below a name.
func (sv *solver) namePlace(p *place, name string) *place {
	if p == nil {
		return nil
	}
	below, ok := p.below[name]
	if !ok {
		below = sv.deeper(p, func(s *jsonschema.Schema) []*jsonschema.Schema {
			return append(sv.below(s, name), s.UnevaluatedProperties)
		})
		p.below[name] = below
	}
	return below
}

// classPlace is the place below a new name of the class.
func (sv *solver) classPlace(p *place, c family) *place {
	return sv.deeper(p, func(s *jsonschema.Schema) []*jsonschema.Schema {
		return append(sv.belowClass(s, c), s.UnevaluatedProperties)
	})
}

// itemPlace is the place of the item at index i.
func (sv *solver) itemPlace(p *place, i int) *place {
	return sv.deeper(p, func(s *jsonschema.Schema) []*jsonschema.Schema {
		prefix, rest := tuple(s)
		out := []*jsonschema.Schema{rest, s.Contains, s.UnevaluatedItems}
		if i < len(prefix) {
			out[0] = prefix[i]
		}
		return out
	})
}

func (sv *solver) deeper(p *place, f func(*jsonschema.Schema) []*jsonschema.Schema) *place {
	if p == nil {
		return nil
	}
	var roots []*jsonschema.Schema
	sv.spend(1 + len(p.nodes)/2)
	for _, s := range p.nodes {
		roots = append(roots, f(s)...)
	}
	return sv.placeOf(roots)
}

// written says whether a writer may emit v at the place.
func (sv *solver) written(p *place, v any) bool {
	if p == nil {
		return true
	}
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if !sv.written(sv.itemPlace(p, i), item) {
				return false
			}
		}
	case map[string]any:
		for name, item := range v {
			if !sv.mayWrite(p, name) || !sv.written(sv.namePlace(p, name), item) {
				return false
			}
		}
	}
	return true
}
