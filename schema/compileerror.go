package schema

import (
	"errors"
	"slices"
)

// A CompileError is what [Compile] returns for a schema that it refuses.
type CompileError struct {
	// Name is the document's: what Named gave it, the URI of a Resource, or nothing.
	Name string
	// Faults are what is wrong, each with the JSON Pointer of its place in the schema in InstancePath.
	Faults []Fault
	others []*CompileError // of further documents
}

// Error names the document and its faults, in less than 2,000 characters.
func (e *CompileError) Error() string {
	prefix := "schema: "
	if e.Name != "" {
		prefix = "schema " + clipMiddle(printable(e.Name), 200) + ": "
	}
	if len(e.others) == 0 {
		return summary(prefix, e.Faults, 0)
	}
	faults := e.Faults
	for _, o := range e.others {
		for _, f := range o.Faults {
			f.Message += " (in " + clipMiddle(printable(o.Name), 100) + ")"
			faults = append(faults[:len(faults):len(faults)], f)
		}
	}
	return summary(prefix, faults, 0)
}

// Unwrap gives the errors of the further documents that were refused at the same time.
func (e *CompileError) Unwrap() []error {
	errs := make([]error, len(e.others))
	for i, o := range e.others {
		errs[i] = o
	}
	return errs
}

// harmless reports whether err has nothing but unknown keywords, which don't keep jsonschema/v5 from telling what else is wrong.
func harmless(err error) bool {
	var e *CompileError
	if !errors.As(err, &e) {
		return err == nil
	}
	for _, one := range append([]*CompileError{e}, e.others...) {
		if slices.ContainsFunc(one.Faults, func(f Fault) bool { return f.Rule != unknownKeyword }) {
			return false
		}
	}
	return true
}

// withFaults is one error of two, document by document.
func withFaults(a, b error) error {
	var first, second *CompileError
	if !errors.As(a, &first) {
		return b
	}
	if !errors.As(b, &second) {
		return a
	}
	all := append([]*CompileError{first}, first.others...)
	for _, e := range append([]*CompileError{second}, second.others...) {
		if i := slices.IndexFunc(all, func(of *CompileError) bool { return of.Name == e.Name }); i >= 0 {
			all[i].Faults = sortFaults(append(all[i].Faults, e.Faults...))
		} else {
			all = append(all, &CompileError{Name: e.Name, Faults: e.Faults})
		}
	}
	first.others = all[1:]
	return first
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
