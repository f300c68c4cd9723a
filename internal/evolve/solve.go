package evolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A verdict answers whether a document exists.
type verdict uint8

const (
	unknown verdict = iota // neither could be shown
	unsat                  // there is none: proven
	sat                    // there is one, and it has been checked
)

// An answer is a verdict, with the document if there is one.
type answer struct {
	verdict verdict
	doc     any
}

// A problem asks for a value that every schema of pos accepts and every schema of neg refuses.
// In the lenient reading place is where the value stands in the writer's schema, else nil.
type problem struct {
	pos, neg []*jsonschema.Schema
	place    *place
}

// A frame is one open problem on the solver's stack.
type frame struct {
	low     int      // the lowest frame that this one's proof leans on
	pending []string // what is proven only if this frame's problem has no solution
}

// A memory is what is known of a problem. One with low below the stack's height leans on an open problem.
type memory struct {
	answer
	low int
}

const definite = 1 << 30

// A solver decides problems within a budget of work. It is not safe for concurrent use.
//
// It proves that a problem has no solution from an over-approximation: a constraint that it can't handle is left
// out, which can only add solutions. It shows that one has a solution by building it and checking it with jsonschema/v5.
// So neither answer rests on a rule being complete, and what fits in neither is unknown.
//
// Recursion: a problem that comes up again below itself counts as having no solution there, because the smallest
// document that solves it can't contain a smaller one. What was proven under such an assumption is remembered
// only as long as the assumption may hold: it is forgotten when the outer problem turns out to have a solution.
type solver struct {
	interner *interner
	budget   int
	memos    map[string]memory
	open     map[string]int
	frames   []*frame
	automata map[string]*automaton
	places   map[string]*place

	// onlyRest holds slices of which only the unevaluated part is asked for, with the schema that each was made of.
	onlyRest       map[*jsonschema.Schema]*jsonschema.Schema
	patternSchemas map[string]*jsonschema.Schema
	facts          map[*jsonschema.Schema]*facts
	canons         map[*jsonschema.Schema]*jsonschema.Schema
	vocabularies   map[*jsonschema.Schema]*vocabulary
}

func newSolver(budget int, roots ...*jsonschema.Schema) *solver {
	return &solver{
		interner: newInterner(append(roots, yes, no)...),
		budget:   budget,
		memos:    map[string]memory{},
		open:     map[string]int{},
		automata: map[string]*automaton{},
		places:   map[string]*place{},

		onlyRest:       map[*jsonschema.Schema]*jsonschema.Schema{},
		patternSchemas: map[string]*jsonschema.Schema{},
		facts:          map[*jsonschema.Schema]*facts{},
		canons:         map[*jsonschema.Schema]*jsonschema.Schema{},
		vocabularies:   map[*jsonschema.Schema]*vocabulary{},
	}
}

// spend takes cost from the budget and says whether there is any left.
func (sv *solver) spend(cost int) bool {
	sv.budget -= cost
	return sv.budget > 0
}

// canon follows schemas that are nothing but a reference.
func (sv *solver) canon(s *jsonschema.Schema) *jsonschema.Schema {
	if s.Ref == nil {
		return s
	}
	to, ok := sv.canons[s]
	if !ok {
		for to = s; to.Ref != nil && sv.onlyRef(to); { // jsonschema/v5 refuses references that go in circles
			to = to.Ref
		}
		sv.canons[s] = to
	}
	return to
}

func (sv *solver) onlyRef(s *jsonschema.Schema) bool {
	bare := blank("")
	bare.Ref = s.Ref
	return sv.interner.id(bare) == sv.interner.id(s)
}

// tidy brings schemas into one order, each once, by their numbers.
func (sv *solver) tidy(list []*jsonschema.Schema) []*jsonschema.Schema {
	out := make([]*jsonschema.Schema, 0, len(list))
	for _, s := range list {
		out = append(out, sv.canon(s))
	}
	slices.SortFunc(out, func(a, b *jsonschema.Schema) int { return sv.interner.id(a) - sv.interner.id(b) })
	return slices.CompactFunc(out, func(a, b *jsonschema.Schema) bool {
		return sv.interner.id(a) == sv.interner.id(b)
	})
}

