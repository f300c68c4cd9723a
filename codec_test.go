package kafka_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// A parcel has what encoding/json treats in a way of its own.
type parcel struct {
	ID      string             `json:"id"`
	Empty   string             `json:"empty,omitempty"`
	HTML    string             `json:"html"`
	Raw     json.RawMessage    `json:"raw"`
	Bytes   []byte             `json:"bytes"`
	Nil     []int              `json:"nil"`
	Tags    map[string]int     `json:"tags"`
	At      time.Time          `json:"at"`
	Float   float64            `json:"float"`
	Quoted  int64              `json:"quoted,string"`
	Pointer *int               `json:"pointer"`
	Any     any                `json:"any"`
	Nested  struct{ A, B int } // no tag
	Hidden  string             `json:"-"`
	base
}

type base struct {
	Base string `json:"base"`
}

var anything = schema.MustCompile([]byte(`{}`))

func parcels(t testing.TB) *kafka.Codec[parcel] {
	t.Helper()
	codec, err := kafka.NewCodec(kafka.Topic[parcel]{Name: "parcels", Schema: anything})
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func TestEncodingGivesTheBytesOfEncodingJSON(t *testing.T) {
	t.Parallel()
	codec := parcels(t)
	seven := 7
	for _, p := range []parcel{
		{Raw: json.RawMessage(`null`)},
		{
			ID: "ü\u2028\x00\"\\/\x7f", HTML: "<a href='x'>&</a>", Raw: json.RawMessage(`{ "b": 1,  "a": [ ] }`), Bytes: []byte{0, 255},
			Tags: map[string]int{"z": 1, "a": 2, "<": 3}, At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Float: 1e21, Quoted: -5,
			Pointer: &seven, Any: []any{1.5, nil, map[string]any{"k": "v"}}, base: base{Base: "b"},
		},
		{Float: 1e-7, Any: json.Number("12345678901234567890"), Raw: json.RawMessage(`"x"`)},
	} {
		want, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := codec.Encode(p); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

func TestAStringThatIsNotUTF8IsAnErrorAndNotReplaced(t *testing.T) {
	t.Parallel()
	codec := parcels(t)
	for what, p := range map[string]parcel{
		"/id":   {ID: "a\xff"},
		"/tags": {Tags: map[string]int{"\xff": 1}},
		"/any":  {Any: "\xc3"},
	} {
		p.Raw = json.RawMessage(`1`)
		_, err := codec.Encode(p)
		wantFault(t, err, what)
		if err != nil && strings.Contains(err.Error(), "a\xff") {
			t.Errorf("the error shows the value: %q", err)
		}
	}
}

// wantFault checks that an error is a ValidationError with a fault at or below a path, each with its rule.
func wantFault(t *testing.T, err error, path string) {
	t.Helper()
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) || len(invalid.Faults) == 0 {
		t.Errorf("error %v, want a ValidationError at %q", err, path)
		return
	}
	for _, f := range invalid.Faults {
		if f.Rule == "" || !strings.HasPrefix(f.InstancePath, path) {
			t.Errorf("fault %+v, want one at %q with a rule", f, path)
		}
	}
}

// What no reader could be sure of is refused before the schema sees it, and never with its bytes.
func TestUntrustedBytesAreRefused(t *testing.T) {
	t.Parallel()
	codec, err := kafka.NewCodec(kafka.Topic[order]{Name: "orders", Schema: anything})
	if err != nil {
		t.Fatal(err)
	}
	const secret = "s3cr3t"
	for what, raw := range map[string]string{
		"nothing":               "",
		"space":                 " ",
		"no JSON":               secret,
		"trailing data":         `{"id":"` + secret + `"} 1`,
		"a second document":     `{}{}`,
		"a duplicate name":      `{"id":"` + secret + `","id":"b"}`,
		"a duplicate by escape": `{"id":"` + secret + `","i\u0064":"b"}`,
		"a nested duplicate":    `{"x":[{"a":1,"a":2}]}`,
		"a huge exponent":       `{"qty":1e1000001}`,
		"a small exponent":      `{"qty":1e-1000001}`,
		"a long number":         `{"qty":` + strings.Repeat("9", 100000) + `}`,
		"deep arrays":           strings.Repeat("[", 100000),
		"deep and closed":       strings.Repeat("[", 65) + strings.Repeat("]", 65),
		"deep objects":          strings.Repeat(`{"a":`, 100000),
		"invalid UTF-8":         "{\"id\":\"" + secret + "\xff\"}",
		"a lone surrogate":      `{"id":"\ud800"}`,
		"a byte order mark":     "\ufeff{}",
		"a control character":   "{\"id\":\"\x01\"}",
		"a comment":             `{/* ` + secret + ` */}`,
		"a trailing comma":      `{"id":"a",}`,
		"NaN":                   `{"qty":NaN}`,
		"cut":                   `{"id":"` + secret,
		"too large":             `{"id":"` + strings.Repeat("x", 1048588) + `"}`,
		"another kind":          `{"qty":"` + secret + `"}`,
		"a fraction for an int": `{"qty":1.5}`,
		"an int out of range":   `{"qty":9223372036854775808}`,
		"an array for a struct": `[]`,
	} {
		var invalid *schema.ValidationError
		v, err := codec.Decode([]byte(raw))
		if !errors.As(err, &invalid) || len(invalid.Faults) == 0 || invalid.Faults[0].Rule == "" {
			t.Errorf("%s: %+v, %v, want a ValidationError with a rule", what, v, err)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the value: %v", what, err)
		}
		if len(err.Error()) > 2000 {
			t.Errorf("%s: the error has %d bytes", what, len(err.Error()))
		}
		if kafka.Temporary(err) {
			t.Errorf("%s: may heal: %v", what, err)
		}
	}
}

// Names match by case, exactly: encoding/json would take ID for id, and what was checked would not be what is decoded.
func TestDecodingMatchesNamesByCase(t *testing.T) {
	t.Parallel()
	codec, err := kafka.NewCodec(kafka.Topic[order]{Name: "orders", Schema: anything})
	if err != nil {
		t.Fatal(err)
	}
	v, err := codec.Decode([]byte(`{"ID":"wrong","id":"right","iD":"wrong","qty":2,"unknown":{"deep":[1]}}`))
	if err != nil || v != (order{ID: "right", Qty: 2}) {
		t.Errorf("%+v, %v", v, err)
	}
	v, err = codec.Decode([]byte(`{"ID":"wrong"}`))
	if err != nil || v.ID != "" {
		t.Errorf("%+v, %v, want no id", v, err)
	}
}

func TestTheValueSharesNoMemoryWithItsBytes(t *testing.T) {
	t.Parallel()
	codec := parcels(t)
	raw := []byte(`{"id":"abc","raw":{"k":"v"},"bytes":"AAAA","any":"xyz","nil":null,"tags":{"t":1},"at":"2026-01-02T03:04:05Z"}`)
	v, err := codec.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := codec.Decode(bytes.Clone(raw))
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] = '#'
	}
	if !reflect.DeepEqual(v, again) {
		t.Errorf("the value changed with its bytes: %+v", v)
	}
}

