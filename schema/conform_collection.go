package schema

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/valuegen"
)

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
	c.readAnyName(p, n)
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
			Message: fmt.Sprintf("the schema allows the name %q, which the key %s can't hold: use another key, or narrow propertyNames", name, goName(p.t.Key.Go)),
		})
	}
}

// readAnyName tells that the schema lets names through that are no keys of the map.
func (c *conformer) readAnyName(p *pair, n *conjunction) {
	const name = "a b!"
	rule := n.member(name)
	v, ok := rule.n.example(1)
	least, has := n.object(0)
	if !ok || !has || rule.declared {
		return
	}
	doc := least.(map[string]any)
	doc[name] = v
	if ok, _ := c.keeps(p, doc); !ok && n.accepts(doc) && !c.elemLoses(p, v) {
		c.add(p, Finding{
			Severity: Warning, Rule: "propertyNames", Witness: c.readWitness(p.narrowed(n).member(name, rule.n), v),
			Message: fmt.Sprintf("the schema allows any name, and the key %s reads only some: add propertyNames", goName(p.t.Key.Go)),
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
	refused := func(rule string) {
		c.add(p, Finding{Severity: Error, Rule: rule, Witness: c.written(p, c.something(p.t)), Message: fmt.Sprintf("%s always has %d items, and the schema refuses that many: use a slice", goName(p.t.Go), p.t.Len)})
	}
	allowed := Finding{Severity: Error, Message: fmt.Sprintf("the schema allows arrays of other lengths than %d, of which %s loses items or adds zero ones: use a slice, or set minItems and maxItems", p.t.Len, goName(p.t.Go))}
	switch {
	case p.write && p.t.Len < least:
		refused("minItems")
	case p.write && most >= 0 && p.t.Len > most:
		refused("maxItems")
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
