package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Severity says how much a [Finding] matters. The higher, the worse.
type Severity int

const (
	// Warning: only a corner breaks; a report with nothing above it passes.
	Warning Severity = iota + 1
	// NotChecked: it can't be known, so it fails a check unless the caller accepts it.
	NotChecked
	// Error: a document exists, or can be expected, that breaks.
	Error
)

// String gives "warning", "not checked" or "error".
func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case NotChecked:
		return "not checked"
	case Error:
		return "error"
	}
	return "severity " + strconv.Itoa(int(s))
}

// MarshalText gives what String gives, for JSON reports.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Finding is one thing that a check found. It is a plain value.
type Finding struct {
	Severity Severity
	// Path says where on the first side: for [Conform] in the struct, such as Order.Lines[].Qty, for [Compatible] in the writer's
	// schema, as a JSON Pointer.
	Path string
	// SchemaPath says where in the schema that is asked, as a JSON Pointer: for [Compatible] in the reader's.
	SchemaPath string
	// Rule is a short stable name of the rule, such as "required".
	Rule string
	// Message is a sentence that says what is wrong, with the remedy. It ends without a full stop.
	Message string
	// Witness is a document that shows it, where one could be built; nil otherwise.
	Witness []byte

	impossible bool // no value of the struct can be valid
}

// MarshalJSON gives the finding with names in snake_case, and the witness as the JSON that it is.
func (f Finding) MarshalJSON() ([]byte, error) {
	var witness any
	switch {
	case json.Valid(f.Witness):
		witness = json.RawMessage(f.Witness)
	case f.Witness != nil:
		witness = string(f.Witness)
	}
	return json.Marshal(struct {
		Severity   Severity `json:"severity"`
		Path       string   `json:"path"`
		SchemaPath string   `json:"schema_path"`
		Rule       string   `json:"rule"`
		Message    string   `json:"message"`
		Witness    any      `json:"witness,omitempty"`
	}{f.Severity, f.Path, f.SchemaPath, f.Rule, f.Message, witness})
}

// String gives the finding as a review comment of two or three lines: where and which rule, what and the remedy, witness.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", f.Severity, cmp.Or(f.Path, "/"))
	if f.SchemaPath != "" {
		fmt.Fprintf(&b, " against schema %s", f.SchemaPath)
	}
	fmt.Fprintf(&b, " (%s)\n    %s", f.Rule, f.Message)
	if f.Witness != nil {
		fmt.Fprintf(&b, "\n    witness: %s", excerpt(f.Witness))
	}
	return b.String()
}

// A Report is what a check found: the worst first, then by path; the same for the same input. An empty report is a clean one.
type Report struct{ Findings []Finding }

// newReport sorts the findings and drops those that say the same thing of the same place.
func newReport(findings []Finding) Report {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Path, b.Path), strings.Compare(a.SchemaPath, b.SchemaPath),
			strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	return Report{slices.CompactFunc(findings, func(a, b Finding) bool {
		return a.Severity == b.Severity && a.Path == b.Path && a.SchemaPath == b.SchemaPath && a.Rule == b.Rule && a.Message == b.Message
	})}
}

// String gives every finding, for a test's output. A clean report says so.
func (r Report) String() string {
	if len(r.Findings) == 0 {
		return "no findings"
	}
	return heading(r.Findings) + "\n" + list(r.Findings)
}

// Err returns nil if nothing in the report is above [Warning], else an error that reads like a review comment: how many, then for
// each what, where, remedy and witness.
func (r Report) Err() error {
	return asError(r.Findings, func(f Finding) bool { return f.Severity > Warning })
}

// Impossible returns nil if the report leaves it possible that some value of the struct is valid, else an error that says why
// none can be. Only [Conform] reports such a thing.
func (r Report) Impossible() error {
	return asError(r.Findings, func(f Finding) bool { return f.impossible })
}

func asError(findings []Finding, keep func(Finding) bool) error {
	findings = slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return !keep(f) })
	if len(findings) == 0 {
		return nil
	}
	return errors.New(heading(findings) + "\n" + list(findings))
}

// maxListed bounds the text: who has more findings repairs these first.
const maxListed = 50

func list(findings []Finding) string {
	var b strings.Builder
	for i, f := range findings {
		if i == maxListed {
			fmt.Fprintf(&b, "\n  and %d more", len(findings)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("  " + f.String())
	}
	return b.String()
}

// heading counts: "2 errors, 1 warning:".
func heading(findings []Finding) string {
	count := map[Severity]int{}
	for _, f := range findings {
		count[f.Severity]++
	}
	var parts []string
	for _, s := range []Severity{Error, NotChecked, Warning} {
		switch n := count[s]; {
		case n == 0:
		case n == 1 || s == NotChecked:
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(parts, ", ") + ":"
}

// excerpt shortens a witness for a text that people read; the finding keeps it whole.
func excerpt(doc []byte) string {
	const most = 400
	doc = bytes.ToValidUTF8(bytes.TrimSpace(doc), []byte("�"))
	if len(doc) <= most {
		return string(doc)
	}
	cut := most
	for !utf8.RuneStart(doc[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… (%d bytes)", doc[:cut], len(doc))
}
