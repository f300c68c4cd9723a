package evolve

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// An objectState is what is asked of an object: its names, how many they are, and the values below them.
type objectState struct {
	min, max int // max -1: unbounded
	has      []string
	lacks    []string
	all      []*jsonschema.Schema // their properties, patternProperties and additionalProperties hold
	names    []*jsonschema.Schema // accept every name
	values   []namedValue
	exists   []objectNeed
}

// A namedValue says that the value below name, which is there, is refused by neg.
type namedValue struct {
	name string
	neg  *jsonschema.Schema
}

// A family is a set of names, by what they match.
type family struct {
	pos, neg []string // patterns
	except   []string
}

// An objectNeed asks for a name of the family which badName refuses, or below which there is a value that neg refuses.
type objectNeed struct {
	family  family
	rest    *scope // the name must be one that nothing in this scope evaluated
	badName *jsonschema.Schema
	neg     *jsonschema.Schema
}

func (o *objectState) fork() {
	o.has, o.lacks = slices.Clip(o.has), slices.Clip(o.lacks)
	o.all, o.names = slices.Clip(o.all), slices.Clip(o.names)
	o.values, o.exists = slices.Clip(o.values), slices.Clip(o.exists)
}

func (o *objectState) atMost(n int) {
	if o.max < 0 || n < o.max {
		o.max = n
	}
}

func (o *objectState) add(name string) bool {
	if slices.Contains(o.lacks, name) {
		return false
	}
	if !slices.Contains(o.has, name) {
		o.has = append(o.has, name)
	}
	return true
}

func has(name string) step {
	return func(_ *solver, st *state) bool { return st.obj.add(name) }
}

func hasAll(names []string) step {
	return func(_ *solver, st *state) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !st.obj.add(name) })
	}
}

func lacks(name string) step {
	return func(_ *solver, st *state) bool {
		st.obj.lacks = append(st.obj.lacks, name)
		return !slices.Contains(st.obj.has, name)
	}
}

func (o *objectState) demand(s *jsonschema.Schema) {
	o.min = max(o.min, s.MinProperties)
	if s.MaxProperties >= 0 {
		o.atMost(s.MaxProperties)
	}
	if len(s.Properties)+len(s.PatternProperties) > 0 || s.AdditionalProperties != nil {
		o.all = append(o.all, s)
	}
	if s.PropertyNames != nil {
		o.names = append(o.names, s.PropertyNames)
	}
	for _, name := range s.Required {
		if !o.add(name) {
			o.max = -2 // a name that must and must not be there
		}
	}
}

func refuseObject(s *jsonschema.Schema) [][]step {
	var ways [][]step
	add := func(f func(*objectState)) {
		ways = append(ways, []step{func(_ *solver, st *state) bool { f(&st.obj); return true }})
	}
	for _, name := range s.Required {
		ways = append(ways, []step{lacks(name)})
	}
	if s.MinProperties > 0 {
		add(func(o *objectState) { o.atMost(s.MinProperties - 1) })
	}
	if s.MaxProperties >= 0 {
		add(func(o *objectState) { o.min = max(o.min, s.MaxProperties+1) })
	}
	if s.PropertyNames != nil {
		add(func(o *objectState) { o.exists = append(o.exists, objectNeed{badName: s.PropertyNames}) })
	}
	for _, d := range dependents(s) {
		for _, name := range d.names {
			ways = append(ways, []step{has(d.trigger), lacks(name)})
		}
	}
	for _, d := range dependentSchemas(s) {
		ways = append(ways, []step{has(d.trigger), refuse(d.to)})
	}
	return append(ways, refuseProperties(s)...)
}

func refuseProperties(s *jsonschema.Schema) [][]step {
	var ways [][]step
	for _, name := range sortedKeys(s.Properties) {
		ways = append(ways, []step{has(name), badValue(name, s.Properties[name])})
	}
	rest := family{except: sortedKeys(s.Properties)}
	for _, p := range patternsOf(s) {
		rest.neg = append(rest.neg, p.text)
		ways = append(ways, []step{exists(objectNeed{family: family{pos: []string{p.text}}, neg: p.to})})
	}
	if to := schemaOrBool(s.AdditionalProperties); to != nil {
		ways = append(ways, []step{exists(objectNeed{family: rest, neg: to})})
	}
	return ways
}

func badValue(name string, neg *jsonschema.Schema) step {
	return func(_ *solver, st *state) bool {
		st.obj.values = append(st.obj.values, namedValue{name, neg})
		return true
	}
}

func exists(n objectNeed) step {
	return func(_ *solver, st *state) bool {
		st.obj.exists = append(st.obj.exists, n)
		return true
	}
}

// matches runs a pattern over a name.
func (sv *solver) matches(pattern, name string) bool {
	a := sv.automaton(pattern)
	if a == nil {
		return false
	}
	at := 0
	for _, r := range name {
		at = a.step(at, r)
	}
	return a.accepts(at)
}

func (sv *solver) holds(f family, name string) bool {
	return !slices.Contains(f.except, name) &&
		!slices.ContainsFunc(f.pos, func(p string) bool { return !sv.matches(p, name) }) &&
		!slices.ContainsFunc(f.neg, func(p string) bool { return sv.matches(p, name) })
}
