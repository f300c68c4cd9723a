package evolve

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A slice is one demand of a reader's schema, alone: a schema with the path that leads to it, and nothing else.
// All slices of a schema together accept what the schema accepts, so each can be judged by itself.
type slice struct {
	schema *jsonschema.Schema // the demand, wrapped as deep as it stands
	path   string             // where in a document, with * for any name or index
	where  string             // where in the schema
	rule   string             // the keyword
	name   string             // the property that is missing, if the demand is for one

	// If only what is unevaluated is asked: the schema that is asked, and the one it was made of.
	rest, restOf *jsonschema.Schema
}

// mostSlices bounds the decomposition; what is beyond it is judged as a whole.
const mostSlices = 2000

// A slicer takes a schema apart. It opens each subschema once: where one comes up again, as recursion does, the
// second is a slice as a whole.
type slicer struct {
	base   string // the address of the schema's own text
	out    []slice
	opened map[*jsonschema.Schema]bool
}

type wrapper func(*jsonschema.Schema) *jsonschema.Schema

func slicesOf(s *jsonschema.Schema) []slice {
	sl := &slicer{base: baseOf(s), opened: map[*jsonschema.Schema]bool{}}
	sl.open(s, func(s *jsonschema.Schema) *jsonschema.Schema { return s }, "")
	// The second looks at a subschema come last, since they mostly find what the first has found.
	slices.SortStableFunc(sl.out, func(a, b slice) int { return cmp.Compare(secondLook(a), secondLook(b)) })
	return sl.out
}

func secondLook(s slice) int {
	if s.rule == "$ref" {
		return 1
	}
	return 0
}

// leaf adds a demand of s that is written by fill into an empty schema.
func (sl *slicer) leaf(s *jsonschema.Schema, wrap wrapper, path, rule string, fill func(*jsonschema.Schema)) {
	only := blank(s.Location)
	only.Draft = s.Draft
	fill(only)
	sl.out = append(sl.out, slice{schema: wrap(only), path: path, where: pointer(sl.base, s.Location) + "/" + rule, rule: strings.SplitN(rule, "/", 2)[0]})
}

func baseOf(s *jsonschema.Schema) string {
	base, _, _ := strings.Cut(s.Location, "#")
	return base
}

