package schema

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/guard"
)

// The bound that needs no look at the document is never below the exact reckoning, which is why a document under it needs no walk.
func TestWorstCaseCoversTheReckoning(t *testing.T) {
	t.Parallel()
	schemas := []string{
		`{"items":{"type":"integer","minimum":1,"multipleOf":3}}`,
		`{"properties":{"a":{"$ref":"#"},"b":{"items":{"$ref":"#"}}},"additionalProperties":{"type":"string","pattern":"^a+$"}}`,
		`{"oneOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/x"}},{"$ref":"#/$defs/x"}],"$defs":{"x":{"properties":{"a":{"enum":[1,2,"a"]},"b":{"const":{"a":1}}},"patternProperties":{"a|b":{"maxLength":3},"^.$":{"type":"object"}}}}}`,
		`{"propertyNames":{"maxLength":1},"if":{"required":["a"]},"then":{"properties":{"a":{"items":{"contains":{"const":1}}}}},"else":{"minProperties":1},"unevaluatedProperties":{"type":"null"}}`,
		`{"dependentSchemas":{"a":{"properties":{"b":{"prefixItems":[{"type":"string"},true],"items":{"not":{"type":"null"}},"unevaluatedItems":false}}}},"allOf":[{"anyOf":[{"required":["a","b"]},{"maxProperties":1}]}]}`,
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, text := range schemas {
		s := MustCompile([]byte(text))
		for range 400 {
			doc := randomDocument(random, 5)
			stats, fault := guard.Check([]byte(doc), guard.Limits{})
			if fault != nil {
				t.Fatal(doc, fault)
			}
			r := reckoner{g: s.graph, limit: 1e18}
			r.value(decode(doc), []call{{s.graph.root, 1}}, 0, 0)
			bound := s.bound
			bound.limit = r.sum * 0.999
			if bound.covers(stats, len(doc)) {
				t.Fatalf("%s\n%s\nreckoned %.0f, but the worst case is below", text, doc, r.sum)
			}
		}
	}
}

func randomDocument(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(3) == 0 {
		return []string{"1", "-7.5", "1e3", `"a"`, `"bcd"`, "null", "true", `""`}[r.IntN(8)]
	}
	var parts []string
	if r.IntN(2) == 0 {
		for range r.IntN(4) {
			parts = append(parts, randomDocument(r, depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	for i, name := range []string{"a", "b", "cc"} {
		if r.IntN(2) == 0 || i == 0 {
			parts = append(parts, fmt.Sprintf("%q:%s", name, randomDocument(r, depth-1)))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}
