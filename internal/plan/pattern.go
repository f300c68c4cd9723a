package plan

import (
	"regexp"
	"regexp/syntax"
	"sort"
	"unicode/utf8"
)

// A pattern is a regular expression, with a deterministic automaton where one of bounded size can be built: one table look-up a
// character, against the tenfold of package regexp.
type pattern struct {
	expr    *regexp.Regexp
	accepts []bool   // by state: if nothing follows; nil: only expr
	next    []uint16 // by state and group: where the next state's part of it begins
	groups  runeGroups
}

// What bounds an automaton; larger ones are left to package regexp.
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
	groups, members := groupRunes(program)
	b := automatonBuilder{program: program, known: make(map[string]uint16), members: members, groups: groups.count}
	if b.state(b.closure([]uint32{uint32(program.Start)}, true)); !b.failed {
		b.trap()
		p.accepts, p.next, p.groups = b.accepts, b.next, groups
	}
	return p
}

// allows checks valid UTF-8. It takes off slow what it gives to package regexp, and gives it no more than that.
func (p *pattern) allows(s []byte, ascii bool, slow *int) verdict {
	switch {
	case p.accepts != nil && ascii:
		return verdictOf(p.matchASCII(s))
	case p.accepts != nil && p.groups.beyond != nil:
		return verdictOf(p.match(s))
	}
	if *slow -= len(s); *slow < 0 {
		return unsure
	}
	return verdictOf(p.expr.Match(s))
}

// matchASCII reads to the end also where a match is sure: such a state leads to itself, and not asking is sooner done.
func (p *pattern) matchASCII(s []byte) bool {
	next, ascii, at := p.next, &p.groups.ascii, 0
	for _, c := range s {
		at = int(next[at+int(ascii[c&(utf8.RuneSelf-1)])])
	}
	return p.accepts[at/p.groups.count]
}

// matchPlain reports that s matches and is plain. Without an automaton it is false for every s.
func (p *pattern) matchPlain(s []byte) bool {
	if p.accepts == nil {
		return false
	}
	next, plain, at := p.next, &p.groups.plain, 0
	for _, c := range s {
		at = int(next[at+int(plain[c])])
	}
	return p.accepts[at/p.groups.count]
}

// matchUpToQuote is matchPlain of what stands in doc from start up to a quote.
func (p *pattern) matchUpToQuote(doc []byte, start int) (end int, ok bool) {
	if p.accepts == nil {
		return start, false
	}
	next, plain, at := p.next, &p.groups.plain, 0
	for i := start; i < len(doc); i++ {
		c := doc[i]
		if c == '"' {
			return i, p.accepts[at/p.groups.count]
		}
		at = int(next[at+int(plain[c])])
	}
	return len(doc), false
}

func (p *pattern) match(s []byte) bool {
	at := 0
	for i := 0; i < len(s); {
		group, size := p.groups.of(s[i:])
		at = int(p.next[at+int(group)])
		i += size
	}
	return p.accepts[at/p.groups.count]
}

// runeGroups put characters that no instruction tells apart in one group.
type runeGroups struct {
	count  int // with the one of bytes that are not plain
	ascii  [utf8.RuneSelf]uint8
	plain  [256]uint8    // by byte, of a text in which all are to be plain
	beyond []runeStretch // nil: only ASCII is grouped
}

// A runeStretch is the characters from one on, to the next stretch.
type runeStretch struct {
	from  rune
	group uint8
}

// of gives the group of the first character of s, and its length.
func (g *runeGroups) of(s []byte) (group uint8, size int) {
	if s[0] < utf8.RuneSelf {
		return g.ascii[s[0]], 1
	}
	r, size := utf8.DecodeRune(s)
	i := sort.Search(len(g.beyond), func(i int) bool { return g.beyond[i].from > r })
	return g.beyond[i-1].group, size
}
