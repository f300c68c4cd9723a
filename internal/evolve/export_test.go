package evolve

import "github.com/santhosh-tekuri/jsonschema/v5"

// A Sampler makes documents from a schema, for the oracle in the tests: it shares no reasoning with the solver.
type Sampler struct{ sm *sampler }

func NewSampler(seed uint64, schemas ...*jsonschema.Schema) Sampler {
	return Sampler{newSampler(newSolver(1<<30, schemas...), seed, schemas...)}
}

func (s Sampler) Document(of *jsonschema.Schema) any { return s.sm.document(of) }

// Writes says whether a writer of the schema may emit doc in the lenient reading.
func (s Sampler) Writes(of *jsonschema.Schema, doc any) bool {
	return s.sm.sv.written(s.sm.sv.placeOf([]*jsonschema.Schema{of}), doc)
}

// Accepts says whether doc is valid, and whether that is sure.
func Accepts(s *jsonschema.Schema, doc any) (ok, sure bool) { return accepts(s, doc) }

// Matches runs a pattern by the solver's own machine.
func Matches(pattern, text string) bool { return newSolver(1, yes).matches(pattern, text) }
