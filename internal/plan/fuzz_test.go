package plan_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/plan"
	"github.com/typedkafka/kafka/internal/specimen"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/zoo"
)

// mixed has a field of each kind that has a way of its own, under the names that schemas here have.
type mixed struct {
	A  *float64          `json:"a,omitempty"`
	B  string            `json:"b"`
	É  []int16           `json:"é,omitempty"`
	C  map[string]string `json:"c"`
	AA *mixed            `json:"aa,omitempty"`
	D  bool              `json:"d,omitempty"`
	E  zoo.Times         `json:"e,omitzero"`
	F  float32           `json:"f"`
	G  uint64            `json:"g"`
	H  []byte            `json:"h"`
}

// Whatever the schema and the document: what is decoded is valid and is what strictjson decodes, and what is encoded again is what
// encoding/json writes.
func FuzzDecodeAndEncode(f *testing.F) {
	g := &generator{rand.New(rand.NewPCG(5, 6))}
	for range 100 {
		f.Add(g.objectSchema(), []byte(g.objectOf(reflect.TypeFor[mixed]())))
	}
	f.Add(`{"properties":{"a":{"minimum":0.1},"b":{"pattern":"^é"}}}`, []byte(`{"a":0.1,"b":"\u00e9<","c":{"x":"\n"},"aa":{"h":"AAA="}}`))
	order, err := json.Marshal(specimen.NewOrder())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(specimen.OrderSchema, order)
	d, err := jsontype.Describe(reflect.TypeFor[mixed]())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, schema string, doc []byte) {
		if len(schema) > 3000 || len(doc) > 2000 || strings.Contains(strings.ToLower(schema), "1e") {
			t.Skip("jsonschema/v5 itself takes too long, or panics")
		}
		s, err := compileLeniently(schema)
		if err != nil {
			t.Skip()
		}
		p := plan.Compile(s)
		is := reference(s, doc)
		if p.Accepts(doc) && !is {
			t.Fatalf("accepted, but invalid\nschema   %s\ndocument %q", schema, doc)
		}
		var v mixed
		fits := strictjson.Unmarshal(doc, &v) == nil
		var n decodes
		n.compare(t, schema, p.NewDecoder(d), reflect.TypeFor[mixed](), doc, is)
		if fits {
			var n encodings
			n.compare(t, schema, p.NewEncoder(d), s, reflect.ValueOf(&v).Elem())
		}
	})
}
