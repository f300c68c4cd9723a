package schema

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/gauge"
	"github.com/typedkafka/kafka/internal/guard"
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

// shapes are items of arrays, and how many bytes are allocated for a byte of the text: guard, counting, the text's copy and the values.
// They are what costs most for its size. A small object is a Go map with room for eight names, and an array of one item is 40 bytes
// and an interface: jsonschema/v5 reads nothing else.
var shapes = map[string]struct {
	item   string
	factor float64
}{
	"digits": {`1`, 10}, "numbers": {`12`, 10}, "negatives": {`-1`, 10}, "long numbers": {`123`, 10}, "fractions": {`1.5`, 10}, "texts": {`"ab"`, 10},
	"letters": {`"a"`, 10}, "escapes": {`"\n"`, 10}, "many escapes": {`"\n\n\n\n\n\n"`, 10}, "empty texts": {`""`, 10}, "empty arrays": {`[]`, 10}, "empty objects": {`{}`, 10},
	"literals": {`null`, 10}, "arrays of two": {`["a",null]`, 12}, "arrays of one": {`[1]`, 19},
	"deep arrays": {strings.Repeat("[", 62) + strings.Repeat("]", 62), 28}, "objects": {`{"a":1}`, 50}, "objects without a name": {`{"":1}`, 54},
	"deep objects": {strings.Repeat(`{"":`, 62) + "1" + strings.Repeat("}", 62), 72}, "objects of nine": {objectOf(9), 16},
	"objects of fifteen": {objectOf(15), 18}, "objects of twenty-eight": {objectOf(28), 12},
	"orders": {`{"id":"4711","currency":"EUR","placed":"2026-01-31T12:00:00Z","lines":[{"sku":"A-1","qty":3,"price":12.50},{"sku":"B-2","qty":1,"price":7.00}]}`, 12},
}

func objectOf(names int) string {
	members := make([]string, names)
	for i := range members {
		members[i] = fmt.Sprintf(`"%c":1`, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[i])
	}
	return "{" + strings.Join(members, ",") + "}"
}

func repeated(item string, size int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", size/(len(item)+1)), ",") + "]"
}

// What a document costs before v5 sees it grows no faster than its size. Beyond ten times it and the constant the decoder gives up. It
// does not run in parallel, since it reads the process's counters.
func TestMemoryIsBounded(t *testing.T) {
	countsBytes(t)
	const constant = 1 << 20
	for name, shape := range shapes {
		for size := 64 << 10; size <= 1<<20; size *= 2 {
			text := repeated(shape.item, size)
			full, _ := decodeCost(text, 1<<30)
			if float64(full) > shape.factor*float64(len(text))+64<<10 {
				t.Errorf("%s: %d bytes allocated for %d", name, full, len(text))
			}
			within, ok := decodeCost(text, constant)
			if within > memoryFactor*len(text)+constant+64<<10 {
				t.Errorf("%s: %d bytes allocated for %d, beyond the limit", name, within, len(text))
			}
			if shape.factor <= memoryFactor && !ok {
				t.Errorf("%s: %d bytes are refused", name, len(text))
			}
			if size == 1<<20 {
				t.Logf("%-24s %5.1f bytes allocated for each; with MaxMemory(1 MiB) %5.1f, accepted: %v", name,
					float64(full)/float64(len(text)), float64(within)/float64(len(text)), ok)
			}
		}
	}
}

// Names that differ fill one large map.
func TestMemoryOfDistinctNames(t *testing.T) {
	countsBytes(t)
	for size := 64 << 10; size <= 1<<20; size *= 2 {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, `,"%x":1`, i)
		}
		text := "{" + b.String()[1:] + "}"
		bytes, ok := decodeCost(text, defaultMemory)
		t.Logf("%d bytes: %.1f allocated for each", len(text), float64(bytes)/float64(len(text)))
		if bytes > 18*len(text)+64<<10 || !ok {
			t.Errorf("%d bytes allocated for %d, %v", bytes, len(text), ok)
		}
	}
}

// decodeCost runs all that stands before v5, cold, so that no memory of an earlier run helps.
func decodeCost(text string, constant int) (bytes int, ok bool) {
	doc := []byte(text)
	a := allowance{memory: constant}
	runtime.GC()
	runtime.GC() // the second empties what a pool keeps through the first
	bytes = allocated(func() {
		stats, fault := guard.Check(doc, guard.Limits{Size: 1 << 30})
		if fault == nil {
			_, ok = decodeWithin(string(doc), a.memoryFor(stats, len(doc)))
		}
	})
	return bytes, ok
}

// What the decoder reckons is what it allocates, or a little more.
func TestMemoryPrices(t *testing.T) {
	for name, shape := range shapes {
		text := repeated(shape.item, 256<<10)
		decode(text) // so that the counter has its room
		c := counters.Get().(*counter)
		c.count(text)
		d := decoder{text: text, members: c.members, left: math.MaxInt}
		bytes := allocated(func() { d.value() })
		if reckoned := math.MaxInt - d.left; bytes > reckoned+4<<10 || float64(bytes) < 0.8*float64(reckoned)-4<<10 {
			t.Errorf("%s: %d bytes allocated, %d reckoned", name, bytes, reckoned)
		}
	}
	for _, names := range []int{9, 14, 15, 28, 29, 896, 897, 1000, 1792, 1793, 5000, 100_000, 115_000} {
		bytes := allocated(func() { sink = make(map[string]any, names) })
		if reckoned := objectBytes(names); bytes > reckoned+4<<10 || float64(bytes) < 0.8*float64(reckoned)-4<<10 {
			t.Errorf("a map of %d: %d bytes allocated, %d reckoned", names, bytes, reckoned)
		}
	}
}

var sink map[string]any

// countsBytes skips what reads how many bytes are allocated where the race detector counts along: its pools drop at random.
func countsBytes(t *testing.T) {
	t.Helper()
	if gauge.Race {
		t.Skip("SKIPPED: under the race detector what is allocated is not what is measured")
	}
}

func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}
