package plan_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/internal/plan"
)

// hostile are documents of about n bytes, made so that a careless reader does too much.
var hostile = map[string]func(n int) string{
	"names": func(n int) string {
		return "{" + repeated(n/9, func(i int) string { return fmt.Sprintf(`"%05x":0`, i) }) + "}"
	},
	"objects": func(n int) string {
		object := "{" + repeated(17, func(i int) string { return fmt.Sprintf(`"%x":0`, i) }) + "}"
		return "[" + repeated(n/len(object), func(int) string { return object }) + "]"
	},
	"nested names": func(n int) string {
		return strings.Repeat(`{"next":`, 60) + "{" + repeated(n/9, func(i int) string { return fmt.Sprintf(`"%05x":0`, i) }) + strings.Repeat("}", 61)
	},
	"nested":        func(n int) string { return strings.Repeat(`{"next":`, n/9) + "1" + strings.Repeat("}", n/9) },
	"empty objects": func(n int) string { return "[" + repeated(n/3, func(int) string { return "{}" }) + "]" },
	"digits":        func(n int) string { return "[" + repeated(n/2, func(int) string { return "1" }) + "]" },
	"numbers": func(n int) string {
		return "[" + repeated(n/20, func(int) string { return "-123456789.123456e-3" }) + "]"
	},
	"one number": func(n int) string { return strings.Repeat("9", n) },
	"escapes":    func(n int) string { return `"` + strings.Repeat(`\ud83d\ude00`, n/12) + `"` },
	"letters":    func(n int) string { return `"` + strings.Repeat("é", n/2) + `"` },
	"ascii":      func(n int) string { return `"` + strings.Repeat("a", n) + `"` },
	"texts": func(n int) string {
		return "[" + repeated(n/24, func(int) string { return `"éaaaaaaaaaaaaaaaaaaaa"` }) + "]"
	},
	"space":    func(n int) string { return strings.Repeat(" ", n) + "1" },
	"brackets": func(n int) string { return strings.Repeat("[", n) },
	"cut":      func(n int) string { return `["` + strings.Repeat(`\u0041`, n/6) },
}

func repeated(n int, item func(int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = item(i)
	}
	return strings.Join(parts, ",")
}

// heavy are schemas that ask much of each value.
var heavy = map[string]string{
	"nothing":   `{}`,
	"recursive": `{"properties":{"next":{"$ref":"#"}},"items":{"$ref":"#"},"maxLength":2000000}`,
	// Each level looks at the same value twice: 2^20 looks at a document of one byte, if nothing bounds them.
	"doubling": `{"$ref":"#/$defs/d20","$defs":{"d0":{}` + doubling(20) + `}}`,
	"pattern":  `{"pattern":"^(a|é|[^a-z])*$","items":{"pattern":"(a+)+b"}}`,
	"regexp":   `{"pattern":"\\b(a+é)+\\b","items":{"pattern":"\\b(.*a){9}"}}`,
	"format":   `{"format":"regex","items":{"format":"uri-template"}}`,
	"enum":     `{"enum":[1` + strings.Repeat(`,"aaaaaaaaaaaaaaaaaaaaaab"`, 1) + manyTexts(2000) + `],"items":{"enum":["x"` + manyTexts(2000) + `]}}`,
	"branches": `{"oneOf":[{"maxLength":3},{"items":{"type":"integer"}},{"items":{"anyOf":[{"type":"string"},{"minimum":1e2},{"maxProperties":17}]}}]}`,
}

func doubling(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `,"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i-1, i-1)
	}
	return b.String()
}

func manyTexts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"text %d"`, i)
	}
	return b.String()
}

// Any is what hostile documents are decoded into.
type anyNode struct {
	Next *anyNode          `json:"next"`
	Map  map[string]string `json:"a"`
}

// No document reads past the end or panics, and what is accepted is valid: here with documents of 4 KB, each cut at many places.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	for schemaName, text := range heavy {
		s := compile(t, text)
		p := plan.Compile(s)
		d := p.NewDecoder(describe(t, reflect.TypeFor[anyNode]()))
		items := p.NewDecoder(describe(t, reflect.TypeFor[[]string]()))
		for name, make := range hostile {
			doc := []byte(make(4096))
			if schemaName != "doubling" && p.Accepts(doc) && !reference(s, doc) { // jsonschema/v5 would look 2^20 times
				t.Errorf("%s under %s: accepted, but invalid", name, schemaName)
			}
			for end := len(doc); end > 0; end -= 1 + len(doc)/200 {
				cut := append([]byte(nil), doc[:end]...)
				p.Accepts(cut)
				plan.Decode(d, cut, new(anyNode))
				plan.Decode(items, cut, new([]string))
			}
		}
	}
}

// BenchmarkHostile shows what a mebibyte takes, at the worst: 10 ms are the bound.
func BenchmarkHostile(b *testing.B) {
	for schemaName, text := range heavy {
		p := plan.Compile(compile(b, text))
		for name, make := range hostile {
			doc := []byte(make(1 << 20))
			b.Run(schemaName+"/"+strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
				b.ReportAllocs()
				best := time.Hour
				for b.Loop() {
					start := time.Now()
					p.Accepts(doc)
					best = min(best, time.Since(start))
				}
				b.ReportMetric(best.Seconds()*1000, "best-ms") // what a busy machine does not change
			})
		}
	}
}
