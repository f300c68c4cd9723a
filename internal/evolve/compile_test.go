package evolve_test

import (
	"bytes"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// compile compiles a schema as package schema does: formats are asserted in every draft.
func compile(doc []byte, draft string) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if draft == "http://json-schema.org/draft-07/schema#" {
		c.Draft = jsonschema.Draft7
	}
	if err := c.AddResource("mem:///schema.json", bytes.NewReader(doc)); err != nil {
		return nil, err
	}
	return c.Compile("mem:///schema.json")
}

const modern = "https://json-schema.org/draft/2020-12/schema"

func mustCompile(doc string) *jsonschema.Schema {
	s, err := compile([]byte(doc), modern)
	if err != nil {
		panic(err)
	}
	return s
}
