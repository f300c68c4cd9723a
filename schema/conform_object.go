package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/valuegen"
)

// object compares a struct with what the schema says of objects.
func (c *conformer) object(p *pair) {
	n := p.n.forKind(objectKind)
	fields := map[string]*jsontype.Field{}
	for i := range p.t.Fields {
		fields[p.t.Fields[i].Name] = &p.t.Fields[i]
	}
	if p.write {
		c.required(p, n, fields)
	}
	for _, name := range n.declared() {
		if rule := n.member(name); fields[name] == nil && rule.n.kinds() != 0 {
			c.unread(p, n, name)
		}
	}
	c.otherNames(p, n)
	for i := range p.t.Fields {
		c.field(p, n, &p.t.Fields[i])
	}
	if p.write {
		c.writtenObject(p, n)
	}
	c.branches(p, n, objectKind)
}

// branches compares with each branch what T reads: a document may take any of them.
func (c *conformer) branches(p *pair, n *conjunction, kind kindSet) {
	const deepest = 2 // branches of branches; more would multiply
	if p.inside >= deepest {
		return
	}
	for _, b := range n.branches(kind) {
		c.walk(&pair{t: p.t, n: n.with(b), field: p.field, path: p.path, up: p, step: step{kind: toSame}, behind: p.behind, inside: p.inside + 1})
	}
}

// required reports required properties that some value of T does not write.
func (c *conformer) required(p *pair, n *conjunction, fields map[string]*jsontype.Field) {
	required := n.required()
	for _, name := range slices.Sorted(maps.Keys(required)) {
		f := fields[name]
		if f != nil && !f.CanOmit() {
			continue
		}
		finding := Finding{Severity: Error, SchemaPath: pointerOf(required[name]) + "/required", Rule: "required", Witness: c.written(p, reflect.Zero(p.t.Go))}
		if f == nil {
			finding.Message = fmt.Sprintf("the schema requires %q, and %s has no field for it%s", name, goName(p.t.Go), c.similarField(p.t, name))
			c.add(p.at(name), finding)
			continue
		}
		finding.Message = fmt.Sprintf("the schema requires %q, and %s leaves it out: remove one of the two", name, omitter(f))
		c.add(p.inField(f), finding)
	}
}

// omitter is what leaves a field out.
func omitter(f *jsontype.Field) string {
	switch {
	case f.OmitZero:
		return "omitzero"
	case f.OmitEmpty:
		return "omitempty"
	}
	return "a nil embedded pointer"
}

// at names a property that the struct does not have.
func (p *pair) at(name string) *pair {
	q := *p
	q.path += "." + name
	return &q
}

func (p *pair) inField(f *jsontype.Field) *pair {
	q := *p
	q.path += "." + f.Go
	return &q
}

// narrowed is the pair with what more is known of its schema, such as the only branch that can be an object.
func (p *pair) narrowed(n *conjunction) *pair {
	if p.n == n {
		return p
	}
	return &pair{t: p.t, n: n, field: p.field, path: p.path, up: p, step: step{kind: toSame}, write: p.write, behind: p.behind, inside: p.inside}
}

// member leads to a property.
func (p *pair) member(name string, n *conjunction) *pair {
	return &pair{n: n, path: p.path, up: p, step: step{kind: toMember, name: name}, write: p.write}
}

// similarField offers a field whose name was probably meant.
func (c *conformer) similarField(t *jsontype.Type, name string) string {
	var names []string
	for _, f := range t.Fields {
		if strings.EqualFold(f.Name, name) {
			return fmt.Sprintf("; the field %s is written as %q, and names match by case", f.Go, f.Name)
		}
		names = append(names, f.Name)
	}
	if near := nearest(name, slices.Values(names)); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ": add it"
}

// unread reports a property that the schema declares and the struct would lose.
func (c *conformer) unread(p *pair, n *conjunction, name string) {
	q, rule := p.at(name), n.member(name)
	q.n = rule.n
	values := rule.n.something()
	if len(values) == 0 {
		return // it can only be null or empty, of which nothing is lost
	}
	var witness []byte
	for _, v := range values {
		if witness = c.readWitness(p.narrowed(n).member(name, rule.n), v); witness != nil {
			break
		}
	}
	finding := Finding{
		Severity: Error, Rule: "properties", Witness: witness,
		Message: fmt.Sprintf("the schema declares %q, which is lost: %s has no field for it%s", name, goName(p.t.Go), c.similarField(p.t, name)),
	}
	c.addProven(q, finding)
}

