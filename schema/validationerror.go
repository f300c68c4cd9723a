package schema

// A ValidationError is what [Schema.Validate] returns for a document that is refused.
type ValidationError struct {
	// Faults are all that is wrong, in a stable order: by place in the document, then in the schema.
	Faults []Fault

	doc string // for Value; never printed
}

// Error tells the first faults in one line of less than 2,000 characters, without any value of the document.
func (e *ValidationError) Error() string {
	return summary("invalid document: ", e.Faults, 0)
}

// GoString is Error, so that %#v prints no value either.
func (e *ValidationError) GoString() string { return e.Error() }
