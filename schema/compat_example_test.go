package schema_test

import (
	"fmt"

	"github.com/typedkafka/kafka/schema"
)

func ExampleCompatible() {
	v1 := schema.MustCompile([]byte(`{"type": "object", "properties": {"qty": {"type": "integer", "minimum": 0}}}`))
	v2 := schema.MustCompile([]byte(`{"type": "object", "properties": {"qty": {"type": "integer", "minimum": 1}}}`))
	for _, f := range schema.Compatible(schema.Backward, []*schema.Schema{v1, v2}).Findings {
		fmt.Println(f.SchemaPath)
		fmt.Println(f.Message)
		fmt.Println(string(f.Witness))
	}
	// Output:
	// /properties/qty/minimum
	// the new schema refuses /qty as version 1 may write it: the new schema's minimum is higher than what version 1 may write; let it accept what was accepted before
	// {"qty":0}
}

// A writer that encodes a struct emits the names that its schema declares, and no others.
func ExampleLenient() {
	v1 := schema.MustCompile([]byte(`{"type": "object", "properties": {"id": {"type": "string"}}}`))
	v2 := schema.MustCompile([]byte(`{"type": "object", "properties": {"id": {"type": "string"}, "note": {"type": "string"}}}`))
	versions := []*schema.Schema{v1, v2}
	fmt.Println("any document:", schema.Compatible(schema.Full, versions).Err() == nil)
	fmt.Println("declared names only:", schema.Compatible(schema.Full, versions, schema.Lenient()).Err() == nil)
	// Output:
	// any document: false
	// declared names only: true
}
