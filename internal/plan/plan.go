// Package plan answers fast what a schema check mostly has to say: that a document is valid.
//
// A Plan is compiled from the schema that jsonschema/v5 has compiled. It walks the bytes of a document once, without allocating,
// and answers "valid" or "not sure". It never says "invalid" to its caller: whatever it is not sure of goes to the guard and to
// jsonschema/v5, which decide and explain. So no verdict and no error text depends on it; it only saves the way there.
//
// "Valid" covers what internal/guard asks for as well (well-formed JSON in UTF-8, no name twice, bounded depth and numbers),
// so that a document which the plan accepts needs no other look.
//
// What it does not understand it marks as opaque, with a note, and is not sure of wherever a document gets there.
package plan

import (
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A Plan is immutable and safe for concurrent use.
type Plan struct {
	root  *node
	notes []Note
	walks sync.Pool // of *walk
}

// Compile makes the plan of a compiled schema whose formats are asserted.
func Compile(s *jsonschema.Schema) *Plan {
	c := compiler{nodes: make(map[*jsonschema.Schema]*node)}
	p := &Plan{root: c.node(s)}
	for _, n := range c.nodes {
		n.shorten()
	}
	if c.dynamic { // the meaning of every part may depend on the way there
		p.root = &node{opaque: true}
	}
	p.notes = c.notes
	p.walks.New = func() any { return new(walk) }
	return p
}

// Notes returns the parts that the plan is never sure of, or is slower at, in the order in which they were met.
func (p *Plan) Notes() []Note { return p.notes }

// Accepts reports whether doc is valid for sure. It keeps nothing of doc.
func (p *Plan) Accepts(doc []byte) bool {
	w := p.walks.Get().(*walk)
	w.reset(doc)
	ok := w.document(p.root)
	w.doc = nil
	p.walks.Put(w)
	return ok
}
