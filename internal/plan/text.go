package plan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A textRule is what is asked of a string.
type textRule struct {
	least, most int      // characters
	enough      int      // bytes that surely are least characters
	values      []string // enum and const; only with has
	plain       []string // those of them that all of the rule allows, and that are plain
	quoted      []string // the same, as they stand in a document
	index       map[string]struct{}
	has         bool
	pattern     *pattern
	simple      func([]byte) bool // accepts only texts that format accepts as well, and most of them
	usual       int               // bytes that most texts of the format have; 0: no number of them
	format      func(any) bool
}

// fewValues are compared one by one; more are looked up.
const fewValues = 8

// textRuleOf returns nil where nothing is asked of strings.
func textRuleOf(s *jsonschema.Schema, c *constants) *textRule {
	r := textRule{least: max(s.MinLength, 0), most: most(s.MaxLength)}
	if s.Pattern != nil {
		r.pattern = newPattern(s.Pattern)
	}
	if c != nil {
		r.values, r.has = c.texts, true
	}
	if r.least > 0 {
		r.enough = min(r.least-1, unbounded/utf8.UTFMax-1)*utf8.UTFMax + 1
	}
	if len(r.values) > fewValues {
		r.index = make(map[string]struct{}, len(r.values))
		for _, v := range r.values {
			r.index[v] = struct{}{}
		}
	}
	if f := jsonschema.Formats[s.Format]; f != nil {
		r.format, r.simple, r.usual = f, simpleFormats[s.Format], usualLengths[s.Format]
	}
	if r.least == 0 && r.most == unbounded && r.onlyLength() {
		return nil
	}
	r.findPlain()
	return &r
}

// findPlain finds which of few values allowsPlain may go by.
func (r *textRule) findPlain() {
	if len(r.values) > fewValues {
		return
	}
	for _, v := range r.values {
		slow := slowBytes
		if plainLength([]byte(v)) == len(v) && r.allows([]byte(v), true, &slow) == valid {
			r.plain, r.quoted = append(r.plain, v), append(r.quoted, `"`+v+`"`)
		}
	}
}

// allowsPlain reports that a string is plain and allowed; false says nothing. Where meeting the rule proves that a string is plain, as it
// mostly does, it is not looked at for that as well.
func (r *textRule) allowsPlain(s []byte) bool {
	switch n := len(s); {
	case r.has:
		return isOneOf(r.plain, s)
	case n > r.most || n < r.least:
		return false
	case r.pattern != nil && !r.pattern.matchPlain(s):
		return false
	case r.format != nil:
		return r.simple != nil && r.simple(s) // which are all plain
	}
	return r.pattern != nil || plainLength(s) == len(s)
}

func (r *textRule) onlyLength() bool { return !r.has && r.pattern == nil && r.format == nil }

// allows checks a string's characters, which are valid UTF-8 without escapes. What takes long for each byte may take no more of them
// than slow says, and takes them off.
func (r *textRule) allows(s []byte, ascii bool, slow *int) verdict {
	if n := len(s); n > r.most || n < r.enough {
		if !r.hasLength(s, ascii) {
			return invalid
		}
	}
	if r.has && !r.isValue(s) {
		return invalid
	}
	if r.pattern != nil {
		if v := r.pattern.allows(s, ascii, slow); v != valid {
			return v
		}
	}
	if r.format == nil || r.simple != nil && r.simple(s) {
		return valid
	}
	if *slow -= len(s); *slow < 0 {
		return unsure
	}
	return verdictOf(r.format(string(s)))
}

// hasLength counts characters, where the bytes don't decide.
func (r *textRule) hasLength(s []byte, ascii bool) bool {
	n := len(s)
	if !ascii {
		n = characters(s)
	}
	return n >= r.least && n <= r.most
}

// characters counts those of valid UTF-8: all bytes but the second and later ones of a character, whose high bits are 10. Package
// utf8 copies a long text to count it (Go 1.26).
func characters(s []byte) int {
	n := len(s)
	for ; len(s) >= 8; s = s[8:] {
		x := binary.LittleEndian.Uint64(s)
		n -= bits.OnesCount64(x &^ (x << 1) & highs)
	}
	for _, c := range s {
		if c&0xc0 == 0x80 {
			n--
		}
	}
	return n
}

// hasLengthOf is hasLength for a Go string.
func (r *textRule) hasLengthOf(s string) bool {
	if n := len(s); n <= r.most && n >= r.enough {
		return true
	}
	n := utf8.RuneCountInString(s)
	return n >= r.least && n <= r.most
}

func (r *textRule) isValue(s []byte) bool {
	if r.index != nil {
		_, ok := r.index[string(s)]
		return ok
	}
	return isOneOf(r.values, s)
}

func isOneOf(values []string, s []byte) bool {
	for _, v := range values {
		if v == string(s) {
			return true
		}
	}
	return false
}
