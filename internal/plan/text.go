package plan

import (
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A textRule is what is asked of a string.
type textRule struct {
	least, most int      // characters
	values      []string // enum and const; only with has
	has         bool
	pattern     *pattern
	simple      func([]byte) bool // accepts only texts that format accepts as well, and most of them
	format      func(any) bool
}

// textRuleOf returns nil where nothing is asked of strings.
func textRuleOf(s *jsonschema.Schema, c *constants) *textRule {
	r := textRule{least: max(s.MinLength, 0), most: most(s.MaxLength)}
	if s.Pattern != nil {
		r.pattern = newPattern(s.Pattern)
	}
	if c != nil {
		r.values, r.has = c.texts, true
	}
	if f := jsonschema.Formats[s.Format]; f != nil {
		r.format, r.simple = f, simpleFormats[s.Format]
	}
	if r.least == 0 && r.most == unbounded && !r.has && r.pattern == nil && r.format == nil {
		return nil
	}
	return &r
}

// allows checks a string's characters, which are valid UTF-8 without escapes.
func (r *textRule) allows(s []byte, ascii bool) verdict {
	switch {
	case !r.hasLength(s, ascii):
		return invalid
	case r.has && !r.isValue(s):
		return invalid
	case r.pattern != nil && !r.pattern.matches(s, ascii):
		return invalid
	case r.format == nil || r.simple != nil && r.simple(s):
		return valid
	case r.format(string(s)):
		return valid
	}
	return invalid
}

// hasLength counts characters only where the bytes don't decide.
func (r *textRule) hasLength(s []byte, ascii bool) bool {
	n := len(s)
	if !ascii && (n > r.most || n < r.least*utf8.UTFMax) {
		n = utf8.RuneCount(s)
	}
	return n >= r.least && n <= r.most
}

func (r *textRule) isValue(s []byte) bool {
	for _, v := range r.values {
		if v == string(s) {
			return true
		}
	}
	return false
}
