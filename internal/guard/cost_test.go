package guard_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/guard"
)

// hostile are documents of about n bytes, made so that a careless reader does too much.
var hostile = map[string]func(n int) string{
	"distinct names": func(n int) string {
		return "{" + joined(n/9, func(i int) string { return fmt.Sprintf(`"%05x":0`, i) }) + "}"
	},
	"short names": func(n int) string {
		return "{" + joined(n/8, func(i int) string { return `"` + base62(i) + `":0` }) + "}"
	},
	"escaped names": func(n int) string {
		return "{" + joined(n/28, func(i int) string { return fmt.Sprintf(`"\u%04x\u%04x\u0000":0`, 0x1000+i%0xfff, 0x2000+i/0xfff) }) + "}"
	},
	"long names": func(n int) string {
		return "{" + joined(n/1000, func(i int) string { return fmt.Sprintf(`"%s%06d":0`, strings.Repeat("x", 987), i) }) + "}"
	},
	"objects of 17": func(n int) string {
		object := "{" + joined(17, func(i int) string { return `"` + base62(i) + `":0` }) + "}"
		return "[" + joined(n/len(object), func(int) string { return object }) + "]"
	},
	"nested names": func(n int) string {
		return strings.Repeat(`{"a":`, 63) + "{" + joined(n/9, func(i int) string { return fmt.Sprintf(`"%05x":0`, i) }) + "}" + strings.Repeat(`}`, 63)
	},
	"empty objects": func(n int) string { return "[" + joined(n/3, func(int) string { return "{}" }) + "]" },
	"digits":        func(n int) string { return "[" + joined(n/2, func(int) string { return "1" }) + "]" },
	"escapes":       func(n int) string { return `"` + strings.Repeat(`\ud83d\ude00`, n/12) + `"` },
	"text":          func(n int) string { return `"` + strings.Repeat("é", n/2) + `"` },
	"space":         func(n int) string { return strings.Repeat(" ", n) + "1" },
	"brackets":      func(n int) string { return strings.Repeat("[", n) },
	"orders": func(n int) string {
		const order = `{"id":"4711","currency":"EUR","placed":"2026-01-31T12:00:00Z","lines":[{"sku":"A-1","qty":3,"price":12.50},{"sku":"B-2","qty":1,"price":7.00}]}`
		return "[" + joined(n/len(order), func(int) string { return order }) + "]"
	},
	"empty arrays":  func(n int) string { return "[" + joined(n/3, func(int) string { return "[]" }) + "]" },
	"arrays of one": func(n int) string { return "[" + joined(n/4, func(int) string { return "[1]" }) + "]" },
	"short objects": func(n int) string { return "[" + joined(n/8, func(int) string { return `{"a":1}` }) + "]" },
	"objects of 16": func(n int) string {
		object := "{" + joined(16, func(i int) string { return `"` + base62(i) + `":0` }) + "}"
		return "[" + joined(n/(len(object)+1), func(int) string { return object }) + "]"
	},
	"deep arrays": func(n int) string {
		return "[" + joined(n/127, func(int) string { return strings.Repeat("[", 63) + strings.Repeat("]", 63) }) + "]"
	},
	"deep objects": func(n int) string {
		return "[" + joined(n/380, func(int) string { return strings.Repeat(`{"a":`, 63) + "0" + strings.Repeat("}", 63) }) + "]"
	},
	"short texts":     func(n int) string { return "[" + joined(n/3, func(int) string { return `""` }) + "]" },
	"texts":           func(n int) string { return "[" + joined(n/11, func(int) string { return `"abcdefgh"` }) + "]" },
	"short escapes":   func(n int) string { return `"` + strings.Repeat(`\n`, n/2) + `"` },
	"escape and text": func(n int) string { return `"` + strings.Repeat(`a\"`, n/3) + `"` },
	"unicode escapes": func(n int) string { return `"` + strings.Repeat(`\u00e9`, n/6) + `"` },
	"pictures":        func(n int) string { return `"` + strings.Repeat("😀", n/4) + `"` },
	"words":           func(n int) string { return "[" + joined(n/13, func(int) string { return `"größer ü"` }) + "]" },
	"exponents":       func(n int) string { return "[" + joined(n/4, func(int) string { return "1e5" }) + "]" },
	"fractions":       func(n int) string { return "[" + joined(n/9, func(int) string { return "-1.5e-30" }) + "]" },
	"long numbers": func(n int) string {
		return "[" + joined(n/65, func(int) string { return strings.Repeat("9", 64) }) + "]"
	},
	"literals":      func(n int) string { return "[" + joined(n/5, func(int) string { return "null" }) + "]" },
	"spaced digits": func(n int) string { return "[ " + strings.Repeat("1 , ", n/4) + "1 ]" },
	"late error":    func(n int) string { return "[\n" + strings.Repeat("1,\n", n/3) + "x]" },
	"one name":      func(n int) string { return "{" + joined(n/6, func(int) string { return `"a":1` }) + "}" },
	"name twice": func(n int) string {
		return `{"` + strings.Repeat("x", n/2) + `":1,"` + strings.Repeat("x", n/2) + `":1}`
	},
}

