package schema

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// unknownKeyword is the rule of Strict.
const unknownKeyword = "unknown"

const emptyEnum = "is an empty list, which nothing can match, and which jsonschema/v5 would let everything pass"

// inspect reads the documents before jsonschema/v5 does, for what v5 lets pass, panics on, or tells without saying where.
func (lib *library) inspect() error {
	var errs []error
	for _, src := range lib.order {
		in := inspector{lib: lib, draft: src.draft}
		in.schema(src.root, "", src.uri)
		if limit := maxSubschemas(src.draft); in.schemas > limit {
			in.refuse("", "work", fmt.Sprintf("at most %d schemas", limit), fmt.Sprintf("consists of %d schemas, more than the %d that can be compiled in reasonable time", in.schemas, limit))
		}
		if len(in.faults) > 0 {
			errs = append(errs, &CompileError{Name: src.name, Faults: sortFaults(in.faults)})
		}
		src.refs = in.refs
	}
	return joinCompileErrors(errs)
}

// maxSubschemas bounds v5's compiler, which compares each schema with each in draft 2020-12 (10,000 take it 3 s).
func maxSubschemas(d Draft) int {
	if d >= Draft2020 {
		return 10_000
	}
	return 100_000
}

// An inspector walks the schemas of one document.
type inspector struct {
	lib     *library
	draft   Draft
	faults  []Fault
	refs    []ref
	schemas int
}

// A ref is a $ref and what it names, to tell where a reference stands that leads nowhere.
type ref struct{ pointer, text, target string }

func (in *inspector) refuse(pointer, rule, expected, message string) {
	in.faults = append(in.faults, Fault{InstancePath: pointer, Rule: rule, Expected: expected, Message: message})
}

func (in *inspector) schema(v any, pointer, base string) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	in.schemas++
	base = in.base(m, base)
	for word, v := range m {
		at := pointer + "/" + escapeToken(word)
		known, ok := keywords[word]
		if !ok || !known.in(in.draft) {
			in.unknown(word, at)
		}
		in.keyword(word, v, at, base)
		if ok {
			in.subschemas(known.pos, v, at, base)
		}
	}
}

// base follows the schema's own $id. In draft 7 and before, a $ref makes its siblings void.
func (in *inspector) base(m map[string]any, base string) string {
	word := "$id"
	if in.draft == Draft4 {
		word = "id"
	}
	id, ok := m[word].(string)
	if _, void := m["$ref"]; !ok || void && in.draft <= Draft7 {
		return base
	}
	return resolve(base, id)
}

func resolve(base, ref string) string {
	b, err := url.Parse(base)
	if err != nil {
		return ref
	}
	u, err := b.Parse(ref)
	if err != nil {
		return ref
	}
	return u.String()
}

func (in *inspector) subschemas(pos position, v any, at, base string) {
	switch v := v.(type) {
	case []any:
		if pos&atItems != 0 {
			for i, item := range v {
				in.schema(item, at+"/"+strconv.Itoa(i), base)
			}
		}
	case map[string]any:
		switch {
		case pos&atNames != 0:
			for name, item := range v {
				in.schema(item, at+"/"+escapeToken(name), base)
			}
		case pos&atSelf != 0:
			in.schema(v, at, base)
		}
	}
}

func (in *inspector) unknown(word, at string) {
	if !in.lib.config.strict || note(word) {
		return
	}
	message := fmt.Sprintf("is not a keyword of JSON Schema %s and would be ignored", in.draft)
	known, later := keywords[word]
	near := nearestKeyword(word, in.draft)
	switch {
	case later && known.since > in.draft:
		message += fmt.Sprintf("; draft %s knows it: set $schema", known.since)
	case near != "":
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	in.refuse(at, unknownKeyword, near, message)
}

// keyword looks at one keyword's value.
func (in *inspector) keyword(word string, v any, at, base string) {
	switch word {
	case "enum":
		if members, ok := v.([]any); ok && len(members) == 0 {
			in.refuse(at, "enum", "at least one member", emptyEnum)
		}
	case "pattern":
		if text, ok := v.(string); ok {
			in.pattern(text, at)
		}
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains":
		in.count(v, at, word)
	case "patternProperties":
		names, _ := v.(map[string]any)
		for name := range names {
			in.pattern(name, at+"/"+escapeToken(name))
		}
	case "contentSchema":
		if in.draft <= Draft7 {
			in.refuse(at, "contentSchema", "", "is not part of "+in.draft.String()+", and jsonschema/v5 would apply it to text that nobody has bounded: remove it, or use 2019-09")
		}
	case "$ref", "$dynamicRef", "$recursiveRef", "$schema":
		if text, ok := v.(string); ok {
			in.refs = append(in.refs, ref{at, text, resolve(base, text)})
		}
	}
}

// count refuses what jsonschema/v5 can't hold: it would turn to a negative count, which nothing meets.
func (in *inspector) count(v any, at, word string) {
	const most = 1 << 53 // up to where v5 reads counts exactly
	number, ok := v.(json.Number)
	if !ok {
		return // the metaschema says what is wrong
	}
	if f, err := number.Float64(); err != nil || f > most {
		in.refuse(at, word, fmt.Sprintf("at most %d", most), "is a count that no document reaches: leave it out")
	}
}

// pattern refuses what the regexp package can't run, and says which part.
func (in *inspector) pattern(text, at string) {
	_, err := regexp.Compile(text)
	if err == nil {
		return
	}
	reason := "it is not a regular expression"
	if e, ok := err.(*syntax.Error); ok {
		reason = fmt.Sprintf("%s: %s", e.Code, strconv.Quote(clip(e.Expr, 80)))
	}
	in.refuse(at, "pattern", "an RE2 expression", "is no pattern that RE2 runs (no look-around, no back-references): "+reason)
}

func escapeToken(name string) string { return tokenEscapes.Replace(name) }

var tokenEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// sortFaults orders by place, then by rule, so that the same input always gives the same text.
func sortFaults(faults []Fault) []Fault {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		if c := comparePointers(a.InstancePath, b.InstancePath); c != 0 {
			return c
		}
		if x, y := isChoice(a.Rule), isChoice(b.Rule); x != y {
			if x {
				return -1 // before the faults of the branch that it names
			}
			return 1
		}
		if c := comparePointers(a.SchemaPath, b.SchemaPath); c != 0 {
			return c
		}
		return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	return faults
}

func isChoice(rule string) bool { return rule == "anyOf" || rule == "oneOf" }

// comparePointers orders JSON Pointers by their tokens, and array indexes as numbers.
func comparePointers(a, b string) int {
	same := 0 // what both start with, up to a slash
	i := 0
	for ; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			same = i
		}
	}
	if i == len(a) || i == len(b) {
		if len(a) == len(b) || i < len(a) && a[i] == '/' || i < len(b) && b[i] == '/' {
			return len(a) - len(b)
		}
	}
	x, _ := firstToken(a[same:])
	y, _ := firstToken(b[same:])
	if numeric(x) && numeric(y) && len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(x, y)
}

// firstToken splits "/a/b" into "a" and "/b".
func firstToken(pointer string) (token, rest string) {
	pointer = strings.TrimPrefix(pointer, "/")
	if i := strings.IndexByte(pointer, '/'); i >= 0 {
		return pointer[:i], pointer[i:]
	}
	return pointer, ""
}

func numeric(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
