package schema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

// dearest is what costs most for its size: 62 objects in each other, of five bytes and a Go map each.
func dearest(size int) []byte {
	item := strings.Repeat(`{"":`, 62) + "1" + strings.Repeat("}", 62)
	return []byte("[" + listOf(size/(len(item)+1), item) + "]")
}

func ruleOf(err error) string {
	var e *schema.ValidationError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Faults[0].Rule
}

// A document that is too dear to decode is refused before it is, and the error says by which limit. No document of the default size is.
func TestMaxMemory(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(`{"type":"string"}`))
	if rule := ruleOf(s.Validate(dearest(1_048_588))); rule != "type" {
		t.Errorf("at the default size: got %q", rule)
	}
	unique := schema.MustCompile([]byte(`{"type":["string","null"],"uniqueItems":true}`))
	if rule := ruleOf(unique.Validate(dearest(1_048_588))); rule == "memory" || rule == "" {
		t.Errorf("at the default size, with uniqueItems: got %q", rule)
	}
	err := s.ValidateWithin(dearest(3<<20), schema.Limit{Bytes: 4 << 20})
	if ruleOf(err) != "memory" || !strings.Contains(err.Error(), "75497472 bytes (schema.MaxMemory)") {
		t.Errorf("at 3 MiB: got %v", err)
	}
	low := schema.MustCompile([]byte(`{"type":"string"}`), schema.MaxMemory(1<<10))
	if rule := ruleOf(low.Validate(dearest(10_000))); rule != "memory" {
		t.Errorf("with MaxMemory(1 KiB): got %q", rule)
	}
	if rule := ruleOf(low.Validate([]byte(`{"id":"4711","lines":[{"sku":"A"}]}`))); rule != "type" {
		t.Errorf("a small document with MaxMemory(1 KiB): got %q", rule)
	}
	accepted := schema.MustCompile([]byte(`{"type":"array"}`), schema.MaxMemory(1<<10))
	if err := accepted.Validate(dearest(100_000)); err != nil {
		t.Errorf("what needs no decoding is refused: %v", err)
	}
}
