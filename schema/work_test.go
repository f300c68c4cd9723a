package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/schema"
)

// chained is a schema of n definitions, each of which refers to the next one as often as times says.
func chained(n, times int) string {
	var b strings.Builder
	for i := range n {
		ref := fmt.Sprintf(`{"$ref":"#/$defs/d%d"}`, i+1)
		fmt.Fprintf(&b, `"d%d":{"allOf":[%s]},`, i, listOf(times, ref))
	}
	return fmt.Sprintf(`{"$ref":"#/$defs/d0","$defs":{%s"d%d":{"type":"string"}}}`, b.String(), n)
}

func listOf(n int, item string) string {
	return strings.TrimSuffix(strings.Repeat(item+",", n), ",")
}

func numbered(n int, format string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(items, ",")
}

// Schemas whose checking could not be bounded for any document are refused at compile.
func TestExplosiveSchemasAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ doc, want string }{
		"ref doubling 30 times": {chained(30, 2), "applies more than 20000 schemas to one value"},
		"1,000 nested allOf":    {chained(1000, 1), "applies more than 100 schemas to one value through each other"},
		"ref to itself":         {`{"$ref":"#"}`, "leads back to itself"},
		"refs in a circle":      {`{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}},"items":{"$ref":"#/$defs/a"}}`, "leads back to itself"},
		"circle by condition":   {`{"dependentSchemas":{"a":{"$ref":"#"}}}`, "leads back to itself"},
		"too many schemas":      {`{"properties":{` + numbered(10_001, `"p%d":{}`) + `}}`, "consists of 10002 schemas"},
		"large":                 {`{"description":"` + strings.Repeat("x", 5<<20) + `"}`, "more than the limit of 4194304"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := schema.Compile([]byte(c.doc))
			var refused *schema.CompileError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// An explosion is a schema with documents that grow: n is small enough to be checked, and large is too much for v5.
type explosion struct {
	name, schema string
	doc          func(n int) string
	small, large int
}

var explosions = []explosion{
	{"recursive oneOf", `{"oneOf":[` + listOf(3, `{"properties":{"l":{"$ref":"#"}},"required":["l"]}`) + `,{"type":"integer"}]}`,
		func(n int) string { return strings.Repeat(`{"l":`, n) + "1" + strings.Repeat("}", n) }, 6, 40},
	{"recursion twice by allOf", `{"allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}`,
		func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }, 8, 60},
	{"large enum of numbers", `{"items":{"enum":[` + numbered(10_000, "%d") + `]}}`,
		func(n int) string { return "[" + listOf(n, "-1") + "]" }, 2, 1000},
	{"large enum of texts", `{"items":{"enum":[` + numbered(10_000, `"%d"`) + `]}}`,
		func(n int) string { return "[" + listOf(n, `"x"`) + "]" }, 20, 100_000},
	{"large constant", `{"items":{"const":"` + strings.Repeat("y", 100_000) + `"}}`,
		func(n int) string { return "[" + listOf(n, "1") + "]" }, 10, 10_000},
	{"many required", `{"items":{"required":[` + numbered(5000, `"p%d"`) + `]}}`,
		func(n int) string { return "[" + listOf(n, "{}") + "]" }, 10, 10_000},
	{"long name above many items", `{"additionalProperties":{"items":{"type":"string"}}}`,
		func(n int) string { return `{"` + strings.Repeat("n", 20*n) + `":[` + listOf(10*n, "1") + `]}` }, 100, 20_000},
	{"colliding items", `{"uniqueItems":true}`, colliding, 64, 10_000},
	{"pattern in the document", `{"items":{"format":"regex"}}`,
		func(n int) string { return `["` + strings.Repeat("x{1000}", n) + `"]` }, 10, 100_000},
	{"exponents", `{"items":{"enum":[` + numbered(1000, "%de200") + `]}}`,
		func(n int) string { return "[" + listOf(n, "7e-300") + "]" }, 5, 10_000},
}

// colliding are arrays that differ and that v5 hashes alike, since its hash has no mark between items: "a", "b" and "a\x03b".
func colliding(n int) string {
	items := make([]string, n)
	for i := range items {
		var b strings.Builder
		for bit := range 14 {
			if i>>bit&1 == 1 {
				b.WriteString(`"a\u0003b",`)
			} else {
				b.WriteString(`"a","b",`)
			}
		}
		items[i] = "[" + b.String() + "0]"
	}
	return "[" + strings.Join(items, ",") + "]"
}

// Whatever the schema, a document is either checked or refused with the rule "work", before jsonschema/v5 begins what would take it minutes.
func TestExplosionsAreBounded(t *testing.T) {
	t.Parallel()
	for _, x := range explosions {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := schema.MustCompile([]byte(x.schema))
			limit := schema.Limit{Bytes: 8 << 20}
			if e := workFault(s.ValidateWithin([]byte(x.doc(x.small)), limit)); e != nil {
				t.Errorf("a small document is refused: %v", e)
			}
			e := workFault(s.ValidateWithin([]byte(x.doc(x.large)), limit))
			if e == nil {
				t.Error("a large document is not refused")
			} else if !strings.Contains(e.Error(), "50000000 units (schema.MaxWork)") {
				t.Errorf("the error does not say which limit: %v", e)
			}
		})
	}
}

func workFault(err error) error {
	var e *schema.ValidationError
	if errors.As(err, &e) && e.Faults[0].Rule == "work" {
		return e
	}
	return nil
}

// What people send is far from the limit, at a megabyte too (50,000 numbers are a tenth of one).
func TestCommonMessagesAreFarFromTheLimit(t *testing.T) {
	t.Parallel()
	s, err := schema.Compile([]byte(`{"type":"array","items":{"$ref":"order.json"}}`), schema.Resource("order.json", []byte(orderSchema)),
		schema.MaxWork(15_000_000))
	if err != nil {
		t.Fatal(err)
	}
	order := `{"id":"4711","currency":"EUR","placed":"2026-01-31T12:00:00Z","lines":[{"sku":"A","qty":3},{"sku":"B","qty":1}]}`
	if err := s.Validate([]byte("[" + listOf(1_000_000/len(order), order) + "]")); err != nil {
		t.Errorf("%v", err)
	}
	numbers := schema.MustCompile([]byte(`{"items":{"type":"integer","minimum":0}}`))
	if err := numbers.Validate([]byte("[" + listOf(50_000, "7") + "]")); err != nil {
		t.Errorf("%v", err)
	}
}

func TestMaxWork(t *testing.T) {
	t.Parallel()
	doc := []byte("[" + listOf(1000, `"a"`) + "]") // invalid: what the plan accepts costs v5 nothing
	low, err := schema.Compile([]byte(`{"items":{"type":"integer"}}`), schema.MaxWork(1000))
	if err != nil {
		t.Fatal(err)
	}
	if workFault(low.Validate(doc)) == nil || workFault(low.Validate([]byte(`["a"]`))) != nil {
		t.Error("MaxWork is not what limits")
	}
}
