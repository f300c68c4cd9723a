package plan

import (
	"reflect"
	"sync/atomic"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// A target is a node with the Go type that its values are decoded into.
type target struct {
	op      reading
	node    *node // what is asked of the value; for readChecked, what is checked in a walk of its own before
	goType  reflect.Type
	bits    int
	elem    *target  // of pointers, slices and maps; for readChecked, the same type without a schema
	size    uintptr  // of an item
	members []member // of structs
	index   map[string]int
	needed  marks        // of members
	last    atomic.Int32 // how many items the last slice had: the next one mostly has as many
}

// reading says how a target reads.
type reading uint8

const (
	readGeneric reading = iota // by strictjson, after the check
	readNever                  // not understood
	readChecked                // by elem, after the check: keywords that look at the same value
	readBool
	readInt
	readUint
	readFloat
	readText
	readTime
	readPointer
	readSlice
	readTexts // a map[string]string
	readStruct
)

// A member is a name that a struct has a field for, or the schema a rule.
type member struct {
	name    string
	written string // `"name":`, as most writers write it
	step    step
	target  *target
	skipped bool // there is no field: the value is only checked
}

type pair struct {
	n *node
	t *jsontype.Type
}

// A pairing makes targets, each once: recursion ends at one that is there already.
type pairing struct {
	trail
	targets map[pair]*target
	foreign bool // methods of others get to see the memory of the value
}

func (c *pairing) target(n *node, t *jsontype.Type) *target {
	n = n.direct()
	if known, ok := c.targets[pair{n, t}]; ok {
		return known
	}
	out := &target{node: n, goType: t.Go, bits: t.Bits}
	c.targets[pair{n, t}] = out
	switch {
	case n.opaque:
		out.op = readNever
	case n.inPlace != nil:
		out.op, out.elem = readChecked, c.target(anything, t)
	default:
		c.fill(out, n, t)
	}
	if out.op == readGeneric {
		c.foreign = true
		c.note(n, "decoding is done by the general decoder: %s", why(t, t.Reads))
	}
	return out
}

// fill says how a t is read under n. What has no way of its own is generic.
func (c *pairing) fill(out *target, n *node, t *jsontype.Type) {
	switch t.Reads {
	case jsontype.Bool:
		out.op = readBool
	case jsontype.Int:
		out.op = readInt
	case jsontype.Uint:
		out.op = readUint
	case jsontype.Float:
		out.op = readFloat
	case jsontype.String:
		out.op = readText
	case jsontype.Time:
		out.op = readTime
	case jsontype.Pointer:
		out.op, out.elem = readPointer, c.target(n, t.Elem)
	case jsontype.Slice:
		c.slice(out, n, t)
	case jsontype.Map:
		if t.Go == reflect.TypeFor[map[string]string]() && len(n.ofObjects().properties) == 0 {
			out.op, out.elem = readTexts, c.target(n.ofObjects().additional, t.Elem)
		}
	case jsontype.Struct:
		c.structure(out, n, t)
	}
}

// slice leaves arrays whose items differ by their place to strictjson.
func (c *pairing) slice(out *target, n *node, t *jsontype.Type) {
	if r := n.ofArrays(); len(r.prefix) == 0 && r.contains == nil {
		out.op, out.size = readSlice, t.Go.Elem().Size()
		c.below("[]", func() { out.elem = c.target(r.items, t.Elem) })
	}
}

// direct follows what is nothing but a $ref.
func (n *node) direct() *node {
	for range maxChain {
		if !n.transparent || len(n.inPlace.all) != 1 || len(n.inPlace.anyOf)+len(n.inPlace.oneOf) > 0 ||
			n.inPlace.not != nil || n.inPlace.condition != nil {
			break
		}
		n = n.inPlace.all[0]
	}
	return n
}

// structure pairs the members of an object with the fields of a struct, in their order: encoding/json writes them so.
func (c *pairing) structure(out *target, n *node, t *jsontype.Type) {
	for i := range t.Fields {
		if t.Fields[i].Quoted || t.Fields[i].ByPointer {
			return
		}
	}
	out.op, out.index = readStruct, make(map[string]int)
	r := n.ofObjects()
	for i := range t.Fields {
		f := &t.Fields[i]
		child := r.additional
		if j, ok := r.index[f.Name]; ok {
			child = r.properties[j].node
		} else if r.closed {
			continue // a document that has it is invalid
		}
		m := member{name: f.Name, step: stepTo(t.Go, f.Index)}
		c.below("."+f.Go, func() { m.target = c.target(child, f.Type) })
		out.add(m)
	}
	for i, prop := range r.properties {
		j, ok := out.index[prop.name]
		if !ok {
			j = out.add(member{name: prop.name, target: &target{node: prop.node}, skipped: true})
		}
		if r.required.has(i) {
			out.needed = out.needed.with(j)
		}
	}
}

func (t *target) add(m member) int {
	m.written = jsonText(m.name) + ":"
	t.index[m.name] = len(t.members)
	t.members = append(t.members, m)
	return len(t.members) - 1
}

// empty is a slice without items that is not nil.
func (t *target) empty() reflect.Value { return reflect.MakeSlice(t.goType, 0, 0) }