func joined(n int, item func(int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(item(i))
	}
	return b.String()
}

func base62(n int) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	s := string(digits[n%62])
	for n /= 62; n > 0; n /= 62 {
		s = string(digits[n%62]) + s
	}
	return s
}

// Work and memory grow with the input and no faster, shown at sizes that double. It does not run in parallel, since it reads the
// process's counters.
func TestCostGrowsWithTheInput(t *testing.T) {
	const constant = 64 << 10
	limits := guard.Limits{Size: 64 << 20}
	for name, make := range hostile {
		lastSteps, lastSize := 0, 0
		for size := 64 << 10; size <= 2<<20; size *= 2 {
			doc := []byte(make(size))
			steps, bytes := cost(doc, limits)
			if float64(bytes) > 10*float64(len(doc))+constant {
				t.Errorf("%s: %d bytes allocated for %d", name, bytes, len(doc))
			}
			if steps > 20*len(doc) {
				t.Errorf("%s: %d steps for %d bytes", name, steps, len(doc))
			}
			if lastSteps > 0 && float64(steps)/float64(lastSteps) > 1.3*float64(len(doc))/float64(lastSize) {
				t.Errorf("%s: from %d to %d bytes the steps grow from %d to %d", name, lastSize, len(doc), lastSteps, steps)
			}
			if size == 1<<20 {
				t.Logf("%-15s %8d bytes: %.2f steps and %.2f bytes allocated for each", name, len(doc), float64(steps)/float64(len(doc)), float64(bytes)/float64(len(doc)))
			}
			lastSteps, lastSize = steps, len(doc)
		}
	}
}

// cost runs the guard cold, so that no memory of an earlier run helps.
func cost(doc []byte, limits guard.Limits) (steps, bytes int) {
	runtime.GC()
	runtime.GC() // the second empties what a pool keeps through the first
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stats, _ := guard.Check(doc, limits)
	runtime.ReadMemStats(&after)
	return stats.Steps, int(after.TotalAlloc - before.TotalAlloc)
}

// BenchmarkGuard reads 1 MiB of each shape. Beside it stands what json.Valid needs, which checks the grammar and nothing else, so that
// the figures of a busy machine can be compared.
func BenchmarkGuard(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(hostile)) {
		doc := []byte(hostile[name](1 << 20))
		name = strings.ReplaceAll(name, " ", "_")
		b.Run(name+"/guard", func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = guard.Check(doc, guard.Limits{Size: 2 << 20})
			}
		})
		b.Run(name+"/json.Valid", func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				json.Valid(doc)
			}
		})
	}
}
