package evolve

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"unicode"
)

// An automaton runs a pattern over a text one rune at a time, as a deterministic machine that is built as it is needed.
// It answers what regexp.MatchString answers: whether the pattern matches anywhere.
type automaton struct {
	prog     *syntax.Prog
	anchored bool // a match can only begin at the start of the text
	looks    bool // the pattern looks at lines or words, so that the rune before a position matters
	states   map[string]int
	sets     []machineState
	steps    map[[2]int32]int
}

// A machineState is the threads that are alive before the next rune, and the rune before it.
type machineState struct {
	threads []uint32
	before  rune // -1 at the start; otherwise a rune that stands for its class
	matched bool // a match has been seen, and nothing can undo that
}

// newAutomaton compiles a pattern; it fails only where regexp.Compile fails.
func newAutomaton(pattern string) (*automaton, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	a := &automaton{
		prog:     prog,
		anchored: prog.StartCond()&syntax.EmptyBeginText != 0,
		states:   map[string]int{},
		steps:    map[[2]int32]int{},
	}
	for i := range prog.Inst {
		inst := &prog.Inst[i]
		textOnly := syntax.EmptyBeginText | syntax.EmptyEndText
		a.looks = a.looks || inst.Op == syntax.InstEmptyWidth && syntax.EmptyOp(inst.Arg)&^textOnly != 0
	}
	a.intern(machineState{threads: []uint32{uint32(prog.Start)}, before: -1})
	return a, nil
}

func (a *automaton) intern(m machineState) int {
	if m.matched {
		m = machineState{matched: true}
	}
	key := make([]byte, 0, 4*len(m.threads)+4)
	key = binary.AppendVarint(key, int64(m.before))
	if m.matched {
		key = append(key, 1)
	}
	for _, t := range m.threads {
		key = binary.AppendUvarint(key, uint64(t))
	}
	if id, ok := a.states[string(key)]; ok {
		return id
	}
	id := len(a.sets)
	a.states[string(key)] = id
	a.sets = append(a.sets, m)
	return id
}

// class gives the rune that stands for r as the one before a position: all that empty-width assertions ask of it.
func class(r rune) rune {
	switch {
	case r == '\n':
		return '\n'
	case syntax.IsWordChar(r):
		return 'a'
	default:
		return ' '
	}
}

// step gives the state after reading r in the given state.
func (a *automaton) step(state int, r rune) int {
	if a.sets[state].matched {
		return state
	}
	key := [2]int32{int32(state), r}
	if next, ok := a.steps[key]; ok {
		return next
	}
	m := a.sets[state]
	closure, matched := a.follow(m.threads, syntax.EmptyOpContext(m.before, r))
	next := machineState{before: ' ', matched: matched}
	if a.looks {
		next.before = class(r)
	}
	for _, pc := range closure {
		if inst := &a.prog.Inst[pc]; inst.MatchRunePos(r) >= 0 {
			next.threads = append(next.threads, inst.Out)
		}
	}
	if !a.anchored {
		next.threads = append(next.threads, uint32(a.prog.Start))
	}
	slices.Sort(next.threads)
	next.threads = slices.Compact(next.threads)
	id := a.intern(next)
	a.steps[key] = id
	return id
}

// accepts says whether a text that ends in this state matches.
func (a *automaton) accepts(state int) bool {
	m := a.sets[state]
	if m.matched {
		return true
	}
	_, matched := a.follow(m.threads, syntax.EmptyOpContext(m.before, -1))
	return matched
}

// dead says that no continuation matches.
func (a *automaton) dead(state int) bool {
	m := a.sets[state]
	return !m.matched && len(m.threads) == 0
}

// follow walks the empty instructions that the context allows, and returns the rune instructions it arrives at.
func (a *automaton) follow(threads []uint32, context syntax.EmptyOp) (runes []uint32, matched bool) {
	seen := make([]bool, len(a.prog.Inst))
	stack := slices.Clone(threads)
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		inst := &a.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, inst.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^context == 0 {
				stack = append(stack, inst.Out)
			}
		case syntax.InstMatch:
			matched = true
		case syntax.InstFail:
		default:
			runes = append(runes, pc)
		}
	}
	return runes, matched
}

// alphabet picks one rune for each set of runes that all automata and all the texts treat alike.
func alphabet(machines []*automaton, texts []string) []rune {
	cuts := []rune{0, '\n', '\n' + 1, '0', '9' + 1, 'A', 'Z' + 1, '_', '_' + 1, 'a', 'z' + 1, 0xD800, 0xE000, unicode.MaxRune + 1}
	for _, m := range machines {
		for i := range m.prog.Inst {
			cuts = appendCuts(cuts, &m.prog.Inst[i])
		}
	}
	for _, t := range texts {
		for _, r := range t {
			cuts = append(cuts, r, r+1)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	special := map[rune]bool{}
	for _, t := range texts {
		for _, r := range t {
			special[r] = true
		}
	}
	seen, out := map[string]bool{}, []rune(nil)
	for i := range len(cuts) - 1 {
		r := typical(cuts[i], cuts[i+1])
		if r < 0 {
			continue
		}
		if sign := signature(machines, r); special[r] || !seen[sign] {
			seen[sign] = seen[sign] || !special[r]
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b rune) int { return rank(a) - rank(b) })
	return out
}

func appendCuts(cuts []rune, inst *syntax.Inst) []rune {
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1:
	case syntax.InstRuneAnyNotNL:
		return append(cuts, '\n', '\n'+1)
	default:
		return cuts
	}
	if len(inst.Rune) == 1 {
		for r := inst.Rune[0]; ; {
			cuts = append(cuts, r, r+1)
			if r = unicode.SimpleFold(r); r == inst.Rune[0] {
				return cuts
			}
		}
	}
	for i := 0; i+1 < len(inst.Rune); i += 2 {
		cuts = append(cuts, inst.Rune[i], inst.Rune[i+1]+1)
	}
	return cuts
}

// typical picks the plainest rune of the half-open range, or -1 if it holds none that JSON can carry.
func typical(from, to rune) rune {
	if from >= 0xD800 && from < 0xE000 || from > unicode.MaxRune {
		return -1
	}
	for _, r := range "a0A- " {
		if from <= r && r < to {
			return r
		}
	}
	if from < ' ' && to > ' ' {
		return ' '
	}
	return from
}

func rank(r rune) int {
	switch {
	case r >= 'a' && r <= 'z':
		return 0
	case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
		return 1
	case r > ' ' && r < 0x7f:
		return 2
	default:
		return 3
	}
}

func signature(machines []*automaton, r rune) string {
	sign := []byte{byte(class(r))}
	for _, m := range machines {
		for i := range m.prog.Inst {
			switch inst := &m.prog.Inst[i]; inst.Op {
			case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
				if inst.MatchRunePos(r) >= 0 {
					sign = append(sign, '1')
				} else {
					sign = append(sign, '0')
				}
			}
		}
	}
	return string(sign)
}
