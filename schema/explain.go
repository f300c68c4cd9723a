package schema

import (
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

func (s *Schema) explain(invalid *jsonschema.ValidationError, text string, value any) error {
	e := &ValidationError{doc: text}
	s.collect(invalid, e)
	return e
}

func (s *Schema) collect(ve *jsonschema.ValidationError, e *ValidationError) {
	if len(ve.Causes) == 0 {
		path, _ := url.PathUnescape(ve.InstanceLocation)
		_, spath, _ := strings.Cut(ve.AbsoluteKeywordLocation, "#")
		e.Faults = append(e.Faults, Fault{InstancePath: path, SchemaPath: spath, Rule: ve.KeywordLocation[strings.LastIndexByte(ve.KeywordLocation, '/')+1:], Message: "is not valid"})
	}
	for _, c := range ve.Causes {
		s.collect(c, e)
	}
}
