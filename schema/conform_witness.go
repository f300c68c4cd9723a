package schema

import (
	"reflect"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
	"github.com/typedkafka/kafka/internal/valuegen"
)

// A witness is a whole document, and proven before it is given: either the schema takes it and T does not read or keep it, or T writes
// it and the schema refuses it. Where the place can't be reached within a whole document, there is none.

// readWitness puts a value at a pair's place into a document that the schema takes and T fails on.
func (c *conformer) readWitness(p *pair, v any) []byte {
	for _, full := range []bool{false, true} {
		doc, ok := embed(p, v, full)
		if !ok {
			continue
		}
		text, err := plainJSON(doc)
		if err == nil && c.schema.Validate(text) == nil && !c.rootKeeps(text) {
			return text
		}
	}
	return nil
}

// embed wraps a value in what stands around it, up to the root: with what objects must have, or with all that they may.
func embed(p *pair, v any, full bool) (any, bool) {
	for q := p; ; q = q.up {
		if q.up == nil {
			return v, true
		}
		around := q.up.n
		switch q.step.kind {
		case toMember:
			doc := map[string]any{}
			if made, ok := around.object(0); ok {
				doc = made.(map[string]any)
			}
			if full {
				around.fillAll(doc)
			}
			doc[q.step.name] = v
			v = doc
		case toItem:
			items := []any{}
			for i := range q.step.index {
				item, ok := around.item(i)
				if !ok {
					return nil, false
				}
				example, _ := item.example(1)
				items = append(items, example)
			}
			items = append(items, v)
			v = around.lengthened(items)
		}
	}
}

func (n *conjunction) fillAll(doc map[string]any) {
	for _, name := range n.declared() {
		if _, has := doc[name]; !has {
			n.fill(doc, name, 1)
		}
	}
}

// lengthened repeats the last item until there are enough.
func (n *conjunction) lengthened(items []any) []any {
	least, _ := n.lengths()
	for len(items) < min(least, 100) {
		items = append(items, items[len(items)-1])
	}
	return items
}

// rootKeeps says whether T reads a document and writes it again without loss.
func (c *conformer) rootKeeps(text []byte) bool {
	target := reflect.New(c.root.Go)
	var again []byte
	ok := quietly(func() (err error) {
		if err = strictjson.Unmarshal(text, target.Interface()); err == nil {
			again, err = strictjson.Marshal(target.Elem().Interface())
		}
		return err
	})
	return ok && !lost(decode(string(text)), decode(string(again)))
}

// written puts a Go value at a pair's place into a value of T and gives the document that it writes, if the schema refuses it there.
func (c *conformer) written(p *pair, v reflect.Value) []byte {
	text, ok := c.writes(p, v)
	if !ok {
		return nil
	}
	if err := c.schema.Validate(text); err == nil {
		return nil
	}
	return text
}

// allowed is the same for a document that the schema takes.
func (c *conformer) allowed(p *pair, v reflect.Value) []byte {
	text, ok := c.writes(p, v)
	if !ok || c.schema.Validate(text) != nil {
		return nil
	}
	return text
}

func (c *conformer) writes(p *pair, v reflect.Value) (text []byte, ok bool) {
	if !v.IsValid() {
		return nil, false
	}
	ok = quietly(func() (err error) {
		for q := p; q.up != nil; q = q.up {
			v = c.enclose(q, v)
		}
		text, err = strictjson.Marshal(v.Interface())
		return err
	})
	return text, ok
}

// enclose makes the value around a value: one that the schema would take, where an example of it decodes into T, else a zero one.
func (c *conformer) enclose(q *pair, v reflect.Value) reflect.Value {
	up := q.up
	out := reflect.New(up.t.Go).Elem()
	switch q.step.kind {
	case toSame:
		return v
	case toTarget:
		out.Set(reflect.New(up.t.Go.Elem()))
		out.Elem().Set(v)
		return out
	}
	if doc, ok := up.n.example(0); ok {
		if text, err := plainJSON(doc); err == nil {
			decodeAt(up, doc, text, out.Addr())
		}
	}
	switch up.t.Kind {
	case jsontype.Struct:
		valuegen.Field(out, q.field.Index).Set(v)
	case jsontype.Array:
		out.Index(min(q.step.index, out.Len()-1)).Set(v)
	case jsontype.Slice:
		for out.Len() <= q.step.index {
			out.Set(reflect.Append(out, reflect.Zero(up.t.Go.Elem())))
		}
		out.Index(q.step.index).Set(v)
	case jsontype.Map:
		key := reflect.New(up.t.Go.Key())
		name, err := plainJSON(map[string]any{q.step.name: nil})
		holder := reflect.New(reflect.MapOf(up.t.Go.Key(), reflect.TypeFor[any]()))
		if err == nil && strictjson.Unmarshal(name, holder.Interface()) == nil && holder.Elem().Len() == 1 {
			key.Elem().Set(holder.Elem().MapKeys()[0])
		}
		if out.IsNil() {
			out.Set(reflect.MakeMap(up.t.Go))
		}
		out.SetMapIndex(key.Elem(), v)
	}
	return out
}

// eitherWitness shows a mismatch of kinds from the side from which it can be shown.
func (c *conformer) eitherWitness(p *pair) []byte {
	for _, s := range p.n.specimens(0) {
		if s.value == nil {
			continue
		}
		if w := c.readWitness(p, s.value); w != nil {
			return w
		}
	}
	if !p.write {
		return nil
	}
	return c.written(p, c.something(p.t))
}
