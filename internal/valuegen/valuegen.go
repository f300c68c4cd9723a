// Package valuegen makes values of a Go type to test its JSON with: the same ones every time, those at the edges first.
package valuegen

import (
	"iter"
	"math/rand/v2"
	"reflect"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// Values gives n values of t, addressable and independent of each other: the zero value, one with everything set, one with
// everything empty but present, then values at the edges of their types, then random ones. Every string is UTF-8, every float and
// time has a JSON form. A type whose methods decide its JSON gets values that its own decoder makes, or its zero value.
func Values(t *jsontype.Type, n int) iter.Seq[reflect.Value] {
	return func(yield func(reflect.Value) bool) {
		for i := range n {
			v := reflect.New(t.Go).Elem()
			g := generator{round: i, rand: rand.New(rand.NewPCG(4, uint64(i)))} //nolint:gosec // the same values each time
			if i > 0 {
				g.fill(v, t, 0)
			}
			if !yield(v) {
				return
			}
		}
	}
}

// Field gives the field of a struct at an index of jsontype.Field, allocating the embedded pointers on the way.
func Field(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

const (
	setRound    = 1
	emptyRound  = 2
	firstRandom = 40 // before it, every leaf takes the round's edge
	maxDepth    = 5  // below it pointers are nil, slices and maps empty: types may be recursive
)

type generator struct {
	round int
	rand  *rand.Rand
	leaf  int // leaves so far: neighbours get different edges
}

// edge picks one of n: in turn in the early rounds, at random later.
func (g *generator) edge(n int) int {
	g.leaf++
	switch {
	case g.round == setRound:
		return min(1, n-1)
	case g.round == emptyRound:
		return 0
	case g.round < firstRandom:
		return (g.round + g.leaf) % n
	}
	return g.rand.IntN(n)
}

// length is that of a slice or a map.
func (g *generator) length(depth int) int {
	if depth >= maxDepth {
		return 0
	}
	return []int{0, 1, 2, 3}[g.edge(4)]
}

// absent says whether a pointer, slice or map is nil.
func (g *generator) absent(depth int) bool {
	switch {
	case depth >= maxDepth:
		return true
	case g.round == setRound || g.round == emptyRound:
		return false
	}
	return g.edge(3) == 2
}

func (g *generator) fill(v reflect.Value, t *jsontype.Type, depth int) {
	switch {
	case g.member(v):
	case t.Kind == jsontype.Pointer:
		if !g.absent(depth) {
			v.Set(reflect.New(t.Go.Elem()))
			g.fill(v.Elem(), t.Elem, depth+1)
		}
	case t.Kind == jsontype.Struct:
		for _, f := range t.Fields {
			if !f.ByPointer || depth < maxDepth {
				g.fill(Field(v, f.Index), f.Type, depth+1)
			}
		}
	case t.Kind == jsontype.Slice && !g.absent(depth):
		v.Set(reflect.MakeSlice(t.Go, g.length(depth), 3))
		g.elements(v, t, depth)
	case t.Kind == jsontype.Array:
		g.elements(v, t, depth)
	case t.Kind == jsontype.Map && !g.absent(depth):
		g.entries(v, t, depth)
	case t.Kind != jsontype.Slice && t.Kind != jsontype.Map:
		g.scalar(v, t)
	}
}

// member takes a value of an enum: a type that names its values by a method Enum.
func (g *generator) member(v reflect.Value) bool {
	e, ok := v.Interface().(interface{ Enum() []any })
	if !ok || v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		return false
	}
	members := e.Enum()
	if len(members) == 0 {
		return false
	}
	m := reflect.ValueOf(members[g.edge(len(members))])
	if !m.IsValid() || !m.CanConvert(v.Type()) {
		return false
	}
	v.Set(m.Convert(v.Type()))
	return true
}

func (g *generator) elements(v reflect.Value, t *jsontype.Type, depth int) {
	for i := range v.Len() {
		g.fill(v.Index(i), t.Elem, depth+1)
	}
}

func (g *generator) entries(v reflect.Value, t *jsontype.Type, depth int) {
	v.Set(reflect.MakeMap(t.Go))
	for range g.length(depth) {
		key, elem := reflect.New(t.Go.Key()).Elem(), reflect.New(t.Go.Elem()).Elem()
		if !g.member(key) {
			g.scalar(key, t.Key)
		}
		g.fill(elem, t.Elem, depth+1)
		v.SetMapIndex(key, elem)
	}
}
