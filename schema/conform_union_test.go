package schema_test

import (
	"testing"

	"github.com/typedkafka/kafka/schema"
)

// A union that is told apart by a constant fails no check, although the zero value belongs to no branch: a value has to be chosen.
func TestConformWarnsOfAUnionWhoseZeroValueBelongsToNoBranch(t *testing.T) {
	t.Parallel()
	type payment struct {
		Type string `json:"type"`
		Card string `json:"card,omitempty"`
		IBAN string `json:"iban,omitempty"`
	}
	s := schema.MustCompile([]byte(`{"type": "object", "properties": {"card": {"type": "string"}, "iban": {"type": "string"}}, "oneOf": [
		{"required": ["type", "card"], "properties": {"type": {"const": "card"}}},
		{"required": ["type", "iban"], "properties": {"type": {"const": "iban"}}}]}`))
	report := schema.Conform[payment](s)
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	told := false
	for _, f := range report.Findings {
		told = told || f.Rule == "oneOf" && f.Severity == schema.Warning
	}
	if !told {
		t.Errorf("nothing is said of the zero value: %s", report)
	}
}
