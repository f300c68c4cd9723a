package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/typedkafka/kafka/internal/zoo"
)

// Derived schemas with one to three things changed: near enough to the types that every rule of Conform meets its like, which bytes
// changed at random hardly do. CONFORM_MUTATIONS sets how many.
func TestConformOnMutatedSchemas(t *testing.T) {
	t.Parallel()
	count, seed := 600, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("CONFORM_MUTATIONS")); err == nil {
		count, seed = n, uint64(n)
	}
	r := rand.New(rand.NewPCG(7, seed))
	errors, clean, compiled := 0, 0, 0
	for i := range count {
		typ := zoo.Types[i%len(zoo.Types)]
		derived, err := deriveFrom(typ, nil)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal([]byte(derived.String()), &doc); err != nil {
			t.Fatal(err)
		}
		for range 1 + r.IntN(3) {
			doc = mutate(r, doc)
		}
		text, _ := json.Marshal(doc)
		s, err := Compile(text)
		if err != nil {
			continue
		}
		compiled++
		start := time.Now()
		report := conformTo(typ, s, nil)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%v for %s against %s", took, typ, text)
		}
		for _, f := range report.Findings {
			checkWitness(t, s, typ, f)
			if f.Severity == Error {
				errors++
				if f.Witness == nil && os.Getenv("CONFORM_MUTATIONS") != "" {
					t.Logf("no witness: %s\n%s", f, text)
				}
			}
		}
		if report.Err() == nil {
			clean++
		}
		checkSilence(t, s, typ, report)
	}
	t.Logf("%d of %d schemas compiled; %d errors found, %d reports without", compiled, count, errors, clean)
	if errors == 0 || clean == 0 {
		t.Error("the mutations are of no use")
	}
}

// mutate changes one schema somewhere inside doc.
func mutate(r *rand.Rand, doc any) any {
	var nodes []map[string]any
	collect(doc, &nodes)
	node := nodes[r.IntN(len(nodes))]
	switch r.IntN(14) {
	case 0:
		node["type"] = []any{"string", "integer", "number", "array", "object", "boolean", "null"}[r.IntN(7)]
	case 1:
		node["enum"] = []any{"a", 1, nil, "EUR", 300, true, 1.5}[r.IntN(4):]
	case 2:
		node["minimum"], node["maximum"] = r.IntN(600)-300, r.IntN(100000)
	case 3:
		node["minLength"] = r.IntN(3)
	case 4:
		node["additionalProperties"] = r.IntN(2) == 0
	case 5:
		node["required"] = []any{[]string{"id", "value", "a", "sku", "int"}[r.IntN(5)]}
	case 6:
		wrap(node, []string{"anyOf", "oneOf", "allOf"}[r.IntN(3)], []any{map[string]any{"type": "null"}, map[string]any{"type": "string"}}[:r.IntN(3)])
	case 7:
		node["format"] = []string{"date", "uuid", "date-time", "email"}[r.IntN(4)]
	case 8:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			if r.IntN(3) == 0 {
				delete(node, key)
			}
		}
	case 9:
		node["minItems"], node["maxItems"] = r.IntN(3), r.IntN(4)
	case 10:
		rename(r, node)
	case 11:
		node["const"] = []any{"a", 0, nil, "", map[string]any{}}[r.IntN(5)]
	case 12:
		node["minProperties"] = r.IntN(5)
	case 13:
		node["not"] = map[string]any{"type": []string{"string", "object", "null", "integer"}[r.IntN(4)]}
	}
	return doc
}

func wrap(node map[string]any, word string, others []any) {
	inner := maps.Clone(node)
	delete(inner, "$schema")
	delete(inner, "$defs")
	for key := range inner {
		delete(node, key)
	}
	node[word] = append([]any{inner}, others...)
}

func rename(r *rand.Rand, node map[string]any) {
	properties, ok := node["properties"].(map[string]any)
	if !ok || len(properties) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(properties))
	name := names[r.IntN(len(names))]
	properties[fmt.Sprint(name, "s")] = properties[name]
	delete(properties, name)
}

// collect gathers the objects that are schemas, or look like them.
func collect(v any, nodes *[]map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		*nodes = append(*nodes, v)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			collect(v[key], nodes)
		}
	case []any:
		for _, item := range v {
			collect(item, nodes)
		}
	}
}
