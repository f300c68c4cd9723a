package plan_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/plan"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/internal/zoo"
)

// A decodes is a tally of what a decoder did.
type decodes struct{ tried, valid, decoded int }

// compare decodes doc both ways; what the decoder accepts has to be valid, and the value the one of strictjson.
func (n *decodes) compare(t *testing.T, what string, d *plan.Decoder, typ reflect.Type, doc []byte, isValid bool) {
	t.Helper()
	want, got := reflect.New(typ), reflect.New(typ)
	isValid = isValid && strictjson.Unmarshal(doc, want.Interface()) == nil
	before := string(doc)
	decoded := d.DecodeValue(doc, got.Elem())
	if string(doc) != before {
		t.Fatalf("%s: decoding changed the document %q", what, before)
	}
	clear(doc) // the value must not share its memory
	n.tried++
	if isValid {
		n.valid++
	}
	if !decoded {
		return
	}
	n.decoded++
	if !isValid {
		t.Fatalf("%s: decoded what is invalid or does not fit %s: %q", what, typ, before)
	}
	if !reflect.DeepEqual(got.Interface(), want.Interface()) {
		t.Fatalf("%s: %q into %s\ngot  %+v\nwant %+v", what, before, typ, got.Elem(), want.Elem())
	}
}

// Every type of the zoo, with values at its edges, whole and broken, under a schema that asks nothing.
func TestDecodeTheZoo(t *testing.T) {
	t.Parallel()
	const perType = 300
	s := compile(t, `{}`)
	p := plan.Compile(s)
	g := &generator{rand.New(rand.NewPCG(3, 4))}
	var n decodes
	for _, typ := range zoo.Types {
		described, err := jsontype.Describe(typ)
		if err != nil {
			t.Fatal(err)
		}
		d := p.NewDecoder(described)
		for v := range valuegen.Values(described, perType) {
			doc, err := strictjson.Marshal(v.Interface())
			if err != nil {
				continue
			}
			n.compare(t, "zoo", d, typ, []byte(string(doc)), reference(s, doc))
			broken := g.mutate(string(doc))
			n.compare(t, "zoo, broken", d, typ, broken, reference(s, broken))
		}
	}
	t.Logf("%+v", n)
	if n.decoded < n.valid*9/10 {
		t.Errorf("decoded %d of %d valid documents at once", n.decoded, n.valid)
	}
}

// Random structs under random schemas, with random documents.
func TestDecodeRandomStructs(t *testing.T) {
	t.Parallel()
	cases := randomCases()
	const perSchema = 40
	seed := rand.Uint64()
	g := &generator{rand.New(rand.NewPCG(seed, 1))}
	var n decodes
	for n.tried < cases {
		text := g.objectSchema()
		s, err := compileLeniently(text)
		if err != nil {
			continue
		}
		typ := g.structType(2)
		described, err := jsontype.Describe(typ)
		if err != nil {
			t.Fatal(err)
		}
		d := plan.Compile(s).NewDecoder(described)
		for range perSchema {
			doc := g.mutate(g.objectOf(typ))
			n.compare(t, fmt.Sprintf("seed %d, schema %s", seed, text), d, typ, doc, reference(s, doc))
		}
	}
	t.Logf("%+v", n)
	if n.decoded < n.valid/2 {
		t.Errorf("decoded %d of %d valid documents at once: the decoder is of no use", n.decoded, n.valid)
	}
}

// objectSchema is a schema that objects have a good chance of meeting.
func (g *generator) objectSchema() string {
	if g.IntN(3) == 0 {
		return g.schema(3)
	}
	var props []string
	for _, name := range []string{"a", "b", "é", "c"} {
		if g.IntN(3) > 0 {
			props = append(props, fmt.Sprintf("%q:%s", name, g.schema(1)))
		}
	}
	more := pick(g, "", "", `,"additionalProperties":false`, `,"required":["a"]`, `,"required":["aa"]`)
	return `{"type":"object","properties":{` + strings.Join(props, ",") + "}" + more + "}"
}

// structType is a struct with fields for some of the generator's names.
func (g *generator) structType(depth int) reflect.Type {
	var fields []reflect.StructField
	for i, name := range []string{"a", "b", "é", "c", "aa"} {
		if g.IntN(4) == 0 {
			continue
		}
		fields = append(fields, reflect.StructField{
			Name: "F" + strconv.Itoa(i), Type: g.goType(depth),
			Tag: reflect.StructTag(fmt.Sprintf(`json:"%s%s"`, name, pick(g, "", "", "", ",omitempty", ",string"))),
		})
	}
	return reflect.StructOf(fields)
}

func (g *generator) goType(depth int) reflect.Type {
	scalars := []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint64](), reflect.TypeFor[float64](),
		reflect.TypeFor[float32](), reflect.TypeFor[string](), reflect.TypeFor[bool](), reflect.TypeFor[any](), reflect.TypeFor[time.Time](),
		reflect.TypeFor[json.Number](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[[]byte](), reflect.TypeFor[zoo.Currency](),
	}
	if depth == 0 || g.IntN(2) == 0 {
		return pick(g, scalars...)
	}
	switch g.IntN(5) {
	case 0:
		return reflect.PointerTo(g.goType(depth - 1))
	case 1:
		return reflect.SliceOf(g.goType(depth - 1))
	case 2:
		return reflect.ArrayOf(2, g.goType(depth-1))
	case 3:
		return reflect.MapOf(reflect.TypeFor[string](), g.goType(depth-1))
	default:
		return g.structType(depth - 1)
	}
}

// objectOf is a document whose members mostly have the kinds of a struct's fields.
func (g *generator) objectOf(t reflect.Type) string {
	if g.IntN(10) == 0 {
		return g.document(2)
	}
	var parts []string
	for i := range t.NumField() {
		if g.IntN(6) == 0 {
			continue
		}
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		parts = append(parts, fmt.Sprintf("%q:%s", name, g.valueOf(t.Field(i).Type)))
	}
	g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return "{" + strings.Join(parts, ",") + "}"
}

func (g *generator) valueOf(t reflect.Type) string {
	if g.IntN(10) == 0 {
		return g.document(1)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.valueOf(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return pick(g, `"2026-02-28T10:00:00Z"`, `"2024-02-29T23:59:59.123456789+05:30"`, `"2026-13-01T00:00:00Z"`)
		}
		return g.objectOf(t)
	case reflect.Slice, reflect.Array:
		var items []string
		for range g.IntN(4) {
			items = append(items, g.valueOf(t.Elem()))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Bool:
		return pick(g, "true", "false")
	case reflect.String:
		return pick(g, `"a"`, `""`, `"é"`, `"\ud83d\ude00x"`, `"EUR"`, `"a\/b\u0000"`)
	case reflect.Interface, reflect.Map:
		return g.document(2)
	}
	return pick(g, "0", "1", "-1", "127", "128", "-0", "1.5", "65535", "18446744073709551615", "9007199254740993", "1.0", "1e2",
		"0.1", "123456789012345678", "3.4028235e38", "1e39", "5e-324", "0.30000000000000004")
}
