package evolve

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// An objectPlan is an object in the making: a problem for each name so far.
type objectPlan struct {
	sv     *solver
	st     *state
	values map[string]problem
	known  []string // see names
}

// objectLeaf gives each name that must be there its problem, finds a name for each need, and fills up.
func (sv *solver) objectLeaf(st *state) answer {
	o := &st.obj
	if o.max == -2 || o.max >= 0 && (o.min > o.max || len(o.has) > o.max) {
		return answer{verdict: unsat}
	}
	p := &objectPlan{sv: sv, st: st, values: make(map[string]problem, len(o.has))}
	for _, name := range o.has {
		if !p.add(name) {
			return answer{verdict: unsat}
		}
	}
	for _, v := range o.values {
		if !p.refine(v.name, v.neg) {
			return answer{verdict: unsat}
		}
	}
	needs := o.exists
	if len(st.ors) > 0 { // what is unevaluated is known only when all choices are made
		needs = slices.DeleteFunc(slices.Clone(needs), func(n objectNeed) bool { return n.rest != nil })
	}
	return p.place(needs)
}

// names lists every name that a schema mentions.
func (p *objectPlan) names() []string {
	if p.known == nil {
		p.known = p.sv.mentioned(p.st)
		p.sv.spend(len(p.known) / 4)
	}
	return p.known
}

// mentioned lists the names that some schema of the state treats on their own.
func (sv *solver) mentioned(st *state) []string {
	out := slices.Concat(st.obj.has, st.obj.lacks)
	for _, s := range st.obj.all {
		out = append(out, sv.names(s)...)
	}
	for _, e := range st.evals {
		if e.s != nil {
			out = append(out, sv.names(e.s)...)
		}
	}
	for _, n := range st.obj.exists {
		out = append(out, n.family.except...)
	}
	out = append(out, sv.placeNames(st.problem.place)...)
	slices.Sort(out)
	return slices.Compact(out)
}

// value is what is asked of the value below a name.
func (p *objectPlan) value(name string) problem {
	p.sv.spend(1 + len(p.st.obj.all)/2)
	out := problem{place: p.sv.namePlace(p.st.problem.place, name)}
	for _, s := range p.st.obj.all {
		out.pos = append(out.pos, p.sv.below(s, name)...)
	}
	if len(p.st.ors) > 0 {
		return out
	}
	for _, sc := range p.st.rests {
		if f, some := p.sv.unevaluatedNames(p.st, sc); some && p.sv.holds(f, name) {
			out.pos = append(out.pos, sc.owner.UnevaluatedProperties)
		}
	}
	return out
}

// below lists the subschemas of s that look at the value below a name.
func (sv *solver) below(s *jsonschema.Schema, name string) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	if to, ok := s.Properties[name]; ok {
		out = append(out, to)
	}
	for _, r := range sv.patternsOf(s) {
		if sv.matches(r.text, name) {
			out = append(out, r.to)
		}
	}
	if to := schemaOrBool(s.AdditionalProperties); to != nil && len(out) == 0 {
		out = append(out, to)
	}
	return out
}

// add puts a name in; false means that it can't be there.
func (p *objectPlan) add(name string) bool {
	if _, ok := p.values[name]; ok {
		return true
	}
	for _, s := range p.st.obj.names {
		if ok, sure := accepts(s, name); sure && !ok {
			return false
		}
	}
	if !p.sv.mayWrite(p.st.problem.place, name) {
		return false
	}
	v := p.value(name)
	p.values[name] = v
	return p.sv.solve(v).verdict != unsat
}

// refine says that the value below a name is refused by neg.
func (p *objectPlan) refine(name string, neg *jsonschema.Schema) bool {
	v := p.values[name]
	v.neg = append(slices.Clip(v.neg), neg)
	p.values[name] = v
	return p.sv.solve(v).verdict != unsat
}

func (p *objectPlan) fork() *objectPlan {
	c := *p
	c.values = make(map[string]problem, len(p.values))
	for name, v := range p.values {
		c.values[name] = v
	}
	return &c
}

// place finds a name for each need. Only if every way fails is it shown that there is none.
func (p *objectPlan) place(needs []objectNeed) answer {
	if p.st.obj.max >= 0 && len(p.values) > p.st.obj.max {
		return answer{verdict: unsat}
	}
	if len(needs) == 0 {
		return p.finish()
	}
	n := needs[0]
	if n.rest != nil {
		f, some := p.sv.unevaluatedNames(p.st, n.rest)
		if !some {
			return answer{verdict: unsat}
		}
		n.family = f
	}
	out := answer{verdict: unsat}
	for _, next := range p.choices(n) {
		a := next.place(needs[1:])
		if a.verdict == sat || p.sv.budget <= 0 {
			return a
		}
		if a.verdict == unknown {
			out = a
		}
	}
	return out
}

// choices lists the plans that meet a need: at a name that is mentioned, at one made up before, or at a new one.
func (p *objectPlan) choices(n objectNeed) []*objectPlan {
	var out []*objectPlan
	names := slices.Concat(p.names(), sortedKeys(p.values))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if slices.Contains(p.st.obj.lacks, name) || !p.sv.holds(n.family, name) {
			continue
		}
		if n.badName != nil {
			if ok, sure := accepts(n.badName, name); sure && ok {
				continue
			}
		}
		next := p.fork()
		if next.add(name) && (n.neg == nil || next.refine(name, n.neg)) {
			out = append(out, next)
		}
	}
	for _, f := range p.newNames(n) {
		next := p.fork()
		next.values[f.name] = f.value
		out = append(out, next)
	}
	return out
}

// A newName is a name that no schema mentions, with the problem of its value.
type newName struct {
	name  string
	value problem
}

