package schema

import (
	"cmp"
	"encoding/json"
	"hash/maphash"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// A reckoner walks a document once and adds up what v5 will do. At each value it holds every schema that v5 applies there and how
// often, so the walk costs the number of different schemas at a value, however often v5 would come by.
type reckoner struct {
	g     *graph
	limit float64
	sum   float64
	calls []call // for the value at hand and, before them, for those that it stands in
}

// A call is a schema and how often it is applied to one value.
type call struct {
	to    *node
	times float64
}

// tooDear says whether v5's work for the value passes the limit. The walk stops as soon as it does.
func (g *graph) tooDear(value any, limit float64) bool {
	r := reckoner{g: g, limit: limit}
	return r.document(value) > limit
}

func (r *reckoner) document(value any) float64 {
	r.calls = append(r.calls[:0], call{r.g.root, 1})
	r.value(value, 0, 0, 0)
	return r.sum
}

// value adds what v5 does for one value, to which the calls from base on apply, and takes them away. Path is the length of the pointer
// to it, open the number of schemas that are open above it.
func (r *reckoner) value(v any, base, path, open int) {
	r.spread(v, base)
	k, size, bytes := measure(v)
	chain := 0
	for _, c := range r.calls[base:] {
		chain = max(chain, c.to.chain+1)
	}
	each := pathPrice(path) + scopePrice(open+chain)
	for _, c := range r.calls[base:] {
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
	if r.sum <= r.limit && size > 0 {
		r.members(v, base, path, open+chain)
	}
	r.calls = r.calls[:base]
}

func (r *reckoner) members(v any, base, path, open int) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			r.property(name, child, base, path+1+len(name), open)
		}
	case []any:
		for i, child := range v {
			r.item(i, child, base, path+8, open)
		}
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
func (r *reckoner) spread(v any, base int) {
	k, _, _ := measure(v)
	object, _ := v.(map[string]any)
	for i := base; i < len(r.calls); i++ {
		c := r.calls[i]
		if c.to.types&k == 0 || c.to.schema.Always != nil {
			continue
		}
		for _, e := range c.to.inPlace {
			if e.cond {
				if _, ok := object[e.when]; !ok {
					continue
				}
			}
			r.add(base, e.to, c.times)
		}
	}
}

// add joins the calls of one schema to one. From base on they stand in the order of the nodes, parents before children, so that all
// calls of a schema are known before its own edges are followed: edges lead to later nodes only.
func (r *reckoner) add(base int, to *node, times float64) {
	if to == nil {
		return
	}
	i, found := slices.BinarySearchFunc(r.calls[base:], to.order, func(c call, order int) int { return cmp.Compare(c.to.order, order) })
	if found {
		r.calls[base+i].times += times
		return
	}
	r.calls = slices.Insert(r.calls, base+i, call{to, times})
}

// property goes to the value of a property of the object to which the calls from base on apply, and to the name.
func (r *reckoner) property(name string, child any, base, path, open int) {
	end := len(r.calls)
	for i := base; i < end; i++ {
		if c := r.calls[i]; c.to.types&kindObject != 0 {
			r.forName(end, c, name)
		}
	}
	r.child(child, end, path, open)
	for i := base; i < end && r.sum <= r.limit; i++ {
		if c := r.calls[i]; c.to.types&kindObject != 0 && c.to.names != nil {
			r.add(end, c.to.names, c.times)
			r.value(name, end, path, open)
		}
	}
}

// forName adds the schemas for the value of a property.
func (r *reckoner) forName(base int, c call, name string) {
	to, known := c.to.named[name]
	r.add(base, to, c.times)
	for _, e := range c.to.patterns {
		if e.re.MatchString(name) {
			known = true
			r.add(base, e.to, c.times)
		}
	}
	if !known {
		r.add(base, c.to.additional, c.times)
	}
	r.add(base, c.to.openNames, c.times)
}

func (r *reckoner) item(i int, child any, base, path, open int) {
	end := len(r.calls)
	for at := base; at < end; at++ {
		c := r.calls[at]
		if c.to.types&kindArray == 0 {
			continue
		}
		if i < len(c.to.prefix) {
			r.add(end, c.to.prefix[i], c.times)
		} else {
			r.add(end, c.to.items, c.times)
		}
		r.add(end, c.to.contains, c.times)
		r.add(end, c.to.openItems, c.times)
	}
	r.child(child, end, path, open)
}

// child goes to a value to which the calls from base on apply, if any.
func (r *reckoner) child(v any, base, path, open int) {
	if len(r.calls) > base && r.sum <= r.limit {
		r.value(v, base, path, open)
	}
	r.calls = r.calls[:base]
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
	hashed := make([]uint64, len(items)) // 40 bits of the hash, then what a comparison costs
	for i, item := range items {
		h.Reset()
		hashLikeV5(item, &h)
		size, numbers := weigh(item)
		hashed[i] = h.Sum64()&^maxEach | uint64(min(1+size/50+numberPrice*numbers, maxEach))
	}
	slices.Sort(hashed)
	sum, same := 0.0, 0.0
	for i, x := range hashed {
		if same++; i == 0 || x&^maxEach != hashed[i-1]&^maxEach {
			same = 0
		}
		sum += float64(x&maxEach) * (2 + same)
	}
	return sum
}

const maxEach = 1<<24 - 1

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
		hashNumber(string(v), h)
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
			h.WriteByte(3)
			h.WriteString(name)
			hashLikeV5(v[name], h)
		}
	}
}

// hashNumber writes the absolute numerator and the denominator of the fraction, without making one for a short integer.
func hashNumber(text string, h *maphash.Hash) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		n = max(n, -n)
		for shift := (bits.Len64(uint64(n)) - 1) / 8 * 8; n != 0 && shift >= 0; shift -= 8 {
			h.WriteByte(byte(n >> shift))
		}
		h.WriteByte(1)
		return
	}
	if r, ok := new(big.Rat).SetString(text); ok {
		h.Write(r.Num().Bytes())
		h.Write(r.Denom().Bytes())
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
