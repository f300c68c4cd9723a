package evolve

import "github.com/santhosh-tekuri/jsonschema/v5"

// An evaluator says that the keywords of s, or everything if s is nil, count as evaluated in a scope.
type evaluator struct {
	scope *scope
	s     *jsonschema.Schema
}

// evaluate notes that s evaluates parts of the value, for sc and all scopes around it.
func (st *state) evaluate(s *jsonschema.Schema, sc *scope) {
	for ; sc != nil; sc = sc.outer {
		st.evals = append(st.evals, evaluator{sc, s})
	}
}

func (st *state) evaluateAll(sc *scope) { st.evaluate(nil, sc) }

// unevaluatedNames is the family of names that nothing in the scope evaluated; none, if everything is.
func (sv *solver) unevaluatedNames(st *state, sc *scope) (family, bool) {
	var f family
	for _, e := range st.evals {
		if e.scope != sc {
			continue
		}
		if e.s == nil || e.s.AdditionalProperties != nil {
			return f, false
		}
		f.except = append(f.except, sv.names(e.s)...)
		for _, p := range sv.patternsOf(e.s) {
			f.neg = append(f.neg, p.text)
		}
	}
	return f, true
}

// unevaluatedItems says from which index on items are unevaluated (none: all are evaluated), unless a contains matches.
func (st *state) unevaluatedItems(sc *scope) (from int, contains []*jsonschema.Schema, some bool) {
	for _, e := range st.evals {
		if e.scope != sc {
			continue
		}
		if e.s == nil {
			return 0, nil, false
		}
		prefix, rest := tuple(e.s)
		if rest != nil {
			return 0, nil, false
		}
		from = max(from, len(prefix))
		if e.s.Contains != nil && e.s.ContainsEval {
			contains = append(contains, e.s.Contains)
		}
	}
	return from, contains, true
}

// tuple gives the schemas of the first items and the one of the rest, in both spellings; nil where there is none.
func tuple(s *jsonschema.Schema) (prefix []*jsonschema.Schema, rest *jsonschema.Schema) {
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		return nil, items
	case []*jsonschema.Schema:
		return items, schemaOrBool(s.AdditionalItems)
	}
	return s.PrefixItems, s.Items2020
}

func schemaOrBool(v any) *jsonschema.Schema {
	switch v := v.(type) {
	case *jsonschema.Schema:
		return v
	case bool:
		if v {
			return yes
		}
		return no
	default:
		return nil
	}
}
