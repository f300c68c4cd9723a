package schema

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/valuegen"
)

// writtenNull reports a nil that is written as null where the schema takes none.
func (c *conformer) writtenNull(p *pair) {
	if !p.write || p.behind && p.t.Kind != jsontype.Pointer || !p.t.Nilable() || p.omitted() || p.n.accepts(nil) {
		return
	}
	what := map[jsontype.Kind]string{jsontype.Pointer: "pointer", jsontype.Map: "map", jsontype.Any: "interface"}[p.t.Kind]
	if what == "" {
		what = "slice"
	}
	remedy := "allow null in the schema"
	if p.field != nil && p.step.kind == toMember {
		remedy += ", or add omitempty where the property is not required"
	}
	c.add(p, Finding{
		Severity: Error, Rule: "null", Witness: c.written(p, reflect.Zero(p.t.Go)),
		Message: fmt.Sprintf("a nil %s is written as null, which the schema refuses: %s", what, remedy),
	})
}

// writtenZero reports a zero value that misses a constraint, and a type that is wider than an enum.
func (c *conformer) writtenZero(p *pair) {
	if c.writtenMembers(p) {
		return
	}
	zero := reflect.New(p.t.Go).Elem()
	if p.t.Kind == jsontype.Struct {
		return // see writtenObject
	}
	if p.t.Nilable() || p.omitted() && p.t.Kind != jsontype.Array {
		c.writtenOther(p)
		return
	}
	text, ok := encodeAt(p, zero)
	if !ok {
		c.add(p, Finding{Severity: Warning, Rule: "encode", Message: fmt.Sprintf("the zero value of %s has no JSON: it must be set before a value is sent", c.typeName(p))})
		return
	}
	if keyword, at := ownFault(p.n.refusal(decode(string(text)))); keyword != "" {
		c.add(p, Finding{
			Severity: Warning, SchemaPath: at, Rule: keyword, Witness: c.written(p, zero),
			Message: fmt.Sprintf("the zero value of %s misses %s in the schema: it must be set before a value is sent", c.typeName(p), keyword),
		})
		return
	}
	c.writtenOther(p)
}

// writtenMembers tries the values that an Enumer names.
func (c *conformer) writtenMembers(p *pair) bool {
	e, ok := enumerOf(p.t.Go)
	if !ok || p.t.Kind == jsontype.Struct {
		return false
	}
	for _, m := range e.Enum() {
		v := reflect.ValueOf(m)
		if !v.IsValid() || !v.CanConvert(p.t.Go) {
			continue
		}
		v = v.Convert(p.t.Go)
		if text, ok := encodeAt(p, v); ok && !p.n.accepts(decode(string(text))) && (!v.IsZero() || !p.omitted()) {
			c.add(p, Finding{
				Severity: Error, Rule: "enum", Witness: c.written(p, v),
				Message: fmt.Sprintf("the method Enum of %s names a value that the schema refuses: add it to the schema, or take it from the type", p.t.Go),
			})
			return true
		}
	}
	return true
}

// writtenOther tells a type that is wider than an enum or a constant.
func (c *conformer) writtenOther(p *pair) {
	for _, s := range p.n.parts {
		keyword := "enum"
		if s.Constant != nil {
			keyword = "const"
		}
		if s.Constant == nil && s.Enum == nil {
			continue
		}
		v := c.unlisted(p)
		if v.IsValid() {
			c.add(p, Finding{
				Severity: Warning, SchemaPath: pointerOf(s) + "/" + keyword, Rule: keyword, Witness: c.written(p, v),
				Message: fmt.Sprintf("%s can hold values that the schema's %s does not name: give the type a method Enum that names them", c.typeName(p), keyword),
			})
		}
		return
	}
}

// unlisted is a value that the schema refuses, if the generator finds one.
func (c *conformer) unlisted(p *pair) reflect.Value {
	for v := range valuegen.Values(p.t, 30) {
		if text, ok := encodeAt(p, v); ok && string(text) != "null" && !p.n.accepts(decode(string(text))) {
			return v
		}
	}
	return reflect.Value{}
}

// ownFault gives the keyword that refuses the value itself, not one of its members, and where it stands.
func ownFault(err error) (keyword, at string) {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return "", ""
	}
	for _, cause := range invalid.Causes {
		if keyword, at = ownFault(cause); keyword != "" {
			return keyword, at
		}
	}
	word := lastKeyword(invalid.KeywordLocation)
	if invalid.InstanceLocation != "" || len(invalid.Causes) > 0 && word != "anyOf" && word != "oneOf" || word == "" {
		return "", ""
	}
	_, at, _ = strings.Cut(invalid.AbsoluteKeywordLocation, "#")
	return word, unescapePath(at)
}

