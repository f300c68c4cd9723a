package schema

import (
	"regexp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A graph is what jsonschema/v5 compiled, seen as the calls that it makes: which schemas it applies to the same value, and which to a
// value's children. It serves to reckon v5's work before v5 starts, since v5 can't be stopped and remembers nothing.
type graph struct {
	root  *node
	nodes []*node          // parents before children, along inPlace edges
	at    map[string]*node // by v5's location
	loop  *node            // a schema that is applied to the same value again and again, else nil
}

// A node is one compiled schema.
type node struct {
	schema  *jsonschema.Schema
	order   int  // in graph.nodes
	types   kind // of values that get past `type`; all where it is absent
	inPlace []edge
	chain   int // the longest path of inPlace edges from here

	named      map[string]*node
	patterns   []patternEdge
	additional *node
	names      *node // propertyNames
	openNames  *node // unevaluatedProperties

	ofName bool // whether it may be applied to a property's name

	prefix    []*node
	items     *node // behind the prefix
	contains  *node
	openItems *node // unevaluatedItems

	price price

	words, lacks, meant phrasebook // what explanations say of its keywords, of its required properties, and of names that are nearly its own
}

// An edge leads to a schema for the same value. With a condition it is taken where an object has that property.
type edge struct {
	to   *node
	when string
	cond bool
}

type patternEdge struct {
	re *regexp.Regexp
	to *node
}

// A kind is a set of JSON types.
type kind uint8

const (
	kindNull kind = 1 << iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
	kindAny kind = 1<<iota - 1
)

var kinds = map[string]kind{"null": kindNull, "boolean": kindBool, "number": kindNumber, "integer": kindNumber, "string": kindString,
	"array": kindArray, "object": kindObject}

// graphBuilder makes one node for each schema that can be reached.
type graphBuilder struct {
	root  *jsonschema.Schema
	nodes map[*jsonschema.Schema]*node
	todo  []*node
}

func newGraph(root *jsonschema.Schema) *graph {
	b := graphBuilder{root: root, nodes: map[*jsonschema.Schema]*node{}}
	g := &graph{root: b.node(root)}
	for len(b.todo) > 0 {
		n := b.todo[len(b.todo)-1]
		b.todo = b.todo[:len(b.todo)-1]
		b.connect(n)
	}
	all := make([]*node, 0, len(b.nodes))
	for _, n := range b.nodes {
		all = append(all, n)
	}
	slices.SortFunc(all, func(x, y *node) int { return comparePointers(x.schema.Location, y.schema.Location) })
	for _, n := range all {
		b.dynamic(n, all)
	}
	g.sort(all)
	g.mark()
	return g
}

func (b *graphBuilder) node(s *jsonschema.Schema) *node {
	if s == nil {
		return nil
	}
	n := b.nodes[s]
	if n == nil {
		n = &node{schema: s, types: typesOf(s), order: -1}
		b.nodes[s] = n
		b.todo = append(b.todo, n)
	}
	return n
}

func (b *graphBuilder) list(schemas []*jsonschema.Schema) []*node {
	nodes := make([]*node, len(schemas))
	for i, s := range schemas {
		nodes[i] = b.node(s)
	}
	return nodes
}

// any takes what v5 keeps for a keyword that may be a boolean, a schema, or a list.
func (b *graphBuilder) any(v any) *node {
	s, _ := v.(*jsonschema.Schema)
	return b.node(s)
}

func typesOf(s *jsonschema.Schema) kind {
	if len(s.Types) == 0 {
		return kindAny
	}
	var k kind
	for _, t := range s.Types {
		k |= kinds[t]
	}
	return k
}

func (b *graphBuilder) connect(n *node) {
	s := n.schema
	b.connectInPlace(n)
	b.connectObject(n)
	n.prefix, n.items = b.list(s.PrefixItems), b.node(s.Items2020)
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		n.items = b.node(items)
	case []*jsonschema.Schema:
		n.prefix, n.items = b.list(items), b.any(s.AdditionalItems)
	}
	n.contains, n.openItems = b.node(s.Contains), b.node(s.UnevaluatedItems)
	b.node(s.ContentSchema)
}

