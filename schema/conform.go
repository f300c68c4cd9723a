package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// A ConformOption changes what [Conform] reports.
type ConformOption func(*conformer)

// AcceptType vouches for a type X that Conform can't look into: one whose own MarshalJSON or UnmarshalJSON decides its JSON (a
// decimal), or an interface. Where it stands, nothing is reported.
func AcceptType[X any]() ConformOption {
	return func(c *conformer) { c.accepted[reflect.TypeFor[X]()] = true }
}

// Conform compares the struct T with a schema, in both directions: what T can write that the schema refuses, and what the schema
// allows that T can't read or would lose. Its findings are
//
//   - an [Error] where the zero value of T, or any value with that field set, writes a document that the schema refuses by its structure
//     (a nil slice that writes null, omitempty on a required property, a field that a closed schema lacks), where no value of T can be
//     valid, and where a document that the schema explicitly allows (a declared property, type, bound, enum member or null) does not
//     decode into T, or decodes and loses or changes data;
//   - a [Warning] where only a corner breaks: the Go type is wider than an enum, an integer without bounds overflows it, an open schema
//     lets undeclared names through, the zero value misses a minimum, a length or a pattern;
//   - [NotChecked] where it can't be known, because methods or an interface decide: see [AcceptType].
//
// That encoding/json refuses 1.0 and 1e2 for an integer, that an open schema lets names through which T ignores, and that integers
// without bounds overflow 64 bits is said once a report. A finding has its path in the struct and in the schema, and a witness wherever
// one can be built: either a document that T writes and the schema refuses, or one that the schema allows and T can't read or keep.
//
// T is taken as kafka's Codec encodes and decodes it: encoding/json's bytes, exact names. Conform reads no values but those it makes
// (by T's own methods, where T has them). It is safe for concurrent use, and costs some milliseconds.
func Conform[T any](s *Schema, opts ...ConformOption) Report {
	return conformTo(reflect.TypeFor[T](), s, opts)
}

func conformTo(t reflect.Type, s *Schema, opts []ConformOption) Report {
	name := jsontype.Name(t)
	if s == nil || s.compiled == nil {
		return Report{[]Finding{{Severity: Error, Path: name, Rule: "schema", Message: "a nil Schema checks nothing: make one with Compile or For"}}}
	}
	desc, err := jsontype.Describe(t)
	c := conformer{schema: s, root: desc, name: name, accepted: map[reflect.Type]bool{}, seen: map[string]bool{}, told: map[string]bool{}}
	for _, opt := range opts {
		opt(&c)
	}
	c.refused(err)
	root := &pair{t: desc, n: conjoin(s.compiled), path: name, write: true}
	c.walk(root)
	c.notes()
	c.impossible(root)
	for i := range c.findings { // a place in the schema's own document needs no URI, also if that has an $id
		c.findings[i].SchemaPath = strings.TrimPrefix(c.findings[i].SchemaPath, documentOf(s.compiled)+"#")
	}
	return newReport(c.findings)
}

// A conformer compares one type with one schema.
type conformer struct {
	schema   *Schema
	root     *jsontype.Type
	name     string
	accepted map[reflect.Type]bool
	findings []Finding
	seen     map[string]bool // pairs that were compared, since types and schemas may be recursive
	told     map[string]bool // findings by place, rule and severity
	budget   int             // of looks for what is impossible

	// What is said once a report: the places it was seen at.
	open, forms, wide []string
	openAt            string
}

// A pair is a Go type and what the schema says of the same place. Pairs know the way from the root, to build witnesses.
type pair struct {
	t      *jsontype.Type
	n      *conjunction
	field  *jsontype.Field // that holds t, if a struct does; also behind a pointer
	path   string
	up     *pair
	step   step
	write  bool // whether what T writes must be valid here: not within one branch of several
	behind bool // behind a pointer, which takes null
	inside int  // how many branches of the schema were followed to here
}

// A step leads from a pair to the next.
type step struct {
	kind  stepKind
	name  string // of toMember
	index int    // of toItem
}

type stepKind int

const (
	toSame   stepKind = iota // into a branch of the schema: the same value
	toTarget                 // of a pointer: the same JSON
	toMember                 // of an object
	toItem                   // of an array
)

func (p *pair) quoted() bool { return p.field != nil && p.field.Quoted }

// omitted says whether the value is left out of the document where it is nil, or zero for those that can't be.
func (p *pair) omitted() bool {
	return !p.behind && p.field != nil && (p.field.OmitEmpty || p.field.OmitZero)
}

// maxPairs bounds the work: no real contract comes near.
const maxPairs = 4_000

// enter says whether a pair is new.
func (c *conformer) enter(p *pair) bool {
	key := fmt.Sprintf("%p %v %v %v %s", p.t, p.quoted(), p.write, p.omitted(), p.n.key())
	if c.seen[key] {
		return false
	}
	c.seen[key] = true
	if len(c.seen) == maxPairs {
		c.add(p, Finding{Severity: NotChecked, Rule: "size", Message: "the type and the schema are too large to compare whole: compare their parts"})
	}
	return len(c.seen) < maxPairs
}