func (sv *solver) key(p problem) string {
	var b strings.Builder
	for _, s := range p.pos {
		fmt.Fprintf(&b, "%d,", sv.interner.id(s))
	}
	b.WriteByte('!')
	for _, s := range p.neg {
		fmt.Fprintf(&b, "%d,", sv.interner.id(s))
	}
	b.WriteString(p.place.key())
	return b.String()
}

// solve answers p, from memory if it can.
func (sv *solver) solve(p problem) answer {
	p.pos, p.neg = sv.tidy(p.pos), sv.tidy(p.neg)
	key := sv.key(p)
	if m, ok := sv.memos[key]; ok {
		sv.lean(m.low)
		return m.answer
	}
	if height, ok := sv.open[key]; ok {
		sv.lean(height)
		return answer{verdict: unsat}
	}
	if !sv.spend(1+len(p.pos)+len(p.neg)) || len(sv.frames) > 500 {
		return answer{}
	}
	f := &frame{low: definite}
	sv.open[key] = len(sv.frames)
	sv.frames = append(sv.frames, f)
	a := sv.search(p)
	sv.frames = sv.frames[:len(sv.frames)-1]
	delete(sv.open, key)
	sv.remember(key, f, a)
	return a
}

// lean notes that the topmost problem's proof rests on the one at the given height.
func (sv *solver) lean(height int) {
	if n := len(sv.frames); n > 0 && height < sv.frames[n-1].low {
		sv.frames[n-1].low = height
	}
}

// remember settles what the closed frame f and the proofs that leant on it are worth.
func (sv *solver) remember(key string, f *frame, a answer) {
	height := len(sv.frames)
	if f.low >= height {
		f.low = definite
	} else if a.verdict != sat {
		sv.lean(f.low)
	}
	if a.verdict != unsat {
		for _, k := range f.pending {
			delete(sv.memos, k)
		}
		if a.verdict == sat || f.low == definite {
			sv.memos[key] = memory{a, definite}
		}
		return
	}
	keys := append(f.pending, key)
	for _, k := range keys {
		sv.memos[k] = memory{answer{verdict: unsat}, f.low}
	}
	if f.low != definite {
		sv.frames[f.low].pending = append(sv.frames[f.low].pending, keys...)
	}
}

// search tries each type that a value can have.
func (sv *solver) search(p problem) answer {
	if sv.contradicts(p) {
		return answer{verdict: unsat}
	}
	out := answer{verdict: unsat}
	for k := range kinds {
		a := sv.searchKind(p, k)
		if a.verdict == sat {
			return a
		}
		if a.verdict == unknown {
			out = a
		}
	}
	return out
}

// contradicts says whether p demands and refuses the same.
func (sv *solver) contradicts(p problem) bool {
	for _, n := range p.neg {
		for _, s := range p.pos {
			if sv.interner.id(n) == sv.interner.id(s) {
				return true
			}
		}
	}
	return false
}

func (sv *solver) searchKind(p problem, k kind) answer {
	st := &state{problem: p, kind: k}
	st.str.max, st.arr.max, st.obj.max = -1, -1, -1
	for _, s := range p.pos {
		st.queue = append(st.queue, demand(s, nil))
	}
	for _, s := range p.neg {
		st.queue = append(st.queue, refuse(s))
	}
	st, a := sv.settle(st)
	if st == nil {
		return a
	}
	return sv.branch(st)
}

// settle carries out what is queued, and then asks whether what is known so far can be met at all.
// It returns no state where the question is settled by that.
func (sv *solver) settle(st *state) (*state, answer) {
	for len(st.queue) > 0 {
		next := st.queue[0]
		st.queue = st.queue[1:]
		if !sv.spend(1) {
			return nil, answer{}
		}
		if !next(sv, st) {
			return nil, answer{verdict: unsat}
		}
	}
	a := sv.leaf(st)
	if a.verdict != unknown {
		return nil, a
	}
	return st, a
}

// branch splits on the choice with the fewest ways left, as a SAT solver does: a choice with no way left ends
// the branch, one with a single way costs nothing.
func (sv *solver) branch(st *state) answer {
	if st.probing {
		st.probing = false
		if a := sv.leaf(st); a.verdict != unknown {
			return a
		}
	}
	if len(st.ors) == 0 {
		return answer{}
	}
	best, ways := -1, []*state(nil)
	for i := range st.ors {
		survivors, a := sv.ways(st, i)
		if a.verdict == sat || len(survivors) == 0 {
			return a
		}
		if best < 0 || len(survivors) < len(ways) {
			best, ways = i, survivors
		}
		if len(ways) == 1 {
			break
		}
	}
	out := answer{verdict: unsat}
	for _, way := range ways {
		a := sv.branch(way)
		if a.verdict == sat {
			return a
		}
		if a.verdict == unknown {
			out = a
		}
	}
	return out
}

