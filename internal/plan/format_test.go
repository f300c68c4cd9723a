package plan

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// usual are texts that the fast functions must accept themselves: v5's take some thirty times as long.
var usual = map[string][]string{
	"date-time": {"2026-03-14T09:26:53Z", "2026-03-14T09:26:53.589Z", "2026-12-31T23:59:59+01:00", "2026-02-28T00:00:00.123456789-05:30", "0001-01-01T00:00:00Z"},
	"date":      {"2026-03-14", "2026-01-31", "2026-04-30", "0000-02-28"},
	"uuid":      {"7d1f0c9a-52b3-4c8e-8f61-2a9d4e7b0c35", "ABCDEF00-0000-0000-0000-00000000000f"},
	"email":     {"ada.lovelace@example.org", "a+b@x", "A_b-c@d-e.f"},
	"ipv4":      {"127.0.0.1", "255.255.255.255", "0.0.0.0"},
	"uri":       {"https://example.org/a/b-c_d.e", "http://x", "https://a.b"},
	"hostname":  {"example.org", "a", "x-1.y-2"},
}

func TestSimpleFormatsAcceptWhatIsUsual(t *testing.T) {
	t.Parallel()
	for name, texts := range usual {
		for _, s := range texts {
			if !jsonschema.Formats[name](s) {
				t.Fatalf("the test is wrong: %q is no %s", s, name)
			}
			if !simpleFormats[name]([]byte(s)) {
				t.Errorf("%q is left to jsonschema/v5 as a %s", s, name)
			}
		}
	}
	if len(usual) != len(simpleFormats) {
		t.Errorf("%d formats are tried, of %d", len(usual), len(simpleFormats))
	}
}

// What they accept, jsonschema/v5 accepts: texts with one to three bytes changed, added or taken away.
func TestSimpleFormatsAcceptNothingElse(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	const letters = "0123456789abcfgzAFGZ-:.T+@/ _~\x00\x7f\x80\xff`[{}&<\"\\"
	for name, texts := range usual {
		accepted := 0
		for range 40_000 {
			s := []byte(texts[r.IntN(len(texts))])
			for range 1 + r.IntN(3) {
				i, c := r.IntN(len(s)+1), letters[r.IntN(len(letters))]
				switch {
				case r.IntN(6) == 0:
					s = append(s[:i:i], append([]byte{c}, s[i:]...)...)
				case i == len(s) || len(s) == 1:
				case r.IntN(6) == 0:
					s = append(s[:i], s[i+1:]...)
				default:
					s[i] = c
				}
			}
			if simpleFormats[name](s) && !plain(s) {
				t.Fatalf("%q is taken for plain as a %s", s, name)
			}
			if !simpleFormats[name](s) {
				continue
			}
			accepted++
			if !jsonschema.Formats[name](string(s)) {
				t.Fatalf("%q was accepted as a %s", s, name)
			}
		}
		if accepted < 400 {
			t.Errorf("only %d changed texts are accepted as a %s: the test tests little", accepted, name)
		}
	}
}

// Every date there is, and some that there are not.
func TestSimpleDateAcceptsOnlyDates(t *testing.T) {
	t.Parallel()
	for _, year := range []string{"2023", "2024"} {
		for month := range 15 {
			for day := range 40 {
				s := year + "-" + strings.Join([]string{two(month), two(day)}, "-")
				if simpleDate([]byte(s)) && !jsonschema.Formats["date"](s) {
					t.Errorf("%q was accepted as a date", s)
				}
			}
		}
	}
	for hour := range 30 {
		for minute := range 70 {
			s := "2026-03-14T" + two(hour) + ":" + two(minute) + ":" + two(minute) + "Z"
			if simpleDateTime([]byte(s)) != (hour < 24 && minute < 60) {
				t.Errorf("%q: wrong", s)
			}
		}
	}
}

func two(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
