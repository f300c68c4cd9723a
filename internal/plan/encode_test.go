package plan_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/plan"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/internal/zoo"
)

// encodes compares the encoder's bytes with encoding/json's, and returns whether the encoder was sure.
func encodes(t *testing.T, e *plan.Encoder, v reflect.Value) bool {
	t.Helper()
	const before = "kept"
	got, o := e.AppendValue([]byte(before), v)
	if o == plan.Refused {
		return false
	}
	want, err := json.Marshal(v.Interface())
	if err != nil || string(got) != before+string(want) {
		t.Fatalf("%s %+v\ngot  %s\nwant %s%s, %v", v.Type(), v, got, before, want, err)
	}
	return true
}

func describe(t *testing.T, typ reflect.Type) *jsontype.Type {
	t.Helper()
	d, err := jsontype.Describe(typ)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEncodeTheZoo(t *testing.T) {
	t.Parallel()
	anything := plan.Compile(compile(t, `{}`))
	tried, sure := 0, 0
	for _, typ := range zoo.Types {
		d := describe(t, typ)
		e := anything.NewEncoder(d)
		for v := range valuegen.Values(d, 300) {
			tried++
			if encodes(t, e, v) {
				sure++
			}
		}
	}
	t.Logf("%d values, %d encoded at once", tried, sure)
	if sure < tried*9/10 {
		t.Errorf("only %d of %d values are encoded at once", sure, tried)
	}
}

func TestEncodeRandomStructs(t *testing.T) {
	t.Parallel()
	anything := plan.Compile(compile(t, `{}`))
	g := &generator{rand.New(rand.NewPCG(rand.Uint64(), 5))}
	for range 300 {
		d := describe(t, g.structType(3))
		e := anything.NewEncoder(d)
		for v := range valuegen.Values(d, 30) {
			encodes(t, e, v)
		}
	}
}

func TestEncodeFloatsAndTexts(t *testing.T) {
	t.Parallel()
	type both struct {
		F float64
		G float32
		S string
	}
	e := plan.Compile(compile(t, `{}`)).NewEncoder(describe(t, reflect.TypeFor[both]()))
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		text := make([]byte, r.IntN(8))
		for i := range text {
			text[i] = "a<>&\"\\\x00\x1f\n\t\xe2\x80\xa8\xa9\xff\xc3"[r.IntN(16)]
		}
		v := both{math.Float64frombits(r.Uint64()), math.Float32frombits(r.Uint32()), string(text)}
		encodes(t, e, reflect.ValueOf(&v).Elem())
	}
	for _, f := range []float64{0, math.Copysign(0, -1), 1e-6, 1e-7, 9.99e-7, 1e20, 1e21, 1e22, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(1)} {
		encodes(t, e, reflect.ValueOf(&both{F: f, G: float32(f)}).Elem())
	}
	if _, o := plan.Append(e, nil, &both{S: "\xff"}); o != plan.Refused {
		t.Error("a string that is not UTF-8 was encoded")
	}
}
