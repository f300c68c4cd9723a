package plan

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// A pattern is a regular expression, with a deterministic automaton for ASCII texts where one of bounded size can be built: one
// table look-up a byte, against the tenfold of package regexp.
type pattern struct {
	expr   *regexp.Regexp
	states []patternState // nil: only expr
}

// A patternState is what is known after some bytes.
type patternState struct {
	next    [utf8.RuneSelf]uint8
	matched bool // whatever follows
	atEnd   bool // if nothing follows
}

// maxStates bounds an automaton; larger ones are left to package regexp.
const (
	maxStates       = 64
	maxInstructions = 1000
)

func newPattern(expr *regexp.Regexp) *pattern {
	p := &pattern{expr: expr}
	parsed, err := syntax.Parse(expr.String(), syntax.Perl) // as regexp.Compile does
	if err != nil {
		return p
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxInstructions {
		return p
	}
	b := automatonBuilder{program: program, known: make(map[string]uint8), alike: alike(program)}
	if b.state(b.closure([]uint32{uint32(program.Start)}, true)); !b.failed {
		p.states = b.states
	}
	return p
}

func (p *pattern) matches(s []byte, ascii bool) bool {
	if !ascii || p.states == nil {
		return p.expr.Match(s)
	}
	at := &p.states[0]
	for _, c := range s {
		if at.matched {
			return true
		}
		at = &p.states[at.next[c]]
	}
	return at.matched || at.atEnd
}

// An automatonBuilder makes the states of an automaton from a program: each is the set of instructions that may come next.
type automatonBuilder struct {
	program *syntax.Prog
	known   map[string]uint8
	states  []patternState
	alike   [][]rune // the ASCII characters, in groups that no instruction tells apart
	failed  bool     // too many states, or an instruction that is not understood
}

// state returns the state of a set of instructions, building it and what follows it.
func (b *automatonBuilder) state(set []uint32) uint8 {
	key := fmt.Sprint(set)
	if i, ok := b.known[key]; ok {
		return i
	}
	if b.failed = b.failed || len(b.states) == maxStates; b.failed {
		return 0
	}
	i := uint8(len(b.states))
	b.known[key] = i
	b.states = append(b.states, patternState{matched: b.matches(set, 0), atEnd: b.matches(set, syntax.EmptyEndText)})
	if b.states[i].matched {
		return i
	}
	for _, group := range b.alike {
		next := b.state(b.step(set, group[0]))
		for _, c := range group {
			b.states[i].next[c] = next
		}
	}
	return i
}

// alike groups the ASCII characters by the instructions that take them.
func alike(program *syntax.Prog) [][]rune {
	index := make(map[string]int)
	var groups [][]rune
	for c := range rune(utf8.RuneSelf) {
		var taking []byte
		for pc := range program.Inst {
			if takes(&program.Inst[pc], c) {
				taking = append(taking, byte(pc), byte(pc>>8))
			}
		}
		i, ok := index[string(taking)]
		if !ok {
			i = len(groups)
			index[string(taking)] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

func takes(in *syntax.Inst, c rune) bool {
	switch in.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return in.MatchRune(c)
	}
	return false
}

// step gives the instructions that may come after c. A match may begin at every byte.
func (b *automatonBuilder) step(set []uint32, c rune) []uint32 {
	next := []uint32{uint32(b.program.Start)}
	for _, pc := range set {
		if in := &b.program.Inst[pc]; takes(in, c) {
			next = append(next, in.Out)
		}
	}
	return b.closure(next, false)
}

// closure follows the instructions that take no character. Those that wait for the end of the text stay in the set.
func (b *automatonBuilder) closure(from []uint32, atStart bool) []uint32 {
	seen := make(map[uint32]bool)
	var set []uint32
	var follow func(pc uint32)
	follow = func(pc uint32) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		switch in := &b.program.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			follow(in.Out)
			follow(in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			follow(in.Out)
		case syntax.InstEmptyWidth:
			switch syntax.EmptyOp(in.Arg) {
			case syntax.EmptyBeginText:
				if atStart {
					follow(in.Out)
				}
			case syntax.EmptyEndText:
				set = append(set, pc)
			default: // word and line boundaries
				b.failed = true
			}
		case syntax.InstFail:
		default:
			set = append(set, pc)
		}
	}
	for _, pc := range from {
		follow(pc)
	}
	slices.Sort(set)
	return set
}

// matches reports whether a set holds a match: at once, or with what may be followed at the end of the text.
func (b *automatonBuilder) matches(set []uint32, end syntax.EmptyOp) bool {
	seen := make(map[uint32]bool)
	var reaches func(pc uint32) bool
	reaches = func(pc uint32) bool {
		if seen[pc] {
			return false
		}
		seen[pc] = true
		switch in := &b.program.Inst[pc]; in.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			return reaches(in.Out) || reaches(in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			return reaches(in.Out)
		case syntax.InstEmptyWidth:
			return end != 0 && syntax.EmptyOp(in.Arg) == end && reaches(in.Out)
		}
		return false
	}
	return slices.ContainsFunc(set, reaches)
}
