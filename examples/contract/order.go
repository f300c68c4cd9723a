// Package contract is an example of a contract: a struct, its schema, three published versions of it, and the test that holds them
// together in CI, with no broker. Read it in this order:
//
//   - order.go, the struct and the topic that producers and consumers are made with;
//   - testdata/orders, one schema for each version that was ever published;
//   - contract_test.go, the test, one line for each promise;
//   - README.md, what the test says when somebody renames a field.
package contract

import (
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// An Order is what the messages of the topic hold.
type Order struct {
	ID       string    `json:"id" jsonschema:"minLength=1"`
	Email    string    `json:"email"`
	Lines    []Line    `json:"lines,omitempty"`
	Note     string    `json:"note,omitempty"`
	PlacedAt time.Time `json:"placed_at"`
}

// A Line is one article of an order.
type Line struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

// Orders is the contract: production and the test use this very value.
var Orders = kafka.Topic[Order]{
	Name:   "orders",
	Schema: schema.MustFor[Order](),
	Key:    func(o Order) []byte { return []byte(o.ID) },
}
