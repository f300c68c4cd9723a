package schema

import (
	"reflect"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/plan"
)

// A SlowPart is a part of a schema, or of a Go type under it, that messages don't go through on the fast path. What is checked, and
// what an error says, does not depend on it: only the time that it takes. It is a plain value.
type SlowPart struct {
	// SchemaPath says where in the schema, as a JSON Pointer; "" is the root.
	SchemaPath string
	// Field says where in the Go type, such as Order.Lines[].Qty. It is empty where the schema alone is the reason.
	Field string
	// Reason is a sentence that says what is in the way, and who does the work instead. It ends without a full stop.
	Reason string
}

// SlowParts tells which parts of the schema the fast path leaves to others, in the order of the schema, each once. None means that
// valid documents are checked without an allocation; a few, such as numbers of more than 18 digits under a bound, still take the long
// way. An invalid document always takes it, to be explained. [SlowPartsFor] looks at a Go type as well. It is safe for concurrent use.
func (s *Schema) SlowParts() []SlowPart {
	if s == nil || s.compiled == nil {
		return nil
	}
	return s.slowParts(s.inside.Plan.Notes())
}

// SlowPartsFor tells the same of messages that hold a T: also which fields are encoded or decoded by the general encoder and decoder,
// and why; a type that comes again under the same part of the schema is told at its first field. It compiles what a Codec compiles, which takes some milliseconds. It is safe for concurrent use.
func SlowPartsFor[T any](s *Schema) []SlowPart {
	if s == nil || s.compiled == nil {
		return nil
	}
	t := reflect.TypeFor[T]()
	described, err := jsontype.Describe(t)
	if err != nil {
		return append(s.SlowParts(), SlowPart{Field: jsontype.Name(t),
			Reason: "encoding/json does not wholly take the type, so that the general encoder and decoder do it all"})
	}
	notes := append(s.inside.Plan.NewEncoder(described).Notes(), s.inside.Plan.NewDecoder(described).Notes()...)
	return append(s.SlowParts(), s.slowParts(notes)...)
}

func (s *Schema) slowParts(notes []plan.Note) []SlowPart {
	var parts []SlowPart
	x := explainer{schema: s}
	for _, n := range notes {
		part := SlowPart{Field: n.Field, Reason: n.Reason}
		if n.Location != "" {
			part.SchemaPath = x.schemaPath(n.Location)
		}
		parts = append(parts, part)
	}
	return parts
}
