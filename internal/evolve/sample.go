package evolve

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// sampling is the work that a comparison may put into samples: the values of the documents that are tried, added up.
const sampling = 5000

// sample looks for a witness among documents made from the writer's schema, with values at the edges of both.
func (c *comparison) sample(s slice) bool {
	sm := newSampler(c.sv, 1, c.writer, c.reader)
	for most := c.samples - sampling/3; c.samples > max(most, 0); {
		doc := sm.document(c.writer)
		c.samples -= 3 + weight(doc)
		if ok, _ := accepts(c.writer, doc); !ok {
			continue
		}
		if s.schema != nil && s.rest == nil {
			if ok, sure := accepts(s.schema, doc); ok || !sure {
				continue
			}
		}
		if c.proven(s, doc) {
			return true
		}
	}
	return false
}

// A sampler makes documents that a schema is likely to accept. It is not safe for concurrent use.
type sampler struct {
	sv      *solver
	rng     *rand.Rand
	numbers []json.Number
	strings []string
	values  []any
	names   []string
	lengths []int
	left    int // values that the document may still get
}

// newSampler gathers what the schemas mention: values at and beside their bounds are the ones worth trying.
func newSampler(sv *solver, seed uint64, roots ...*jsonschema.Schema) *sampler {
	sm := &sampler{
		sv:      sv,
		rng:     rand.New(rand.NewPCG(seed, 7)), //nolint:gosec // the same witness each time
		numbers: []json.Number{"0", "1", "-1", "0.5", "7", "100", "-1000000"},
		strings: []string{"", "a", "ab", "A", "0", "é", "a\nb", "aaaaaaaaaaaa", "2020-01-02"},
		values:  []any{nil, true, false},
		names:   []string{"a", "b", "zz"},
	}
	for _, s := range reachable(roots...) {
		sm.learn(s)
	}
	return sm
}

func (sm *sampler) learn(s *jsonschema.Schema) {
	for _, r := range []*big.Rat{s.Minimum, s.ExclusiveMinimum, s.Maximum, s.ExclusiveMaximum, s.MultipleOf} {
		for _, delta := range []*big.Rat{new(big.Rat), one, big.NewRat(-1, 1), half} {
			if r != nil {
				if text, ok := numeral(new(big.Rat).Add(r, delta)); ok {
					sm.numbers = append(sm.numbers, text)
				}
			}
		}
	}
	for _, n := range []int{s.MinLength, s.MaxLength} {
		if n >= 0 && n < 5000 {
			sm.strings = append(sm.strings, strings.Repeat("a", n), strings.Repeat("b", n+1), strings.Repeat("c", max(n-1, 0)))
		}
	}
	for _, n := range []int{s.MinItems, s.MaxItems, s.MinProperties, s.MaxProperties} {
		if n >= 0 && n < 20 {
			sm.lengths = append(sm.lengths, n, n+1, max(n-1, 0))
		}
	}
	sm.strings = append(sm.strings, formatSamples[s.Format]...)
	sm.values = append(append(sm.values, s.Constant...), s.Enum...)
	sm.names = append(append(sm.names, s.Required...), sortedKeys(s.Properties)...)
	for _, d := range dependents(s) {
		sm.names = append(append(sm.names, d.trigger), d.names...)
	}
	for _, d := range dependentSchemas(s) {
		sm.names = append(sm.names, d.trigger)
	}
	for _, r := range patternsOf(s) {
		for range 3 {
			sm.names = append(sm.names, sm.matching(r.text))
		}
	}
}

func pick[T any](sm *sampler, list []T) T { return list[sm.rng.IntN(len(list))] }

// document makes one document.
func (sm *sampler) document(s *jsonschema.Schema) any {
	sm.left = 60
	return sm.value([]*jsonschema.Schema{s}, 0)
}

// choose opens what looks at the same value, with one branch of each choice.
func (sm *sampler) choose(roots []*jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for stack := slices.Clone(roots); len(stack) > 0 && len(out) < 100; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if s == nil {
			continue
		}
		out = append(out, s)
		stack = append(stack, s.Ref, s.DynamicRef, s.RecursiveRef)
		stack = append(stack, s.AllOf...)
		for _, list := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
			if len(list) > 0 {
				stack = append(stack, pick(sm, list))
			}
		}
		if s.If != nil && sm.rng.IntN(2) == 0 {
			stack = append(stack, s.If, s.Then)
		} else if s.If != nil {
			stack = append(stack, s.Else)
		}
		for _, d := range dependentSchemas(s) {
			stack = append(stack, d.to)
		}
	}
	return out
}

// value makes a value that the roots may accept.
func (sm *sampler) value(roots []*jsonschema.Schema, depth int) any {
	nodes := sm.choose(roots)
	sm.left--
	for _, s := range nodes {
		if fixed := append(slices.Clip(s.Constant), s.Enum...); len(fixed) > 0 && sm.rng.IntN(20) > 0 {
			return pick(sm, fixed)
		}
	}
	k := sm.kind(nodes)
	if (depth > 6 || sm.left < 0) && k >= kindArray {
		k = kind(sm.rng.IntN(4))
	}
	switch k {
	case kindNumber:
		return sm.number(nodes)
	case kindString:
		return sm.text(nodes)
	case kindArray:
		return sm.array(nodes, depth)
	case kindObject:
		return sm.object(nodes, depth)
	default:
		for range 4 {
			if v := pick(sm, sm.values); kindOf(v) == k {
				return v
			}
		}
		if k == kindBoolean {
			return sm.rng.IntN(2) == 0
		}
		return nil
	}
}

