package schema_test

import (
	"fmt"

	"github.com/typedkafka/kafka/schema"
)

type Payment struct {
	ID     string `json:"id"`
	Amount uint16 `json:"amount" jsonschema:"description=In cents"`
	Note   string `json:"note,omitempty" jsonschema:"maxLength=200"`
}

func ExampleFor() {
	s, err := schema.For[Payment](schema.Closed())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s)
	// Output:
	// {
	//   "$schema": "https://json-schema.org/draft/2020-12/schema",
	//   "title": "Payment",
	//   "type": "object",
	//   "properties": {
	//     "id": {
	//       "type": "string"
	//     },
	//     "amount": {
	//       "type": "integer",
	//       "minimum": 0,
	//       "maximum": 65535,
	//       "description": "In cents"
	//     },
	//     "note": {
	//       "type": "string",
	//       "maxLength": 200
	//     }
	//   },
	//   "required": [
	//     "id",
	//     "amount"
	//   ],
	//   "additionalProperties": false
	// }
}

func ExampleConform() {
	s := schema.MustCompile([]byte(`{
		"type": "object",
		"properties": {
			"id":     {"type": "string"},
			"amount": {"type": "integer", "minimum": 0, "maximum": 100000},
			"notes":  {"type": "string"}
		},
		"required": ["id", "amount"],
		"additionalProperties": false
	}`))
	fmt.Println(schema.Conform[Payment](s).Err())
	// Output:
	// 3 errors:
	//   error: Payment.Amount against schema /properties/amount/maximum (maximum)
	//     the schema allows a value by maximum that the Go type uint16 can't read: use a type that can, or narrow the schema
	//     witness: {"amount":100000,"id":"a b!"}
	//   error: Payment.Note against schema /additionalProperties (additionalProperties)
	//     "note" is written, and the schema is closed and does not declare it; did you mean "notes"?
	//     witness: {"id":"a b!","amount":0,"note":"text"}
	//   error: Payment.notes against schema /properties/notes (properties)
	//     the schema declares "notes", which is lost: schema_test.Payment has no field for it; did you mean "note"?
	//     witness: {"amount":0,"id":"a b!","notes":"a b!"}
}
