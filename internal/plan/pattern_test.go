package plan

import (
	"math/rand/v2"
	"regexp"
	"testing"
)

var patternExpressions = []string{
	"", "^a", "b$", "^$", "^[a-c]+$", "^.$", "a|b$", "(^a|b)c", "^C-[0-9]{6,10}$", `^\+[0-9]{6,15}$`, "^[A-Z]{3}-[0-9]+$", "a*b?c", "(ab)+$",
	"^(?:a|ab)(?:c|bcd)(?:d*)$", "$a", "a^", "(?i)aB", "(?s).a", "[^a]b", `\d\w\s`, "^a{0,3}$", "x*", "(a|)$", "[[:alpha:]]+1", `\bab`, "(?m)^a$", ".*.*.*=.*",
}

// The automaton agrees with package regexp on every ASCII text.
func TestPatternAgreesWithRegexp(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte("abcdAB C-+01239\n=x")
	built := 0
	for _, e := range patternExpressions {
		expr := regexp.MustCompile(e)
		p := newPattern(expr)
		if p.states != nil {
			built++
		}
		for range 3000 {
			s := make([]byte, r.IntN(12))
			for i := range s {
				s[i] = alphabet[r.IntN(len(alphabet))]
			}
			if got, want := p.matches(s, true), expr.Match(s); got != want {
				t.Fatalf("%q on %q: %t, regexp says %t", e, s, got, want)
			}
		}
	}
	if built < len(patternExpressions)-4 {
		t.Errorf("only %d of %d expressions have an automaton", built, len(patternExpressions))
	}
}

func FuzzPattern(f *testing.F) {
	for _, e := range patternExpressions {
		f.Add(e, "abc")
	}
	f.Fuzz(func(t *testing.T, e, s string) {
		expr, err := regexp.Compile(e)
		if err != nil || len(e) > 60 {
			t.Skip()
		}
		for _, c := range s {
			if c > 127 {
				t.Skip()
			}
		}
		if got, want := newPattern(expr).matches([]byte(s), true), expr.MatchString(s); got != want {
			t.Errorf("%q on %q: %t, regexp says %t", e, s, got, want)
		}
	})
}