func (sm *sampler) kind(nodes []*jsonschema.Schema) kind {
	var open []kind
	for k := range kinds {
		if !slices.ContainsFunc(nodes, func(s *jsonschema.Schema) bool { ok, _ := allows(s, k); return !ok }) {
			open = append(open, k)
		}
	}
	if len(open) == 0 {
		return kind(sm.rng.IntN(int(kinds)))
	}
	return pick(sm, open)
}

func (sm *sampler) number(nodes []*jsonschema.Schema) any {
	n := pick(sm, sm.numbers)
	for _, s := range nodes {
		_, integer := allows(s, kindNumber)
		if integer && !ratOf(n).IsInt() {
			n = json.Number(floor(ratOf(n)).String())
		}
		if s.MultipleOf != nil && s.MultipleOf.Sign() > 0 && sm.rng.IntN(4) > 0 {
			times := new(big.Rat).SetInt64(int64(sm.rng.IntN(40) - 10))
			if lattice, ok := numeral(times.Mul(times, s.MultipleOf)); ok {
				n = lattice
			}
		}
	}
	return n
}

func (sm *sampler) text(nodes []*jsonschema.Schema) any {
	for _, s := range nodes {
		if list := formatSamples[s.Format]; len(list) > 0 && sm.rng.IntN(8) > 0 {
			return pick(sm, list)
		}
		if s.Pattern != nil && sm.rng.IntN(4) > 0 {
			return sm.matching(s.Pattern.String())
		}
	}
	return pick(sm, sm.strings)
}

// matching walks a pattern's machine at random until it accepts.
func (sm *sampler) matching(pattern string) string {
	a := sm.sv.automaton(pattern)
	if a == nil {
		return ""
	}
	runes := alphabet([]*automaton{a}, nil)
	var text []rune
	for at := 0; len(text) < 60; {
		if a.accepts(at) && sm.rng.IntN(3) > 0 {
			break
		}
		r := pick(sm, runes)
		for range 12 {
			if !a.dead(a.step(at, r)) {
				break
			}
			r = pick(sm, runes)
		}
		at = a.step(at, r)
		text = append(text, r)
	}
	return string(text)
}

func (sm *sampler) size(nodes []*jsonschema.Schema, least func(*jsonschema.Schema) int) int {
	n := sm.rng.IntN(4)
	if len(sm.lengths) > 0 && sm.rng.IntN(2) == 0 {
		n = pick(sm, sm.lengths)
	}
	for _, s := range nodes {
		n = max(n, min(least(s), 30))
	}
	return n
}

func (sm *sampler) array(nodes []*jsonschema.Schema, depth int) any {
	out := []any{}
	n := sm.size(nodes, func(s *jsonschema.Schema) int { return s.MinItems })
	for i := range n {
		var below []*jsonschema.Schema
		for _, s := range nodes {
			prefix, rest := tuple(s)
			if i < len(prefix) {
				below = append(below, prefix[i])
			} else {
				below = append(below, rest)
			}
			if s.Contains != nil && sm.rng.IntN(2) == 0 {
				below = append(below, s.Contains)
			}
		}
		out = append(out, sm.value(below, depth+1))
	}
	if len(out) > 1 && sm.rng.IntN(4) == 0 {
		out[len(out)-1] = out[0]
	}
	return out
}

func (sm *sampler) object(nodes []*jsonschema.Schema, depth int) any {
	var names []string
	for _, s := range nodes {
		names = append(names, s.Required...)
		for _, name := range sortedKeys(s.Properties) {
			if sm.rng.IntN(2) == 0 && sm.left > 0 {
				names = append(names, name)
			}
		}
	}
	for n := sm.size(nodes, func(s *jsonschema.Schema) int { return s.MinProperties }); len(names) < n || sm.rng.IntN(5) == 0; {
		names = append(names, pick(sm, sm.names))
	}
	out := map[string]any{}
	for _, name := range names {
		if _, there := out[name]; there {
			continue
		}
		var below []*jsonschema.Schema
		for _, s := range nodes {
			below = append(below, sm.sv.below(s, name)...)
		}
		out[name] = sm.value(below, depth+1)
	}
	return out
}

// Documents makes up to n documents that are valid under the schema of the given text, different each, the same on each run. There are
// none if the text does not compile on its own. They are for tests of what reads them: the bounds of the schema are among the values.
func Documents(text []byte, n int) [][]byte {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	c.LoadURL = func(url string) (io.ReadCloser, error) { return nil, errors.New("nothing is loaded") }
	if err := c.AddResource("mem:///schema.json", bytes.NewReader(text)); err != nil {
		return nil
	}
	s, err := c.Compile("mem:///schema.json")
	if err != nil {
		return nil
	}
	var out [][]byte
	seen := map[string]bool{}
	sm := newSampler(newSolver(defaultBudget, s), 1, s)
	for range 4 * n {
		doc := sm.document(s)
		encoded, err := json.Marshal(doc)
		if ok, _ := accepts(s, doc); ok && err == nil && !seen[string(encoded)] && len(out) < n {
			seen[string(encoded)] = true
			out = append(out, encoded)
		}
	}
	return out
}
