package schematest

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/typedkafka/kafka/internal/evolve"
	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/schema"
)

// rounds is how many values of each source RoundTrip tries.
const rounds = 500

// RoundTrip fails t unless values survive encode, check and decode: what comes back must encode to the same bytes. The values are those
// given, which must all be valid, then values generated from T, and values read from documents generated from the schema. Generated
// ones that the schema refuses are passed over, since a Go type does not say its bounds; if it refuses all of them, t fails too.
func RoundTrip[T any](t testing.TB, c Codec[T], values ...T) {
	t.Helper()
	if !strict(t, "RoundTrip", c.Schema()) {
		return
	}
	for i, v := range values {
		if _, err := c.Encode(v); err != nil {
			t.Errorf("schematest.RoundTrip: value %d of those given does not encode: %v", i+1, err)
			return
		}
	}
	tried, survived := 0, 0
	var refused error
	for _, v := range append(values, append(fromType[T](), fromSchema(c)...)...) {
		tried++
		first, err := c.Encode(v)
		if err != nil {
			refused = err
			if !isInvalid(err) {
				t.Errorf("schematest.RoundTrip: a value does not encode, and not because of the schema: %v", err)
				return
			}
			continue
		}
		if !back(t, c, first) {
			return
		}
		survived++
	}
	if survived == 0 {
		t.Errorf("schematest.RoundTrip: the schema refuses all of %d generated values; give valid ones: RoundTrip(t, codec, values...)\n  the last: %v", tried, refused)
	}
}

func isInvalid(err error) bool {
	var invalid *schema.ValidationError
	return errors.As(err, &invalid)
}

// back decodes bytes and encodes the value again.
func back[T any](t testing.TB, c Codec[T], first []byte) bool {
	t.Helper()
	v, err := c.Decode(first)
	if err != nil {
		t.Errorf("schematest.RoundTrip: %T encodes to a document that does not decode\n  witness: %s\n  decode: %v\n  let UnmarshalJSON take what MarshalJSON writes", v, first, err)
		return false
	}
	second, err := c.Encode(v)
	if err != nil {
		t.Errorf("schematest.RoundTrip: what was decoded does not encode again\n  witness: %s\n  encode: %v", first, err)
		return false
	}
	if !bytes.Equal(first, second) {
		t.Errorf("schematest.RoundTrip: %T loses or changes data on the way through the codec\n  witness: %s\n  becomes: %s\n  look for a custom marshaller, or a field that is written and not read", v, first, second)
		return false
	}
	return true
}

// fromType generates values of T, the zero value first.
func fromType[T any]() []T {
	described, err := jsontype.Describe(reflect.TypeFor[T]())
	if err != nil {
		return nil // NewCodec has said so
	}
	var out []T
	for v := range valuegen.Values(described, rounds) {
		out = append(out, v.Interface().(T))
	}
	return out
}

// fromSchema reads values from documents that meet the schema's bounds. What does not decode is Conforms' business.
func fromSchema[T any](c Codec[T]) []T {
	var out []T
	for _, doc := range evolve.Documents([]byte(c.Schema().String()), rounds) {
		if v, err := c.Decode(doc); err == nil {
			out = append(out, v)
		}
	}
	return out
}