// lastKeyword is the keyword that a location ends in, also if a name or a number stands behind it.
func lastKeyword(location string) string {
	tokens := strings.Split(location, "/")
	for i := len(tokens) - 1; i > 0; i-- {
		if strings.HasPrefix(tokens[i-1], "depend") {
			return tokens[i-1]
		}
		if !numeric(tokens[i]) && (i+1 == len(tokens) || numeric(tokens[i+1])) && (i < 2 || !strings.HasPrefix(tokens[i-2], "depend")) {
			return tokens[i]
		}
	}
	return ""
}

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
		finding := Finding{Severity: Error, SchemaPath: pointerOf(required[name]) + "/required", Rule: "required", Witness: c.written(p, reflect.Zero(p.t.Go))}
		switch {
		case f == nil:
			finding.Message = fmt.Sprintf("the schema requires %q, and %s has no field for it%s", name, p.t.Go, c.similarField(p.t, name))
			c.add(p.at(name), finding)
		case f.CanOmit():
			why := "omitempty"
			switch {
			case f.OmitZero:
				why = "omitzero"
			case !f.OmitEmpty:
				why = "a nil embedded pointer"
			}
			finding.Message = fmt.Sprintf("the schema requires %q, and %s leaves it out: remove one of the two", name, why)
			c.add(p.inField(f), finding)
		}
	}
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
	var witness []byte
	for _, s := range append(rule.n.specimens(0), anything...) {
		if rule.n.accepts(s.value) && !isEmpty(s.value) {
			if witness = c.readWitness(p.narrowed(n).member(name, rule.n), s.value); witness != nil {
				break
			}
		}
	}
	finding := Finding{
		Severity: Error, Rule: "properties", Witness: witness,
		Message: fmt.Sprintf("the schema declares %q, which is lost: %s has no field for it%s", name, p.t.Go, c.similarField(p.t, name)),
	}
	c.addProven(q, finding)
}

var anything = []specimen{{value: "text"}}

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
	case !rule.declared && rule.n.trivial() && len(n.declared()) > 0 && !n.declaredInBranch(f.Name):
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
	for _, v := range append(rule.n.specimens(0), anything...) {
		if witness = c.readWitness(p.narrowed(n).member(name, rule.n), v.value); witness != nil {
			break
		}
	}
	c.addProven(p, Finding{
		Severity: Error, SchemaPath: pointerOf(s) + "/" + keyword, Rule: keyword, Witness: witness,
		Message: fmt.Sprintf("the schema gives names a rule by %s, and %s loses them: use a map", keyword, p.t.Go),
	})
}

// ofWhole are the rules that are about an object or array as a whole. Not all of them can be told from the type, so values are tried.
var ofWhole = []string{
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
				Message: fmt.Sprintf("%s can hold values that %s in the schema refuses: set its fields so that they meet it", p.t.Go, keyword),
			}
			if round == 0 {
				first.Severity = Error
				first.Message = fmt.Sprintf("the zero value of %s does not meet %s in the schema", p.t.Go, keyword)
			}
		}
		round++
	}
	if first.Rule != "" {
		if first.Severity == Error && slices.Contains([]string{"minProperties", "maxProperties"}, first.Rule) {
			first.Message += ": always write more, or fewer, fields"
		}
		c.add(p, first)
	}
}

// mapping compares a map with what the schema says of objects.
func (c *conformer) mapping(p *pair) {
	n := p.n.forKind(objectKind)
	below := func(name string) {
		rule := n.member(name)
		if rule.closed == nil {
			q := p.narrowed(n).member(name, rule.n)
			q.t, q.path = p.t.Elem, p.path+"[]"
			c.walk(q)
		}
	}
	names := n.declared()
	for _, s := range n.parts {
		for _, re := range sortedPatterns(s) {
			names = append(names, patternName(re.String()))
		}
	}
	for _, name := range names {
		c.readName(p, n, name)
		below(name)
	}
	other := c.otherName(p, n)
	if other != "" {
		below(other)
	}
	if p.write {
		c.writtenNames(p, n)
	}
	c.branches(p, n, objectKind)
}

// otherName is a name that the map can hold and the schema does not declare.
func (c *conformer) otherName(p *pair, n *conjunction) string {
	for _, s := range n.parts {
		if s.PropertyNames == nil {
			continue
		}
		for _, v := range conjoin(s.PropertyNames).specimens(0) {
			if name, ok := v.value.(string); ok {
				c.readName(p, n, name)
				return name
			}
		}
	}
	for v := range valuegen.Values(p.t.Key, 3) {
		if text, err := plainJSON(map[string]any{"": v.Interface()}); err == nil && v.Kind() != reflect.String {
			return strings.Trim(strings.TrimSuffix(strings.TrimPrefix(string(text), `{"":`), "}"), `"`)
		}
	}
	if p.t.Key.Reads != jsontype.String {
		return ""
	}
	return "name"
}

