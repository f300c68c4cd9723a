package evolve_test

import (
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/evolve"
)

// What was proven of a pair inside a recursion rests on the pair around it. These breaks stand where such a proof would hide
// them, if it were remembered after the outer pair was found to break.
func TestMemoryHidesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ writer, reader string }{
		"mutual recursion, the break in the second": {
			`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"b":{"$ref":"#/$defs/b"},"x":{"type":"integer"}},"additionalProperties":false},
				"b":{"type":"object","properties":{"a":{"$ref":"#/$defs/a"},"y":{"type":["string","null"]}},"additionalProperties":false}}}`,
			`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"b":{"$ref":"#/$defs/b"},"x":{"type":"integer"}},"additionalProperties":false},
				"b":{"type":"object","properties":{"a":{"$ref":"#/$defs/a"},"y":{"type":"string"}},"additionalProperties":false}}}`,
		},
		"the same pair below and beside": {
			`{"$ref":"#/$defs/n","$defs":{"n":{"anyOf":[{"type":"null"},{"type":"object","required":["l","r"],"properties":{"l":{"$ref":"#/$defs/n"},"r":{"$ref":"#/$defs/n"}}}]}}}`,
			`{"$ref":"#/$defs/n","$defs":{"n":{"anyOf":[{"type":"null"},{"type":"object","required":["l","r"],"properties":{"l":{"$ref":"#/$defs/n"},"r":{"type":"null"}}}]}}}`,
		},
		"a break three levels down": {
			`{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}}}}}`,
			`{"type":"object","properties":{"n":{"type":"object","properties":{"n":{"type":"object","properties":{"n":{"type":"object","properties":{"n":false}}}}}}}}`,
		},
		"through arrays and references to the root": {
			`{"type":["array","integer"],"items":{"$ref":"#"}}`,
			`{"type":["array","integer"],"items":{"anyOf":[{"type":"array","items":{"$ref":"#"}},{"type":"integer","minimum":0}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			writer, reader := mustCompile(c.writer), mustCompile(c.reader)
			breaks := evolve.Compare(writer, reader, evolve.Options{})
			if len(breaks) == 0 || !breaks[0].Proven {
				t.Fatalf("want a break with a witness, got %v", breaks)
			}
			for _, b := range breaks {
				checkWitness(t, b, writer, reader)
			}
		})
	}
}

// A recursive schema against itself written otherwise needs the proof to go in a circle.
func TestRecursionIsProven(t *testing.T) {
	t.Parallel()
	tree := `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["v"],"properties":{"v":{"type":"integer"},"children":{"type":"array","items":{"$ref":"#/$defs/n"}}}}}}`
	twice := `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["v"],"properties":{"v":{"type":"number"},"children":{"items":{"$ref":"#/$defs/m"}}}},
		"m":{"properties":{"v":{"type":["integer","null"]},"children":{"items":{"$ref":"#/$defs/n"}}}}}}`
	if breaks := evolve.Compare(mustCompile(tree), mustCompile(twice), evolve.Options{}); len(breaks) > 0 {
		t.Errorf("want compatible, got %+v", breaks)
	}
	endless := `{"type":"object","required":["n"],"properties":{"n":{"$ref":"#"}}}` // no finite document is valid
	if breaks := evolve.Compare(mustCompile(endless), mustCompile(`false`), evolve.Options{}); len(breaks) > 0 {
		t.Errorf("a schema that no document meets is compatible with all, got %+v", breaks)
	}
}

// The answer and its order are the same on each run.
func TestSameOnEachRun(t *testing.T) {
	t.Parallel()
	var first string
	for range 5 {
		var b strings.Builder
		for _, c := range expensive[:3] {
			for _, found := range evolve.Compare(mustCompile(c.writer), mustCompile(c.reader), evolve.Options{}) {
				b.Write(encode(found))
			}
		}
		if first == "" {
			first = b.String()
		}
		if b.String() != first {
			t.Fatalf("another answer:\n%s\n%s", first, b.String())
		}
	}
}
