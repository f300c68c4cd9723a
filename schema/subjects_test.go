package schema_test

import (
	"reflect"
	"testing"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/valuegen"
	"github.com/typedkafka/kafka/internal/zoo"
	"github.com/typedkafka/kafka/schema"
)

// A subject is a Go type under test, with what is generic in the API made concrete.
type subject struct {
	typ     reflect.Type
	derive  func(...schema.ForOption) (*schema.Schema, error)
	conform func(*schema.Schema, ...schema.ConformOption) schema.Report
}

func subjectOf[T any]() subject {
	return subject{reflect.TypeFor[T](), schema.For[T], schema.Conform[T]}
}

// subjects are the types of the zoo.
var subjects = []subject{
	subjectOf[zoo.Basic](), subjectOf[zoo.Order](), subjectOf[zoo.Widths](), subjectOf[zoo.Optional](), subjectOf[zoo.Pointers](),
	subjectOf[zoo.Embeds](), subjectOf[zoo.EmbedsPointer](), subjectOf[zoo.Shadows](), subjectOf[zoo.Quoted](), subjectOf[zoo.Containers](),
	subjectOf[zoo.Keys](), subjectOf[zoo.Texts](), subjectOf[zoo.Bigs](), subjectOf[zoo.Tree](), subjectOf[zoo.List](), subjectOf[zoo.Page[zoo.Line]](),
	subjectOf[zoo.Page[string]](), subjectOf[zoo.Enums](), subjectOf[zoo.Names](), subjectOf[zoo.Tagged](), subjectOf[zoo.Bytes](),
	subjectOf[zoo.Times](), subjectOf[zoo.Nested](), subjectOf[zoo.Empty](), subjectOf[zoo.Left](), subjectOf[zoo.Twice](),
	subjectOf[map[string]zoo.Line](), subjectOf[[]zoo.Line](), subjectOf[string](), subjectOf[zoo.Currency](), subjectOf[*zoo.Line](),
}

func TestSubjectsAreTheZoo(t *testing.T) {
	t.Parallel()
	have := map[reflect.Type]bool{}
	for _, s := range subjects {
		have[s.typ] = true
	}
	for _, typ := range zoo.Types {
		if !have[typ] {
			t.Errorf("%s is in the zoo, but not tested here", typ)
		}
	}
}

// documents are what n generated values of a type encode to.
func documents(t *testing.T, typ reflect.Type, n int) [][]byte {
	t.Helper()
	desc, err := jsontype.Describe(typ)
	if err != nil {
		t.Fatal(err)
	}
	var docs [][]byte
	for v := range valuegen.Values(desc, n) {
		doc, err := strictjson.Marshal(v.Interface())
		if err != nil {
			t.Fatalf("%+v: %v", v.Interface(), err)
		}
		docs = append(docs, doc)
	}
	return docs
}