// add reports a finding at a pair's place, once for a place and rule.
func (c *conformer) add(p *pair, f Finding) {
	f.Path = p.path
	if f.SchemaPath == "" {
		f.SchemaPath = p.n.pointer()
	}
	key := fmt.Sprint(f.Path, "\x00", f.Rule, "\x00", f.Severity)
	if !c.told[key] {
		c.told[key] = true
		c.findings = append(c.findings, f)
	}
}

// addProven is add, but within a branch of the schema only with a witness: not every branch can be taken.
func (c *conformer) addProven(p *pair, f Finding) {
	if p.write || f.Witness != nil {
		c.add(p, f)
	}
}

// refused reports what encoding/json itself refuses, a finding for each field.
func (c *conformer) refused(err error) {
	if err == nil {
		return
	}
	for _, fault := range err.(interface{ Unwrap() []error }).Unwrap() {
		path, message, _ := strings.Cut(fault.Error(), ": ")
		c.findings = append(c.findings, Finding{Severity: Error, Path: path, Rule: "struct", Message: message})
	}
}

// notes are the findings that are said once.
func (c *conformer) notes() {
	note := func(places []string, rule, schemaPath, format string) {
		if len(places) > 0 {
			c.findings = append(c.findings, Finding{
				Severity: Warning, Path: places[0], SchemaPath: schemaPath, Rule: rule, Message: fmt.Sprintf(format, listed3(places)),
			})
		}
	}
	note(c.open, "open", c.openAt, "the schema lets undeclared names through, which are ignored here and written no more (at %s): an open schema is what lets it evolve, "+
		"so this is only to be known")
	note(c.forms, "integer-form", "", "JSON Schema calls 1.0 and 1e2 integers, and Go's integers don't read them (at %s): writers have to send 1 and 100")
	note(c.wide, "integer-range", "", "integers without bounds overflow 64 bits (at %s): give the schema a minimum and a maximum if writers may get there")
}

func listed3(places []string) string {
	const most = 3
	if len(places) <= most {
		return strings.Join(places, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(places[:most], ", "), len(places)-most)
}

func noteOnce(places *[]string, path string) {
	if !slices.Contains(*places, path) {
		*places = append(*places, path)
	}
}

// walk compares one pair and all below it.
func (c *conformer) walk(p *pair) {
	if c.accepted[p.t.Go] || p.t.Kind == jsontype.Invalid || !c.enter(p) {
		return
	}
	switch {
	case p.n.trivial():
		if p.up != nil && p.write && !opaqueType(p.t) { // a root that takes anything is meant so
			c.untyped(p)
		}
		return
	case p.t.Kind == jsontype.Pointer:
		c.writtenNull(p)
		c.walk(&pair{t: p.t.Elem, n: p.n, field: p.field, path: p.path, up: p, step: step{kind: toTarget}, write: p.write, behind: true})
		return
	case opaqueType(p.t):
		c.opaque(p)
		return
	}
	c.writtenNull(p)
	if !c.kindsMeet(p) {
		return
	}
	c.asymmetry(p)
	c.readable(p)
	if p.write {
		c.writtenZero(p)
	}
	switch p.t.Kind {
	case jsontype.Struct:
		c.object(p)
	case jsontype.Map:
		c.mapping(p)
	case jsontype.Slice, jsontype.Array:
		c.array(p)
	}
}

// goName is a type's name for people: of a struct without a name, its text would be all of its fields.
func goName(t reflect.Type) string {
	name := t.String()
	if i := strings.Index(name, "struct {"); i >= 0 && t.Name() == "" {
		return name[:i] + "struct"
	}
	return name
}

// opaqueType says whether methods or an interface decide a type's JSON.
func opaqueType(t *jsontype.Type) bool {
	for t.Kind == jsontype.Pointer {
		t = t.Elem
	}
	return t.Kind == jsontype.Any || t.Kind == jsontype.Raw || t.Kind == jsontype.Custom || t.Reads == jsontype.Custom
}

// opaque is a place whose JSON is not known: methods or an interface decide.
func (c *conformer) opaque(p *pair) {
	c.writtenNull(p)
	message := fmt.Sprintf("the methods of %s decide its JSON: test it, and vouch for it by AcceptType[%s]", goName(p.t.Go), goName(p.t.Go))
	if p.t.Kind == jsontype.Any || p.t.Kind == jsontype.Raw {
		message = fmt.Sprintf("%s can hold any JSON: use the type that the schema has, or vouch for it by AcceptType[%s]", goName(p.t.Go), goName(p.t.Go))
	}
	c.add(p, Finding{Severity: NotChecked, Rule: "opaque", Message: message})
}
