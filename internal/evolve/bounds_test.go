package evolve_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/internal/evolve"
	"github.com/typedkafka/kafka/internal/gauge"
)

// repeat joins n texts.
func repeat(n int, f func(i int) string) string {
	var parts []string
	for i := range n {
		parts = append(parts, f(i))
	}
	return strings.Join(parts, ",")
}

// circular is the shape that hung a registry for hours: a recursive oneOf of many branches with circular properties each.
func circular(branches, properties int, last string) string {
	defs := repeat(branches, func(i int) string {
		return fmt.Sprintf(`"b%d":{"type":"object","properties":{"id":{"type":%q},%s}}`, i, last,
			repeat(properties, func(j int) string { return fmt.Sprintf(`"p%d":{"$ref":"#/$defs/any"}`, j) }))
	})
	refs := repeat(branches, func(i int) string { return fmt.Sprintf(`{"$ref":"#/$defs/b%d"}`, i) })
	return `{"$ref":"#/$defs/any","$defs":{"any":{"oneOf":[` + refs + `]},` + defs + `}}`
}

// tagged is circular with branches that a constant tells apart.
func tagged(branches, properties int, extra string) string {
	defs := repeat(branches, func(i int) string {
		return fmt.Sprintf(`"b%d":{"type":"object","required":["kind"],"properties":{"kind":{"const":"k%d"},"id":{"type":["integer"%s]},%s}}`, i, i, extra,
			repeat(properties, func(j int) string { return fmt.Sprintf(`"p%d":{"$ref":"#/$defs/any"}`, j) }))
	})
	refs := repeat(branches, func(i int) string { return fmt.Sprintf(`{"$ref":"#/$defs/b%d"}`, i) })
	return `{"$ref":"#/$defs/any","$defs":{"any":{"oneOf":[` + refs + `]},` + defs + `}}`
}

func wide(n int, f func(i int) string) string {
	return `{"type":"object","properties":{` + repeat(n, func(i int) string { return fmt.Sprintf(`"p%d":%s`, i, f(i)) }) + `}}`
}

func integers(from, to int) string {
	return `{"enum":[` + repeat(to-from, func(i int) string { return fmt.Sprint(from + i) }) + `]}`
}

func nested(n int, inner string) string {
	return strings.Repeat(`{"type":"object","properties":{"n":`, n) + inner + strings.Repeat(`}}`, n)
}

func branches(n int, last string) string {
	return `{"anyOf":[` + repeat(n, func(i int) string {
		return `{"type":"object","properties":{` + repeat(8, func(j int) string {
			return fmt.Sprintf(`"q%d":{"type":%s}`, j, []string{`"string"`, `"integer"`, last}[(i*j+i+j)%3])
		}) + `}}`
	}) + `]}`
}

