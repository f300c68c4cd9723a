package plan

import "github.com/typedkafka/kafka/internal/jsontype"

// A target is a node with the Go type that its values are decoded into.
type target struct {
	node    *node // what is asked of the value, without the keywords that before holds
	before  *node // nil, or what is checked in a walk of its own before: keywords that look at the same value
	into    jsontype.Kind
	generic bool // strictjson decodes it
	bits    int
	elem    *target  // of pointers and slices
	members []member // of structs
	index   map[string]int
	needed  uint64 // of members
}

// A member is a name that a struct has a field for, or the schema a rule.
type member struct {
	name   string
	field  []int // nil: left out
	target *target
}

type pair struct {
	n *node
	t *jsontype.Type
}

// A pairing makes targets, each once: recursion ends at one that is there already.
type pairing struct{ targets map[pair]*target }

func (p *pairing) target(n *node, t *jsontype.Type) *target {
	n = n.direct()
	if known, ok := p.targets[pair{n, t}]; ok {
		return known
	}
	out := &target{node: n, into: t.Reads, bits: t.Bits}
	p.targets[pair{n, t}] = out
	if n.opaque {
		return out
	}
	if n.inPlace != nil {
		out.before, out.node = n, anything
	}
	switch t.Reads {
	case jsontype.Bool, jsontype.Int, jsontype.Uint, jsontype.Float, jsontype.String:
	case jsontype.Pointer:
		out.elem = p.target(out.node, t.Elem)
	case jsontype.Slice:
		out.elem = p.items(out.node, t.Elem)
		out.generic = out.elem == nil
	case jsontype.Struct:
		out.generic = !p.structure(out, t)
	default:
		out.generic = true
	}
	return out
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

// items pairs the items of an array; nil where they differ by their place.
func (p *pairing) items(n *node, elem *jsontype.Type) *target {
	r := n.ofArrays()
	if len(r.prefix) > 0 || r.contains != nil {
		return nil
	}
	return p.target(r.items, elem)
}

// structure pairs the members of an object with the fields of a struct; false where strictjson has to decode them.
func (p *pairing) structure(out *target, t *jsontype.Type) bool {
	r := out.node.ofObjects()
	out.index = make(map[string]int)
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Quoted || f.ByPointer {
			return false
		}
		child := r.additional
		if j, ok := r.index[f.Name]; ok {
			child = r.properties[j].node
		} else if r.closed {
			continue // a document that has it is invalid
		}
		out.add(member{f.Name, f.Index, p.target(child, f.Type)})
	}
	for i, prop := range r.properties {
		j, ok := out.index[prop.name]
		if !ok {
			j = out.add(member{name: prop.name, target: &target{node: prop.node}})
		}
		if r.required>>i&1 == 1 && j < maxProperties {
			out.needed |= 1 << j
		}
	}
	return len(out.members) <= maxProperties
}

func (t *target) add(m member) int {
	t.index[m.name] = len(t.members)
	t.members = append(t.members, m)
	return len(t.members) - 1
}

func (t *target) find(name []byte, guess int) int {
	if guess < len(t.members) && t.members[guess].name == string(name) {
		return guess
	}
	if i, ok := t.index[string(name)]; ok {
		return i
	}
	return -1
}
