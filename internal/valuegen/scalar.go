package valuegen

import (
	"encoding"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// smallestNormal is the least float64 with full precision: below it are exponents that the guard of documents refuses.
const smallestNormal = 0x1p-1022

// The edges: the first is the empty one, the second an ordinary one.
var (
	floats32 = []float64{0, 1.5, -1, 0.1, 100, math.MaxFloat32, math.SmallestNonzeroFloat32, -16777217}
	floats64 = []float64{0, 1.5, -1, 0.1, 100, math.MaxFloat64, smallestNormal, 1e21, 1e-7, 1<<53 + 2, math.Copysign(0, -1)}
	texts    = []string{
		"", "text", "Ünïcödé \U0001F600", "\"\\/\b\f\n\r\t\x00\x7f", "<script>&\u2028\u2029", " ", "\ufffd", "null", "0", "-1.5",
		"2026-01-02T03:04:05Z", "a,b", strings.Repeat("long", 75),
	}
	numbers = []json.Number{"", "1", "-1.5", "1e2", "9007199254740993", "0.1", "123456789012345678901234567890"}
	times   = []time.Time{
		{}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Unix(0, 0).UTC(), time.Date(2026, 6, 1, 12, 0, 0, 123000000, time.FixedZone("", 2*3600)), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	documents = []string{`null`, `{"a":1}`, `[]`, `"text"`, `1.5`, `true`, `{"a":[1,null,{"b":"c"}]}`}
	anything  = []any{nil, "text", true, 1.5, []any{1.0, nil}, map[string]any{"a": "b"}, map[string]any{}}
	// methodTexts are what decoders of common types take: identifiers, addresses, decimals, times, languages.
	methodTexts = []string{
		"00000000-0000-0000-0000-000000000000", "0b6e1c5e-6f0a-4c6e-9d2a-3f1b5d7a9c11", "127.0.0.1", "::1", "10.0.0.0/8", "1.5", "1", "1/2",
		"2026-01-02", "2026-01-02T03:04:05Z", "en", "INFO", "EUR", "https://example.com/", "a", "text",
	}
)

// scalar sets what has no parts of its own.
func (g *generator) scalar(v reflect.Value, t *jsontype.Type) {
	switch t.Kind {
	case jsontype.Bool:
		v.SetBool(g.edge(2) == 1)
	case jsontype.Int:
		v.SetInt(g.int(t.Go.Bits()))
	case jsontype.Uint:
		v.SetUint(g.uint(t.Go.Bits()))
	case jsontype.Float:
		v.SetFloat(g.float(t.Bits))
	case jsontype.String:
		v.SetString(g.text())
	case jsontype.Number:
		v.Set(reflect.ValueOf(numbers[g.edge(len(numbers))]))
	case jsontype.Bytes:
		v.SetBytes([]byte(g.text()))
	case jsontype.Time:
		v.Set(reflect.ValueOf(times[g.edge(len(times))]))
	case jsontype.BigInt:
		v.Set(reflect.ValueOf(new(big.Int).Lsh(big.NewInt(g.int(64)), uint(g.edge(3)*40))).Elem())
	case jsontype.Raw:
		v.SetBytes([]byte(documents[g.edge(len(documents))]))
	case jsontype.Any:
		if a := anything[g.edge(len(anything))]; a != nil && reflect.TypeOf(a).AssignableTo(t.Go) {
			v.Set(reflect.ValueOf(a))
		}
	case jsontype.Text, jsontype.Custom:
		g.decoded(v)
	}
}

func (g *generator) int(bits int) int64 {
	most := int64(1)<<(bits-1) - 1
	edges := []int64{0, 1, -1, most, -most - 1, most / 2, 42, min(most, 1<<53+1), min(most, 300)}
	if g.round >= firstRandom && g.rand.IntN(2) == 0 {
		return int64(g.rand.Uint64()) >> (64 - bits) >> g.rand.IntN(bits)
	}
	return edges[g.edge(len(edges))]
}

func (g *generator) uint(bits int) uint64 {
	most := uint64(math.MaxUint64) >> (64 - bits)
	edges := []uint64{0, 1, most, most / 2, 42, min(most, 1<<53+1), min(most, 300)}
	if g.round >= firstRandom && g.rand.IntN(2) == 0 {
		return g.rand.Uint64() >> (64 - bits) >> g.rand.IntN(bits)
	}
	return edges[g.edge(len(edges))]
}

func (g *generator) float(bits int) float64 {
	if g.round >= firstRandom && g.rand.IntN(2) == 0 {
		return g.rand.NormFloat64() * 1000
	}
	if bits == 32 {
		return floats32[g.edge(len(floats32))]
	}
	return floats64[g.edge(len(floats64))]
}

func (g *generator) text() string {
	if g.round < firstRandom || g.rand.IntN(2) == 0 {
		return texts[g.edge(len(texts))]
	}
	runes := make([]rune, g.rand.IntN(12))
	for i := range runes {
		runes[i] = []rune("abcXYZ019 _-/é\"<\u20ac\U0001F600")[g.rand.IntN(18)]
	}
	return string(runes)
}

// decoded asks the type's own decoder for a value. Methods may panic on what they did not expect; then the value stays as it is.
func (g *generator) decoded(v reflect.Value) {
	p := v.Addr().Interface()
	start := g.edge(len(methodTexts))
	for i := range methodTexts {
		text := methodTexts[(start+i)%len(methodTexts)]
		fresh := reflect.New(v.Type())
		if accepts(fresh.Interface(), text) {
			v.Set(fresh.Elem())
			return
		}
	}
	if u, ok := p.(json.Unmarshaler); ok {
		quietly(func() error { return u.UnmarshalJSON([]byte(documents[g.edge(len(documents))])) })
	}
}

func accepts(p any, text string) bool {
	switch u := p.(type) {
	case json.Unmarshaler:
		quoted, _ := json.Marshal(text)
		return quietly(func() error { return u.UnmarshalJSON(quoted) })
	case encoding.TextUnmarshaler:
		return quietly(func() error { return u.UnmarshalText([]byte(text)) })
	}
	return false
}

func quietly(f func() error) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return f() == nil
}
