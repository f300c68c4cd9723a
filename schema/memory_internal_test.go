package schema

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// What an explanation allocates beside v5 is bounded, however many faults v5 found: 1,000 are told. It does not run in parallel, since
// it reads the process's counters.
func TestExplanationsAreBounded(t *testing.T) {
	const constant = 1 << 20
	for name, c := range map[string]struct{ schema, item string }{
		"types":        {`{"items":{"type":"string"}}`, `1`},
		"required":     {`{"items":{"required":["a","b","c","d","e","f","g","h"]}}`, `{}`},
		"unknown":      {`{"items":{"additionalProperties":false}}`, `{"a":1,"b":2,"c":3}`},
		"alternatives": {`{"items":{"anyOf":[{"type":"null"},{"const":1},{"minimum":5}]}}`, `2`},
	} {
		s := MustCompile([]byte(c.schema))
		for size := 16 << 10; size <= 128<<10; size *= 2 {
			text := "[" + strings.TrimSuffix(strings.Repeat(c.item+",", size/(len(c.item)+1)), ",") + "]"
			value := decode(text)
			var invalid *jsonschema.ValidationError
			if !errors.As(runV5(s.compiled, value), &invalid) {
				t.Fatal(name, "is accepted")
			}
			bytes := allocated(func() { _ = s.explain(invalid, text, value).Error() })
			if bytes > constant {
				t.Errorf("%s: an explanation of %d bytes allocates %d", name, len(text), bytes)
			}
			if size == 128<<10 {
				t.Logf("%s: %d bytes allocated to explain %d", name, bytes, len(text))
			}
		}
	}
}

// The values that v5 reads are Go maps and slices: a constant factor, which grows no faster than the text. It is the price of v5, not of
// the guard, and it is highest for small objects: a Go map has room for eight names from the first one on.
func TestDecodingGrowsWithTheText(t *testing.T) {
	for name, c := range map[string]struct {
		item   string
		factor int
	}{
		"digits": {`1`, 40}, "numbers": {`12`, 40}, "empty arrays": {`[]`, 30}, "arrays": {`[1]`, 35}, "empty objects": {`{}`, 30},
		"objects": {`{"a":1}`, 60}, "texts": {`"ab"`, 30},
	} {
		for size := 64 << 10; size <= 512<<10; size *= 2 {
			text := "[" + strings.TrimSuffix(strings.Repeat(c.item+",", size/(len(c.item)+1)), ",") + "]"
			bytes := allocated(func() { decode(text) })
			if bytes > c.factor*len(text)+64<<10 {
				t.Errorf("%s: %d bytes allocated for %d", name, bytes, len(text))
			}
			if size == 512<<10 {
				t.Logf("%s: %.1f bytes allocated for each", name, float64(bytes)/float64(len(text)))
			}
		}
	}
}

func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}