func (b *graphBuilder) connectInPlace(n *node) {
	s := n.schema
	for _, to := range slices.Concat([]*jsonschema.Schema{s.Ref, s.Not, s.If, s.Then, s.Else}, s.AllOf, s.AnyOf, s.OneOf) {
		if to != nil {
			n.inPlace = append(n.inPlace, edge{to: b.node(to)})
		}
	}
	for when, to := range s.DependentSchemas {
		n.inPlace = append(n.inPlace, edge{to: b.node(to), when: when, cond: true})
	}
	for when, v := range s.Dependencies {
		if to := b.any(v); to != nil {
			n.inPlace = append(n.inPlace, edge{to: to, when: when, cond: true})
		}
	}
	b.node(s.RecursiveRef)
	b.node(s.DynamicRef)
}

func (b *graphBuilder) connectObject(n *node) {
	s := n.schema
	if len(s.Properties) > 0 {
		n.named = make(map[string]*node, len(s.Properties))
		for name, to := range s.Properties {
			n.named[name] = b.node(to)
		}
	}
	for re, to := range s.PatternProperties {
		n.patterns = append(n.patterns, patternEdge{re, b.node(to)})
	}
	slices.SortFunc(n.patterns, func(x, y patternEdge) int { return comparePointers(x.re.String(), y.re.String()) })
	n.additional, n.names, n.openNames = b.any(s.AdditionalProperties), b.node(s.PropertyNames), b.node(s.UnevaluatedProperties)
}

// dynamic adds where $dynamicRef and $recursiveRef may lead. Both take the outermost schema of the path that has the anchor, so it is
// the root document's where that has one, unless an `if` hides it; else every schema with the anchor is counted.
func (b *graphBuilder) dynamic(n *node, all []*node) {
	if to := n.schema.RecursiveRef; to != nil {
		b.candidates(n, to, all, to.RecursiveAnchor, func(s *jsonschema.Schema) bool { return s.RecursiveAnchor })
	}
	if to := n.schema.DynamicRef; to != nil {
		b.candidates(n, to, all, to.DynamicAnchor != "", func(s *jsonschema.Schema) bool { return s.DynamicAnchor == to.DynamicAnchor })
	}
}

func (b *graphBuilder) candidates(n *node, to *jsonschema.Schema, all []*node, dynamic bool, match func(*jsonschema.Schema) bool) {
	if !dynamic {
		n.inPlace = append(n.inPlace, edge{to: b.nodes[to]})
		return
	}
	var own, any []edge
	hides := false
	for _, c := range all {
		hides = hides || c.schema.If != nil
		if !match(c.schema) {
			continue
		}
		any = append(any, edge{to: c})
		if documentOf(c.schema) == documentOf(b.root) {
			own = append(own, edge{to: c})
		}
	}
	if len(own) == 0 || hides {
		own = any
	}
	n.inPlace = append(n.inPlace, own...)
}

// sort puts the nodes in topological order along inPlace edges, and finds a loop.
func (g *graph) sort(all []*node) {
	const open, done = 0, 1
	var visit func(n *node)
	visit = func(n *node) {
		n.order = open
		for _, e := range slices.Backward(n.inPlace) { // so that an allOf's members stand in its order
			switch e.to.order {
			case -1:
				visit(e.to)
			case open:
				g.loop = n
				continue
			}
			n.chain = max(n.chain, e.to.chain+1)
		}
		n.order = done
		g.nodes = append(g.nodes, n)
	}
	for _, n := range all {
		if n.order == -1 {
			visit(n)
		}
	}
	slices.Reverse(g.nodes)
	for i, n := range g.nodes {
		n.order = i
	}
}

// mark enters the nodes by location, and marks those that see property names.
func (g *graph) mark() {
	g.at = make(map[string]*node, len(g.nodes))
	for _, n := range g.nodes { // parents before children
		g.at[n.schema.Location] = n
		if n.names != nil {
			n.names.ofName = true
		}
	}
	for _, n := range g.nodes {
		for _, e := range n.inPlace {
			e.to.ofName = e.to.ofName || n.ofName
		}
	}
}
