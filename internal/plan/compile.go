package plan

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A compiler turns compiled schemas into nodes, each once: recursion ends at a node that is there already.
type compiler struct {
	nodes   map[*jsonschema.Schema]*node
	notes   []Note
	dynamic bool // a reference whose target depends on the way there
}

func (c *compiler) node(s *jsonschema.Schema) *node {
	if n, ok := c.nodes[s]; ok {
		return n
	}
	n := &node{kinds: anyKind, location: s.Location}
	c.nodes[s] = n
	if s.Always != nil {
		if !*s.Always {
			n.kinds = 0
		}
		return n
	}
	if reason := c.foreign(s); reason != "" {
		return c.leave(n, s, reason)
	}
	n.kinds = kindsOf(s.Types)
	constants, ok := c.constants(s)
	if !ok {
		return c.leave(n, s, "enum or const of arrays, objects or long numbers")
	}
	if constants != nil {
		n.kinds &= constants.kinds
	}
	n.text = textRuleOf(s, constants)
	if n.number, ok = numberRuleOf(s, n.kinds, constants); !ok {
		return c.leave(n, s, "a bound of more than 18 digits")
	}
	if n.object, ok = c.objectRule(s); !ok {
		return c.leave(n, s, "a required property that is not allowed")
	}
	n.array = c.arrayRule(s)
	n.inPlace = c.inPlaceRule(s)
	c.noteSlow(n, s)
	n.transparent = n.inPlace.walks() && n.kinds == anyKind &&
		n.text == nil && n.number == nil && n.object == nil && n.array == nil
	return n
}

// leave makes n opaque.
func (c *compiler) leave(n *node, s *jsonschema.Schema, reason string) *node {
	c.note(s, "%s: left to jsonschema/v5, with every document that gets there", reason)
	*n = node{opaque: true, location: s.Location}
	return n
}

func (c *compiler) note(s *jsonschema.Schema, format string, args ...any) {
	c.notes = append(c.notes, Note{Location: s.Location, Reason: fmt.Sprintf(format, args...)})
}

// noteSlow tells of what the plan understands, but not as fast as the rest.
func (c *compiler) noteSlow(n *node, s *jsonschema.Schema) {
	if n.array != nil && n.array.unique {
		c.note(s, "uniqueItems: arrays of two items and more are left to jsonschema/v5")
	}
	if n.text == nil {
		return
	}
	if p := n.text.pattern; p != nil && p.accepts == nil {
		c.note(s, "pattern: it takes package regexp, for up to %d bytes of a document", slowBytes)
	}
	if n.text.format != nil && n.text.simple == nil {
		c.note(s, "format %q: it takes the function of jsonschema/v5, for up to %d bytes of a document", s.Format, slowBytes)
	}
}

// foreign names a keyword that is not understood, "" if there is none.
func (c *compiler) foreign(s *jsonschema.Schema) string {
	switch {
	case s.DynamicRef != nil, s.RecursiveRef != nil:
		c.dynamic = true
		return "$dynamicRef or $recursiveRef"
	case s.UnevaluatedItems != nil, s.UnevaluatedProperties != nil:
		return "unevaluatedItems or unevaluatedProperties"
	case len(s.PatternProperties) > 0:
		return "patternProperties"
	case s.PropertyNames != nil, s.RegexProperties:
		return "propertyNames"
	case len(s.Dependencies) > 0, len(s.DependentRequired) > 0, len(s.DependentSchemas) > 0:
		return "dependencies"
	case s.ContentEncoding != "", s.ContentMediaType != "", s.ContentSchema != nil:
		return "content keywords" // asserted or not, by draft
	case len(s.Extensions) > 0:
		return "an extension"
	}
	return ""
}

var kindByName = map[string]kinds{
	"null": null, "boolean": boolean, "integer": integer, "number": number,
	"string": text, "array": array, "object": object,
}

func kindsOf(types []string) kinds {
	if len(types) == 0 {
		return anyKind
	}
	var k kinds
	for _, t := range types {
		k |= kindByName[t]
	}
	return k
}

