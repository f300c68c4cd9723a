package evolve

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A step adds a constraint to a state; false means that it contradicts what is there.
type step func(*solver, *state) bool

// A state is one branch of a search: the constraints on a value of one kind, and the choices still to be made.
// Its slices only grow by append, so that a fork may share them.
type state struct {
	problem problem
	kind    kind
	queue   []step
	ors     [][][]step // each a choice of alternatives, each a list of steps

	finite  [][]any // the value is one of each of these
	exclude []any   // and none of these
	asserts []assertion
	num     numberState
	str     stringState
	arr     arrayState
	obj     objectState
	rests   []*scope // unevaluatedProperties or unevaluatedItems that must hold
	evals   []evaluator

	probing bool // only whether it can be met at all is asked, so nothing is built

	demanded, refused []int // by number, so that each schema is opened once
}

// An assertion is a predicate about strings that the solver can't look into, such as a format.
type assertion struct {
	name    string
	negated bool
}

// A scope is where an unevaluatedProperties or unevaluatedItems looks for what its neighbours evaluated.
type scope struct {
	owner *jsonschema.Schema
	outer *scope
}

// fork copies st so that the copy can grow on its own.
func (st *state) fork() *state {
	c := *st
	c.ors = slices.Clip(c.ors)
	c.finite = slices.Clip(c.finite)
	c.exclude = slices.Clip(c.exclude)
	c.asserts = slices.Clip(c.asserts)
	c.rests = slices.Clip(c.rests)
	c.evals = slices.Clip(c.evals)
	c.demanded = slices.Clip(c.demanded)
	c.refused = slices.Clip(c.refused)
	c.str.fork()
	c.num.fork()
	c.arr.fork()
	c.obj.fork()
	return &c
}

// choose adds a choice; one with a single alternative is carried out, one with none is a contradiction.
func (st *state) choose(alternatives ...[]step) bool {
	switch len(alternatives) {
	case 0:
		return false
	case 1:
		st.queue = append(st.queue, alternatives[0]...)
	default:
		st.ors = append(st.ors, alternatives)
	}
	return true
}

// assert notes a predicate of strings and finds the plain contradiction.
func (st *state) assert(name string, negated bool) bool {
	if st.kind != kindString {
		return !negated
	}
	if slices.Contains(st.asserts, assertion{name, !negated}) {
		return false
	}
	st.asserts = append(st.asserts, assertion{name, negated})
	st.str.shape(name, negated)
	return true
}
