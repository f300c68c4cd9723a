package guard_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/typedkafka/kafka/internal/guard"
)

var fuzzSeeds = []string{
	``, ` `, `0`, `-0.5e+3`, `1e324`, `1e325`, `1e1000001`, `01`, `[1,]`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"\ud83d\ude00":1,"😀":2}`,
	`"\ud800"`, `"\udc00\ud800"`, `"\ud83d\ude00"`, "\"\xff\"", "\"\xed\xa0\x80\"", "\xef\xbb\xbf1", `{} {}`, `[[[[[[]]]]]]`, `{"a":{"b":[{"c":null}]}}`,
	`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":1,"k":2,"l":3,"m":4,"n":5,"o":6,"p":7,"q":8,"a":9}`,
	`tru`, `nul`, `"\u00e9\n\/"`, "\"a\tb\"", "\t[\n1 ,\r2 ]", strings.Repeat("[", 70), strings.Repeat("1", 70), `{"a~/b":[0,x]}`, `"`, `"\`, `"\u12`,
}

// The guard agrees with the two readers behind it: what it accepts, encoding/json and jsontext (RFC 7493) accept; what jsontext accepts,
// it refuses for a limit only.
func FuzzGuard(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		stats, err := guard.Check(doc, guard.Limits{})
		strict := jsontext.Value(doc).IsValid()
		if err == nil {
			if !strict || !json.Valid(doc) {
				t.Fatalf("accepted, but encoding/json says %v and jsontext %v", json.Valid(doc), strict)
			}
			checkStats(t, doc, stats)
			return
		}
		checkError(t, doc, err)
		limit := err.Rule == guard.Size || err.Rule == guard.Depth || err.Rule == guard.Number
		if strict && !limit {
			t.Fatalf("refused with %s (%v), but jsontext accepts it", err.Rule, err)
		}
	})
}

func checkStats(t *testing.T, doc []byte, stats guard.Stats) {
	t.Helper()
	if stats.Steps > 200*len(doc)+1000 {
		t.Fatalf("%d steps for %d bytes", stats.Steps, len(doc))
	}
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		return // a number beyond float64
	}
	values, names, depth := count(v)
	if stats.Values != values || stats.Names != names || stats.Depth != depth {
		t.Fatalf("got %+v, want %d values, %d names, depth %d", stats, values, names, depth)
	}
}

func count(v any) (values, names, depth int) {
	add := func(child any) {
		cv, cn, cd := count(child)
		values, names, depth = values+cv, names+cn, max(depth, cd)
	}
	switch v := v.(type) {
	case []any:
		for _, c := range v {
			add(c)
		}
		depth++
	case map[string]any:
		for _, c := range v {
			add(c)
		}
		names += len(v)
		depth++
	}
	return values + 1, names, depth
}

func checkError(t *testing.T, doc []byte, err *guard.Error) {
	t.Helper()
	lines := strings.Count(string(doc), "\n") + 1
	if err.Offset < 0 || err.Offset > len(doc) || err.Line < 1 || err.Line > lines || err.Column < 1 || err.Column > len(doc)+1 {
		t.Fatalf("the error's place is outside of the document: %+v", err)
	}
	if err.Sentence() == "" || err.Rule == "" {
		t.Fatalf("an error without words: %+v", err)
	}
	if err.Pointer != "" && err.Pointer[0] != '/' {
		t.Fatalf("no JSON Pointer: %q", err.Pointer)
	}
}
