package schema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

const orderSchema = `{
	"type": "object",
	"required": ["id", "currency", "lines"],
	"properties": {
		"id": {"type": "string", "minLength": 1},
		"currency": {"enum": ["EUR", "USD"]},
		"placed": {"type": "string", "format": "date-time"},
		"lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}}
	},
	"additionalProperties": false,
	"$defs": {"line": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string", "pattern": "^[A-Z]+$"}, "qty": {"type": "integer", "minimum": 1}}}}
}`

func TestValidate(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(orderSchema))
	for doc, valid := range map[string]bool{
		`{"id":"1","currency":"EUR","lines":[{"sku":"A","qty":1}]}`:                                   true,
		`{"id":"1","currency":"EUR","lines":[{"sku":"A","qty":1.0}],"placed":"2026-01-02T03:04:05Z"}`: true,
		`{"id":"1","currency":"EUR","lines":[{"sku":"A"}],"placed":"yesterday"}`:                      false,
		`{"id":"1","currency":"EUR","lines":[]}`:                                                      false,
		`{"id":"1","currency":"GBP","lines":[{"sku":"A"}]}`:                                           false,
		`{"id":"1","currency":"EUR","lines":[{"sku":"A"}],"more":1}`:                                  false,
		`{"id":"1","id":"1","currency":"EUR","lines":[{"sku":"A"}]}`:                                  false,
		`{"id":"1"`:  false,
		``:           false,
		`1e10000001`: false,
	} {
		err := s.Validate([]byte(doc))
		if (err == nil) != valid {
			t.Errorf("%s: valid is %v, want %v (%v)", doc, err == nil, valid, err)
		}
		var invalid *schema.ValidationError
		if err != nil && (!errors.As(err, &invalid) || len(invalid.Faults) == 0) {
			t.Errorf("%s: %T without faults", doc, err)
		}
	}
}

func TestLimitNamesItsOwner(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(`{"type":"string"}`))
	doc := []byte(`"` + strings.Repeat("x", 100) + `"`)
	if err := s.ValidateWithin(doc, schema.Limit{Bytes: 102, Owner: "the test"}); err != nil {
		t.Error(err)
	}
	err := s.ValidateWithin(doc, schema.Limit{Bytes: 101, Owner: "the test"})
	if err == nil || !strings.Contains(err.Error(), "102 bytes long, more than the limit of 101 (the test)") {
		t.Errorf("got %v", err)
	}
	large := []byte(`"` + strings.Repeat("x", 2_000_000) + `"`)
	if err := s.ValidateWithin(large, schema.Limit{Bytes: 3_000_000}); err != nil {
		t.Errorf("a larger limit than the default: %v", err)
	}
}

func TestNilSchema(t *testing.T) {
	t.Parallel()
	var s *schema.Schema
	if err := s.Validate([]byte(`1`)); err == nil {
		t.Error("a nil Schema accepted a document")
	}
	if err := new(schema.Schema).Validate([]byte(`1`)); err == nil {
		t.Error("a zero Schema accepted a document")
	}
}