func TestEncodeChecksTheBytesThatItGives(t *testing.T) {
	t.Parallel()
	codec, err := kafka.NewCodec(strict("orders"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = codec.Encode(order{})
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) || len(invalid.Faults) != 2 {
		t.Errorf("error %v, want both faults at once", err)
	}
	if raw, err := codec.Encode(order{ID: "a", Qty: 1}); err != nil || string(raw) != `{"id":"a","qty":1}` {
		t.Errorf("%s, %v", raw, err)
	}
	_, err = codec.Encode(order{ID: strings.Repeat("x", 1000000), Qty: 1})
	wantFault(t, err, "")
	wantWords(t, err, "1000000", "producer.max_message_bytes")
	_, err = codec.Decode([]byte(`{"id":"` + strings.Repeat("x", 1048588) + `"}`))
	wantWords(t, err, "1048588", "consumer.max_message_bytes")
}

// Whatever the bytes: no panic, and what is decoded encodes to something that decodes to the same.
func FuzzCodec(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","qty":1}`, `{"id":"\u00e9","qty":-0}`, `{"ID":"a"}`, `{"qty":1e2}`, `{}`, `null`, `[`, `{"id":"a","id":"b"}`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	codec, err := kafka.NewCodec(orders("orders"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		v, err := codec.Decode(raw)
		if !bytes.Equal(raw, before) {
			t.Fatal("Decode changed its input")
		}
		if err != nil {
			return
		}
		out, err := codec.Encode(v)
		if err != nil {
			t.Fatalf("%q decodes to %+v, which is refused: %v", raw, v, err)
		}
		if again, err := codec.Decode(out); err != nil || again != v {
			t.Fatalf("%+v became %+v, %v", v, again, err)
		}
	})
}