func (c *compiler) objectRule(s *jsonschema.Schema) (*objectRule, bool) {
	r := &objectRule{least: max(s.MinProperties, 0), most: most(s.MaxProperties), additional: anything}
	switch a := s.AdditionalProperties.(type) {
	case bool:
		r.closed = !a
	case *jsonschema.Schema:
		r.additional = c.node(a)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		r.properties = append(r.properties, property{name, c.node(s.Properties[name])})
	}
	r.reindex()
	for _, name := range s.Required {
		i, ok := r.index[name]
		if !ok {
			if r.closed {
				return nil, false
			}
			i = len(r.properties)
			r.properties = append(r.properties, property{name, r.additional})
			r.reindex()
		}
		r.required = r.required.with(i)
	}
	if len(r.properties) == 0 && !r.closed && r.additional == anything && r.least == 0 && r.most == unbounded {
		return nil, true
	}
	return r, true
}

func (r *objectRule) reindex() {
	r.index = make(map[string]int, len(r.properties))
	r.follows = make([]atomic.Int32, len(r.properties)+1)
	for i, p := range r.properties {
		r.index[p.name] = i
	}
}

// most reads a bound as jsonschema/v5 does, to which -1 is none.
func most(keyword int) int {
	if keyword == -1 {
		return unbounded
	}
	return keyword
}

func (c *compiler) arrayRule(s *jsonschema.Schema) *arrayRule {
	r := &arrayRule{items: anything, least: max(s.MinItems, 0), most: most(s.MaxItems), unique: s.UniqueItems}
	for _, p := range s.PrefixItems {
		r.prefix = append(r.prefix, c.node(p))
	}
	if s.Items2020 != nil {
		r.items = c.node(s.Items2020)
	}
	switch items := s.Items.(type) { // before draft 2020-12
	case *jsonschema.Schema:
		r.items = c.node(items)
	case []*jsonschema.Schema:
		for _, p := range items {
			r.prefix = append(r.prefix, c.node(p))
		}
		switch a := s.AdditionalItems.(type) {
		case bool:
			if !a {
				r.most = min(r.most, len(items))
			}
		case *jsonschema.Schema:
			r.items = c.node(a)
		}
	}
	if s.Contains != nil && (s.MinContains != -1 || s.MaxContains != -1) {
		r.contains = c.node(s.Contains)
		r.matches.least, r.matches.most = max(s.MinContains, 0), most(s.MaxContains)
	}
	if len(r.prefix) == 0 && r.items == anything && r.least == 0 && r.most == unbounded && !r.unique && r.contains == nil {
		return nil
	}
	return r
}

func (c *compiler) inPlaceRule(s *jsonschema.Schema) *inPlaceRule {
	var r inPlaceRule
	if s.Ref != nil {
		r.all = append(r.all, c.node(s.Ref))
	}
	r.all = append(r.all, c.list(s.AllOf)...)
	r.anyOf, r.oneOf = c.list(s.AnyOf), c.list(s.OneOf)
	if s.Not != nil {
		r.not = c.node(s.Not)
	}
	if s.If != nil {
		r.condition = c.node(s.If)
		if s.Then != nil {
			r.then = c.node(s.Then)
		}
		if s.Else != nil {
			r.otherwise = c.node(s.Else)
		}
	}
	if len(r.all)+len(r.anyOf)+len(r.oneOf) == 0 && r.not == nil && r.condition == nil {
		return nil
	}
	return &r
}

// walks reports whether a value that meets the rule was walked to its end by one of its subschemas.
func (r *inPlaceRule) walks() bool {
	return r != nil && len(r.all)+len(r.anyOf)+len(r.oneOf) > 0
}

func (c *compiler) list(schemas []*jsonschema.Schema) []*node {
	var nodes []*node
	for _, s := range schemas {
		nodes = append(nodes, c.node(s))
	}
	return nodes
}
