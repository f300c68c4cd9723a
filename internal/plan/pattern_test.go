package plan

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"testing"
	"unicode/utf8"
)

var patternExpressions = []string{
	"", "^a", "b$", "^$", "^[a-c]+$", "^.$", "a|b$", "(^a|b)c", "^C-[0-9]{6,10}$", `^\+[0-9]{6,15}$`, "^[A-Z]{3}-[0-9]+$", "a*b?c", "(ab)+$",
	"^(?:a|ab)(?:c|bcd)(?:d*)$", "$a", "a^", "(?i)aB", "(?s).a", "[^a]b", `\d\w\s`, "^a{0,3}$", "x*", "(a|)$", "[[:alpha:]]+1", "^[à-ÿ]+$", "(?i)k", "(?i)[s-ß]x", `\pL+$`, "é|Ж.", `\bab`, "(?m)^a$", ".*.*.*=.*",
}

// matches asks the pattern as a walk does, which knows what is ASCII.
func matches(p *pattern, s []byte) bool {
	slow := slowBytes
	return p.allows(s, !bytes.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }), &slow) == valid
}

// The automaton agrees with package regexp.
func TestPatternAgreesWithRegexp(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("abcdAB C-+01239\n=xéêЖKſ\u2028\U0001F600")
	built := 0
	for _, e := range patternExpressions {
		expr := regexp.MustCompile(e)
		p := newPattern(expr)
		if p.accepts != nil {
			built++
		}
		for range 3000 {
			runes := make([]rune, r.IntN(12))
			for i := range runes {
				runes[i] = alphabet[r.IntN(len(alphabet))]
			}
			s := []byte(string(runes))
			if got, want := matches(p, s), expr.Match(s); got != want {
				t.Fatalf("%q on %q: %t, regexp says %t", e, s, got, want)
			}
		}
	}
	if built < len(patternExpressions)-4 {
		t.Errorf("only %d of %d expressions have an automaton", built, len(patternExpressions))
	}
}

func TestCharacters(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	alphabet := []rune("aé€\U0001F600\x00\x7f߿")
	for range 2000 {
		runes := make([]rune, r.IntN(30))
		for i := range runes {
			runes[i] = alphabet[r.IntN(len(alphabet))]
		}
		if got := characters([]byte(string(runes))); got != len(runes) {
			t.Fatalf("%q: %d characters, not %d", string(runes), len(runes), got)
		}
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
		if !utf8.ValidString(s) {
			t.Skip()
		}
		if got, want := matches(newPattern(expr), []byte(s)), expr.MatchString(s); got != want {
			t.Errorf("%q on %q: %t, regexp says %t", e, s, got, want)
		}
	})
}