// something are values that are allowed and not empty: an empty one could be left out without loss.
func (n *conjunction) something() []any {
	var out []any
	for _, s := range n.specimens(0) {
		out = append(out, s.value)
	}
	if item, ok := n.item(0); ok {
		if v, ok := item.example(1); ok {
			out = append(out, n.lengthened([]any{v}))
		}
	}
	full := map[string]any{}
	n.fillAll(full)
	out = append(out, full, map[string]any{"name": "text"}, "text")
	return slices.DeleteFunc(out, func(v any) bool { return isEmpty(v) || !n.accepts(v) })
}

// field compares a field with its property.
func (c *conformer) field(p *pair, n *conjunction, f *jsontype.Field) {
	rule := n.member(f.Name)
	below := p.narrowed(n).member(f.Name, rule.n)
	below.t, below.field, below.path = f.Type, f, p.path+"."+f.Go
	if !p.write {
		c.walk(below)
		return
	}
	switch keyword, at := refusesName(n, f.Name); {
	case rule.closed != nil:
		below.n = n
		c.add(below, Finding{
			Severity: Error, SchemaPath: pointerOf(rule.closed) + "/" + rule.keyword, Rule: rule.keyword, Witness: c.written(below, c.something(f.Type)),
			Message: fmt.Sprintf("%q is written, and the schema is closed and does not declare it%s", f.Name, similarName(n, f.Name)),
		})
		return
	case keyword != "":
		below.n = n
		c.add(below, Finding{
			Severity: Error, SchemaPath: at, Rule: keyword, Witness: c.written(below, c.something(f.Type)),
			Message: fmt.Sprintf("%q is written, and the schema allows no property of that name: rename one of them", f.Name),
		})
		return
	case !rule.declared && rule.n.trivial() && (n.declaredInBranch(f.Name) || len(n.declared()) == 0 && n.required()[f.Name] == nil):
		return // a branch has more to say of it, or the schema says nothing of properties
	case !rule.declared && rule.n.trivial() && len(n.declared()) > 0:
		below.n = n
		c.add(below, Finding{
			Severity: Warning, Rule: "undeclared", Witness: c.allowed(below, c.something(f.Type)),
			Message: fmt.Sprintf("%q is written, and the schema does not declare it, so nothing checks it%s", f.Name, similarName(n, f.Name)),
		})
		return
	}
	c.walk(below)
}

// refusesName says whether propertyNames has something against a name.
func refusesName(n *conjunction, name string) (keyword, at string) {
	for _, s := range n.parts {
		if s.PropertyNames != nil && runV5(s.PropertyNames, name) != nil {
			return "propertyNames", pointerOf(s) + "/propertyNames"
		}
	}
	return "", ""
}

func similarName(n *conjunction, name string) string {
	for _, known := range n.declared() {
		if strings.EqualFold(known, name) {
			return fmt.Sprintf("; it declares %q, and names match by case", known)
		}
	}
	if near := nearest(name, slices.Values(n.declared())); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ": declare it, or remove the field"
}

// something is a value of a type that is not empty.
func (c *conformer) something(t *jsontype.Type) reflect.Value {
	var last reflect.Value
	for v := range valuegen.Values(t, 2) {
		last = v
	}
	return last
}

// otherNames tells which names of the document the struct ignores.
func (c *conformer) otherNames(p *pair, n *conjunction) {
	closed := false
	for _, s := range n.parts {
		u := s.UnevaluatedProperties
		extra, isBool := s.AdditionalProperties.(bool)
		closed = closed || isBool && !extra || u != nil && u.Always != nil && !*u.Always
		for _, re := range sortedPatterns(s) {
			c.lostName(p, n, s, "patternProperties", patternName(re.String()))
		}
		if sub, ok := s.AdditionalProperties.(*jsonschema.Schema); ok && sub.Always == nil && len(n.declared()) == 0 {
			c.lostName(p, n, s, "additionalProperties", "name")
		}
	}
	if !closed && p.write {
		if len(c.open) == 0 {
			c.openAt = n.pointer()
		}
		noteOnce(&c.open, p.path)
	}
}

