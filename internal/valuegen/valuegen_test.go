package valuegen_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/internal/zoo"
)

// encode gives the documents of a type's values, and proves on the way that our encoder writes what encoding/json writes.
func encode(t *testing.T, typ reflect.Type, n int) [][]byte {
	t.Helper()
	desc, err := jsontype.Describe(typ)
	if err != nil {
		t.Fatal(err)
	}
	var docs [][]byte
	for v := range valuegen.Values(desc, n) {
		doc, err := strictjson.Marshal(v.Interface())
		if err != nil {
			t.Fatalf("a value has no JSON: %v: %+v", err, v.Interface())
		}
		if want, err := json.Marshal(v.Interface()); err != nil || !bytes.Equal(doc, want) {
			t.Fatalf("strictjson    %s\nencoding/json %s %v", doc, want, err)
		}
		docs = append(docs, doc)
	}
	return docs
}

func TestValuesEncodeAndDecode(t *testing.T) {
	t.Parallel()
	for _, typ := range zoo.Types {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			different := map[string]bool{}
			for _, doc := range encode(t, typ, 1000) {
				different[string(doc)] = true
				if err := strictjson.Unmarshal(doc, reflect.New(typ).Interface()); err != nil {
					t.Fatalf("what was written can't be read: %v: %s", err, doc)
				}
			}
			if len(different) < 50 && typ.NumField() > 2 {
				t.Errorf("only %d different values", len(different))
			}
		})
	}
}

func TestValuesAreTheSameEveryTime(t *testing.T) {
	t.Parallel()
	for _, typ := range zoo.Types {
		a, b := encode(t, typ, 100), encode(t, typ, 100)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: two runs gave different values", typ)
		}
	}
}

func TestTheFirstValueIsTheZeroValue(t *testing.T) {
	t.Parallel()
	for _, typ := range zoo.Types {
		got := encode(t, typ, 1)[0]
		want, err := json.Marshal(reflect.Zero(typ).Interface())
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the first value is %s", typ, got)
		}
	}
}
