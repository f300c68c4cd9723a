package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// explain turns what v5 says about a schema that it can't compile into faults with a place.
func (lib *library) explain(err error) error {
	var unregistered *errUnregistered
	var invalid *jsonschema.ValidationError
	var loop jsonschema.InfiniteLoopError
	switch {
	case errors.As(err, &unregistered):
		return lib.badRef(unregistered.uri, "which is not registered: add it with schema.Resource (files and the network are never read)")
	case errors.As(err, &invalid):
		return lib.badSchema(invalid)
	case errors.As(err, &loop):
		_, path, _ := strings.Cut(string(loop), "#")
		return lib.refuse(lib.main, Fault{InstancePath: existing(lib.main.root, unescapePath(path)), Rule: "$ref",
			Message: "leads back to itself without going into the document, so that a check would never end"})
	}
	text := strings.TrimPrefix(err.Error(), "jsonschema: ")
	if _, target, ok := strings.Cut(text, "compilation failed: "); ok {
		if target, ok := strings.CutSuffix(target, " not found"); ok {
			return lib.badRef(target, "where nothing is")
		}
		text = target
	}
	return lib.refuse(lib.main, Fault{Rule: "schema", Message: "can't be compiled: " + strings.ReplaceAll(text, mainURI, "")})
}

// badRef tells where the reference stands that leads to a URI.
func (lib *library) badRef(target, why string) error {
	for _, src := range lib.order {
		var faults []Fault
		for _, r := range src.refs {
			uri, _, _ := strings.Cut(r.target, "#")
			if r.target == target || uri == target {
				faults = append(faults, Fault{InstancePath: r.pointer, Rule: "$ref", Message: fmt.Sprintf("refers to %s, %s", quoteName(r.text), why)})
			}
		}
		if len(faults) > 0 {
			return lib.refuse(src, sortFaults(faults)...)
		}
	}
	target = strings.TrimPrefix(target, "mem:///")
	return lib.refuse(lib.main, Fault{Rule: "$ref", Message: fmt.Sprintf("refers to %s, %s", quoteName(target), why)})
}

// badSchema finds the documents that break their metaschema. v5 tells the first one only, and not which it is.
func (lib *library) badSchema(invalid *jsonschema.ValidationError) error {
	var errs []error
	for _, src := range lib.order {
		meta := metaschema(src.draft)
		var broken *jsonschema.ValidationError
		if !errors.As(runV5(meta.compiled, src.root), &broken) {
			continue
		}
		e := meta.explain(broken, "", src.root)
		errs = append(errs, &CompileError{Name: src.name, Faults: slices.Clone(e.Faults)})
	}
	if len(errs) > 0 {
		return joinCompileErrors(errs)
	}
	for len(invalid.Causes) > 0 {
		invalid = invalid.Causes[0]
	}
	return lib.refuse(lib.main, Fault{InstancePath: unescapePath(invalid.InstanceLocation), Rule: "schema", Message: "breaks the metaschema"})
}

// metaschema is the schema of a draft's schemas.
func metaschema(d Draft) *Schema {
	metaschemas.Lock()
	defer metaschemas.Unlock()
	if metaschemas.byDraft[d] == nil {
		compiled := jsonschema.MustCompile(d.v5().URL())
		metaschemas.byDraft[d] = &Schema{draft: d, compiled: compiled, graph: newGraph(compiled), uri: documentOf(compiled)}
	}
	return metaschemas.byDraft[d]
}

// metaschemas are made when a schema breaks the first one; the mutex guards byDraft.
var metaschemas = struct {
	sync.Mutex
	byDraft map[Draft]*Schema
}{byDraft: map[Draft]*Schema{}}

// existing shortens a pointer to the part that is there.
func existing(root any, pointer string) string {
	for pointer != "" {
		if _, ok := lookup(root, pointer); ok {
			return pointer
		}
		pointer = pointer[:max(0, strings.LastIndexByte(pointer, '/'))]
	}
	return ""
}
