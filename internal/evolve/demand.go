package evolve

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// demand says that s accepts the value. What s evaluates flows into sc and the scopes around it.
func demand(s *jsonschema.Schema, sc *scope) step {
	return func(sv *solver, st *state) bool {
		if sc == nil {
			s = sv.canon(s)
		}
		id := sv.interner.id(s)
		if slices.Contains(st.refused, id) {
			return false
		}
		if sc == nil && slices.Contains(st.demanded, id) {
			return true
		}
		st.demanded = append(st.demanded, id)
		return demandAll(st, s, sc)
	}
}

func demandAll(st *state, s *jsonschema.Schema, sc *scope) bool {
	if s.Always != nil {
		return *s.Always
	}
	if rest := restOf(s, st.kind); rest != nil {
		st.evaluateAll(sc) // jsonschema/v5 counts all as evaluated from here on
		sc = &scope{owner: s, outer: sc}
		st.rests = append(st.rests, sc)
	}
	return demandBody(st, s, sc)
}

// restOf is what s demands of the parts that nothing else evaluated.
func restOf(s *jsonschema.Schema, k kind) *jsonschema.Schema {
	switch k {
	case kindObject:
		return s.UnevaluatedProperties
	case kindArray:
		return s.UnevaluatedItems
	default:
		return nil
	}
}

// demandBody says that all keywords of s but unevaluated… accept the value.
func demandBody(st *state, s *jsonschema.Schema, sc *scope) bool {
	ok, integer := allows(s, st.kind)
	if !ok {
		return false
	}
	if integer {
		st.num.multiple(one)
	}
	if len(s.Constant) > 0 {
		st.finite = append(st.finite, s.Constant)
	}
	if len(s.Enum) > 0 {
		st.finite = append(st.finite, s.Enum)
	}
	st.evaluate(s, sc)
	return demandKind(st, s) && demandCombined(st, s, sc)
}

func demandKind(st *state, s *jsonschema.Schema) bool {
	switch st.kind {
	case kindNumber:
		return st.num.demand(s)
	case kindString:
		return st.demandString(s)
	case kindArray:
		st.arr.demand(s)
	case kindObject:
		st.obj.demand(s)
		return st.demandDependents(s)
	}
	return true
}

// demandCombined says that the subschemas of s that look at the same value accept it.
func demandCombined(st *state, s *jsonschema.Schema, sc *scope) bool {
	if s.Ref != nil {
		st.queue = append(st.queue, demand(s.Ref, sc))
	}
	for _, target := range []*jsonschema.Schema{s.RecursiveRef, s.DynamicRef} {
		if target != nil {
			st.queue = append(st.queue, demand(target, sc))
		}
	}
	for _, part := range s.AllOf {
		st.queue = append(st.queue, demand(part, sc))
	}
	if s.Not != nil {
		st.queue = append(st.queue, refuse(s.Not))
	}
	if st.kind == kindObject {
		demandDependentSchemas(st, s, sc)
	}
	if s.If != nil && (s.Then != nil || s.Else != nil || sc != nil) {
		st.choose(
			withOptional([]step{demand(s.If, sc)}, s.Then, sc),
			withOptional([]step{refuse(s.If)}, s.Else, sc))
	}
	return demandAny(st, s, sc) && demandOne(st, s, sc)
}

func withOptional(steps []step, s *jsonschema.Schema, sc *scope) []step {
	if s != nil {
		steps = append(steps, demand(s, sc))
	}
	return steps
}

// demandAny says that a branch of anyOf accepts. Where somebody asks what was evaluated, each branch is told
// apart, since every one that accepts evaluates.
func demandAny(st *state, s *jsonschema.Schema, sc *scope) bool {
	if len(s.AnyOf) == 0 {
		return true
	}
	var some [][]step
	for _, branch := range s.AnyOf {
		some = append(some, []step{demand(branch, sc)})
		if sc != nil {
			st.choose([]step{demand(branch, sc)}, []step{refuse(branch)})
		}
	}
	return st.choose(some...)
}

func demandOne(st *state, s *jsonschema.Schema, sc *scope) bool {
	if len(s.OneOf) == 0 {
		return true
	}
	var some [][]step
	for i, branch := range s.OneOf {
		steps := []step{demand(branch, sc)}
		for j, other := range s.OneOf {
			if i != j {
				steps = append(steps, refuse(other))
			}
		}
		some = append(some, steps)
	}
	return st.choose(some...)
}

// demandDependents says that names come together.
func (st *state) demandDependents(s *jsonschema.Schema) bool {
	for _, d := range dependents(s) {
		st.choose([]step{lacks(d.trigger)}, []step{hasAll(d.names)})
	}
	return true
}

func demandDependentSchemas(st *state, s *jsonschema.Schema, sc *scope) {
	for _, d := range dependentSchemas(s) {
		st.choose([]step{lacks(d.trigger)}, []step{has(d.trigger), demand(d.to, sc)})
	}
}

// A dependent is an entry of dependentRequired, or of dependencies with names.
type dependent struct {
	trigger string
	names   []string
}

func dependents(s *jsonschema.Schema) []dependent {
	var out []dependent
	for _, trigger := range sortedKeys(s.DependentRequired) {
		out = append(out, dependent{trigger, s.DependentRequired[trigger]})
	}
	for _, trigger := range sortedKeys(s.Dependencies) {
		if names, ok := s.Dependencies[trigger].([]string); ok {
			out = append(out, dependent{trigger, names})
		}
	}
	return out
}

// A dependentSchema is an entry of dependentSchemas, or of dependencies with a schema.
type dependentSchema struct {
	trigger string
	to      *jsonschema.Schema
}

func dependentSchemas(s *jsonschema.Schema) []dependentSchema {
	var out []dependentSchema
	for _, trigger := range sortedKeys(s.DependentSchemas) {
		out = append(out, dependentSchema{trigger, s.DependentSchemas[trigger]})
	}
	for _, trigger := range sortedKeys(s.Dependencies) {
		if to := schemaOf(s.Dependencies[trigger]); to != nil {
			out = append(out, dependentSchema{trigger, to})
		}
	}
	return out
}
