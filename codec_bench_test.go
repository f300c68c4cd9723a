package kafka_test

import (
	"encoding/json"
	"testing"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

type invoice struct {
	ID       string        `json:"id"`
	Number   int64         `json:"number"`
	Status   string        `json:"status"`
	Email    string        `json:"email"`
	Currency string        `json:"currency"`
	Total    float64       `json:"total"`
	Paid     bool          `json:"paid"`
	Created  string        `json:"created"`
	Lines    []invoiceLine `json:"lines"`
	Tags     []string      `json:"tags,omitempty"`
	Note     string        `json:"note,omitempty"`
}

type invoiceLine struct {
	SKU      string  `json:"sku"`
	Title    string  `json:"title"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
	Taxable  bool    `json:"taxable"`
}

var invoices = kafka.Topic[invoice]{Name: "invoices", Schema: schema.MustCompile([]byte(`{
	"type": "object",
	"required": ["id", "number", "status", "email", "currency", "total", "created", "lines"],
	"additionalProperties": false,
	"properties": {
		"id": {"type": "string", "format": "uuid"},
		"number": {"type": "integer", "minimum": 1},
		"status": {"enum": ["new", "paid", "shipped", "cancelled"]},
		"email": {"type": "string", "format": "email"},
		"currency": {"enum": ["EUR", "USD", "GBP"]},
		"total": {"type": "number", "minimum": 0, "maximum": 10000000},
		"paid": {"type": "boolean"},
		"created": {"type": "string", "format": "date-time"},
		"lines": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"$ref": "#/$defs/line"}},
		"tags": {"type": "array", "maxItems": 10, "items": {"type": "string", "minLength": 1, "maxLength": 20}},
		"note": {"type": "string", "maxLength": 1000}
	},
	"$defs": {"line": {
		"type": "object",
		"required": ["sku", "title", "quantity", "price"],
		"properties": {
			"sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
			"title": {"type": "string", "minLength": 1, "maxLength": 200},
			"quantity": {"type": "integer", "minimum": 1, "maximum": 1000},
			"price": {"type": "number", "minimum": 0, "maximum": 1000000},
			"taxable": {"type": "boolean"}
		}
	}}
}`))}

func newInvoice() invoice {
	v := invoice{
		ID: "123e4567-e89b-12d3-a456-426614174000", Number: 123456789, Status: "shipped", Email: "ada.lovelace@example.org",
		Currency: "EUR", Total: 1234.56, Paid: true, Created: "2026-02-28T10:00:00.123Z",
		Tags: []string{"gift", "express"}, Note: "Please ring twice; the dog is friendly.",
	}
	for i := range 6 {
		v.Lines = append(v.Lines, invoiceLine{"ABC-1234", "A thing of some use and beauty", i + 1, 19.99, i%2 == 0})
	}
	return v
}

// BenchmarkCodec sets a checked message beside encoding/json, which checks nothing: the yardsticks of one run.
func BenchmarkCodec(b *testing.B) {
	codec, err := kafka.NewCodec(invoices)
	if err != nil {
		b.Fatal(err)
	}
	v := newInvoice()
	raw, err := codec.Encode(v)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"encode/json.Marshal", func() error { _, err := json.Marshal(&v); return err }},
		{"encode/checked", func() error { _, err := codec.Encode(v); return err }},
		{"decode/json.Unmarshal", func() error { var v invoice; return json.Unmarshal(raw, &v) }},
		{"decode/checked", func() error { _, err := codec.Decode(raw); return err }},
		{"new", func() error { _, err := kafka.NewCodec(invoices); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
