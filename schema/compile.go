package schema

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/guard"
	"github.com/typedkafka/kafka/internal/plan"
	"github.com/typedkafka/kafka/internal/seam"
)

// A CompileOption changes how [Compile] reads a schema.
type CompileOption func(*compileConfig)

type compileConfig struct {
	name      string
	draft     Draft
	strict    bool
	work      int
	memory    int
	resources []resource
}

// A resource is a schema document beside the one that is compiled.
type resource struct {
	uri string
	doc []byte
}

// Resource registers another document under its URI, so that a $ref may name it. A URI that is relative ("money.json") is what a
// relative $ref in a schema without $id says. A document with an absolute $id is found under that too. Nothing else is ever loaded: no
// file, no network.
func Resource(uri string, doc []byte) CompileOption {
	return func(c *compileConfig) { c.resources = append(c.resources, resource{uri, bytes.Clone(doc)}) }
}

// Named gives the schema a name for error texts, such as its file's path. It does not change what a $ref means.
func Named(name string) CompileOption { return func(c *compileConfig) { c.name = name } }

// AssumeDraft says which draft a schema without $schema is written in. Defaults to Draft2020.
func AssumeDraft(d Draft) CompileOption { return func(c *compileConfig) { c.draft = d } }

// Strict refuses keywords that the schema's draft does not know, such as "propertees", which JSON Schema would ignore in silence. Names
// that start with "x-" or "$comment" stay free for notes.
func Strict() CompileOption { return func(c *compileConfig) { c.strict = true } }

// schemaLimits bound a schema document. Schemas nest deeper than the messages that they describe: a property costs two levels.
var schemaLimits = guard.Limits{Size: 4 << 20, Depth: 128}

// Compile reads a JSON Schema of draft 4, 6, 7, 2019-09 or 2020-12. Formats are asserted in every draft. The text is input like any
// other: it is bounded before anything else looks at it (4 MiB, 128 levels, numbers as in messages, no name twice), and references lead
// only to what is registered by [Resource]. A schema that can't be compiled, or whose checking could not be bounded, gives a
// [*CompileError] with every fault that was found. Compile keeps no part of doc.
func Compile(doc []byte, opts ...CompileOption) (*Schema, error) {
	c := compileConfig{draft: Draft2020, work: defaultWork, memory: defaultMemory}
	for _, opt := range opts {
		opt(&c)
	}
	return c.compile(bytes.Clone(doc))
}

// MustCompile is [Compile] for package variables: it panics where Compile gives an error.
func MustCompile(doc []byte, opts ...CompileOption) *Schema {
	s, err := Compile(doc, opts...)
	if err != nil {
		panic(err)
	}
	return s
}

// mainURI is the base of a schema without an absolute $id. It names no place, so no error text can tell a working directory.
const mainURI = "mem:///schema.json"

func (c *compileConfig) compile(doc []byte) (*Schema, error) {
	if c.draft.String() == "unknown draft" {
		return nil, &CompileError{Name: c.name, Faults: []Fault{{Rule: "$schema", Message: fmt.Sprintf("AssumeDraft(%d) is not a draft", int(c.draft))}}}
	}
	lib, err := c.library(doc)
	if err != nil {
		return nil, err
	}
	inspected := lib.inspect()
	if !harmless(inspected) {
		return nil, inspected
	}
	compiled, err := lib.compile()
	if err = withFaults(inspected, err); err != nil {
		return nil, err
	}
	g := newGraph(compiled)
	if fault := g.vet(); fault != nil {
		return nil, lib.refuse(lib.main, *fault)
	}
	return &Schema{
		doc: doc, draft: lib.main.draft, compiled: compiled, inside: seam.Inside{Plan: plan.Compile(compiled)},
		graph: g, bound: g.allow(c.work, c.memory), uri: documentOf(compiled),
	}, nil
}

// A library is the documents of one compilation.
type library struct {
	config *compileConfig
	main   *source
	byURI  map[string]*source // by the registered URI and by the absolute $id
	order  []*source
}

// A source is one document that passed the guard.
type source struct {
	name  string // in error texts
	uri   string // absolute, without fragment
	text  []byte
	root  any
	draft Draft
	refs  []ref // found by inspect
}

