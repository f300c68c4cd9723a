package schema_test

import (
	"errors"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

// FuzzCompatible takes two schemas and a document. Whatever they are, a clean report must not be disproved by the document, and every
// witness must hold against both schemas.
func FuzzCompatible(f *testing.F) {
	for _, c := range changes {
		f.Add([]byte(c.old), []byte(c.new), []byte(`{"a":null,"b":[1,{}]}`))
	}
	for _, doc := range []string{`1`, `"a"`, `[]`, `[1,1]`, `{"a":"ab"}`, `{"zz":0.5}`} {
		f.Add([]byte(`{"type":["object","array","number","string"],"additionalProperties":{"type":"string"}}`), []byte(`{"not":{"const":0}}`), []byte(doc))
	}
	f.Add([]byte(`{"$ref":"#/$defs/n","$defs":{"n":{"properties":{"n":{"$ref":"#/$defs/n"}},"unevaluatedProperties":false}}}`),
		[]byte(`{"$dynamicRef":"#n","$dynamicAnchor":"n"}`), []byte(`{"n":{"n":{}}}`))
	f.Fuzz(func(t *testing.T, old, candidate, doc []byte) {
		a, errA := schema.Compile(old)
		b, errB := schema.Compile(candidate)
		if errA != nil || errB != nil {
			return
		}
		report := schema.Compatible(schema.Backward, []*schema.Schema{a, b})
		checkWitnesses(t, report, a, b)
		var invalid *schema.ValidationError
		err := b.Validate(doc)
		if len(report.Findings) == 0 && a.Validate(doc) == nil && errors.As(err, &invalid) && !beyondWork(invalid) {
			t.Errorf("called compatible, but disproved by %s: %v\nold %s\nnew %s", doc, err, old, candidate)
		}
	})
}

// beyondWork says whether a document was refused for what its check would cost, which is no matter of the schema's meaning.
func beyondWork(err *schema.ValidationError) bool {
	for _, f := range err.Faults {
		if f.Rule == "work" || f.Rule == "internal" {
			return true
		}
	}
	return false
}
