// Package evolve decides whether every document that one JSON Schema accepts is accepted by another.
//
// The question is turned around: is there a document that the writer's schema accepts and the reader's refuses?
// The reader's schema is taken apart into slices, each a single demand, and for each slice a solver looks for
// such a document. It ends with a proof that there is none, with the document, or without an answer, and then a
// search by sampling has a try. See [Compare].
package evolve

import (
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A Break is one demand of the reader that documents of the writer may not meet.
type Break struct {
	Path    string // where in the document, as a JSON Pointer; of a break without a witness, * stands for any name or index
	Writer  string // where in the writer's schema, the nearest place that looks at Path
	Reader  string // where in the reader's schema
	Rule    string // the keyword that refuses
	Reason  string // a clause that says what goes wrong, fit to follow a place
	Witness any    // a document that the writer accepts and the reader refuses, if Proven
	Proven  bool   // false: it could not be decided

	// Undeclared says that the witness has names that the writer's schema does not declare, so that it is no break in the lenient reading.
	Undeclared bool
}

// Options change what is compared.
type Options struct {
	// Lenient takes it that a writer emits only the names that its schema declares.
	Lenient bool
	// Budget is the work after which a comparison gives up on what it has not decided. Zero is the default, a few tenths of a second.
	Budget int
}

const defaultBudget = 300_000

// Compare lists the demands of reader that documents valid under writer may not meet, in a stable order. None
// means that every document that writer accepts, reader accepts: proven, not assumed. It is safe for
// concurrent use, does the same on each run, and ends by a budget of work whatever the schemas.
func Compare(writer, reader *jsonschema.Schema, o Options) []Break {
	if o.Budget == 0 {
		o.Budget = defaultBudget
	}
	c := &comparison{writer: writer, reader: reader, lenient: o.Lenient, samples: sampling, told: map[string]bool{}}
	c.run(o.Budget)
	return c.breaks
}

// A comparison is one run of Compare.
type comparison struct {
	writer, reader *jsonschema.Schema
	lenient        bool
	sv             *solver
	place          *place
	breaks         []Break
	samples        int
	declared       *place          // the writer's, in either reading
	told           map[string]bool // demands told of
}

func (c *comparison) run(budget int) {
	c.sv = newSolver(budget, c.writer, c.reader)
	if c.sv.interner.ids[c.writer] == c.sv.interner.ids[c.reader] {
		return
	}
	c.declared = c.sv.placeOf([]*jsonschema.Schema{c.writer})
	if c.lenient {
		c.place = c.declared
	}
	for _, s := range reachable(c.writer, c.reader) {
		if rule, reason := beyond(s); rule != "" {
			c.undecidedWhole(rule, reason)
			return
		}
	}
	slices := slicesOf(c.reader)
	var open []slice
	for i, s := range slices {
		share := c.sv.budget / (len(slices) - i)
		if !c.judge(s, max(share, c.sv.budget/4)) {
			open = append(open, s)
		}
	}
	c.searchFor(open)
}

// judge decides one slice within its share of the budget; false means that it could not.
func (c *comparison) judge(s slice, share int) bool {
	if s.rest != nil {
		c.sv.onlyRest[s.rest] = s.restOf
	}
	spare := c.sv.budget - share
	c.sv.budget = share
	a := c.sv.solve(problem{
		pos:   []*jsonschema.Schema{c.writer},
		neg:   []*jsonschema.Schema{s.schema},
		place: c.place,
	})
	c.sv.budget = max(c.sv.budget, 0) + spare
	switch a.verdict {
	case unsat:
		return true
	case sat:
		return c.proven(s, a.doc)
	default:
		return false
	}
}

// proven notes a break with its witness, after both schemas have been asked.
func (c *comparison) proven(s slice, doc any) bool {
	if ok, sure := accepts(c.writer, doc); !ok || !sure || !c.sv.written(c.place, doc) {
		return false
	}
	if ok, sure := accepts(c.reader, doc); ok || !sure {
		return false
	}
	c.tell(s, c.located(s, doc))
	return true
}

// tell adds a break, unless it says what another says: that of a part which the writer does not declare at all is told
// once, and that of a subschema which is judged again as a whole only if it is at another demand.
func (c *comparison) tell(s slice, b Break) {
	key := b.Reader + " " + s.path
	if prefix, ok := c.undeclared(s.path); ok && b.Undeclared {
		key = "undeclared " + prefix
	}
	if c.told[key] || s.rule == "$ref" && c.told[b.Reader] {
		return
	}
	c.told[key], c.told[b.Reader] = true, true
	c.breaks = append(c.breaks, b)
}

func (c *comparison) undecidedWhole(rule, reason string) {
	if rule == "limit" || !c.sample(slice{}) { // of what overflows, jsonschema/v5 is no witness
		c.tell(slice{}, Break{Rule: rule, Reason: reason})
	}
}

// searchFor samples documents for the slices that the solver left open, and notes as undecided what remains.
func (c *comparison) searchFor(open []slice) {
	for _, s := range open {
		if c.sample(s) {
			continue
		}
		c.tell(s, Break{
			Path: s.path, Writer: c.writerAt(s.path, s.rule), Reader: s.where, Rule: s.rule,
			Reason: "could not be compared within the limits of the check",
		})
	}
}
