package evolve

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A stringState is the length of a string in runes, and the patterns that it matches and doesn't match.
type stringState struct {
	min, max int // max -1: unbounded
	pos, neg []string
}

func (t *stringState) fork() {
	t.pos = slices.Clip(t.pos)
	t.neg = slices.Clip(t.neg)
}

func (t *stringState) atMost(n int) {
	if t.max < 0 || n < t.max {
		t.max = n
	}
}

func (t *stringState) empty() bool { return t.max >= 0 && t.min > t.max }

func (st *state) demandString(s *jsonschema.Schema) bool {
	t := &st.str
	t.min = max(t.min, s.MinLength)
	if s.MaxLength >= 0 {
		t.atMost(s.MaxLength)
	}
	if s.Pattern != nil {
		t.pos = append(t.pos, s.Pattern.String())
	}
	for _, name := range assertions(s) {
		if !st.assert(name, false) {
			return false
		}
	}
	return !t.empty()
}

// assertions names the predicates of s that can't be looked into.
func assertions(s *jsonschema.Schema) []string {
	var out []string
	if f := assertedFormat(s); f != "" {
		out = append(out, "format "+f)
	}
	if c := assertedContent(s); c != "" {
		out = append(out, "content "+c)
	}
	return out
}

func refuseString(s *jsonschema.Schema) [][]step {
	var ways [][]step
	add := func(f func(*state) bool) {
		ways = append(ways, []step{func(_ *solver, st *state) bool { return f(st) }})
	}
	if s.MinLength > 0 {
		add(func(st *state) bool { st.str.atMost(s.MinLength - 1); return !st.str.empty() })
	}
	if s.MaxLength >= 0 {
		add(func(st *state) bool { st.str.min = max(st.str.min, s.MaxLength+1); return !st.str.empty() })
	}
	if s.Pattern != nil {
		add(func(st *state) bool { st.str.neg = append(st.str.neg, s.Pattern.String()); return true })
	}
	for _, name := range assertions(s) {
		add(func(st *state) bool { return st.assert(name, true) })
	}
	return ways
}

// longest is the length up to which strings are counted rune by rune, largest the one up to which they are built.
const longest, largest = 1200, 200_000

// stringLeaf walks all machines side by side. A string that they agree on is tried; if there is none, it is proven.
func (sv *solver) stringLeaf(st *state) answer {
	t := &st.str
	if t.empty() {
		return answer{verdict: unsat}
	}
	for _, p := range t.neg {
		if slices.Contains(t.pos, p) {
			return answer{verdict: unsat}
		}
	}
	for _, sample := range samplesFor(st.asserts) {
		if sv.plausible(st, sample) {
			if a := sv.checked(st, sample); a.verdict == sat {
				return a
			}
		}
	}
	if t.min > longest && t.min <= largest && len(t.pos) == 0 {
		return sv.checked(st, strings.Repeat("a", t.min))
	}
	text, verdict := sv.walk(st)
	if verdict != sat {
		return answer{verdict: verdict}
	}
	return sv.checked(st, text)
}

// plausible is a cheap look before a sample is checked in full.
func (sv *solver) plausible(st *state, s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= st.str.min && (st.str.max < 0 || n <= st.str.max)
}

// samplesFor lists strings that have the asserted formats, or don't.
func samplesFor(list []assertion) []string {
	var out []string
	for _, a := range list {
		if a.negated {
			out = append(out, "", "?", "not a value of this format", "%", "\\")
		} else {
			out = append(out, formatSamples[strings.TrimPrefix(a.name, "format ")]...)
		}
	}
	return out
}

// A product is the machines of all patterns of a state, to be walked side by side.
type product struct {
	sv       *solver
	pos, neg []*automaton
	min, max int
	exclude  []string
	runes    []rune
}

// A node is a place in the product: where each machine stands, and the text that led there.
type node struct {
	at     []int
	length int
	text   string
}

// walk looks for the shortest string that all machines agree on, breadth first.
func (sv *solver) walk(st *state) (string, verdict) {
	p := sv.product(st)
	if p == nil {
		return "", unknown
	}
	start := node{at: make([]int, len(p.pos)+len(p.neg))}
	seen := map[string]bool{p.key(start): true}
	for queue := []node{start}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if p.accepts(n) {
			return n.text, sat
		}
		if p.max >= 0 && n.length >= p.max {
			continue
		}
		if !sv.spend(1+len(p.runes)*len(n.at)/8) || len(seen) > 20_000 {
			return "", unknown
		}
		for _, r := range p.runes {
			next, alive := p.step(n, r)
			if key := p.key(next); alive && !seen[key] {
				seen[key] = true
				queue = append(queue, next)
			}
		}
	}
	return "", unsat
}

// product sets the machines up. Lengths that are too large to count are left out, which only widens the search.
func (sv *solver) product(st *state) *product {
	p := &product{sv: sv, min: st.str.min, max: st.str.max}
	if p.min > longest {
		p.min = 0
	}
	if p.max > longest {
		p.max = -1
	}
	for _, v := range st.exclude {
		if text, ok := v.(string); ok {
			p.exclude = append(p.exclude, text)
		}
	}
	for _, pattern := range st.str.pos {
		p.pos = append(p.pos, sv.automaton(pattern))
	}
	for _, pattern := range st.str.neg {
		p.neg = append(p.neg, sv.automaton(pattern))
	}
	machines := slices.Concat(p.pos, p.neg)
	if slices.Contains(machines, nil) {
		return nil
	}
	p.runes = alphabet(machines, p.exclude)
	return p
}

func (sv *solver) automaton(pattern string) *automaton {
	a, ok := sv.automata[pattern]
	if !ok {
		a, _ = newAutomaton(pattern)
		sv.automata[pattern] = a
	}
	return a
}

func (p *product) accepts(n node) bool {
	if n.length < p.min || slices.Contains(p.exclude, n.text) {
		return false
	}
	for i, m := range p.pos {
		if !m.accepts(n.at[i]) {
			return false
		}
	}
	for i, m := range p.neg {
		if m.accepts(n.at[len(p.pos)+i]) {
			return false
		}
	}
	return true
}

func (p *product) step(n node, r rune) (node, bool) {
	next := node{at: make([]int, len(n.at)), length: n.length + 1, text: n.text + string(r)}
	for i, m := range p.pos {
		next.at[i] = m.step(n.at[i], r)
		if m.dead(next.at[i]) {
			return next, false
		}
	}
	for i, m := range p.neg {
		j := len(p.pos) + i
		next.at[j] = m.step(n.at[j], r)
		if m.sets[next.at[j]].matched {
			return next, false
		}
	}
	return next, true
}

// key tells nodes apart: by where the machines stand, by the length as far as it counts, and by the text as long
// as it may become one of those excluded.
func (p *product) key(n node) string {
	var key []byte
	for _, at := range n.at {
		key = binary.AppendUvarint(key, uint64(at))
	}
	length := n.length
	if p.max < 0 {
		length = min(length, p.min)
	}
	key = binary.AppendUvarint(key, uint64(length))
	if slices.ContainsFunc(p.exclude, func(text string) bool { return strings.HasPrefix(text, n.text) }) {
		key = append(append(key, 0xff), n.text...)
	}
	return string(key)
}
