package strictjson_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/typedkafka/kafka/internal/strictjson"
)

type inner struct {
	A int    `json:"a"`
	B string `json:"b,omitempty"`
}

type text struct{ s string }

func (t text) MarshalText() ([]byte, error)  { return []byte("t:" + t.s), nil }
func (t *text) UnmarshalText(b []byte) error { t.s = strings.TrimPrefix(string(b), "t:"); return nil }

type pointerMarshaler struct{ N int }

func (p *pointerMarshaler) MarshalJSON() ([]byte, error) {
	return []byte(`{ "N" : 2, "x" : 1.50 }`), nil
}

type named string

type everything struct {
	inner
	*Embedded
	Bool     bool                        `json:"bool"`
	Int      int                         `json:"int,string"`
	Int8     int8                        `json:"int8"`
	Uint64   uint64                      `json:"uint64"`
	Float    float64                     `json:"float"`
	Float32  float32                     `json:"float32,string"`
	String   string                      `json:"string"`
	Quoted   string                      `json:"quoted,string"`
	Empty    string                      `json:"empty,omitempty"`
	Zero     time.Time                   `json:"zero,omitzero"`
	NotZero  time.Time                   `json:"not_zero,omitempty"`
	Duration time.Duration               `json:"duration"`
	Bytes    []byte                      `json:"bytes"`
	Array    [3]byte                     `json:"array"`
	Slice    []int                       `json:"slice"`
	Map      map[string]int              `json:"map"`
	IntMap   map[int8]inner              `json:"int_map"`
	TextMap  map[text]string             `json:"text_map"`
	Big      *big.Int                    `json:"big"`
	BigFloat *big.Float                  `json:"big_float"`
	Number   json.Number                 `json:"number"`
	Quantity *json.Number                `json:"quantity,string"`
	ByNumber map[json.Number]json.Number `json:"by_number"`
	Raw      json.RawMessage             `json:"raw"`
	Any      any                         `json:"any"`
	Pointer  *inner                      `json:"pointer"`
	Value    pointerMarshaler            `json:"value"`
	Values   []pointerMarshaler          `json:"values"`
	Text     text                        `json:"text"`
	Named    named                       `json:"<named>&"`
	Skipped  string                      `json:"-"`
	Dash     string                      `json:"-,"`
}

// Embedded is exported, so that decoding can allocate it.
type Embedded struct {
	Promoted string
	A        string `json:"promoted_a"`
}

func full() everything {
	at := time.Date(2026, 2, 3, 4, 5, 6, 789, time.FixedZone("", 3600))
	return everything{
		inner: inner{A: -1, B: "b"}, Embedded: &Embedded{Promoted: "p", A: "a"},
		Bool: true, Int: math.MinInt64, Int8: -128, Uint64: math.MaxUint64, Float: 1e21, Float32: 1e-7,
		String: "<&>\u2028\u2029 é \U0001F600 \"\\\x00\x7f", Quoted: "a\"<b", Zero: at, NotZero: at, Duration: time.Second,
		Bytes: []byte{0, 255}, Array: [3]byte{1, 2, 3}, Slice: []int{}, Map: map[string]int{"z": 1, "a": 2, "é": 3, "\uffff": 4, "\U00010000": 5},
		IntMap: map[int8]inner{10: {}, 9: {}, -1: {}}, TextMap: map[text]string{{"b"}: "1", {"a"}: "2"},
		Big: big.NewInt(1).Lsh(big.NewInt(1), 100), BigFloat: big.NewFloat(1.5), Number: "1.50e2", Quantity: new(json.Number("1e2")), ByNumber: map[json.Number]json.Number{"1": "2", "x": "1e400"}, Raw: json.RawMessage(`{"b" : 1.0, "a":[ ]}`),
		Any: map[string]any{"x": 1.5, "a": []any{nil, true}}, Pointer: &inner{}, Values: []pointerMarshaler{{}},
		Text: text{"x"}, Named: "n", Dash: "d",
	}
}

