package plan_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/plan"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/valuegen"
)

// An encodings is a tally of what an encoder did.
type encodings struct{ tried, valid, sure int }

// compare encodes v and sets the outcome beside encoding/json, strictjson and jsonschema/v5.
func (n *encodings) compare(t *testing.T, what string, e *plan.Encoder, s *jsonschema.Schema, v reflect.Value) {
	t.Helper()
	got, o := e.AppendValue(nil, v)
	want, err := json.Marshal(v.Interface())
	if _, strict := strictjson.Marshal(v.Interface()); strict != nil {
		err = strict // a string that is not UTF-8
	}
	n.tried++
	if err != nil {
		if o != plan.Refused {
			t.Fatalf("%s: encoded %+v as %s, which has no JSON: %v", what, v, got, err)
		}
		return
	}
	if o != plan.Refused && string(got) != string(want) {
		t.Fatalf("%s: %s %+v\ngot  %s\nwant %s", what, v.Type(), v, got, want)
	}
	is := reference(s, want)
	if is {
		n.valid++
	}
	if o == plan.Valid {
		n.sure++
	}
	if o == plan.Valid && !is {
		t.Fatalf("%s: said to be valid, but invalid: %s", what, want)
	}
}

// Random structs under random schemas: values that fit the schema more or less, and values at the edges of their types.
func TestEncodeChecksRandomStructs(t *testing.T) {
	t.Parallel()
	cases := randomCases()
	const perSchema = 40
	seed := rand.Uint64()
	g := &generator{rand.New(rand.NewPCG(seed, 2))}
	var n encodings
	for n.tried < cases {
		text := g.objectSchema()
		s, err := compileLeniently(text)
		if err != nil {
			continue
		}
		typ := g.structType(2)
		d := describe(t, typ)
		e := plan.Compile(s).NewEncoder(d)
		what := fmt.Sprintf("seed %d, schema %s", seed, text)
		for range perSchema {
			v := reflect.New(typ)
			_ = json.Unmarshal([]byte(g.objectOf(typ)), v.Interface()) // what does not fit stays zero
			n.compare(t, what, e, s, v.Elem())
		}
		for v := range valuegen.Values(d, perSchema/2) {
			n.compare(t, what, e, s, v)
		}
	}
	t.Logf("%+v", n)
	if n.sure < n.valid/2 {
		t.Errorf("sure of %d of %d valid values: the encoder is of no use", n.sure, n.valid)
	}
}

// bounded are the kinds whose bounds are compared by value.
type bounded struct {
	Int    int64     `json:"int"`
	Small  int8      `json:"small"`
	Uint   uint64    `json:"uint"`
	Byte   uint8     `json:"byte"`
	Float  float64   `json:"float"`
	Single float32   `json:"single"`
	Text   string    `json:"text,omitempty"`
	Time   time.Time `json:"time,omitzero"`
	Bytes  []byte    `json:"bytes"`
	Items  []int     `json:"items,omitempty"`
	Ptr    *float64  `json:"ptr,omitempty"`
}

// Bounds at, just above and just below the values: the float that is nearest to a bound is not its equal.
func TestEncodeBoundsAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 9))
	bounds := []string{
		"0", "1", "-1", "0.1", "0.3", "-0.3", "0.30000000000000004", "1e-7", "9007199254740993", "9007199254740991.5", "16777217", "1.1",
		"100.5", "123456789012345678", "-123456789012345678", "0.000000000000000001", "127", "128", "-128", "255", "256", "2.5", "1e17",
	}
	names := []string{"int", "small", "uint", "byte", "float", "single", "ptr"}
	var n encodings
	for _, bound := range bounds {
		for _, keyword := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} {
			if keyword == "multipleOf" && (bound[0] == '-' || bound == "0") {
				continue
			}
			for _, kind := range []string{"", `"type":"integer",`, `"type":"number",`} {
				props := ""
				for i, name := range names {
					if i > 0 {
						props += ","
					}
					props += fmt.Sprintf(`%q:{%s%q:%s}`, name, kind, keyword, bound)
				}
				text := fmt.Sprintf(`{"properties":{%s}}`, props)
				s := compile(t, text)
				e := plan.Compile(s).NewEncoder(describe(t, reflect.TypeFor[bounded]()))
				near, err := strconv.ParseFloat(bound, 64)
				if err != nil {
					t.Fatal(err)
				}
				for range 12 {
					v := nearBound(r, near)
					n.compare(t, text, e, s, reflect.ValueOf(&v).Elem())
				}
			}
		}
	}
	t.Logf("%+v", n)
	if n.valid < n.tried/50 || n.sure < n.valid/2 {
		t.Errorf("the values do not meet the bounds: %+v", n)
	}
}