// readName reports a name that the map's key can't hold.
func (c *conformer) readName(p *pair, n *conjunction, name string) {
	v, ok := n.member(name).n.example(1)
	if !ok {
		return
	}
	doc := map[string]any{name: v}
	if ok, _ := c.keeps(p, doc); !ok && !c.elemLoses(p, v) {
		c.add(p, Finding{
			Severity: Error, Rule: "propertyNames", Witness: c.readWitness(p.narrowed(n).member(name, n.member(name).n), v),
			Message: fmt.Sprintf("the schema allows the name %q, which the key %s can't hold: use another key, or narrow propertyNames", name, p.t.Key.Go),
		})
	}
}

func (c *conformer) elemLoses(p *pair, v any) bool {
	ok, _ := c.keeps(&pair{t: p.t.Elem}, v)
	return !ok
}

// writtenNames tells that a map can hold any names, and need not hold any.
func (c *conformer) writtenNames(p *pair, n *conjunction) {
	full := c.something(p.t)
	text, ok := encodeAt(p, full)
	if !ok {
		return
	}
	keyword, at := ownFault(n.refusal(decode(string(text))))
	required := n.required()
	switch {
	case keyword == "additionalProperties" || keyword == "unevaluatedProperties" || keyword == "propertyNames":
		c.add(p, Finding{
			Severity: Warning, SchemaPath: at, Rule: keyword, Witness: c.written(p, full),
			Message: "the map can hold names that the schema does not: use a struct",
		})
	case len(required) > 0:
		empty := reflect.MakeMap(p.t.Go)
		c.add(p, Finding{
			Severity: Warning, SchemaPath: n.pointer() + "/required", Rule: "required", Witness: c.written(p, empty),
			Message: "the map need not hold the names that the schema requires: use a struct",
		})
	}
}

// array compares a slice or an array with what the schema says of arrays.
func (c *conformer) array(p *pair) {
	n := p.n.forKind(arrayKind)
	if p.t.Kind == jsontype.Array {
		c.fixedLength(p, n)
	}
	count := n.tuple() + 1
	if p.t.Kind == jsontype.Array {
		count = min(count, p.t.Len)
	}
	for i := range count {
		item, ok := n.item(i)
		if !ok {
			break
		}
		c.walk(&pair{t: p.t.Elem, n: item, path: p.path + itemPath(i, n.tuple()), up: p.narrowed(n), step: step{kind: toItem, index: i}, write: p.write})
	}
	if _, longer := n.item(count); p.write && p.t.Kind == jsontype.Slice && !longer && n.tuple() > 0 {
		c.add(p, Finding{Severity: Warning, Rule: "items", Message: fmt.Sprintf("the slice can hold more than the %d items of the schema's tuple: use an array", n.tuple())})
	}
	c.branches(p, n, arrayKind)
}

func itemPath(i, tuple int) string {
	if i < tuple {
		return fmt.Sprintf("[%d]", i)
	}
	return "[]"
}

// fixedLength compares the length of an array with those that the schema allows.
func (c *conformer) fixedLength(p *pair, n *conjunction) {
	least, most := n.lengths()
	if _, ok := n.item(p.t.Len); !ok && (most < 0 || most > p.t.Len) {
		most = p.t.Len // a closed tuple
	}
	refused := Finding{Severity: Error, Witness: c.written(p, c.something(p.t)), Message: fmt.Sprintf("%s always has %d items, and the schema refuses that many: use a slice", p.t.Go, p.t.Len)}
	allowed := Finding{Severity: Error, Message: fmt.Sprintf("the schema allows arrays of other lengths than %d, of which %s loses items or adds zero ones: use a slice, or set minItems and maxItems", p.t.Len, p.t.Go)}
	switch {
	case p.write && p.t.Len < least:
		refused.Rule = "minItems"
		c.add(p, refused)
	case p.write && most >= 0 && p.t.Len > most:
		refused.Rule = "maxItems"
		c.add(p, refused)
	case most < 0 || most > p.t.Len:
		allowed.Rule, allowed.Witness = "maxItems", c.lengthWitness(p, n, p.t.Len+1)
		c.add(p, allowed)
	case least < p.t.Len:
		allowed.Rule, allowed.Witness = "minItems", c.lengthWitness(p, n, p.t.Len-1)
		c.add(p, allowed)
	}
}

// lengthWitness is a document with an array of a length.
func (c *conformer) lengthWitness(p *pair, n *conjunction, length int) []byte {
	var items []any
	for i := range length {
		item, ok := n.item(i)
		if !ok {
			return nil
		}
		v, ok := item.example(1)
		if !ok {
			return nil
		}
		items = append(items, v)
	}
	return c.readWitness(p, items)
}