func patternName(pattern string) string {
	name, _ := matching(pattern)
	return name
}

// lostName reports names that the schema gives a rule and the struct has no place for.
func (c *conformer) lostName(p *pair, n *conjunction, s *jsonschema.Schema, keyword, name string) {
	if slices.ContainsFunc(p.t.Fields, func(f jsontype.Field) bool { return f.Name == name }) {
		return
	}
	var witness []byte
	rule := n.member(name)
	for _, v := range rule.n.something() {
		if witness = c.readWitness(p.narrowed(n).member(name, rule.n), v); witness != nil {
			break
		}
	}
	c.addProven(p, Finding{
		Severity: Error, SchemaPath: pointerOf(s) + "/" + keyword, Rule: keyword, Witness: witness,
		Message: fmt.Sprintf("the schema gives names a rule by %s, and %s loses them: use a map", keyword, goName(p.t.Go)),
	})
}

// ofWhole are the rules that are about an object or array as a whole. Not all of them can be told from the type, so values are tried.
var ofWhole = []string{
	"const", "enum",
	"minProperties", "maxProperties", "dependentRequired", "dependencies", "dependentSchemas", "not", "anyOf", "oneOf", "then", "else", "if", "required",
	"uniqueItems", "contains", "minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems",
}

func saysOfWholes(s *jsonschema.Schema) bool {
	return s.MinProperties > 0 || s.MaxProperties >= 0 || s.DependentRequired != nil || s.Dependencies != nil || s.DependentSchemas != nil || s.Not != nil ||
		s.AnyOf != nil || s.OneOf != nil || s.If != nil || s.Constant != nil || s.Enum != nil || s.UnevaluatedProperties != nil
}

// writtenObject tries the zero value and some others against the rules of the whole.
func (c *conformer) writtenObject(p *pair, n *conjunction) {
	if !slices.ContainsFunc(n.parts, saysOfWholes) {
		return
	}
	round := 0
	var first Finding
	for v := range valuegen.Values(p.t, 60) {
		text, ok := encodeAt(p, v)
		if !ok {
			round++
			continue
		}
		keyword, at := ownFault(n.refusal(decode(string(text))))
		switch {
		case keyword == "" && first.Rule != "":
			first.Severity = Warning // other values pass
		case keyword != "" && first.Rule == "" && slices.Contains(ofWhole, keyword) && keyword != "required":
			first = Finding{
				Severity: Warning, SchemaPath: at, Rule: keyword, Witness: c.written(p, v),
				Message: fmt.Sprintf("%s can hold values that %s in the schema refuses: set its fields so that they meet it", goName(p.t.Go), keyword),
			}
			if round == 0 {
				first.Severity = Error
				first.Message = fmt.Sprintf("the zero value of %s does not meet %s in the schema", goName(p.t.Go), keyword)
			}
		}
		round++
	}
	if first.Severity == Error && c.canMeet(p, n) {
		first.Severity = Warning
		first.Message += ": set its fields so that they meet it"
	}
	if first.Rule != "" {
		if first.Severity == Error && slices.Contains([]string{"minProperties", "maxProperties"}, first.Rule) {
			first.Message += ": always write more, or fewer, fields"
		}
		c.add(p, first)
	}
}

// canMeet reports whether some value of T is valid, found by what the schema names: the members of a union that are told apart by a
// constant, which no generated text is likely to be.
func (c *conformer) canMeet(p *pair, n *conjunction) bool {
	for _, s := range n.specimens(0) {
		text, err := plainJSON(s.value)
		target := reflect.New(p.t.Go)
		if err != nil || !decodeAt(p, s.value, text, target) {
			continue
		}
		if again, ok := encodeAt(p, target.Elem()); ok && n.accepts(decode(string(again))) {
			return true
		}
	}
	return false
}
