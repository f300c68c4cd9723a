package evolve

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// located makes a break of a slice and its witness. Where the slice is a whole subschema, the place is the one
// that jsonschema/v5 finds.
func (c *comparison) located(s slice, doc any) Break {
	b := Break{Path: s.path, Reader: s.where, Rule: s.rule, Witness: doc, Proven: true, Undeclared: !c.sv.written(c.declared, doc)}
	if leaf := c.fault(s, doc); leaf != nil {
		b.Path = leaf.InstanceLocation
		if s.name != "" {
			b.Path += "/" + escape(s.name)
		}
		if s.rule == "$ref" || s.rule == "" {
			b.Reader = pointer(baseOf(c.reader), leaf.AbsoluteKeywordLocation)
			b.Rule = lastKeyword(b.Reader)
		}
	}
	b.Writer = c.writerAt(b.Path, b.Rule)
	b.Reason = reasons[b.Rule]
	if b.Reason == "" {
		b.Reason = "the reader asks for more than the writer promises"
	}
	return b
}

// fault finds what jsonschema/v5 refuses in doc at the slice's own keyword, or else the first thing that it refuses
// and that was not told of yet.
func (c *comparison) fault(s slice, doc any) *jsonschema.ValidationError {
	var invalid *jsonschema.ValidationError
	if !errors.As(c.reader.Validate(doc), &invalid) {
		return nil
	}
	var leaf, exact *jsonschema.ValidationError
	var news bool
	where := strings.TrimSuffix(s.where, "/contains")
	walkFaults(invalid, func(v *jsonschema.ValidationError) {
		at := pointer(baseOf(c.reader), v.AbsoluteKeywordLocation)
		if fresh := !c.told[at]; len(v.Causes) == 0 && better(leaf, v, news, fresh) {
			leaf, news = v, fresh
		}
		if at == s.where || strings.HasPrefix(at, s.where+"/") || where != s.where && at == where+"/minContains" {
			if exact == nil || len(v.InstanceLocation) < len(exact.InstanceLocation) {
				exact = v
			}
		}
	})
	if exact != nil && s.where != "" && s.rule != "$ref" {
		return exact
	}
	return leaf
}

// better says whether fault v tells more than old: something new before something told, then the first by location.
func better(old, v *jsonschema.ValidationError, oldNews, news bool) bool {
	if old == nil || news != oldNews {
		return old == nil || news
	}
	return v.AbsoluteKeywordLocation < old.AbsoluteKeywordLocation
}

func walkFaults(v *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	visit(v)
	for _, cause := range v.Causes {
		walkFaults(cause, visit)
	}
}

func lastKeyword(pointer string) string {
	parts := strings.Split(pointer, "/")
	for i := len(parts) - 1; i > 0; i-- {
		if _, err := strconv.Atoi(parts[i]); err != nil {
			return parts[i]
		}
	}
	return "schema"
}

var reasons = map[string]string{
	"type":                  "the reader takes fewer types than the writer may write",
	"const":                 "the reader takes one value only, and the writer may write others",
	"enum":                  "the reader lists fewer values than the writer may write",
	"minimum":               "the reader's minimum is higher than what the writer may write",
	"exclusiveMinimum":      "the reader's minimum is higher than what the writer may write",
	"maximum":               "the reader's maximum is lower than what the writer may write",
	"exclusiveMaximum":      "the reader's maximum is lower than what the writer may write",
	"multipleOf":            "the writer may write numbers that are no multiple of the reader's",
	"minLength":             "the reader asks for longer strings than the writer may write",
	"maxLength":             "the writer may write longer strings than the reader takes",
	"pattern":               "the writer may write strings that the reader's pattern does not match",
	"format":                "the writer may write strings that the reader's format refuses",
	"contentEncoding":       "the writer may write strings whose content the reader refuses",
	"required":              "the reader requires the property, and the writer may leave it out",
	"minProperties":         "the reader asks for more properties than the writer may write",
	"maxProperties":         "the writer may write more properties than the reader takes",
	"additionalProperties":  "the reader refuses properties that it does not declare, and the writer may write some",
	"unevaluatedProperties": "the reader refuses properties that it does not declare, and the writer may write some",
	"propertyNames":         "the writer may use names that the reader refuses",
	"dependentRequired":     "the reader requires the property beside another, and the writer may leave it out",
	"dependencies":          "the reader requires the property beside another, and the writer may leave it out",
	"minItems":              "the reader asks for more items than the writer may write",
	"maxItems":              "the writer may write more items than the reader takes",
	"uniqueItems":           "the reader refuses items that are equal, and the writer may write some",
	"unevaluatedItems":      "the reader refuses items that it does not declare, and the writer may write some",
	"additionalItems":       "the reader refuses items that it does not declare, and the writer may write some",
	"contains":              "the reader asks for an item that the writer may leave out",
	"maxContains":           "the writer may write more items of a kind than the reader takes",
	"anyOf":                 "the writer may write values that no branch of the reader's anyOf takes",
	"oneOf":                 "the writer may write values that none, or more than one, of the reader's oneOf branches takes",
	"not":                   "the writer may write values that the reader rules out",
	"false":                 "the reader takes no value here, and the writer may write one",
}

