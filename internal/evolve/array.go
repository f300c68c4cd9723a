package evolve

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// An arrayState is what is asked of an array: its length, every item, and single items.
type arrayState struct {
	min, max int                  // max -1: unbounded
	all      []*jsonschema.Schema // their items keywords hold
	none     []*jsonschema.Schema // no item is accepted by these
	unique   bool
	repeated bool // two items are equal
	needs    []arrayNeed
	caps     []arrayCap
}

// An arrayNeed asks for an item at an index from…to (-1: no end) that pos accept and neg refuse, count times (0 is once).
type arrayNeed struct {
	from, to int
	pos, neg []*jsonschema.Schema
	count    int
	group    int    // needs of one group, in a row, must be met at different indices
	rest     *scope // the index must be one that nothing in this scope evaluated
}

// An arrayCap says that at most this many items are accepted by s.
type arrayCap struct {
	s    *jsonschema.Schema
	most int
}

func (a *arrayState) fork() {
	a.all, a.none = slices.Clip(a.all), slices.Clip(a.none)
	a.needs, a.caps = slices.Clip(a.needs), slices.Clip(a.caps)
}

func (a *arrayState) atMost(n int) {
	if a.max < 0 || n < a.max {
		a.max = n
	}
}

func (a *arrayState) demand(s *jsonschema.Schema) {
	a.min = max(a.min, s.MinItems)
	if s.MaxItems >= 0 {
		a.atMost(s.MaxItems)
	}
	a.unique = a.unique || s.UniqueItems
	if prefix, rest := tuple(s); len(prefix) > 0 || rest != nil {
		a.all = append(a.all, s)
	}
	if s.Contains == nil {
		return
	}
	if s.MinContains > 0 {
		a.needs = append(a.needs, arrayNeed{to: -1, pos: []*jsonschema.Schema{s.Contains}, count: s.MinContains})
	}
	if s.MaxContains >= 0 {
		a.capAt(s.Contains, s.MaxContains)
	}
}

func (a *arrayState) capAt(s *jsonschema.Schema, most int) {
	if most == 0 {
		a.none = append(a.none, s)
	} else {
		a.caps = append(a.caps, arrayCap{s, most})
	}
}

func refuseArray(s *jsonschema.Schema) [][]step {
	var ways [][]step
	add := func(f func(*arrayState)) {
		ways = append(ways, []step{func(_ *solver, st *state) bool { f(&st.arr); return true }})
	}
	if s.MinItems > 0 {
		add(func(a *arrayState) { a.atMost(s.MinItems - 1) })
	}
	if s.MaxItems >= 0 {
		add(func(a *arrayState) { a.min = max(a.min, s.MaxItems+1) })
	}
	if s.UniqueItems {
		add(func(a *arrayState) { a.repeated, a.min = true, max(a.min, 2) })
	}
	prefix, rest := tuple(s)
	for i, item := range prefix {
		add(func(a *arrayState) { a.need(arrayNeed{from: i, to: i, neg: []*jsonschema.Schema{item}}) })
	}
	if rest != nil {
		add(func(a *arrayState) { a.need(arrayNeed{from: len(prefix), to: -1, neg: []*jsonschema.Schema{rest}}) })
	}
	if s.Contains != nil && s.MinContains > 0 {
		add(func(a *arrayState) { a.capAt(s.Contains, s.MinContains-1) })
	}
	if s.Contains != nil && s.MaxContains >= 0 {
		add(func(a *arrayState) {
			a.need(arrayNeed{to: -1, pos: []*jsonschema.Schema{s.Contains}, count: s.MaxContains + 1})
		})
	}
	return ways
}

func (a *arrayState) need(n arrayNeed) { a.needs = append(a.needs, n) }

// An arrayPlan is an array in the making: a problem for each item so far.
type arrayPlan struct {
	sv    *solver
	st    *state
	items []problem
	max   int
}

// mostItems is the length up to which arrays are built.
const mostItems = 300

