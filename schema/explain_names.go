package schema

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxComparisons bounds the search for names that are nearly right, for one document.
const maxComparisons = 2000

// missing makes a fault of each required property that is not there, and looks for one that was meant to be it.
func (x *explainer) missing(at *node, fault Fault, faults []Fault) []Fault {
	v, _ := lookup(x.root, fault.InstancePath)
	object, _ := v.(map[string]any)
	enough := len(faults) + maxFaults
	for _, name := range at.schema.Required {
		if _, ok := object[name]; ok {
			continue
		}
		if len(faults) == enough {
			x.cut++
			continue
		}
		f := fault
		p := at.lacks.of(name, func() phrase {
			expected := "property " + quoteName(name)
			return phrase{expected, expected + " is missing"}
		})
		f.Expected, f.Message = p.expected, p.message
		if meant := nearestKey(name, object, at.schema.Properties, &x.near); meant != "" {
			f.Message += "; there is " + quoteName(meant) + ": did you mean " + quoteName(name) + "?"
		}
		faults = append(faults, f)
	}
	return faults
}

// unknown makes a fault of each property that a closed schema does not know.
func (x *explainer) unknown(at *node, fault Fault, faults []Fault) []Fault {
	v, _ := lookup(x.root, fault.InstancePath)
	object, _ := v.(map[string]any)
	enough := len(faults) + maxFaults
	for _, name := range sortedNames(object) {
		if at.knows(name) {
			continue
		}
		if len(faults) == enough {
			x.cut++
			continue
		}
		f := fault
		f.InstancePath += "/" + escapeToken(name)
		f.Expected, f.Message = x.stranger(name, at)
		faults = append(faults, f)
	}
	return faults
}

// knows says whether a name is declared, or fits a pattern.
func (n *node) knows(name string) bool {
	if _, ok := n.named[name]; ok {
		return true
	}
	return slices.ContainsFunc(n.patterns, func(e patternEdge) bool { return e.re.MatchString(name) })
}

func (x *explainer) stranger(name string, at *node) (expected, message string) {
	meant := nearestKey[*jsonschema.Schema, any](name, at.schema.Properties, nil, &x.near)
	p := at.meant.of(meant, func() phrase {
		const unknown = "is a property that the schema does not know"
		if meant == "" {
			return phrase{"no such property", unknown}
		}
		return phrase{"property " + quoteName(meant), unknown + "; did you mean " + quoteName(meant) + "?"}
	})
	return p.expected, p.message
}

// falseSchema words a place where nothing may be: mostly a property or an item too many.
func (x *explainer) falseSchema(fault Fault) Fault {
	parent, rule := cutLast(fault.SchemaPath)
	fault.Rule, fault.Expected, fault.Message = "false", "nothing", "is not allowed here"
	_, name := cutLast(fault.InstancePath)
	switch rule {
	case "unevaluatedProperties", "additionalProperties":
		fault.Rule, fault.Expected = rule, "no such property"
		fault.Message = "is a property that the schema does not know"
		if n := x.schema.graph.at[x.location(parent)]; n != nil {
			fault.Expected, fault.Message = x.stranger(name, n)
		}
	case "unevaluatedItems", "items", "additionalItems":
		fault.Rule, fault.Expected, fault.Message = rule, "no more items", "is an item more than the schema allows"
	}
	return fault
}

// location is a schema's place as v5 writes it, for a path of the main document.
func (x *explainer) location(path string) string {
	if strings.Contains(path, "#") {
		return path
	}
	return x.schema.uri + "#" + path
}
