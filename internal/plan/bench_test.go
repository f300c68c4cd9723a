package plan_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/plan"
)

type parcel struct {
	ID       string   `json:"id"`
	Number   int64    `json:"number"`
	Status   string   `json:"status"`
	Customer string   `json:"customer"`
	Email    string   `json:"email"`
	Phone    *string  `json:"phone,omitempty"`
	Currency string   `json:"currency"`
	Total    float64  `json:"total"`
	TaxRate  float64  `json:"tax_rate"`
	Paid     bool     `json:"paid"`
	Created  string   `json:"created"`
	To       place    `json:"to"`
	Lines    []line   `json:"lines"`
	Tags     []string `json:"tags,omitempty"`
	Note     string   `json:"note,omitempty"`
}

type place struct {
	Name    string `json:"name"`
	Street  string `json:"street"`
	City    string `json:"city"`
	Zip     string `json:"zip"`
	Country string `json:"country"`
}

type line struct {
	SKU      string  `json:"sku"`
	Title    string  `json:"title"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
	Taxable  bool    `json:"taxable"`
}

const parcelSchema = `{
"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
"properties":{
 "id":{"type":"string","format":"uuid"},"number":{"type":"integer","minimum":1},
 "status":{"enum":["new","paid","picked","shipped","delivered","cancelled"]},
 "customer":{"type":"string","pattern":"^C-[0-9]{6,10}$"},"email":{"type":"string","format":"email"},
 "phone":{"type":"string","pattern":"^\\+[0-9]{6,15}$"},"currency":{"enum":["EUR","USD","GBP"]},
 "total":{"type":"number","minimum":0,"maximum":10000000},"tax_rate":{"type":"number","minimum":0,"maximum":1},
 "paid":{"type":"boolean"},"created":{"type":"string","format":"date-time"},"to":{"$ref":"#/$defs/place"},
 "lines":{"type":"array","minItems":1,"maxItems":100,"items":{"$ref":"#/$defs/line"}},
 "tags":{"type":"array","maxItems":10,"items":{"type":"string","minLength":1,"maxLength":20}},
 "note":{"type":"string","maxLength":1000}},
"required":["id","number","status","customer","email","currency","total","tax_rate","paid","created","to","lines"],
"additionalProperties":false,
"$defs":{
 "place":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":100},
  "street":{"type":"string","minLength":1,"maxLength":200},"city":{"type":"string","minLength":1,"maxLength":100},
  "zip":{"type":"string","pattern":"^[0-9]{5}$"},"country":{"type":"string","minLength":2,"maxLength":2}},
  "required":["name","street","city","zip","country"]},
 "line":{"type":"object","properties":{"sku":{"type":"string","pattern":"^[A-Z]{3}-[0-9]+$"},
  "title":{"type":"string","minLength":1,"maxLength":200},"quantity":{"type":"integer","minimum":1,"maximum":1000},
  "price":{"type":"number","minimum":0,"maximum":1000000},"taxable":{"type":"boolean"}},
  "required":["sku","title","quantity","price","taxable"]}}}`

func newParcel() parcel {
	phone := "+49301234567"
	p := parcel{
		ID: "123e4567-e89b-12d3-a456-426614174000", Number: 123456789, Status: "shipped", Customer: "C-1234567",
		Email: "ada.lovelace@example.org", Phone: &phone, Currency: "EUR", Total: 1234.56, TaxRate: 0.19, Paid: true,
		Created: "2026-02-28T10:00:00.123Z", To: place{"Ada Lovelace", "Unter den Linden 1", "Berlin", "10117", "DE"},
		Tags: []string{"gift", "express"}, Note: "Please ring twice; the dog is friendly.",
	}
	for i := range 5 {
		p.Lines = append(p.Lines, line{"ABC-1234", "A thing of some use and beauty", i + 1, 19.99, i%2 == 0})
	}
	return p
}

func BenchmarkPlan(b *testing.B) {
	s := compile(b, parcelSchema)
	p := plan.Compile(s)
	described, err := jsontype.Describe(reflect.TypeFor[parcel]())
	if err != nil {
		b.Fatal(err)
	}
	d := p.NewDecoder(described)
	doc, err := json.Marshal(newParcel())
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, f func() bool) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if !f() {
					b.Fatal("failed")
				}
			}
		})
	}
	run("Compile", func() bool { return plan.Compile(s) != nil })
	run("yardstick/Unmarshal", func() bool { return json.Unmarshal(doc, new(parcel)) == nil })
	sent := newParcel()
	run("yardstick/Marshal", func() bool { _, err := json.Marshal(&sent); return err == nil })
	run("reference", func() bool { return reference(s, doc) })
	run("Accepts", func() bool { return p.Accepts(doc) })
	e, v, buf := p.NewEncoder(described), newParcel(), []byte(nil)
	run("Encode", func() bool {
		var o plan.Outcome
		buf, o = plan.Append(e, buf[:0], &v)
		return o == plan.Valid
	})
	run("Decode", func() bool { return plan.Decode(d, doc, new(parcel)) })
}
