package schema

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/typedkafka/kafka/internal/guard"
)

// A Fault is one thing that is wrong with a document. It holds no value of the document; the names of its properties may appear.
type Fault struct {
	// InstancePath is where in the document, as a JSON Pointer; empty is the document itself.
	InstancePath string `json:"instancePath"`
	// SchemaPath is which keyword of the schema, as a JSON Pointer; with its URI where it stands in another resource.
	SchemaPath string `json:"schemaPath,omitempty"`
	// Rule is the keyword that was broken, such as "minimum". A fault of the bytes has "size", "depth", "number", "utf8",
	// "surrogate", "duplicate", "trailing" or "syntax"; "work" and "memory" are the limits of MaxWork
	// and MaxMemory.
	Rule string `json:"rule"`
	// Expected is what the schema asks for, in a few words, such as "at least 1".
	Expected string `json:"expected,omitempty"`
	// Message is a sentence about the value at InstancePath, such as "must be at least 1".
	Message string `json:"message"`
	// Line and Column say where a fault of the bytes is, from 1, in characters. They are 0 for faults of the schema.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// String is the place and the message: "/lines/3/qty: must be at least 1".
func (f Fault) String() string {
	where := printable(f.InstancePath)
	if f.Line > 0 {
		where = strings.TrimSpace(fmt.Sprintf("line %d, column %d %s", f.Line, f.Column, where))
	}
	if where == "" {
		where = "the document"
	}
	return clipMiddle(where, 200) + ": " + f.Message
}

// byteFault is a fault that the guard found; owner says whose limit on the size was passed.
func byteFault(e *guard.Error, owner string) Fault {
	f := Fault{InstancePath: e.Pointer, Rule: string(e.Rule), Message: e.Sentence(), Line: e.Line, Column: e.Column}
	switch e.Rule {
	case guard.Size:
		f.Line, f.Column = 0, 0
		f.Expected = fmt.Sprintf("at most %d bytes", e.Limit)
		if owner != "" {
			f.Message += " (" + owner + ")"
		}
	case guard.Depth:
		f.Expected = fmt.Sprintf("at most %d levels", e.Limit)
	case guard.Duplicate:
		f.Message = fmt.Sprintf("property %s stands twice in its object", quoteName(e.Name))
	}
	return f
}

func byteRule(rule string) bool {
	switch guard.Rule(rule) {
	case guard.Size, guard.Depth, guard.Number, guard.UTF8, guard.Surrogate, guard.Duplicate, guard.Trailing, guard.Syntax:
		return true
	}
	return false
}

// maxError keeps Error() readable in a log line, whatever the document holds.
const maxError = 1900

// summary joins faults to one line that stays under 2,000 characters.
func summary(prefix string, faults []Fault, omitted int) string {
	var b strings.Builder
	b.WriteString(prefix)
	total := len(faults) + omitted
	if total > 1 {
		fmt.Fprintf(&b, "%d faults: ", total)
	}
	for i, f := range faults {
		line := clip(f.String(), 1000)
		if b.Len()+len(line) > maxError {
			fmt.Fprintf(&b, "; and %d more", total-i)
			return b.String()
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(line)
	}
	if omitted > 0 {
		fmt.Fprintf(&b, "; and %d more", omitted)
	}
	return b.String()
}

// printable keeps line breaks and control characters of a name out of a log line.
func printable(s string) string {
	control := func(r rune) bool { return !strconv.IsPrint(r) }
	if simple(s) || strings.IndexFunc(s, control) < 0 {
		return s
	}
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

// quoteName prints a property's name in quotes, shortened.
func quoteName(name string) string {
	if len(name) <= 80 && simple(name) {
		return `"` + name + `"`
	}
	return strconv.Quote(clipMiddle(name, 80))
}

// simple says whether quoting changes nothing.
func simple(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// clip shortens s to n bytes at most, at a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// clipMiddle shortens s to about n bytes and keeps both ends, since a path's end says most.
func clipMiddle(s string, n int) string {
	if len(s) <= n {
		return s
	}
	head, tail := n/2, len(s)-n/2
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + "…" + s[tail:]
}
