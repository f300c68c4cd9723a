package schema

// A CompileError is what [Compile] returns for a schema that it refuses.
type CompileError struct {
	// Name is the document's: what Named gave it, the URI of a Resource, or "schema".
	Name string
	// Faults are what is wrong, each with the JSON Pointer of its place in the schema in InstancePath.
	Faults []Fault
	others []*CompileError // of further documents
}

// Error names the document and its faults, in less than 2,000 characters.
func (e *CompileError) Error() string {
	return summary("schema "+clip(e.Name, 200)+": ", e.all(), 0)
}

func (e *CompileError) all() []Fault {
	faults := e.Faults
	for _, o := range e.others {
		faults = append(faults[:len(faults):len(faults)], o.Faults...)
	}
	return faults
}

// Unwrap gives the errors of the further documents that were refused at the same time.
func (e *CompileError) Unwrap() []error {
	errs := make([]error, len(e.others))
	for i, o := range e.others {
		errs[i] = o
	}
	return errs
}

func joinCompileErrors(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	first := errs[0].(*CompileError)
	for _, err := range errs[1:] {
		first.others = append(first.others, err.(*CompileError))
	}
	return first
}