// nearBound has every number at the same short distance from a bound.
func nearBound(r *rand.Rand, near float64) bounded {
	f, g := near, float32(near)
	for range r.IntN(3) {
		toward := math.Inf(1 - 2*r.IntN(2))
		f, g = math.Nextafter(f, toward), math.Nextafter32(g, float32(toward))
	}
	whole := int64(near) + int64(r.IntN(3)-1)
	if r.IntN(4) == 0 {
		f, g = math.Trunc(f), float32(math.Trunc(float64(g)))
	}
	return bounded{Int: whole, Small: int8(whole), Uint: uint64(whole), Byte: uint8(whole), Float: f, Single: g, Ptr: &f}
}

// What encoding/json does with each of these is a rule of its own.
func TestEncodeEdges(t *testing.T) {
	t.Parallel()
	s := compile(t, `{"type":"object","properties":{
		"text":{"maxLength":3,"pattern":"^[^q]*$"},"time":{"format":"date-time"},"bytes":{"type":["string","null"],"maxLength":8},
		"items":{"maxItems":2,"items":{"minimum":0}},"float":{"multipleOf":0.5}}}`)
	e := plan.Compile(s).NewEncoder(describe(t, reflect.TypeFor[bounded]()))
	negative := math.Copysign(0, -1)
	var n encodings
	for _, text := range []string{"", "abc", "abcd", "äöü", "äöüß", "<&>", "<&>\"", "\u2028", "\\\\\\", "q", "\xff", "\xed\xa0\x80", "\x00\x1f\x7f", "\U0001F600"} {
		for _, at := range []time.Time{
			{}, time.Date(2026, 2, 28, 1, 2, 3, 4, time.FixedZone("", -(5*3600+30*60))), time.Date(2024, 2, 29, 23, 59, 59, 0, time.Local),
			time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3723)), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 24*3600)), time.Now(),
		} {
			for _, f := range []float64{0, negative, 0.5, 0.25, 1e21, 5e-324, 2.2250738585072014e-308, 1<<53 + 2, 0.1 + 0.2, math.NaN(), math.Inf(-1), math.MaxFloat64} {
				for _, items := range [][]int{nil, {}, {1}, {-1}, {1, 2, 3}} {
					v := bounded{Text: text, Time: at, Float: f, Single: float32(f), Items: items, Ptr: &f, Bytes: []byte(text)}
					n.compare(t, "edges", e, s, reflect.ValueOf(&v).Elem())
				}
			}
		}
	}
	v := bounded{Bytes: nil}
	n.compare(t, "nil bytes", e, s, reflect.ValueOf(&v).Elem())
	t.Logf("%+v", n)
	if n.sure < n.valid*3/4 { // numbers with an exponent under multipleOf are left to others
		t.Errorf("sure of %d of %d valid values", n.sure, n.valid)
	}
}

// Floats of few decimals have a short way; it has to give what the general one gives.
func TestEncodeShortDecimals(t *testing.T) {
	t.Parallel()
	e := plan.Compile(compile(t, `{}`)).NewEncoder(describe(t, reflect.TypeFor[float64]()))
	r := rand.New(rand.NewPCG(11, 12))
	tens := []float64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}
	for range 200_000 {
		f := float64(r.Int64N(int64(tens[r.IntN(9)]*1e6)+1)) / tens[r.IntN(9)]
		switch r.IntN(4) {
		case 0:
			f = math.Nextafter(f, math.Inf(1-2*r.IntN(2)))
		case 1:
			f = -f
		}
		got, _ := plan.Append(e, nil, &f)
		if want, _ := json.Marshal(f); string(got) != string(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}