// arrayLeaf places what is needed at indices, by trying them in turn, and fills the array up.
func (sv *solver) arrayLeaf(st *state) answer {
	a := &st.arr
	if a.max >= 0 && a.min > a.max || a.unique && a.repeated || sv.overCap(st) {
		return answer{verdict: unsat}
	}
	p := &arrayPlan{sv: sv, st: st, max: a.max}
	if v := p.bound(); v != unknown {
		return answer{verdict: v}
	}
	needs := single(a.needs)
	if len(st.ors) > 0 { // what is unevaluated is known only when all choices are made
		needs = slices.DeleteFunc(needs, func(n arrayNeed) bool { return n.rest != nil })
	}
	for len(p.items) < min(a.min, mostItems) {
		p.items = append(p.items, p.item(len(p.items)))
	}
	return p.place(needs)
}

// item is what is asked of every item at index i.
func (p *arrayPlan) item(i int) problem {
	out := problem{neg: slices.Clone(p.st.arr.none), place: p.sv.itemPlace(p.st.problem.place, i)}
	for _, s := range p.st.arr.all {
		prefix, rest := tuple(s)
		if i < len(prefix) {
			out.pos = append(out.pos, prefix[i])
		} else if rest != nil {
			out.pos = append(out.pos, rest)
		}
	}
	if len(p.st.ors) > 0 {
		return out
	}
	for _, sc := range p.st.rests {
		if from, contains, some := p.st.unevaluatedItems(sc); some && i >= from {
			out.pos = append(out.pos, anyOf(append(contains, sc.owner.UnevaluatedItems)...))
		}
	}
	return out
}

// width is the index from which on all items are asked the same.
func (p *arrayPlan) width() int {
	n := p.sv.placeWidth(p.st.problem.place)
	for _, s := range p.st.arr.all {
		prefix, _ := tuple(s)
		n = max(n, len(prefix))
	}
	for _, need := range p.st.arr.needs {
		n = max(n, need.from)
	}
	for _, e := range p.st.evals {
		if e.s != nil {
			prefix, _ := tuple(e.s)
			n = max(n, len(prefix))
		}
	}
	return n
}

// bound shortens the array to before the first index at which no item can stand.
func (p *arrayPlan) bound() verdict {
	width := p.width()
	for i := 0; i <= width && (p.max < 0 || i < p.max); i++ {
		if p.sv.solve(p.item(i)).verdict == unsat {
			p.max = i
		}
	}
	if p.max >= 0 && p.st.arr.min > p.max {
		return unsat
	}
	return unknown
}

// overCap finds what is needed more often than it may occur.
func (sv *solver) overCap(st *state) bool {
	for _, c := range st.arr.caps {
		for _, n := range st.arr.needs {
			if max(n.count, 1) > c.most && len(n.pos) == 1 && sv.solve(problem{pos: n.pos, neg: []*jsonschema.Schema{c.s}}).verdict == unsat {
				return true
			}
		}
		p := &arrayPlan{sv: sv, st: st}
		forced := 0
		for i := range min(st.arr.min, 50) {
			item := p.item(i)
			item.neg = append(item.neg, c.s)
			if sv.solve(item).verdict == unsat {
				forced++
			}
		}
		if forced > c.most {
			return true
		}
	}
	return false
}

// single writes needs that are to be met several times as several. Very many are cut short: to ask for less is safe.
func single(needs []arrayNeed) []arrayNeed {
	var out []arrayNeed
	for i, n := range needs {
		n.group = i + 1
		for range min(max(n.count, 1), mostItems) {
			out = append(out, n)
		}
	}
	return out
}