// expensive lists pairs that are large or made to explode, with what is known of them: true compatible, false not, nil either.
var yes, no = true, false
var expensive = []struct {
	name   string
	writer string
	reader string
	want   *bool
}{
	{"circular, equal branches", circular(12, 5, "integer"), circular(12, 5, "number"), nil},
	{"circular, tagged, widened", tagged(12, 5, ""), tagged(12, 5, `,"null"`), &yes},
	{"circular, tagged, narrowed", tagged(12, 5, `,"null"`), tagged(12, 5, ``), &no},
	{"circular, tagged, a branch more", tagged(12, 5, ""), tagged(13, 5, ""), &yes},
	{"circular, tagged, a branch less", tagged(13, 5, ""), tagged(12, 5, ""), &no},
	{"two thousand properties", wide(2000, func(int) string { return `{"type":"string"}` }), wide(2000, func(int) string { return `{"type":["string","null"]}` }), &yes},
	{"two thousand properties, the last narrowed", wide(2000, func(int) string { return `{"type":["string","null"]}` }),
		wide(2000, func(i int) string {
			return map[bool]string{true: `{"type":"string"}`, false: `{"type":["string","null"]}`}[i == 1999]
		}), &no},
	{"ten thousand values", integers(0, 10_000), integers(0, 10_001), &yes},
	{"ten thousand values, one less", integers(0, 10_000), integers(0, 9_999), &no},
	{"values of strings against a pattern", `{"enum":[` + repeat(5000, func(i int) string { return fmt.Sprintf(`"v%d"`, i) }) + `]}`, `{"pattern":"^v[0-9]+$"}`, &yes},
	{"a pattern with very many states", `{"pattern":"^(a|b)*a(a|b){24}$"}`, `{"pattern":"^(a|b)*a(a|b){23}$"}`, nil},
	{"patterns side by side", `{"pattern":"^(ab|ba|aab|bba)*$"}`, `{"allOf":[{"pattern":"^[ab]*$"},{"pattern":"^(a|b)*$"},{"pattern":"^(aa|bb|ab|ba|a|b)*$"}]}`, &yes},
	{"unicode classes", `{"pattern":"^\\p{L}+\\p{N}*$","maxLength":1000}`, `{"pattern":"^[\\p{L}\\p{N}]+$"}`, &yes},
	{"a large length", `{"type":"string","maxLength":1000000}`, `{"type":"string","maxLength":999999}`, nil},
	{"a large length beside a pattern", `{"pattern":"^[a-z]+$","maxLength":5000}`, `{"pattern":"^[a-z]*$"}`, &yes},
	{"many items", `{"type":"array","minItems":1000000}`, `{"type":"array","minItems":1000001}`, nil},
	{"many that are contained", `{"type":"array","contains":{"const":1},"minContains":2000}`, `{"contains":{"type":"integer"},"minContains":1999}`, nil},
	{"deep", nested(60, `{"type":"string"}`), nested(60, `{"type":["string","null"]}`), &yes},
	{"deep, narrowed", nested(60, `{"type":["string","null"]}`), nested(60, `{"type":"string"}`), &no},
	{"branches that overlap", branches(14, `"null"`), branches(14, `["null","boolean"]`), nil},
	{"branches that overlap, equal", branches(14, `"null"`), branches(15, `"null"`), &yes},
	{"a chain of doubling references", `{"$ref":"#/$defs/d0","$defs":{` + repeat(14, func(i int) string {
		return fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1)
	}) + `,"d14":{"type":"string"}}}`, `{"type":"string","minLength":0}`, &yes},
	{"not of not", strings.Repeat(`{"not":`, 60) + `{"type":"string"}` + strings.Repeat(`}`, 60), `{"type":["string","null"]}`, &yes},
	{"conditions", `{"allOf":[` + repeat(16, condition) + `]}`, `{"allOf":[` + repeat(16, condition) + `,{"type":"object"}]}`, &no},
	{"pattern properties", `{"patternProperties":{` + repeat(12, func(i int) string { return fmt.Sprintf(`"x%d":{"type":"string"}`, i) }) + `}}`,
		`{"patternProperties":{` + repeat(12, func(i int) string { return fmt.Sprintf(`"x%d":{"type":["string","null"]}`, i) }) + `}}`, &yes},
	{"unevaluated behind branches", unevaluated(4), unevaluated(5), &yes},
	{"unevaluated behind many branches", unevaluated(12), unevaluated(13), nil},
	{"multiples with a huge period", `{"multipleOf":0.000000001,"not":{"anyOf":[{"multipleOf":999983},{"multipleOf":999979}]}}`, `{"type":"integer"}`, &no},
}

func condition(i int) string {
	return fmt.Sprintf(`{"if":{"properties":{"k%d":{"const":1}},"required":["k%d"]},"then":{"required":["v%d"]},"else":{"properties":{"v%d":{"type":"string"}}}}`, i, i, i, i)
}

func unevaluated(n int) string {
	return `{"type":"object","anyOf":[` + repeat(n, func(i int) string {
		return fmt.Sprintf(`{"required":["r%d"],"properties":{"r%d":{},"s%d":{}}}`, i, i, i)
	}) + `],"unevaluatedProperties":false}`
}

// timed is the processor time that f takes.
func timed(f func()) time.Duration {
	before := gauge.CPU()
	f()
	return gauge.CPU() - before
}

func TestEveryComparisonEndsWithinASecond(t *testing.T) {
	for _, c := range expensive {
		t.Run(c.name, func(t *testing.T) {
			writer, reader := mustCompile(c.writer), mustCompile(c.reader)
			for _, lenient := range []bool{false, true} {
				var breaks []evolve.Break
				took := timed(func() { breaks = evolve.Compare(writer, reader, evolve.Options{Lenient: lenient}) })
				if took > time.Second && !gauge.Race {
					t.Errorf("lenient %t: took %v of processor time, more than a second", lenient, took)
				}
				proven := slices.ContainsFunc(breaks, func(b evolve.Break) bool { return b.Proven })
				t.Logf("lenient %t: %v, %d breaks, proven %t", lenient, took.Round(time.Millisecond), len(breaks), proven)
				if c.want != nil && (len(breaks) == 0) != *c.want || c.want == &no && !proven {
					t.Errorf("lenient %t: want compatible %t, got %.300v", lenient, *c.want, breaks)
				}
				for _, b := range breaks {
					checkWitness(t, b, writer, reader)
				}
			}
		})
	}
}
