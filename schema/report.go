package schema

// Severity says how much a [Finding] matters.
type Severity int

const (
	// Warning: only a corner breaks; a report with nothing above it passes.
	Warning Severity = iota + 1
	// NotChecked: it can't be known, so it fails a check unless the caller accepts it.
	NotChecked
	// Error: a document exists, or can be expected, that breaks.
	Error
)

// A Finding is one thing that a check found.
type Finding struct {
	Severity   Severity
	Path       string // where in the document or the struct, as a JSON Pointer
	SchemaPath string // where in the schema, as a JSON Pointer
	Rule       string // a short stable name of the rule, such as "required"
	Message    string // a sentence with the remedy
	Witness    []byte // a document that shows it, where one could be built
}

// A Report is what a check found, in a stable order. An empty report is a clean one.
type Report struct{ Findings []Finding }
