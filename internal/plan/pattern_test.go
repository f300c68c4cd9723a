package plan

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
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

// plain is what encoding/json writes as it is.
func plain(s []byte) bool {
	written, err := json.Marshal(string(s))
	return err == nil && string(written) == `"`+string(s)+`"` && !bytes.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// matchPlain matches what matches and is plain, bytes that are no UTF-8 among what is not.
func TestPlainPatterns(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	const alphabet = "abcdAB C-+01239\n=x\"<\\\x7f\xc3\xa9\xff"
	for _, e := range patternExpressions {
		expr := regexp.MustCompile(e)
		p := newPattern(expr)
		for range 3000 {
			s := make([]byte, r.IntN(8))
			for i := range s {
				s[i] = alphabet[r.IntN(len(alphabet)-r.IntN(2)*8)] // half of them are all but plain
			}
			if got, want := p.matchPlain(s), p.accepts != nil && plain(s) && expr.Match(s); got != want {
				t.Fatalf("%q on %q: %t, not %t", e, s, got, want)
			}
		}
	}
}

// Whatever the rule: a text that allowsPlain takes is plain and allowed, and of ordinary texts it takes all that are.
func TestAllowsPlain(t *testing.T) {
	t.Parallel()
	texts := []string{"", "a", "ab", "EUR", "A<B", "a\"b", "é", "\xff", "abc\n", "2026-03-14", "2026-03-31", "&", "x=é"}
	for _, document := range []string{
		`{"minLength": 1}`, `{"minLength": 2, "maxLength": 2}`, `{"maxLength": 3, "pattern": "^[A-Z]*$"}`, `{"pattern": "."}`,
		`{"enum": ["EUR", "A<B", "é", 1]}`, `{"const": "ab"}`, `{"enum": ["a", "EUR"], "pattern": "E"}`, `{"enum": ["a", "ab"], "minLength": 2}`,
		`{"enum": ["a","b","c","d","e","f","g","h","i","ab"]}`, `{"format": "date"}`, `{"format": "date", "pattern": "1$"}`,
		`{"format": "date", "maxLength": 9}`, `{"format": "regex"}`, `{"pattern": "(?m)^a"}`,
	} {
		c := jsonschema.NewCompiler()
		c.AssertFormat = true
		if err := c.AddResource("s.json", strings.NewReader(document)); err != nil {
			t.Fatal(err)
		}
		s := c.MustCompile("s.json")
		p := Compile(s)
		r := p.root.text
		if r == nil {
			t.Fatalf("%s asks nothing of texts", document)
		}
		for _, text := range texts {
			if got, want := r.allowsPlain([]byte(text)), s.Validate(text) == nil && plain([]byte(text)); got && !want {
				t.Errorf("%s takes %q", document, text)
			} else if want && !got && !slices.Contains(leftToScanning, document) {
				t.Errorf("%s leaves %q to be scanned", document, text)
			}
		}
	}
}

// leftToScanning are many values, formats without a fast function, and patterns without an automaton.
var leftToScanning = []string{`{"enum": ["a","b","c","d","e","f","g","h","i","ab"]}`, `{"format": "regex"}`, `{"pattern": "(?m)^a"}`}

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
		if p := newPattern(expr); p.matchPlain([]byte(s)) != (p.accepts != nil && plain([]byte(s)) && expr.MatchString(s)) {
			t.Errorf("%q on %q: matches plainly: %t", e, s, p.matchPlain([]byte(s)))
		}
	})
}
