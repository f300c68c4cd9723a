package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/schema"
)

// A refused document is a document to compare explanations on, with a fault in the middle of what people send, or faults all over.
type refusedDoc struct{ name, schema, doc string }

func refusedDocs() []refusedDoc {
	const good = `{"id":"4711","currency":"EUR","placed":"2026-01-31T12:00:00Z","lines":[{"sku":"A","qty":3},{"sku":"B","qty":1}]}`
	one := strings.Replace(good, `"qty":3`, `"qty":0`, 1)
	lines := listOf(200, `{"sku":"A","qty":3}`)
	return []refusedDoc{
		{"one_fault", orderSchema, one},
		{"missing", orderSchema, `{"id":"4711","curency":"EUR","lines":[{"sku":"A"}]}`},
		{"batch_one_fault", orderSchema, `{"id":"1","currency":"EUR","lines":[` + lines + `,{"qty":1}]}`},
		{"batch_all_faults", orderSchema, `{"id":"1","currency":"EUR","lines":[` + strings.ReplaceAll(lines, "3", "0") + `]}`},
		{"alternatives", secretSchema, secretDoc},
		{"branches", `{"items":{"oneOf":[` + numbered(30, `{"properties":{"kind":{"const":"k%d"},"size":{"type":"integer"}},"required":["kind","size"]}`) + `]}}`,
			`[` + listOf(10, `{"kind":"k7","size":"x"}`) + `]`},
		{"branches_in_branches", `{"anyOf":[{"type":"string"},{"type":"object","properties":{"next":{"$ref":"#"}},"required":["next"]},{"type":"array","items":{"$ref":"#"}}]}`,
			strings.Repeat(`{"next":`, 20) + "1" + strings.Repeat("}", 20)},
	}
}

// BenchmarkExplanation compares a refusal with what a caller of v5 does for one: decode, validate, ask for the detailed output. Ours
// has the guard before it, and faults with their sentences behind it.
func BenchmarkExplanation(b *testing.B) {
	for _, r := range refusedDocs() {
		b.Run(r.name+"/ours", func(b *testing.B) {
			s := schema.MustCompile([]byte(r.schema))
			b.ReportAllocs()
			for b.Loop() {
				var invalid *schema.ValidationError
				if !errors.As(s.Validate([]byte(r.doc)), &invalid) {
					b.Fatal("accepted")
				}
			}
		})
		b.Run(r.name+"/v5", func(b *testing.B) {
			c := jsonschema.NewCompiler()
			c.AssertFormat = true
			if err := c.AddResource("mem:///s.json", strings.NewReader(r.schema)); err != nil {
				b.Fatal(err)
			}
			s := c.MustCompile("mem:///s.json")
			b.ReportAllocs()
			for b.Loop() {
				d := json.NewDecoder(bytes.NewReader([]byte(r.doc)))
				d.UseNumber()
				var v any
				if err := d.Decode(&v); err != nil {
					b.Fatal(err)
				}
				var invalid *jsonschema.ValidationError
				if !errors.As(s.Validate(v), &invalid) {
					b.Fatal("accepted")
				}
				if out := invalid.DetailedOutput(); out.Valid {
					b.Fatal("valid")
				}
			}
		})
	}
}
