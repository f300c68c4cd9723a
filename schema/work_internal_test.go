package schema

import (
	"fmt"
	"hash/maphash"
	"math/big"
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
			r.document(decode(doc))
			bound := s.bound
			bound.limit = r.sum * 0.999
			if bound.covers(stats, len(doc)) {
				t.Fatalf("%s\n%s\nreckoned %.0f, but the worst case is below", text, doc, r.sum)
			}
		}
	}
}

// The reckoning itself holds no more than the schemas that are open, whatever the document; for uniqueItems eight bytes an item, and sixteen
// a name.
func TestReckoningIsBounded(t *testing.T) {
	for text, factor := range map[string]int{
		`{"items":{"anyOf":[{"type":"string"},{"minimum":1,"multipleOf":3},{"$ref":"#"}]}}`: 0,
		`{"additionalProperties":{"$ref":"#"},"propertyNames":{"maxLength":3}}`:             0,
		`{"uniqueItems":true,"items":{"uniqueItems":true}}`:                                 8,
	} {
		s := MustCompile([]byte(text))
		for item, names := range map[string]int{"1": 0, "[]": 0, "[1]": 0, `"a"`: 0, `{"a":1}`: 1, `{"a":1,"b":2,"c":3}`: 3} {
			value := decode(repeated(item, 256<<10)).([]any)
			bytes := allocated(func() { s.graph.tooDear(value, 1e18) })
			if bytes > factor*(1+2*names)*len(value)+64<<10 {
				t.Errorf("%s, items %s: the reckoning allocates %d bytes for %d items", text, item, bytes, len(value))
			}
		}
	}
}

// What is hashed without a fraction is hashed as with one.
func TestHashNumber(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0", "-0", "1", "-1", "255", "256", "65535", "65536", "-16777216", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.5"} {
		var got, want maphash.Hash
		want.SetSeed(got.Seed())
		hashNumber(text, &got)
		r, _ := new(big.Rat).SetString(text)
		want.Write(r.Num().Bytes())
		want.Write(r.Denom().Bytes())
		if got.Sum64() != want.Sum64() {
			t.Errorf("%s is hashed otherwise", text)
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
