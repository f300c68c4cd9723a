package schema

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/guard"
)

// A Limit is the number of bytes that a document may have, and whose bound that is: the error names it.
type Limit struct {
	Bytes int    // zero or less: 1,048,588, Kafka's own default for a batch
	Owner string // such as "producer.max_message_bytes"
}

// Validate checks a JSON document. It returns nil, or a [*ValidationError] with every fault: of the bytes (no JSON, a name twice,
// too deep, and so on: the first of these, since nothing behind it can be read) or of the schema. The document may have up to
// 1,048,588 bytes; [Schema.ValidateWithin] takes another limit. Validate keeps nothing of doc and blocks on nothing.
func (s *Schema) Validate(doc []byte) error { return s.ValidateWithin(doc, Limit{}) }

// ValidateWithin is Validate with the caller's own limit for the size.
func (s *Schema) ValidateWithin(doc []byte, limit Limit) error {
	if s == nil || s.compiled == nil {
		return errors.New("schema: a nil Schema can't validate: make one with Compile or For")
	}
	if limit.allows(len(doc)) && s.inside.Plan.Accepts(doc) {
		return nil
	}
	stats, fault := guard.Check(doc, guard.Limits{Size: limit.Bytes})
	if fault != nil {
		return &ValidationError{Faults: []Fault{byteFault(fault, limit.Owner)}, doc: string(doc)}
	}
	return s.check(doc, stats)
}

func (l Limit) allows(bytes int) bool {
	if l.Bytes <= 0 {
		return bytes <= guard.Default.Size
	}
	return bytes <= l.Bytes
}

// check lets jsonschema/v5 decide about a document that the guard has accepted. What the plan is not sure of comes here, for the
// verdict and the explanation.
func (s *Schema) check(doc []byte, stats guard.Stats) error {
	text := string(doc)
	value, ok := decodeWithin(text, s.bound.memoryFor(stats, len(doc)))
	if !ok {
		return &ValidationError{Faults: []Fault{s.memoryFault()}, doc: text}
	}
	if !s.bound.covers(stats, len(doc)) && s.graph.tooDear(value, s.bound.limit) {
		return &ValidationError{Faults: []Fault{s.workFault()}, doc: text}
	}
	err := runV5(s.compiled, value)
	switch err := err.(type) { // as v5 made it: nothing wraps it
	case nil:
		return nil
	case *jsonschema.ValidationError:
		return s.explain(err, text, value)
	default:
		return &ValidationError{Faults: []Fault{{Rule: "internal", Message: "can't be checked: " + err.Error()}}, doc: text}
	}
}

func (s *Schema) workFault() Fault {
	return Fault{Rule: "work", Expected: fmt.Sprintf("at most %.0f units of work", s.bound.limit),
		Message: fmt.Sprintf("would take more work to check than the limit of %.0f units (schema.MaxWork): "+
			"this schema applies too many rules to a document of this shape", s.bound.limit)}
}

func (s *Schema) memoryFault() Fault {
	return Fault{Rule: "memory", Expected: fmt.Sprintf("at most %d times its size and %d bytes", memoryFactor, s.bound.memory),
		Message: fmt.Sprintf("would take more memory to check than %d times its size and the limit of %d bytes (schema.MaxMemory): "+
			"it consists of very many small objects or arrays", memoryFactor, s.bound.memory)}
}

// runV5 is the only door to v5's validation. It never panics.
func runV5(compiled *jsonschema.Schema, value any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("jsonschema/v5 panicked")
		}
	}()
	return compiled.Validate(value)
}