// newNames lists a name for each way in which the patterns around can match one of the need's family.
func (p *objectPlan) newNames(n objectNeed) []newName {
	var out []newName
	for _, class := range p.classes(n.family) {
		value, ok := p.valueOf(class, n.neg)
		if !ok {
			continue
		}
		name := problem{pos: append(slices.Clone(p.st.obj.names), p.sv.patterns(class.pos)...), neg: p.sv.patterns(class.neg)}
		name.pos = append(name.pos, anyString)
		name.neg = append(name.neg, enumOf(anySlice(p.names())...))
		if n.badName != nil {
			name.neg = append(name.neg, n.badName)
		}
		a := p.sv.solve(name)
		if a.verdict == unsat {
			continue
		}
		f := newName{name: fmt.Sprintf("\x00%d", len(p.values)), value: value} // stands for one that could not be made
		name.neg = append(name.neg, enumOf(anySlice(sortedKeys(p.values))...))
		if a = p.sv.solve(name); a.verdict == sat {
			f.name = a.doc.(string)
		}
		out = append(out, f)
	}
	return out
}

var anyString = func() *jsonschema.Schema {
	s := blank("")
	s.Types = []string{"string"}
	return s
}()

func anySlice(names []string) []any {
	out := []any{"\x00"} // never empty: jsonschema/v5 takes an empty enum for none
	for _, name := range names {
		out = append(out, name)
	}
	return out
}

// patterns makes a schema of each pattern, once.
func (sv *solver) patterns(texts []string) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for _, text := range texts {
		s, ok := sv.patternSchemas[text]
		if !ok {
			s = blank("")
			s.Pattern = regexp.MustCompile(text) // it was compiled before, by jsonschema/v5
			sv.patternSchemas[text] = s
		}
		out = append(out, s)
	}
	return out
}

// classes splits a family by every pattern around that it leaves open.
func (p *objectPlan) classes(f family) []family {
	out := []family{f}
	for _, text := range p.around() {
		if slices.Contains(f.pos, text) || slices.Contains(f.neg, text) {
			continue
		}
		if len(out) > 32 { // what is left open is asked less of, which is safe
			break
		}
		var split []family
		for _, c := range out {
			with, without := c, c
			with.pos = append(slices.Clip(c.pos), text)
			without.neg = append(slices.Clip(c.neg), text)
			split = append(split, without, with)
		}
		out = split
	}
	return p.sv.writable(p.st.problem.place, out)
}

// around lists every pattern that decides what a name is asked.
func (p *objectPlan) around() []string {
	var out []string
	for _, s := range p.st.obj.all {
		for _, r := range p.sv.patternsOf(s) {
			out = append(out, r.text)
		}
	}
	for _, sc := range p.st.rests {
		f, _ := p.sv.unevaluatedNames(p.st, sc)
		out = append(out, f.neg...)
	}
	out = append(out, p.sv.placePatterns(p.st.problem.place)...)
	slices.Sort(out)
	return slices.Compact(out)
}

// valueOf is what is asked of the value below a new name of the class; false means that there can be none.
func (p *objectPlan) valueOf(c family, neg *jsonschema.Schema) (problem, bool) {
	out := problem{place: p.sv.classPlace(p.st.problem.place, c)}
	for _, s := range p.st.obj.all {
		out.pos = append(out.pos, p.sv.belowClass(s, c)...)
	}
	if neg != nil {
		out.neg = append(out.neg, neg)
	}
	for _, sc := range p.st.rests {
		if f, some := p.sv.unevaluatedNames(p.st, sc); len(p.st.ors) == 0 && some && containsAll(c.neg, f.neg) {
			out.pos = append(out.pos, sc.owner.UnevaluatedProperties)
		}
	}
	return out, p.sv.solve(out).verdict != unsat
}

// belowClass is below for a new name of which only the class is known.
func (sv *solver) belowClass(s *jsonschema.Schema, c family) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	none := true
	for _, r := range sv.patternsOf(s) {
		if slices.Contains(c.pos, r.text) {
			out = append(out, r.to)
		}
		none = none && slices.Contains(c.neg, r.text)
	}
	if to := schemaOrBool(s.AdditionalProperties); to != nil && none {
		out = append(out, to)
	}
	return out
}

func containsAll(list, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(list, w) })
}

// mostNames is the number of names up to which objects are built.
const mostNames = 200

// finish adds names until there are enough, and builds and checks the object.
func (p *objectPlan) finish() answer {
	missing := p.st.obj.min - len(p.values)
	if missing > 0 {
		p, missing = p.addKnown(missing)
	}
	for ; missing > 0; missing-- {
		if len(p.values) > mostNames || !p.sv.spend(10) {
			return answer{}
		}
		more := p.newNames(objectNeed{})
		if len(more) == 0 {
			return answer{verdict: unsat}
		}
		p = p.fork()
		p.values[more[0].name] = more[0].value
	}
	if p.st.probing {
		return answer{}
	}
	return p.build()
}

// addKnown adds names that schemas mention and that may be there.
func (p *objectPlan) addKnown(missing int) (*objectPlan, int) {
	for _, name := range p.names() {
		if missing <= 0 {
			break
		}
		if _, there := p.values[name]; there || slices.Contains(p.st.obj.lacks, name) {
			continue
		}
		if next := p.fork(); next.add(name) {
			p, missing = next, missing-1
		}
	}
	return p, missing
}

func (p *objectPlan) build() answer {
	doc := make(map[string]any, len(p.values))
	for _, name := range sortedKeys(p.values) {
		a := p.sv.solve(p.values[name])
		if a.verdict != sat || len(name) > 0 && name[0] == 0 {
			return answer{verdict: unknown}
		}
		doc[name] = a.doc
	}
	return p.sv.checked(p.st, doc)
}
