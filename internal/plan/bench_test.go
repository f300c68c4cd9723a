package plan_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/plan"
	"github.com/typedkafka/kafka/internal/specimen"
)

func BenchmarkPlan(b *testing.B) {
	s := compile(b, specimen.OrderSchema)
	p := plan.Compile(s)
	described, err := jsontype.Describe(reflect.TypeFor[specimen.Order]())
	if err != nil {
		b.Fatal(err)
	}
	d := p.NewDecoder(described)
	doc, err := json.Marshal(specimen.NewOrder())
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
	run("yardstick/Unmarshal", func() bool { return json.Unmarshal(doc, new(specimen.Order)) == nil })
	sent := specimen.NewOrder()
	run("yardstick/Marshal", func() bool { _, err := json.Marshal(sent); return err == nil })
	run("reference", func() bool { return reference(s, doc) })
	run("Accepts", func() bool { return p.Accepts(doc) })
	e, v, buf := p.NewEncoder(described), specimen.NewOrder(), []byte(nil)
	run("Encode", func() bool {
		var o plan.Outcome
		buf, o = plan.Append(e, buf[:0], v)
		return o == plan.Valid
	})
	run("Decode", func() bool { return plan.Decode(d, doc, new(specimen.Order)) })
}
