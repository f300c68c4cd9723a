package schema

import (
	"cmp"
	"encoding/json"
	"hash/maphash"
	"math/big"
	"slices"
	"strings"
)

// A reckoner walks a document once and adds up what v5 will do. At each value it holds every schema that v5 applies there and how
// often, so the walk costs the number of different schemas at a value, however often v5 would come by.
type reckoner struct {
	g     *graph
	limit float64
	sum   float64
}

// A call is a schema and how often it is applied to one value.
type call struct {
	to    *node
	times float64
}

// tooDear says whether v5's work for the value passes the limit. The walk stops as soon as it does.
func (g *graph) tooDear(value any, limit float64) bool {
	r := reckoner{g: g, limit: limit}
	r.value(value, []call{{g.root, 1}}, 0, 0)
	return r.sum > limit
}

// value adds what v5 does for one value. Path is the length of the pointer to it, open the number of schemas that are open above it.
func (r *reckoner) value(v any, calls []call, path, open int) {
	calls = r.spread(v, calls)
	k, size, bytes := measure(v)
	chain := 0
	for _, c := range calls {
		chain = max(chain, c.to.chain+1)
	}
	each := pathPrice(path) + scopePrice(open+chain)
	for _, c := range calls {
		p := c.to.price
		cost := p.call + each + p.perMember*float64(size) + p.perByte*float64(bytes)
		if k == kindNumber {
			cost += p.number * longer(v.(json.Number))
		}
		if c.to.schema.UniqueItems && k == kindArray {
			cost += uniquePrice(v.([]any))
		}
		r.sum += c.times * cost
	}
	if r.sum > r.limit || size == 0 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		r.object(v, calls, path, open+chain)
	case []any:
		r.array(v, calls, path, open+chain)
	}
}

// measure gives the kind of a value, its members, and the bytes that patterns and formats would read.
func measure(v any) (k kind, size, bytes int) {
	switch v := v.(type) {
	case nil:
		return kindNull, 0, 0
	case bool:
		return kindBool, 0, 0
	case json.Number:
		return kindNumber, 0, len(v)
	case string:
		return kindString, 0, len(v)
	case []any:
		return kindArray, len(v), 0
	case map[string]any:
		for name := range v {
			bytes += len(name)
		}
		return kindObject, len(v), bytes
	}
	return kindAny, 0, 0
}

// spread adds the schemas that apply to the same value. A type that does not match ends v5's look at a schema.
func (r *reckoner) spread(v any, calls []call) []call {
	k, _, _ := measure(v)
	merged := newMerger(calls)
	object, _ := v.(map[string]any)
	for i := 0; i < len(merged.calls); i++ {
		c := merged.calls[i]
		if c.to.types&k == 0 || c.to.schema.Always != nil {
			continue
		}
		for _, e := range c.to.inPlace {
			if e.cond {
				if _, ok := object[e.when]; !ok {
					continue
				}
			}
			merged.add(e.to, c.times)
		}
	}
	return merged.calls
}

// A merger joins the calls of one schema to one. They stand parents before children, so that all calls of a schema are known before
// its own edges are followed.
type merger struct{ calls []call }

func newMerger(calls []call) *merger {
	m := &merger{}
	for _, c := range calls {
		m.add(c.to, c.times)
	}
	return m
}

// add keeps calls sorted by the nodes' order; edges lead to later nodes only.
func (m *merger) add(to *node, times float64) {
	i, found := slices.BinarySearchFunc(m.calls, to.order, func(c call, order int) int { return cmp.Compare(c.to.order, order) })
	if found {
		m.calls[i].times += times
		return
	}
	m.calls = slices.Insert(m.calls, i, call{to, times})
}

func (r *reckoner) object(v map[string]any, calls []call, path, open int) {
	for name, child := range v {
		var down []call
		for _, c := range calls {
			if c.to.types&kindObject == 0 {
				continue
			}
			down = c.to.forName(name, c.times, down)
			if c.to.names != nil {
				r.value(name, []call{{c.to.names, c.times}}, path+1+len(name), open)
			}
		}
		r.child(child, down, path+1+len(name), open)
	}
}

// forName appends the schemas for the value of a property.
func (n *node) forName(name string, times float64, down []call) []call {
	to, known := n.named[name]
	if known {
		down = append(down, call{to, times})
	}
	for _, e := range n.patterns {
		if e.re.MatchString(name) {
			known = true
			down = append(down, call{e.to, times})
		}
	}
	if !known && n.additional != nil {
		down = append(down, call{n.additional, times})
	}
	if n.openNames != nil {
		down = append(down, call{n.openNames, times})
	}
	return down
}

func (r *reckoner) array(v []any, calls []call, path, open int) {
	for i, child := range v {
		var down []call
		for _, c := range calls {
			if c.to.types&kindArray != 0 {
				down = c.to.forItem(i, c.times, down)
			}
		}
		r.child(child, down, path+8, open)
	}
}

func (n *node) forItem(i int, times float64, down []call) []call {
	to := n.items
	if i < len(n.prefix) {
		to = n.prefix[i]
	}
	for _, to := range []*node{to, n.contains, n.openItems} {
		if to != nil {
			down = append(down, call{to, times})
		}
	}
	return down
}

func (r *reckoner) child(v any, down []call, path, open int) {
	if len(down) > 0 && r.sum <= r.limit {
		r.value(v, down, path, open)
	}
}

// longer is how much dearer a number is than a short one.
func longer(n json.Number) float64 {
	if strings.ContainsAny(string(n), "eE") || len(n) > 30 {
		return exponentPrice
	}
	return 1
}

// uniquePrice is what uniqueItems costs. v5 compares each item with each up to 20 of them. Beyond, it compares those whose hashes are
// equal, and its hash does not mark where an array ends: [[1],2] and [[1,2]] collide, so arrays can be made that it compares with each
// other all. They are counted by the same hash.
func uniquePrice(items []any) float64 {
	if len(items) <= 20 {
		sum := 0.0
		for _, item := range items {
			size, numbers := weigh(item)
			sum += (1 + size/50 + numberPrice*numbers) * float64(len(items))
		}
		return sum
	}
	var h maphash.Hash
	h.SetSeed(hashSeed)
	same := map[uint64]float64{}
	sum := 0.0
	for _, item := range items {
		h.Reset()
		hashLikeV5(item, &h)
		size, numbers := weigh(item)
		each := 1 + size/50 + numberPrice*numbers
		sum += each * (2 + same[h.Sum64()])
		same[h.Sum64()]++
	}
	return sum
}

var hashSeed = maphash.MakeSeed()

// hashLikeV5 writes what v5 writes, so that what collides there collides here.
func hashLikeV5(v any, h *maphash.Hash) {
	switch v := v.(type) {
	case nil:
		h.WriteByte(0)
	case bool:
		h.WriteByte(1)
		if v {
			h.WriteByte(1)
		} else {
			h.WriteByte(0)
		}
	case json.Number:
		h.WriteByte(2)
		if r, ok := new(big.Rat).SetString(string(v)); ok {
			h.Write(r.Num().Bytes())
			h.Write(r.Denom().Bytes())
		}
	case string:
		h.WriteByte(3)
		h.WriteString(v)
	case []any:
		h.WriteByte(4)
		for _, item := range v {
			hashLikeV5(item, h)
		}
	case map[string]any:
		h.WriteByte(5)
		for _, name := range sortedNames(v) {
			hashLikeV5(name, h)
			hashLikeV5(v[name], h)
		}
	}
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