// library guards and decodes every document, and tells the faults of all of them at once.
func (c *compileConfig) library(doc []byte) (*library, error) {
	lib := &library{config: c, byURI: map[string]*source{}}
	var errs []error
	add := func(name, uri string, doc []byte) *source {
		src, err := lib.add(name, uri, doc)
		if err != nil {
			errs = append(errs, err)
		}
		return src
	}
	lib.main = add(c.name, mainURI, doc)
	for _, r := range c.resources {
		add(r.uri, absoluteURI(r.uri), r.doc)
	}
	if err := joinCompileErrors(errs); err != nil {
		return nil, err
	}
	for _, src := range lib.order {
		src.draft = lib.draftOf(src, len(lib.order))
	}
	return lib, nil
}

func (lib *library) add(name, uri string, doc []byte) (*source, error) {
	if _, fault := guard.Check(doc, schemaLimits); fault != nil {
		return nil, &CompileError{Name: name, Faults: []Fault{byteFault(fault, "")}}
	}
	if uri == "" || lib.byURI[uri] != nil {
		message := "is registered twice: give each resource its own URI"
		if uri == "" {
			message = "is not a URI without a fragment that a resource can be registered under"
		}
		return nil, &CompileError{Name: name, Faults: []Fault{{Rule: "$id", Message: message}}}
	}
	src := &source{name: name, uri: uri, text: doc, root: decode(string(doc))}
	lib.byURI[uri] = src
	if id := rootID(src.root); id != "" && lib.byURI[id] == nil {
		lib.byURI[id] = src
		src.uri = id
	}
	lib.order = append(lib.order, src)
	return src, nil
}

// absoluteURI resolves what Resource was given; it is empty where that is no URI.
func absoluteURI(uri string) string {
	base, _ := url.Parse(mainURI)
	u, err := base.Parse(uri)
	if err != nil || uri == "" || u.Fragment != "" {
		return ""
	}
	return strings.TrimSuffix(u.String(), "#")
}

// rootID is the absolute URI that a document gives itself.
func rootID(root any) string {
	m, _ := root.(map[string]any)
	id, ok := m["$id"].(string)
	if !ok {
		id, _ = m["id"].(string)
	}
	id, _, _ = strings.Cut(id, "#")
	if u, err := url.Parse(id); err != nil || !u.IsAbs() {
		return ""
	}
	return id
}

// draftOf follows $schema, which may name a registered metaschema. A document without it inherits the draft of the main one, and that
// takes the caller's.
func (lib *library) draftOf(src *source, hops int) Draft {
	m, _ := src.root.(map[string]any)
	uri, ok := m["$schema"].(string)
	switch d := draftByURI(uri); {
	case ok && d != 0:
		return d
	case ok && hops > 0:
		uri, _, _ = strings.Cut(uri, "#")
		if meta := lib.byURI[uri]; meta != nil && meta != src {
			return lib.draftOf(meta, hops-1)
		}
	case !ok && src != lib.main:
		return lib.draftOf(lib.main, hops)
	}
	return lib.config.draft
}

func draftByURI(uri string) Draft {
	uri = strings.TrimRight(uri, "#/")
	_, name, _ := strings.Cut(uri, "://json-schema.org/")
	switch name {
	case "schema", "draft/2020-12/schema":
		return Draft2020
	case "draft/2019-09/schema":
		return Draft2019
	case "draft-07/schema":
		return Draft7
	case "draft-06/schema":
		return Draft6
	case "draft-04/schema":
		return Draft4
	}
	return 0
}

// errUnregistered is what the loader gives for everything that was not registered.
type errUnregistered struct{ uri string }

func (e *errUnregistered) Error() string { return e.uri + " is not registered" }

// compile hands the documents to jsonschema/v5.
func (lib *library) compile() (compiled *jsonschema.Schema, err error) {
	defer func() {
		if recover() != nil { // the last net: v5 panics on some schemas that its metaschemas let pass
			err = lib.refuse(lib.main, Fault{Rule: "internal", Message: "is a schema on which jsonschema/v5 panics: simplify it"})
		}
	}()
	v5 := jsonschema.NewCompiler()
	v5.Draft = lib.main.draft.v5()
	v5.AssertFormat = true
	v5.ExtractAnnotations = true
	v5.LoadURL = func(uri string) (io.ReadCloser, error) {
		if src := lib.byURI[uri]; src != nil {
			return io.NopCloser(bytes.NewReader(src.text)), nil
		}
		return nil, &errUnregistered{uri}
	}
	compiled, err = v5.Compile(lib.main.uri)
	if err != nil {
		return nil, lib.explain(err)
	}
	return compiled, nil
}

func (lib *library) refuse(src *source, faults ...Fault) error {
	return &CompileError{Name: src.name, Faults: faults}
}