func TestMarshalGivesTheBytesOfEncodingJSON(t *testing.T) {
	t.Parallel()
	value := full()
	for name, v := range map[string]any{
		"zero": everything{}, "full": value, "pointer to full": &value, "nil": nil, "nil pointer": (*everything)(nil),
		"floats":   []float64{0, math.Copysign(0, -1), 1e20, 1e21, 1e-6, 1e-7, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53},
		"floats32": []float32{0.1, 1e21, 1e-7, math.MaxFloat32}, "map of any": map[string]any{"b": 1, "a": everything{}},
		"string": "\u2028<>&\t", "array of arrays": [2][2]int{}, "interface": []any{value, &value, 1, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			got, err := strictjson.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("bytes differ from encoding/json (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnmarshalGivesTheValueOfEncodingJSON(t *testing.T) {
	t.Parallel()
	doc, err := json.Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	var want, got everything
	if err := json.Unmarshal(doc, &want); err != nil {
		t.Fatal(err)
	}
	if err := strictjson.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("decoded values differ:\nencoding/json %+v\nstrictjson    %+v", want, got)
	}
}

func TestUnmarshalRefusesWhatASchemaCheckDidNotSee(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"duplicate name": `{"a":1,"a":2}`, "duplicate by escape": `{"a":1,"\u0061":2}`, "duplicate unknown name": `{"x":1,"x":2}`,
		"invalid UTF-8": "{\"b\":\"\xff\"}", "lone surrogate": `{"b":"\ud800"}`, "trailing data": `{"a":1} {}`,
		"trailing garbage": `{"a":1}x`, "empty": ``, "wrong kind": `{"a":"x"}`, "number out of range": `{"a":1e400}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := strictjson.Unmarshal([]byte(doc), new(inner)); err == nil {
				t.Errorf("%s was decoded", doc)
			}
		})
	}
}

func TestUnmarshalMatchesNamesExactly(t *testing.T) {
	t.Parallel()
	got := inner{}
	if err := strictjson.Unmarshal([]byte(`{"A":-5,"a":1,"B":"x"}`), &got); err != nil {
		t.Fatal(err)
	}
	if want := (inner{A: 1}); got != want {
		t.Errorf("got %+v, want %+v: a name that differs by case is another name", got, want)
	}
}

func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]any{
		"invalid UTF-8": inner{B: "\xff"}, "invalid UTF-8 in a name": map[string]int{"\xff": 1}, "NaN": math.NaN(), "channel": make(chan int),
		"invalid UTF-8 by a marshaller": json.RawMessage("\"\xff\""), "no number": json.Number("x"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := strictjson.Marshal(v)
			var e *strictjson.Error
			if !errors.As(err, &e) || b != nil {
				t.Errorf("got %s, %v; want an *Error", b, err)
			}
		})
	}
}

type picky struct{}

func (*picky) UnmarshalText(b []byte) error { return errors.New("refused: " + string(b)) }
func (picky) MarshalText() ([]byte, error)  { return nil, errors.New("refused: 4711") }

func TestErrorsSayWhereAndShowNoValue(t *testing.T) {
	t.Parallel()
	type deep struct {
		Items []struct {
			Small uint8 `json:"small"`
			Text  picky `json:"text"`
		} `json:"items"`
	}
	for name, c := range map[string]struct{ doc, want string }{
		"overflow":      {`{"items":[{"small":4711}]}`, "/items/0/small: this number does not fit the Go type uint8"},
		"fraction":      {`{"items":[{"small":4711.5}]}`, "/items/0/small: this number does not fit the Go type uint8"},
		"kind":          {`{"items":[{"small":"4711"}]}`, "/items/0/small: this string does not fit the Go type uint8"},
		"text":          {`{"items":[{},{"text":"4711"}]}`, "/items/1/text: this string does not fit the Go type strictjson_test.picky"},
		"array":         {`{"items":4711}`, "/items: this number does not fit"},
		"trailing data": {`{} 4711`, "no JSON that can be decoded without loss"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := strictjson.Unmarshal([]byte(c.doc), new(deep))
			if err == nil || strings.Contains(err.Error(), "4711") {
				t.Fatalf("got %v, want an error without the value", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	_, err := strictjson.Marshal(map[string]any{"x": picky{}})
	if err == nil || strings.Contains(err.Error(), "4711") {
		t.Errorf("got %v, want an error without the value", err)
	}
}

// A tag on an unexported field is nothing to encoding/json, but an error of the type to go-json-experiment's own rules.
func TestAnOddTagHidesNoPlace(t *testing.T) {
	t.Parallel()
	odd := reflect.StructOf([]reflect.StructField{
		{Name: "hidden", PkgPath: "example.com/x", Type: reflect.TypeFor[int](), Tag: `json:"hidden"`},
		{Name: "Small", Type: reflect.TypeFor[uint8](), Tag: `json:"small"`},
	})
	if err := strictjson.Unmarshal([]byte(`{"small":200}`), reflect.New(odd).Interface()); err != nil {
		t.Fatal(err)
	}
	err := strictjson.Unmarshal([]byte(`{"small":4711}`), reflect.New(odd).Interface())
	if want := "/small: this number does not fit the Go type uint8"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1}`, `{"a":1,"a":2}`, `{"number":"1"}`, `{"int":"9"}`, "{\"string\":\"\xff\"}", `{"map":{"a":1e2}}`, `null`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var got, want everything
		if strictjson.Unmarshal(doc, &got) != nil {
			return
		}
		// What we take, encoding/json takes; equal to its value where the document has our exact names.
		if err := json.Unmarshal(doc, &want); err != nil && !foldable(doc) {
			t.Fatalf("decoded, but encoding/json says %v", err)
		}
		if b, err := strictjson.Marshal(got); err != nil {
			t.Fatalf("%s was decoded and can't be encoded: %v", b, err)
		}
	})
}

// foldable says whether encoding/json may match a name of the document that we do not.
func foldable(doc []byte) bool {
	var m map[string]json.RawMessage
	return json.Unmarshal(doc, &m) != nil || strings.ToLower(string(doc)) != string(doc) || !isASCII(doc)
}

func isASCII(b []byte) bool {
	return !strings.ContainsFunc(string(b), func(r rune) bool { return r > 127 })
}
