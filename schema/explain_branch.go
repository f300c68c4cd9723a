package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// alternatives tells, of an anyOf or oneOf that failed, the branch that came nearest. Branches that want another type altogether are
// told in a word, and where only one branch wants this type there is nothing to choose: its faults are the faults.
func (x *explainer) alternatives(err *jsonschema.ValidationError) {
	if x.beyond(finding{err: err}) {
		x.cut++
		return
	}
	branches := make([]branch, len(err.Causes))
	others := 0
	for i, cause := range err.Causes {
		branches[i] = x.score(cause, err.InstanceLocation)
		if branches[i].otherType {
			others++
		}
	}
	best := 0
	for i, b := range branches {
		if b.compare(branches[best]) < 0 {
			best = i
		}
	}
	if others < len(branches)-1 || others == len(branches) {
		x.add(finding{err, best})
	}
	if others < len(branches) {
		x.walk(err.Causes[best])
	}
}

// A branch says how far a document is from one alternative.
type branch struct {
	otherType bool // it wants another type than the value has
	tags      int  // constants that differ, at the value or one level below: what tells alternatives apart
	faults    int
	depth     int // how far below the value the deepest fault lies: deeper is nearer
}

func (b branch) compare(o branch) int {
	if b.otherType != o.otherType {
		if o.otherType {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.tags, o.tags), cmp.Compare(b.faults, o.faults), cmp.Compare(o.depth, b.depth))
}

func (x *explainer) score(err *jsonschema.ValidationError, value string) branch {
	var b branch
	var walk func(*jsonschema.ValidationError)
	walk = func(err *jsonschema.ValidationError) {
		if len(err.Causes) > 0 && !strings.HasPrefix(err.Message, "valid must be >= ") {
			if err.Message == "anyOf failed" || err.Message == "oneOf failed" {
				b = b.add(x.nearestOf(err, value))
				return
			}
			for _, cause := range err.Causes {
				walk(cause)
			}
			return
		}
		b = b.add(x.leaf(err, value))
	}
	walk(err)
	return b
}

func (b branch) add(o branch) branch {
	return branch{b.otherType || o.otherType, b.tags + o.tags, b.faults + o.faults, max(b.depth, o.depth)}
}

// nearestOf scores alternatives inside an alternative by the best of them.
func (x *explainer) nearestOf(err *jsonschema.ValidationError, value string) branch {
	best := x.score(err.Causes[0], value)
	for _, cause := range err.Causes[1:] {
		if b := x.score(cause, value); b.compare(best) < 0 {
			best = b
		}
	}
	return best
}

func (x *explainer) leaf(err *jsonschema.ValidationError, value string) branch {
	depth := strings.Count(err.InstanceLocation[min(len(value), len(err.InstanceLocation)):], "/")
	b := branch{faults: 1, depth: depth}
	switch rule := err.AbsoluteKeywordLocation[strings.LastIndexByte(err.AbsoluteKeywordLocation, '/')+1:]; {
	case rule == "type" && depth == 0:
		b.otherType = true
	case (rule == "const" || rule == "enum") && depth <= 1:
		b.tags = 1
	case rule == "required":
		b.faults = 1 + strings.Count(err.Message, "', '")
	}
	return b
}

// alternativeFault describes an anyOf or oneOf of which no branch fits.
func (x *explainer) alternativeFault(f finding, at *node, fault Fault) Fault {
	branches := at.schema.AnyOf
	if fault.Rule == "oneOf" {
		branches = at.schema.OneOf
	}
	if types := branchTypes(f.err, branches); types != nil {
		fault.Expected = orList(types)
		fault.Message = "must be " + fault.Expected + ", not " + x.article(fault.InstancePath)
		return fault
	}
	fault.Expected = fmt.Sprintf("one of %d alternatives", len(branches))
	fault.Message = fmt.Sprintf("matches none of %d alternatives; the nearest is number %d%s",
		len(branches), f.branch+1, branchName(branches[f.branch]))
	return fault
}

// branchTypes are the types that the branches want, where the type alone refuses all of them.
func branchTypes(err *jsonschema.ValidationError, branches []*jsonschema.Schema) []string {
	var types []string
	for _, b := range branches {
		for b.Ref != nil && len(b.Types) == 0 {
			b = b.Ref
		}
		if len(b.Types) == 0 {
			return nil
		}
		types = append(types, b.Types...)
	}
	for _, cause := range err.Causes {
		for len(cause.Causes) == 1 {
			cause = cause.Causes[0]
		}
		if cause.InstanceLocation != err.InstanceLocation || !strings.HasSuffix(cause.AbsoluteKeywordLocation, "/type") {
			return nil
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// branchName is a branch's title, or the name that a $ref gives it.
func branchName(s *jsonschema.Schema) string {
	for ; s != nil; s = s.Ref {
		if s.Title != "" {
			return " (" + quoteName(s.Title) + ")"
		}
		if s.Ref != nil {
			path := unescapePath(s.Ref.Location)
			if name := path[strings.LastIndexAny(path, "/#")+1:]; name != "" {
				return " (" + quoteName(unescapeToken(name)) + ")"
			}
		}
	}
	return ""
}
