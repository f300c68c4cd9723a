// Package schema checks JSON documents, Go structs and new schema versions against JSON Schema.
package schema

import (
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/seam"
)

func init() {
	seam.Of = func(s any) *seam.Inside { return &s.(*Schema).inside }
}

// A Schema is a compiled JSON Schema. It is immutable and safe for concurrent use. [Compile] and [For] make one.
type Schema struct {
	doc      []byte             // the text that was compiled; never changed after Compile
	draft    Draft              // of the root, from its $schema or from AssumeDraft
	compiled *jsonschema.Schema // jsonschema/v5, hidden: it decides and explains. Never nil in a Schema that Compile returned
	inside   seam.Inside        // the plan, the fast way to a yes, and what the root package knows
	graph    *graph             // the same, as the calls that v5 makes
	bound    allowance          // what a document may cost
	uri      string             // of the main document, as it stands in v5's locations
}

// String returns the text that the schema was compiled from.
func (s *Schema) String() string {
	if s == nil {
		return ""
	}
	return string(s.doc)
}

// A Draft is a version of the JSON Schema language.
type Draft int

// The drafts that can be compiled. A schema says its own by $schema; without it, Draft2020 is assumed.
const (
	Draft4    Draft = 4
	Draft6    Draft = 6
	Draft7    Draft = 7
	Draft2019 Draft = 2019
	Draft2020 Draft = 2020
)

func (d Draft) v5() *jsonschema.Draft {
	switch d {
	case Draft4:
		return jsonschema.Draft4
	case Draft6:
		return jsonschema.Draft6
	case Draft7:
		return jsonschema.Draft7
	case Draft2019:
		return jsonschema.Draft2019
	default:
		return jsonschema.Draft2020
	}
}

// String names the draft as its specification does.
func (d Draft) String() string {
	switch d {
	case Draft4:
		return "draft-04"
	case Draft6:
		return "draft-06"
	case Draft7:
		return "draft-07"
	case Draft2019:
		return "2019-09"
	case Draft2020:
		return "2020-12"
	default:
		return "unknown draft"
	}
}