// place finds an index for each need. Only if every way fails is it shown that there is none.
func (p *arrayPlan) place(needs []arrayNeed) answer {
	if len(needs) == 0 {
		return p.finish()
	}
	n := needs[0]
	from, neg := n.from, n.neg
	if n.rest != nil {
		start, contains, some := p.st.unevaluatedItems(n.rest)
		if !some {
			return answer{verdict: unsat}
		}
		from, neg = max(from, start), append(slices.Clone(neg), contains...)
	}
	out := answer{verdict: unsat}
	for i := from; i <= max(len(p.items), p.width(), from) && (n.to < 0 || i <= n.to) && (p.max < 0 || i < p.max); i++ {
		if !p.sv.spend(2) {
			return answer{}
		}
		a := p.at(i, n.pos, neg, after(needs, i))
		if a.verdict == sat {
			return a
		}
		if a.verdict == unknown {
			out = a
			if p.sv.budget <= 0 || i >= p.width() {
				return out
			}
		}
	}
	return out
}

// after gives the needs that remain when the first is met at index i. The others of its group come later in the array.
func after(needs []arrayNeed, i int) []arrayNeed {
	rest := needs[1:]
	if len(rest) > 0 && rest[0].group == needs[0].group {
		rest = slices.Clone(rest)
		rest[0].from = max(rest[0].from, i+1)
	}
	return rest
}

// at puts a need at index i, and goes on with the rest.
func (p *arrayPlan) at(i int, pos, neg []*jsonschema.Schema, rest []arrayNeed) answer {
	next := *p
	next.items = slices.Clone(p.items)
	for len(next.items) <= i {
		next.items = append(next.items, p.item(len(next.items)))
	}
	item := next.items[i]
	item.pos = slices.Concat(item.pos, pos)
	item.neg = slices.Concat(item.neg, neg)
	next.items[i] = item
	if p.sv.solve(item).verdict == unsat {
		return answer{verdict: unsat}
	}
	return next.place(rest)
}

// finish builds the array and checks it.
func (p *arrayPlan) finish() answer {
	if p.st.arr.repeated {
		return p.twice()
	}
	if p.st.arr.min > len(p.items) {
		return answer{}
	}
	if p.st.probing {
		return answer{}
	}
	var items []any
	for _, item := range p.items {
		v, ok := p.build(item, items)
		if !ok {
			return answer{}
		}
		items = append(items, v)
	}
	return p.sv.checked(p.st, append([]any{}, items...))
}

// build solves one item, differently from those before it if they must be unique.
func (p *arrayPlan) build(item problem, before []any) (any, bool) {
	for _, c := range p.st.arr.caps { // better none than one too many
		if fewer := p.sv.solve(problem{item.pos, append(slices.Clone(item.neg), c.s), item.place}); fewer.verdict == sat {
			item.neg = append(slices.Clone(item.neg), c.s)
		}
	}
	if p.st.arr.unique && len(before) > 0 {
		item.neg = append(slices.Clone(item.neg), enumOf(before...))
	}
	a := p.sv.solve(item)
	return a.doc, a.verdict == sat
}

// twice looks for two indices that can hold equal items.
func (p *arrayPlan) twice() answer {
	out := answer{verdict: unsat}
	width := p.width()
	for j := 1; j <= max(width, len(p.items))+1 && (p.max < 0 || j < p.max); j++ {
		for i := range j {
			a := p.equalAt(i, j)
			if a.verdict == sat {
				return a
			}
			if a.verdict == unknown {
				out = a
			}
		}
	}
	return out
}

func (p *arrayPlan) equalAt(i, j int) answer {
	items := slices.Clone(p.items)
	for len(items) <= j {
		items = append(items, p.item(len(items)))
	}
	both := problem{slices.Concat(items[i].pos, items[j].pos), slices.Concat(items[i].neg, items[j].neg), items[i].place}
	a := p.sv.solve(both)
	if a.verdict != sat {
		return a
	}
	var out []any
	for k, item := range items {
		v, ok := a.doc, true
		if k != i && k != j {
			v, ok = p.build(item, nil)
		}
		if !ok {
			return answer{}
		}
		out = append(out, v)
	}
	return p.sv.checked(p.st, out)
}