// writerAt finds the place in the writer's schema that looks at a path of the document: the keyword of the same
// name if it is there, else the subschema, else the nearest one above.
func (c *comparison) writerAt(path, rule string) string {
	nodes := inPlace([]*jsonschema.Schema{c.writer})
	for _, step := range strings.Split(path, "/")[1:] {
		for _, s := range nodes {
			if rule == "required" && slices.Contains(s.Required, unescape(step)) {
				return pointer(baseOf(c.writer), s.Location) + "/required"
			}
		}
		next := inPlace(c.sv.stepsDown(nodes, unescape(step)))
		if len(next) == 0 {
			break
		}
		nodes = next
	}
	for _, s := range nodes {
		if hasKeyword(s, rule) {
			return pointer(baseOf(c.writer), s.Location) + "/" + rule
		}
	}
	return pointer(baseOf(c.writer), nodes[0].Location)
}

func unescape(step string) string {
	return strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
}

// undeclared finds the shortest part of a path that the writer's schema says nothing of.
func (c *comparison) undeclared(path string) (string, bool) {
	nodes := inPlace([]*jsonschema.Schema{c.writer})
	prefix := ""
	for _, step := range strings.Split(path, "/")[1:] {
		prefix += "/" + step
		nodes = inPlace(c.sv.stepsDown(nodes, unescape(step)))
		if len(nodes) == 0 {
			return prefix, true
		}
	}
	return "", false
}

// stepsDown lists the subschemas that look at a name or an index below the nodes; * is any.
func (sv *solver) stepsDown(nodes []*jsonschema.Schema, name string) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	index, err := strconv.Atoi(name)
	for _, s := range nodes {
		below := sv.below(s, name)
		if name == "*" {
			below = append(below, schemaOf(s.AdditionalProperties))
		}
		prefix, rest := tuple(s)
		if err == nil && index >= 0 && index < len(prefix) {
			below = append(below, prefix[index])
		} else if err == nil || name == "*" {
			below = append(below, rest)
		}
		for _, b := range below {
			if b != nil && b.Location != "" {
				out = append(out, b)
			}
		}
	}
	return out
}

// hasKeyword says whether s has a keyword that a break may name.
func hasKeyword(s *jsonschema.Schema, rule string) bool {
	there := map[string]bool{
		"type": len(s.Types) > 0, "const": len(s.Constant) > 0, "enum": len(s.Enum) > 0,
		"minimum": s.Minimum != nil, "exclusiveMinimum": s.ExclusiveMinimum != nil,
		"maximum": s.Maximum != nil, "exclusiveMaximum": s.ExclusiveMaximum != nil, "multipleOf": s.MultipleOf != nil,
		"minLength": s.MinLength >= 0, "maxLength": s.MaxLength >= 0, "pattern": s.Pattern != nil, "format": s.Format != "",
		"contentEncoding": s.ContentEncoding != "", "required": len(s.Required) > 0,
		"minProperties": s.MinProperties >= 0, "maxProperties": s.MaxProperties >= 0,
		"additionalProperties": s.AdditionalProperties != nil, "unevaluatedProperties": s.UnevaluatedProperties != nil,
		"dependentRequired": len(s.DependentRequired) > 0, "dependencies": len(s.Dependencies) > 0,
		"minItems": s.MinItems >= 0, "maxItems": s.MaxItems >= 0, "uniqueItems": s.UniqueItems,
		"contains": s.Contains != nil, "maxContains": s.MaxContains >= 0, "unevaluatedItems": s.UnevaluatedItems != nil,
		"anyOf": len(s.AnyOf) > 0, "oneOf": len(s.OneOf) > 0, "not": s.Not != nil,
	}
	return there[rule]
}
