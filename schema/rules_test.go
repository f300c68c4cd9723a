package schema_test

import (
	"slices"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

func TestRulesAreToldOnce(t *testing.T) {
	t.Parallel()
	invalid := &schema.ValidationError{Faults: []schema.Fault{{Rule: "minimum"}, {Rule: "type"}, {Rule: "minimum"}}}
	if got := invalid.Rules(); !slices.Equal(got, []string{"minimum", "type"}) {
		t.Errorf("the rules are %q", got)
	}
	if got := new(schema.ValidationError).Rules(); len(got) > 0 {
		t.Errorf("the rules of no fault are %q", got)
	}
}
