package evolve

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// refuse says that s does not accept the value: one of its keywords fails.
func refuse(s *jsonschema.Schema) step {
	return func(sv *solver, st *state) bool {
		if whole := sv.onlyRest[s]; whole != nil {
			return !slices.Contains(st.demanded, sv.interner.id(whole)) && st.choose(refuseRest(s, st.kind)...)
		}
		s = sv.canon(s)
		id := sv.interner.id(s)
		if slices.Contains(st.demanded, id) {
			return false
		}
		if slices.Contains(st.refused, id) {
			return true
		}
		st.refused = append(st.refused, id)
		if s.Always != nil {
			return !*s.Always
		}
		ok, integer := allows(s, st.kind)
		if !ok {
			return true
		}
		var ways [][]step
		if integer {
			ways = append(ways, []step{notMultiple(one)})
		}
		ways = append(ways, refuseValue(s)...)
		ways = append(ways, refuseKind(s, st.kind)...)
		ways = append(ways, refuseCombined(s)...)
		return st.choose(append(ways, refuseRest(s, st.kind)...)...)
	}
}

func refuseValue(s *jsonschema.Schema) [][]step {
	var ways [][]step
	for _, values := range [][]any{s.Constant, s.Enum} {
		if len(values) > 0 {
			ways = append(ways, []step{excludes(values)})
		}
	}
	return ways
}

func excludes(values []any) step {
	return func(_ *solver, st *state) bool {
		st.exclude = append(st.exclude, values...)
		return true
	}
}

func refuseKind(s *jsonschema.Schema, k kind) [][]step {
	switch k {
	case kindNumber:
		return refuseNumber(s)
	case kindString:
		return refuseString(s)
	case kindArray:
		return refuseArray(s)
	case kindObject:
		return refuseObject(s)
	default:
		return nil
	}
}

// refuseCombined lists the ways in which the subschemas of s that look at the same value can fail.
func refuseCombined(s *jsonschema.Schema) [][]step {
	var ways [][]step
	for _, target := range []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.DynamicRef} {
		if target != nil {
			ways = append(ways, []step{refuse(target)})
		}
	}
	for _, part := range s.AllOf {
		ways = append(ways, []step{refuse(part)})
	}
	if s.Not != nil {
		ways = append(ways, []step{demand(s.Not, nil)})
	}
	if s.If != nil && s.Then != nil {
		ways = append(ways, []step{demand(s.If, nil), refuse(s.Then)})
	}
	if s.If != nil && s.Else != nil {
		ways = append(ways, []step{refuse(s.If), refuse(s.Else)})
	}
	if len(s.AnyOf) > 0 {
		ways = append(ways, refuseAll(s.AnyOf))
	}
	return append(ways, refuseOne(s.OneOf)...)
}

func refuseAll(list []*jsonschema.Schema) []step {
	var steps []step
	for _, s := range list {
		steps = append(steps, refuse(s))
	}
	return steps
}

// refuseOne lists the ways in which oneOf fails: no branch accepts, or two do.
func refuseOne(list []*jsonschema.Schema) [][]step {
	if len(list) == 0 {
		return nil
	}
	ways := [][]step{refuseAll(list)}
	for i := range list {
		for j := range i {
			ways = append(ways, []step{demand(list[j], nil), demand(list[i], nil)})
		}
	}
	return ways
}

// refuseRest says that the rest of s accepts, and that a part which it did not evaluate is refused.
func refuseRest(s *jsonschema.Schema, k kind) [][]step {
	rest := restOf(s, k)
	if rest == nil {
		return nil
	}
	sc := &scope{owner: s}
	body := func(_ *solver, st *state) bool { return demandBody(st, s, sc) }
	missing := func(_ *solver, st *state) bool {
		if st.kind == kindObject {
			st.obj.exists = append(st.obj.exists, objectNeed{rest: sc, neg: rest})
			st.obj.min = max(st.obj.min, 1)
		} else {
			st.arr.needs = append(st.arr.needs, arrayNeed{to: -1, rest: sc, neg: []*jsonschema.Schema{rest}})
		}
		return true
	}
	return [][]step{{body, missing}}
}
