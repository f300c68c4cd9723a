package schema

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxFaults is how many faults are told; the others are counted.
const maxFaults = 1000

// fewFindings are worded before they are sorted; more are sorted first, so that wording can end with the last fault that is told.
const fewFindings = 8

// explain turns v5's tree of errors into faults that a person understands.
func (s *Schema) explain(invalid *jsonschema.ValidationError, text string, value any) *ValidationError {
	x := explainer{schema: s, root: value, near: maxComparisons, found: make([]finding, 0, fewFindings)}
	x.walk(invalid)
	if len(x.found) > fewFindings {
		x.trim()
	}
	e := &ValidationError{doc: text, Faults: make([]Fault, 0, len(x.found)+1)}
	for i, f := range x.found {
		if i > fewFindings && len(e.Faults) >= maxFaults {
			x.cut += len(x.found) - i
			break
		}
		e.Faults = x.word(f, e.Faults)
	}
	e.Faults = slices.Compact(sortFaults(e.Faults)) // an allOf can reach one schema twice
	e.Omitted = x.cut
	if more := len(e.Faults) - maxFaults; more > 0 {
		e.Faults, e.Omitted = e.Faults[:maxFaults:maxFaults], e.Omitted+more
	}
	return e
}

// An explainer works on one refused document.
type explainer struct {
	schema *Schema
	root   any
	found  []finding
	full   bool // whether found was trimmed, so that its first maxFaults are in order
	near   int  // comparisons of names that were made for hints
	cut    int  // faults that are not told, since there are enough
}

// A finding is one error of v5 that is worth telling.
type finding struct {
	err    *jsonschema.ValidationError
	branch int // for anyOf and oneOf: the branch that came nearest
}

// walk collects what is worth telling: leaves, and of alternatives the nearest.
func (x *explainer) walk(err *jsonschema.ValidationError) {
	if len(err.Causes) == 0 {
		x.add(finding{err: err})
		return
	}
	switch err.Message {
	case "anyOf failed", "oneOf failed":
		x.alternatives(err)
		return
	}
	if strings.HasPrefix(err.Message, "valid must be >= ") { // minContains: that no item fits is the fault, not why each does not
		x.add(finding{err: err})
		return
	}
	for _, cause := range err.Causes {
		x.walk(cause)
	}
}

// place finds the schema and the keyword from v5's location, which is the schema's with the keyword behind it.
func (x *explainer) place(err *jsonschema.ValidationError) (*node, string) {
	at := err.AbsoluteKeywordLocation
	if err.Message == "not failed" { // the place of the keyword is also the place of the schema below it
		at = strings.TrimSuffix(at, "/not")
		return x.schema.graph.at[at], "not"
	}
	for end := len(at); end > 0; end = strings.LastIndexByte(at[:end], '/') {
		if n := x.schema.graph.at[at[:end]]; n != nil {
			rule, _, _ := strings.Cut(strings.TrimPrefix(at[end:], "/"), "/")
			return n, rule
		}
	}
	return nil, at[strings.LastIndexByte(at, '/')+1:]
}

// add keeps the first maxFaults findings by place. It holds twice as many at most, whatever v5 found.
func (x *explainer) add(f finding) {
	if x.beyond(f) {
		x.cut++
		return
	}
	if x.found = append(x.found, f); len(x.found) == 2*maxFaults {
		x.trim()
	}
}

// beyond says that there are enough findings before this one.
func (x *explainer) beyond(f finding) bool {
	return x.full && findingOrder(f, x.found[maxFaults-1]) >= 0
}

// trim sorts, and forgets what is not among the first maxFaults.
func (x *explainer) trim() {
	slices.SortStableFunc(x.found, findingOrder)
	if more := len(x.found) - maxFaults; more > 0 {
		x.found, x.cut, x.full = x.found[:maxFaults], x.cut+more, true
	}
}

func findingOrder(a, b finding) int {
	if a.err.InstanceLocation != b.err.InstanceLocation {
		return comparePointers(a.err.InstanceLocation, b.err.InstanceLocation)
	}
	return comparePointers(a.err.AbsoluteKeywordLocation, b.err.AbsoluteKeywordLocation)
}

// lookup finds a value by its JSON Pointer.
func lookup(v any, pointer string) (any, bool) {
	for pointer != "" {
		var token string
		token, pointer = firstToken(pointer)
		switch c := v.(type) {
		case map[string]any:
			next, ok := c[unescapeToken(token)]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, ok := arrayIndex(token)
			if !ok || i >= len(c) {
				return nil, false
			}
			v = c[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func arrayIndex(token string) (int, bool) {
	if !numeric(token) || len(token) > 9 || len(token) > 1 && token[0] == '0' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(token) {
		n = n*10 + int(c-'0')
	}
	return n, true
}

func unescapeToken(token string) string {
	if !strings.Contains(token, "~") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