// pointer turns a location into a JSON Pointer into the text at base; a location in another resource keeps its address.
func pointer(base, location string) string {
	address, fragment, _ := strings.Cut(location, "#")
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	if address == base {
		return fragment
	}
	return address + "#" + fragment
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func (sl *slicer) open(s *jsonschema.Schema, wrap wrapper, path string) {
	if s.Always != nil {
		sl.out = append(sl.out, slice{schema: wrap(s), path: path, where: pointer(sl.base, s.Location), rule: "false"})
		return
	}
	if sl.opened[s] || len(sl.out) > mostSlices {
		sl.out = append(sl.out, slice{schema: wrap(s), path: path, where: pointer(sl.base, s.Location), rule: "$ref"})
		return
	}
	sl.opened[s] = true
	sl.values(s, wrap, path)
	sl.numbers(s, wrap, path)
	sl.strings(s, wrap, path)
	sl.objects(s, wrap, path)
	sl.arrays(s, wrap, path)
	sl.combined(s, wrap, path)
}

func (sl *slicer) values(s *jsonschema.Schema, wrap wrapper, path string) {
	if len(s.Types) > 0 {
		sl.leaf(s, wrap, path, "type", func(o *jsonschema.Schema) { o.Types = s.Types })
	}
	if len(s.Constant) > 0 {
		sl.leaf(s, wrap, path, "const", func(o *jsonschema.Schema) { o.Constant = s.Constant })
	}
	if len(s.Enum) > 0 {
		sl.leaf(s, wrap, path, "enum", func(o *jsonschema.Schema) { o.Enum = s.Enum })
	}
}

func (sl *slicer) numbers(s *jsonschema.Schema, wrap wrapper, path string) {
	if s.Minimum != nil {
		sl.leaf(s, wrap, path, "minimum", func(o *jsonschema.Schema) { o.Minimum = s.Minimum })
	}
	if s.ExclusiveMinimum != nil {
		sl.leaf(s, wrap, path, "exclusiveMinimum", func(o *jsonschema.Schema) { o.ExclusiveMinimum = s.ExclusiveMinimum })
	}
	if s.Maximum != nil {
		sl.leaf(s, wrap, path, "maximum", func(o *jsonschema.Schema) { o.Maximum = s.Maximum })
	}
	if s.ExclusiveMaximum != nil {
		sl.leaf(s, wrap, path, "exclusiveMaximum", func(o *jsonschema.Schema) { o.ExclusiveMaximum = s.ExclusiveMaximum })
	}
	if s.MultipleOf != nil {
		sl.leaf(s, wrap, path, "multipleOf", func(o *jsonschema.Schema) { o.MultipleOf = s.MultipleOf })
	}
}

func (sl *slicer) strings(s *jsonschema.Schema, wrap wrapper, path string) {
	if s.MinLength >= 0 {
		sl.leaf(s, wrap, path, "minLength", func(o *jsonschema.Schema) { o.MinLength = s.MinLength })
	}
	if s.MaxLength >= 0 {
		sl.leaf(s, wrap, path, "maxLength", func(o *jsonschema.Schema) { o.MaxLength = s.MaxLength })
	}
	if s.Pattern != nil {
		sl.leaf(s, wrap, path, "pattern", func(o *jsonschema.Schema) { o.Pattern = s.Pattern })
	}
	if assertedFormat(s) != "" {
		sl.opaque(s, wrap, path, "format")
	}
	if assertedContent(s) != "" {
		sl.opaque(s, wrap, path, "contentEncoding")
	}
}

// opaque adds a demand whose check is hidden inside jsonschema/v5: a copy of s from which all else is taken out.
func (sl *slicer) opaque(s *jsonschema.Schema, wrap wrapper, path, rule string) {
	sl.leaf(s, wrap, path, rule, func(o *jsonschema.Schema) {
		bare := *o
		*o = *s
		clearAll(o, &bare)
		if rule == "format" {
			o.Format = s.Format
		} else {
			o.ContentEncoding, o.ContentMediaType, o.ContentSchema = s.ContentEncoding, s.ContentMediaType, s.ContentSchema
		}
	})
}

// clearAll sets every keyword of o to that of an empty schema, but leaves the hidden fields.
func clearAll(o, bare *jsonschema.Schema) {
	o.Types, o.Constant, o.Enum, o.Not, o.AllOf, o.AnyOf, o.OneOf = nil, nil, nil, nil, nil, nil, nil
	o.Ref, o.RecursiveRef, o.DynamicRef, o.If, o.Then, o.Else = nil, nil, nil, nil, nil, nil
	o.Required, o.Properties, o.PropertyNames, o.PatternProperties = nil, nil, nil, nil
	o.AdditionalProperties, o.Dependencies, o.DependentRequired, o.DependentSchemas = nil, nil, nil, nil
	o.UnevaluatedProperties, o.UnevaluatedItems, o.Contains, o.UniqueItems = nil, nil, nil, false
	o.Items, o.AdditionalItems, o.PrefixItems, o.Items2020 = nil, nil, nil, nil
	o.MinProperties, o.MaxProperties, o.MinItems, o.MaxItems = bare.MinProperties, bare.MaxProperties, bare.MinItems, bare.MaxItems
	o.MinLength, o.MaxLength, o.Pattern = bare.MinLength, bare.MaxLength, nil
	o.Minimum, o.Maximum, o.ExclusiveMinimum, o.ExclusiveMaximum, o.MultipleOf = nil, nil, nil, nil, nil
}

func (sl *slicer) combined(s *jsonschema.Schema, wrap wrapper, path string) {
	for _, target := range []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.DynamicRef} {
		if target != nil {
			sl.open(target, wrap, path)
		}
	}
	for _, part := range s.AllOf {
		sl.open(part, wrap, path)
	}
	sl.branches(s, wrap, path)
	if s.Not != nil {
		sl.leaf(s, wrap, path, "not", func(o *jsonschema.Schema) { o.Not = s.Not })
	}
	if s.If != nil && s.Then != nil {
		sl.open(s.Then, func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) { o.If, o.Then = s.If, to }))
		}, path)
	}
	if s.If != nil && s.Else != nil {
		sl.open(s.Else, func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) { o.If, o.Else = s.If, to }))
		}, path)
	}
	if s.UnevaluatedProperties != nil {
		sl.unevaluated(s, wrap, path, "unevaluatedProperties")
	}
	if s.UnevaluatedItems != nil {
		sl.unevaluated(s, wrap, path, "unevaluatedItems")
	}
}

// branches adds anyOf and oneOf, opened where there is only one branch.
func (sl *slicer) branches(s *jsonschema.Schema, wrap wrapper, path string) {
	if len(s.AnyOf) == 1 {
		sl.open(s.AnyOf[0], wrap, path)
	} else if len(s.AnyOf) > 1 {
		sl.leaf(s, wrap, path, "anyOf", func(o *jsonschema.Schema) { o.AnyOf = s.AnyOf })
	}
	if len(s.OneOf) == 1 {
		sl.open(s.OneOf[0], wrap, path)
	} else if len(s.OneOf) > 1 {
		sl.leaf(s, wrap, path, "oneOf", func(o *jsonschema.Schema) { o.OneOf = s.OneOf })
	}
}

// unevaluated adds the whole schema, of which only the unevaluated part is asked: what is left of it is in other slices.
func (sl *slicer) unevaluated(s *jsonschema.Schema, wrap wrapper, path, rule string) {
	whole := *s
	whole.Comment = "only what is unevaluated" // tells it from s, which asks more
	if rule == "unevaluatedItems" {
		whole.UnevaluatedProperties = nil
	} else {
		whole.UnevaluatedItems = nil
	}
	sl.out = append(sl.out, slice{schema: wrap(&whole), path: path, where: pointer(sl.base, s.Location) + "/" + rule, rule: rule, rest: &whole, restOf: s})
}

