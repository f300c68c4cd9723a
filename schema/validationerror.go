package schema

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
)

// A ValidationError is what [Schema.Validate] returns for a document that is refused. Its texts, its JSON form ({"faults": […]}) and
// its log form hold no value of the document; [ValidationError.Value] gives one to a caller who asks.
type ValidationError struct {
	// Faults are all that is wrong, in a stable order: by place in the document, then in the schema. Of the bytes it is one fault, the
	// first, since what stands behind it can't be read.
	Faults []Fault `json:"faults"`
	// Omitted is how many faults there are beyond the first 1,000, which are told. Where it is not 0, it is a lower bound.
	Omitted int `json:"omitted,omitempty"`

	doc string // for Value; never printed
}

// Error tells the first faults in one line of less than 2,000 characters.
func (e *ValidationError) Error() string { return summary("invalid document: ", e.Faults, e.Omitted) }

// GoString is Error, so that %#v prints no value either.
func (e *ValidationError) GoString() string { return e.Error() }

// Rules are the rules that the document breaks, each once, in the order of the faults: few words, and never a value.
func (e *ValidationError) Rules() (rules []string) {
	for _, f := range e.Faults {
		if !slices.Contains(rules, f.Rule) {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// Value gives the part of the document that a fault is about, as it was written. There is none for a fault of the bytes. It may be a
// secret or large: don't log it without thought.
func (e *ValidationError) Value(f Fault) (json.RawMessage, bool) {
	if e.broken() {
		return nil, false
	}
	text, ok := find(e.doc, f.InstancePath)
	return json.RawMessage(text), ok
}

// broken says whether the document did not pass the guard, so that nobody may walk it.
func (e *ValidationError) broken() bool {
	return e.doc == "" || len(e.Faults) == 1 && byteRule(e.Faults[0].Rule)
}

// loggedFaults is how many faults a log line has.
const loggedFaults = 10

// LogValue is a group with the number of faults and the first ten of them, without values.
func (e *ValidationError) LogValue() slog.Value {
	lines := make([]string, 0, loggedFaults)
	for _, f := range e.Faults[:min(len(e.Faults), loggedFaults)] {
		lines = append(lines, clip(f.String(), 300))
	}
	return slog.GroupValue(slog.Int("count", len(e.Faults)+e.Omitted), slog.String("faults", strings.Join(lines, "; ")))
}
