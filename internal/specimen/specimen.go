// Package specimen has messages to measure with: what a codec costs is told by these five. Tiny, Order and Batch are what services
// send, with 98 B, 1 KB and 24 KB. Survey (nested deeply, with many optional fields) and Article (long texts with escapes) are what
// the fast path was not made for.
package specimen

import (
	"fmt"
	"strings"
)

// Tiny is a chat line.
type Tiny struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// TinySchema is what a Tiny is checked against.
const TinySchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"required": ["id", "text"],
	"additionalProperties": false,
	"properties": {
		"id": {"type": "string", "format": "uuid"},
		"text": {"type": "string", "minLength": 1, "maxLength": 280}
	}
}`

// NewTiny makes one.
func NewTiny() *Tiny {
	return &Tiny{ID: "0b6e1c5e-6f0a-4c6e-9d2a-3f1b5d7a9c11", Text: "the train to Narvik leaves from platform two"}
}

// Order is what a shop sends.
type Order struct {
	ID       string   `json:"order_id"`
	Number   int64    `json:"number"`
	Status   string   `json:"status"`
	Customer string   `json:"customer_id"`
	Email    string   `json:"email"`
	Phone    *string  `json:"phone,omitempty"`
	Currency string   `json:"currency"`
	Total    float64  `json:"total"`
	TaxRate  float64  `json:"tax_rate"`
	Paid     bool     `json:"paid"`
	Created  string   `json:"created_at"`
	Updated  string   `json:"updated_at,omitempty"`
	ShipTo   Address  `json:"ship_to"`
	Items    []Item   `json:"items"`
	Tags     []string `json:"tags,omitempty"`
	Note     string   `json:"note,omitempty"`
}

// Address is where an Order goes.
type Address struct {
	Name    string `json:"name"`
	Street  string `json:"street"`
	Street2 string `json:"street2,omitempty"`
	City    string `json:"city"`
	Zip     string `json:"zip"`
	Country string `json:"country"`
}

// Item is a line of an Order.
type Item struct {
	SKU      string  `json:"sku"`
	Title    string  `json:"title"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
	Taxable  bool    `json:"taxable"`
}