// made returns an empty schema at the place of s, filled.
func made(s *jsonschema.Schema, fill func(*jsonschema.Schema)) *jsonschema.Schema {
	o := blank(s.Location)
	o.Draft = s.Draft
	fill(o)
	return o
}

func (sl *slicer) objects(s *jsonschema.Schema, wrap wrapper, path string) {
	for _, name := range s.Required {
		sl.leaf(s, wrap, path+"/"+escape(name), "required", func(o *jsonschema.Schema) { o.Required = []string{name} })
		sl.out[len(sl.out)-1].name = name
	}
	if s.MinProperties >= 0 {
		sl.leaf(s, wrap, path, "minProperties", func(o *jsonschema.Schema) { o.MinProperties = s.MinProperties })
	}
	if s.MaxProperties >= 0 {
		sl.leaf(s, wrap, path, "maxProperties", func(o *jsonschema.Schema) { o.MaxProperties = s.MaxProperties })
	}
	for _, name := range sortedKeys(s.Properties) {
		sl.open(s.Properties[name], func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) { o.Properties = map[string]*jsonschema.Schema{name: to} }))
		}, path+"/"+escape(name))
	}
	for re := range s.PatternProperties {
		sl.open(s.PatternProperties[re], func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) { o.PatternProperties = map[*regexp.Regexp]*jsonschema.Schema{re: to} }))
		}, path+"/*")
	}
	sl.additional(s, wrap, path)
	if s.PropertyNames != nil {
		sl.open(s.PropertyNames, func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) { o.PropertyNames = to }))
		}, path)
	}
	sl.dependent(s, wrap, path)
}

func (sl *slicer) additional(s *jsonschema.Schema, wrap wrapper, path string) {
	beside := func(to any) *jsonschema.Schema {
		return wrap(made(s, func(o *jsonschema.Schema) {
			o.AdditionalProperties = to
			o.Properties, o.PatternProperties = map[string]*jsonschema.Schema{}, map[*regexp.Regexp]*jsonschema.Schema{}
			for name := range s.Properties {
				o.Properties[name] = yes
			}
			for re := range s.PatternProperties {
				o.PatternProperties[re] = yes
			}
		}))
	}
	if allowed, ok := s.AdditionalProperties.(bool); ok && !allowed {
		sl.out = append(sl.out, slice{schema: beside(false), path: path + "/*", where: pointer(sl.base, s.Location) + "/additionalProperties", rule: "additionalProperties"})
	} else if to := schemaOf(s.AdditionalProperties); to != nil {
		sl.open(to, func(to *jsonschema.Schema) *jsonschema.Schema { return beside(to) }, path+"/*")
	}
}

func (sl *slicer) dependent(s *jsonschema.Schema, wrap wrapper, path string) {
	for _, d := range dependents(s) {
		rule := "dependentRequired"
		if s.Dependencies[d.trigger] != nil {
			rule = "dependencies"
		}
		for _, name := range d.names {
			sl.leaf(s, wrap, path+"/"+escape(name), rule, func(o *jsonschema.Schema) {
				o.DependentRequired = map[string][]string{d.trigger: {name}}
			})
			sl.out[len(sl.out)-1].name = name
		}
	}
	for _, d := range dependentSchemas(s) {
		sl.open(d.to, func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) { o.DependentSchemas = map[string]*jsonschema.Schema{d.trigger: to} }))
		}, path)
	}
}

func (sl *slicer) arrays(s *jsonschema.Schema, wrap wrapper, path string) {
	if s.MinItems >= 0 {
		sl.leaf(s, wrap, path, "minItems", func(o *jsonschema.Schema) { o.MinItems = s.MinItems })
	}
	if s.MaxItems >= 0 {
		sl.leaf(s, wrap, path, "maxItems", func(o *jsonschema.Schema) { o.MaxItems = s.MaxItems })
	}
	if s.UniqueItems {
		sl.leaf(s, wrap, path, "uniqueItems", func(o *jsonschema.Schema) { o.UniqueItems = true })
	}
	prefix, rest := tuple(s)
	anything := slices.Repeat([]*jsonschema.Schema{yes}, len(prefix))
	for i, item := range prefix {
		sl.open(item, func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) {
				o.PrefixItems = slices.Clone(anything)
				o.PrefixItems[i] = to
			}))
		}, fmt.Sprintf("%s/%d", path, i))
	}
	if rest != nil {
		sl.open(rest, func(to *jsonschema.Schema) *jsonschema.Schema {
			return wrap(made(s, func(o *jsonschema.Schema) { o.PrefixItems, o.Items2020 = anything, to }))
		}, path+"/*")
	}
	sl.contains(s, wrap, path)
}

func (sl *slicer) contains(s *jsonschema.Schema, wrap wrapper, path string) {
	if s.Contains == nil {
		return
	}
	if s.MinContains > 0 {
		sl.leaf(s, wrap, path, "contains", func(o *jsonschema.Schema) { o.Contains, o.MinContains = s.Contains, s.MinContains })
	}
	if s.MaxContains >= 0 {
		sl.leaf(s, wrap, path, "maxContains", func(o *jsonschema.Schema) {
			o.Contains, o.MinContains, o.MaxContains = s.Contains, -1, s.MaxContains
		})
	}
}
