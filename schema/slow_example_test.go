package schema_test

import (
	"fmt"
	"time"

	"github.com/typedkafka/kafka/schema"
)

func ExampleSlowPartsFor() {
	type Line struct {
		SKU string `json:"sku"`
		Qty int    `json:"qty"`
	}
	type Order struct {
		ID      string    `json:"id"`
		Lines   []Line    `json:"lines"`
		Created time.Time `json:"created"`
		Extra   any       `json:"extra,omitempty"`
	}
	s := schema.MustCompile([]byte(`{
		"type": "object",
		"required": ["id"],
		"properties": {
			"id": {"type": "string", "pattern": "^O-[0-9]+$"},
			"lines": {"type": "array", "items": {
				"type": "object",
				"properties": {"sku": {"type": "string"}, "qty": {"type": "integer", "minimum": 1}},
				"patternProperties": {"^x-": {}}
			}},
			"created": {"type": "string", "format": "date-time"}
		}
	}`))
	for _, part := range schema.SlowPartsFor[Order](s) {
		fmt.Printf("schema %q, field %q:\n  %s\n", part.SchemaPath, part.Field, part.Reason)
	}
	// Output:
	// schema "/properties/lines/items", field "":
	//   patternProperties: left to jsonschema/v5, with every document that gets there
	// schema "", field "Order.Extra":
	//   encoding is done by the general encoder: an interface can hold anything
	// schema "", field "Order.Extra":
	//   decoding is done by the general decoder: an interface can hold anything
}
