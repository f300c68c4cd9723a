package evolve_test

import (
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/typedkafka/kafka/internal/evolve"
)

var patterns = []string{
	``, `a`, `^a`, `a$`, `^a$`, `^$`, `a|b`, `^(ab)*$`, `(?i)kelvin`, `\bx`, `x\B`, `(?m)^b$`, `(?s).`, `.`, `[^a]`, `^\p{L}+$`, `\d{2,3}`,
	`^(a|b)*a(a|b){3}$`, `(^a|b$)`, `\w+@\w+`, `^[\w.]+$`, `(?:)`, `a{0}`, `\x{10FFFF}`, `[[:upper:]]`, `^\Aa\z`, `(a*)*b`,
}

var texts = []string{"", "a", "b", "ab", "aba", "x", "xx", " x", "ax", "a\nb", "b\na", "\n", "KELVIN", "Kelvin", "é", "12", "1234", "a@b", "aabab", "\U0010FFFF", "a.b_c", "ABC"}

// The solver's machines must answer what regexp answers, since jsonschema/v5 asks regexp.
func TestMachinesAnswerAsRegexp(t *testing.T) {
	t.Parallel()
	for _, pattern := range patterns {
		re := regexp.MustCompile(pattern)
		for _, text := range texts {
			if got, want := evolve.Matches(pattern, text), re.MatchString(text); got != want {
				t.Errorf("%q on %q: got %t, want %t", pattern, text, got, want)
			}
		}
	}
}

func FuzzMachines(f *testing.F) {
	for i, pattern := range patterns {
		f.Add(pattern, texts[i%len(texts)])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := regexp.Compile(pattern)
		if err != nil || !utf8.ValidString(text) || len(text) > 1000 {
			return
		}
		if got, want := evolve.Matches(pattern, text), re.MatchString(text); got != want {
			t.Errorf("%q on %q: got %t, want %t", pattern, text, got, want)
		}
	})
}
