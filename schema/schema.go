// Package schema checks JSON documents, Go structs and new schema versions against JSON Schema.
package schema

import (
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A Schema is a compiled JSON Schema. It is immutable and safe for concurrent use.
type Schema struct {
	doc      []byte             // the text that was compiled
	compiled *jsonschema.Schema // jsonschema/v5, hidden: it decides and explains
}