// ways tries each alternative of a choice. What remains are the states that may have a solution; if none does, the
// answer is unsat. A state that is settled as unknown for want of budget ends the search.
func (sv *solver) ways(st *state, choice int) ([]*state, answer) {
	var out []*state
	for _, steps := range st.ors[choice] {
		if sv.budget <= 0 {
			return nil, answer{}
		}
		next := st.fork()
		next.ors = slices.Concat(st.ors[:choice], st.ors[choice+1:])
		next.queue, next.probing = slices.Clone(steps), true
		next, a := sv.settle(next)
		switch {
		case a.verdict == sat:
			return nil, a
		case next != nil:
			out = append(out, next)
		case a.verdict == unknown:
			return nil, a
		}
	}
	return out, answer{verdict: unsat}
}

// leaf judges the constraints that st has gathered.
func (sv *solver) leaf(st *state) answer {
	if len(st.finite) > 0 {
		return sv.among(st, st.finite[0])
	}
	switch st.kind {
	case kindNull:
		return sv.among(st, []any{nil})
	case kindBoolean:
		return sv.among(st, []any{true, false})
	case kindNumber:
		return sv.numberLeaf(st)
	case kindString:
		return sv.stringLeaf(st)
	case kindArray:
		return sv.arrayLeaf(st)
	default:
		return sv.objectLeaf(st)
	}
}

// among decides by evaluation, since the value must be one of few.
func (sv *solver) among(st *state, values []any) answer {
	out := answer{verdict: unsat}
	for _, v := range values {
		if kindOf(v) != st.kind {
			continue
		}
		ok, sure := sv.meets(st.problem, v)
		if ok {
			return answer{sat, v}
		}
		if !sure {
			out = answer{}
		}
	}
	return out
}

// meets checks a value against a problem.
func (sv *solver) meets(p problem, v any) (ok, sure bool) {
	cost := 0
	for _, s := range p.pos {
		cost += sv.factsOf(s).parts
	}
	for _, s := range p.neg {
		cost += sv.factsOf(s).parts
	}
	if !sv.spend(1 + cost*weight(v)) {
		return false, false
	}
	if !sv.written(p.place, v) {
		return false, true
	}
	sure = true
	for _, s := range p.pos {
		ok, certain := sv.accepts(s, v)
		if certain && !ok {
			return false, true
		}
		sure = sure && certain
	}
	for _, s := range p.neg {
		ok, certain := sv.accepts(s, v)
		if certain && ok {
			return false, true
		}
		sure = sure && certain
	}
	return sure, sure
}

// A vocabulary is a schema with a long enum: jsonschema/v5 walks the list for each value.
type vocabulary struct {
	values map[string]bool
	rest   *jsonschema.Schema // the schema without its enum
}

// accepts is the plain accepts, but looks a value up where the schema has a long enum.
func (sv *solver) accepts(s *jsonschema.Schema, v any) (ok, sure bool) {
	if len(s.Enum) < 16 {
		return accepts(s, v)
	}
	voc, known := sv.vocabularies[s]
	if !known {
		rest := *s
		rest.Enum = nil
		voc = &vocabulary{map[string]bool{}, &rest}
		for _, item := range s.Enum {
			voc.values[text(item)] = true
		}
		sv.vocabularies[s] = voc
	}
	if !voc.values[text(v)] {
		return false, true
	}
	return accepts(voc.rest, v)
}

// checked turns a built value into an answer, if it stands the test.
func (sv *solver) checked(st *state, v any) answer {
	if ok, _ := sv.meets(st.problem, v); ok {
		return answer{sat, v}
	}
	return answer{}
}

// weight is roughly the number of values in v.
func weight(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += weight(item)
		}
	case map[string]any:
		for _, item := range v {
			n += weight(item)
		}
	case string:
		n += len(v) / 64
	}
	return n
}