// OrderSchema is what an Order is checked against: patterns, formats, enums, bounds.
const OrderSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"required": ["order_id", "number", "status", "customer_id", "email", "currency", "total", "tax_rate", "paid", "created_at",
		"ship_to", "items"],
	"additionalProperties": false,
	"properties": {
		"order_id": {"type": "string", "format": "uuid"},
		"number": {"type": "integer", "minimum": 1},
		"status": {"type": "string", "enum": ["new", "paid", "picked", "shipped", "delivered", "cancelled"]},
		"customer_id": {"type": "string", "pattern": "^C-[0-9]{6,10}$"},
		"email": {"type": "string", "format": "email"},
		"phone": {"type": "string", "pattern": "^\\+[0-9]{6,15}$"},
		"currency": {"enum": ["EUR", "USD", "GBP", "SEK", "NOK", "DKK"]},
		"total": {"type": "number", "minimum": 0, "maximum": 10000000},
		"tax_rate": {"type": "number", "minimum": 0, "maximum": 1},
		"paid": {"type": "boolean"},
		"created_at": {"type": "string", "format": "date-time"},
		"updated_at": {"type": "string", "format": "date-time"},
		"ship_to": {"$ref": "#/$defs/address"},
		"items": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"$ref": "#/$defs/item"}},
		"tags": {"type": "array", "maxItems": 10, "items": {"type": "string", "minLength": 1, "maxLength": 30}},
		"note": {"type": "string", "maxLength": 1000}
	},
	"$defs": {
		"address": {
			"type": "object",
			"required": ["name", "street", "city", "zip", "country"],
			"additionalProperties": false,
			"properties": {
				"name": {"type": "string", "minLength": 1, "maxLength": 100},
				"street": {"type": "string", "minLength": 1, "maxLength": 200},
				"street2": {"type": "string", "maxLength": 200},
				"city": {"type": "string", "minLength": 1, "maxLength": 100},
				"zip": {"type": "string", "pattern": "^[0-9A-Z][0-9A-Z -]{2,9}$"},
				"country": {"type": "string", "pattern": "^[A-Z]{2}$"}
			}
		},
		"item": {
			"type": "object",
			"required": ["sku", "title", "quantity", "price", "taxable"],
			"additionalProperties": false,
			"properties": {
				"sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4,8}$"},
				"title": {"type": "string", "minLength": 1, "maxLength": 200},
				"quantity": {"type": "integer", "minimum": 1, "maximum": 1000},
				"price": {"type": "number", "minimum": 0, "exclusiveMaximum": 1000000},
				"taxable": {"type": "boolean"}
			}
		}
	}
}`

// NewOrder makes one.
func NewOrder() *Order {
	phone := "+4776012345"
	o := &Order{
		ID: "7d1f0c9a-52b3-4c8e-8f61-2a9d4e7b0c35", Number: 1048577, Status: "paid", Customer: "C-0040127",
		Email: "ada.lovelace@example.org", Phone: &phone, Currency: "NOK", Total: 1849.5, TaxRate: 0.25, Paid: true,
		Created: "2026-03-14T09:26:53.589Z", Updated: "2026-03-14T10:00:01+01:00",
		ShipTo: Address{Name: "Ada Lovelace", Street: "Storgata 12 B", City: "Tromsø", Zip: "9008", Country: "NO"},
		Tags:   []string{"web", "priority"}, Note: "Leave at the door, please.",
	}
	for i := range 5 {
		o.Items = append(o.Items, Item{
			SKU: fmt.Sprintf("LMP-%05d", 310+i), Title: "Lamp, brass, shade no. " + strings.Repeat("I", i+3),
			Quantity: i + 1, Price: 99.5 + 12.25*float64(i), Taxable: i%2 == 0,
		})
	}
	return o
}

// Batch is what a gateway sends for its sensors.
type Batch struct {
	ID       string            `json:"batch_id"`
	Device   string            `json:"device"`
	Site     string            `json:"site"`
	Seq      uint64            `json:"seq"`
	Sent     string            `json:"sent_at"`
	Labels   map[string]string `json:"labels,omitempty"`
	Readings []Reading         `json:"readings"`
}

// Reading is what one sensor tells.
type Reading struct {
	TS      string   `json:"ts"`
	Sensor  string   `json:"sensor"`
	Kind    string   `json:"kind"`
	Value   float64  `json:"value"`
	Unit    string   `json:"unit"`
	Quality int      `json:"quality"`
	Flags   []string `json:"flags,omitempty"`
}

// BatchSchema is what a Batch is checked against.
const BatchSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"required": ["batch_id", "device", "site", "seq", "sent_at", "readings"],
	"additionalProperties": false,
	"properties": {
		"batch_id": {"type": "string", "format": "uuid"},
		"device": {"type": "string", "pattern": "^dev-[0-9a-f]{8}$"},
		"site": {"type": "string", "minLength": 1, "maxLength": 50},
		"seq": {"type": "integer", "minimum": 0},
		"sent_at": {"type": "string", "format": "date-time"},
		"labels": {"type": "object", "maxProperties": 20, "additionalProperties": {"type": "string", "maxLength": 64}},
		"readings": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {
			"type": "object",
			"required": ["ts", "sensor", "kind", "value", "unit", "quality"],
			"additionalProperties": false,
			"properties": {
				"ts": {"type": "string", "format": "date-time"},
				"sensor": {"type": "string", "pattern": "^[a-z][a-z0-9_]{2,31}$"},
				"kind": {"enum": ["temperature", "humidity", "pressure", "co2", "power"]},
				"value": {"type": "number", "minimum": -1000000, "maximum": 1000000},
				"unit": {"enum": ["C", "%RH", "hPa", "ppm", "W"]},
				"quality": {"type": "integer", "minimum": 0, "maximum": 100},
				"flags": {"type": "array", "maxItems": 5, "items": {"type": "string", "minLength": 1, "maxLength": 20}}
			}
		}}
	}
}`

// NewBatch makes one of 200 readings, 24 KB. Half of their values have as many digits as a float64 can have.
func NewBatch() *Batch { return newBatch(200) }

// NewReport makes one of 84 readings, 10 KB.
func NewReport() *Batch { return newBatch(84) }

func newBatch(readings int) *Batch {
	b := &Batch{
		ID: "7d1f0c9a-52b3-4c8e-8f61-2a9d4e7b0c35", Device: "dev-00c0ffee", Site: "Plant 7, hall B", Seq: 918273645,
		Sent: "2026-03-14T09:26:53.589Z", Labels: map[string]string{"region": "eu-north-1", "fw": "4.11.2", "team": "ops"},
	}
	kinds := []string{"temperature", "humidity", "pressure", "co2", "power"}
	units := []string{"C", "%RH", "hPa", "ppm", "W"}
	for i := range readings {
		r := Reading{
			TS:     fmt.Sprintf("2026-03-14T09:%02d:%02d.%03dZ", i/60, i%60, i*37%1000),
			Sensor: fmt.Sprintf("sensor_%02d", i%40), Kind: kinds[i%5], Value: 20 + float64(i)*0.37 - float64(i%7)*3.125,
			Unit: units[i%5], Quality: i * 13 % 101,
		}
		if i%10 == 0 {
			r.Flags = []string{"calibrated", "late"}
		}
		b.Readings = append(b.Readings, r)
	}
	return b
}
