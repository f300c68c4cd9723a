package plan

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// An automatonBuilder makes the states of an automaton from a program: each is the set of instructions that may come next.
type automatonBuilder struct {
	program *syntax.Prog
	known   map[string]uint16
	accepts []bool
	next    []uint16
	members []rune // one of each group of characters
	groups  int    // with the one of what is not plain, which is the last
	failed  bool   // too many states, or an instruction that is not understood
}

// state returns where the part of next begins that belongs to a set of instructions, building it and what follows it.
func (b *automatonBuilder) state(set []uint32) uint16 {
	key := fmt.Sprint(set)
	if i, ok := b.known[key]; ok {
		return i
	}
	if b.failed = b.failed || len(b.accepts) == maxStates; b.failed {
		return 0
	}
	at := uint16(len(b.next))
	matched := b.matches(set, 0) // whatever follows
	b.known[key] = at
	b.accepts = append(b.accepts, matched || b.matches(set, syntax.EmptyEndText))
	b.next = append(b.next, make([]uint16, b.groups)...)
	for group, c := range b.members {
		next := at
		if !matched {
			next = b.state(b.step(set, c))
		}
		b.next[int(at)+group] = next
	}
	return at
}

// trap adds a state that nothing leads out of, and that bytes which are not plain lead to from everywhere.
func (b *automatonBuilder) trap() {
	trap := uint16(len(b.next))
	b.accepts = append(b.accepts, false)
	for range b.groups {
		b.next = append(b.next, trap)
	}
	for at := b.groups - 1; at < len(b.next); at += b.groups {
		b.next[at] = trap
	}
}

// maxStretches bounds how many stretches of characters beyond ASCII are looked at, each for all instructions: classes such as \pL have
// hundreds. With those of ASCII, and the group of what is not plain, they are fewer than 256.
const maxStretches = 120

// groupRunes groups characters by the instructions that take them, and gives one member of each group.
func groupRunes(program *syntax.Prog) (g runeGroups, members []rune) {
	from := stretches(program)
	if len(from) > maxStretches {
		from = from[:0]
	}
	beyond := len(from) > 0
	for c := range rune(utf8.RuneSelf) {
		from = append(from, c)
	}
	slices.Sort(from)
	known := make(map[string]uint8)
	for _, c := range slices.Compact(from) {
		taken := string(takers(program, c))
		group, ok := known[taken]
		if !ok {
			group = uint8(len(members))
			known[taken] = group
			members = append(members, c)
		}
		switch {
		case c < utf8.RuneSelf:
			g.ascii[c] = group
		case beyond:
			g.beyond = append(g.beyond, runeStretch{c, group})
		}
	}
	g.count = len(members) + 1
	for c := range g.plain {
		g.plain[c] = uint8(len(members))
		if c < utf8.RuneSelf && plainByte[c] {
			g.plain[c] = g.ascii[c]
		}
	}
	return g, members
}

// stretches gives where stretches of characters beyond ASCII begin that instructions may tell apart.
func stretches(program *syntax.Prog) []rune {
	from := []rune{utf8.RuneSelf}
	add := func(first, last rune) {
		for _, r := range []rune{first, last + 1} {
			if r > utf8.RuneSelf && r <= unicode.MaxRune {
				from = append(from, r)
			}
		}
	}
	for i := range program.Inst {
		in := &program.Inst[i]
		switch {
		case in.Op != syntax.InstRune && in.Op != syntax.InstRune1:
		case len(in.Rune) == 1: // or one that it is folded to
			add(in.Rune[0], in.Rune[0])
			for r := unicode.SimpleFold(in.Rune[0]); r != in.Rune[0]; r = unicode.SimpleFold(r) {
				add(r, r)
			}
		default:
			for j := 0; j+1 < len(in.Rune); j += 2 {
				add(in.Rune[j], in.Rune[j+1])
			}
		}
	}
	return from
}

// takers lists the instructions that take c.
func takers(program *syntax.Prog, c rune) (list []byte) {
	for pc := range program.Inst {
		if takes(&program.Inst[pc], c) {
			list = append(list, byte(pc), byte(pc>>8))
		}
	}
	return list
}

func takes(in *syntax.Inst, c rune) bool {
	switch in.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return in.MatchRune(c)
	}
	return false
}

// step gives the instructions that may come after c. A match may begin at every character.
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
