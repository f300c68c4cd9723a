package guard

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"unicode/utf8"
)

// A nameSet finds a name that stands twice in an object. The names of all open objects lie behind each other in entries; an object
// of more than scanNames names has a hash table over its part. The hash is seeded for each process, so a document can't be made to collide.
type nameSet struct {
	entries []entry
	scratch [2][]byte
	steps   int
}

// An entry is one name: a part of its hash and where it starts. Its end is found again when it is needed, which is rare.
type entry struct{ hash, start uint32 }

// A scope is the part of the entries that belongs to one open object.
type scope struct {
	base  int
	table []uint32 // index in entries, from base, plus one; nil while the object is small
}

// scanNames is how many names are compared one by one before a table pays.
const scanNames = 16

var seed = maphash.MakeSeed()

func (n *nameSet) open() scope { return scope{base: len(n.entries)} }

func (n *nameSet) shut(sc scope) { n.entries = n.entries[:sc.base] }

// add remembers the name, and says whether the object has it already.
func (n *nameSet) add(doc []byte, sc *scope, name span, escaped bool) (twice bool) {
	text := doc[name.start+1 : name.end-1]
	if escaped {
		n.scratch[0] = unescape(n.scratch[0][:0], text)
		text = n.scratch[0]
	}
	e := entry{hash: uint32(maphash.Bytes(seed, text)), start: uint32(name.start)}
	if n.has(doc, sc, e.hash, text) {
		return true
	}
	n.push(e)
	n.index(sc)
	return false
}

// push grows by doubling: what append wastes on the way to a large slice would be more than a document may cost.
func (n *nameSet) push(e entry) {
	if len(n.entries) == cap(n.entries) {
		grown := make([]entry, len(n.entries), max(64, 2*cap(n.entries)))
		n.steps += copy(grown, n.entries)
		n.entries = grown
	}
	n.entries = append(n.entries, e)
}

func (n *nameSet) has(doc []byte, sc *scope, hash uint32, text []byte) bool {
	own := n.entries[sc.base:]
	if sc.table == nil {
		n.steps += len(own)
		for _, e := range own {
			if e.hash == hash && n.same(doc, e, text) {
				return true
			}
		}
		return false
	}
	mask := uint32(len(sc.table) - 1)
	for i := hash & mask; sc.table[i] != 0; i = (i + 1) & mask {
		n.steps++
		if e := own[sc.table[i]-1]; e.hash == hash && n.same(doc, e, text) {
			return true
		}
	}
	return false
}

// same compares a remembered name with one that has been decoded already.
func (n *nameSet) same(doc []byte, e entry, text []byte) bool {
	other := doc[e.start:]
	other = other[1 : stringEnd(other)-1]
	n.steps += len(other)
	if bytes.IndexByte(other, '\\') >= 0 {
		n.scratch[1] = unescape(n.scratch[1][:0], other)
		other = n.scratch[1]
	}
	return bytes.Equal(other, text)
}

// index enters the newest name into the table, and makes or doubles the table at three quarters.
func (n *nameSet) index(sc *scope) {
	own := n.entries[sc.base:]
	if len(own) <= scanNames {
		return
	}
	if 4*len(own) <= 3*len(sc.table) {
		n.enter(sc.table, own, len(own)-1)
		return
	}
	sc.table = make([]uint32, max(4*scanNames, 2*len(sc.table)))
	for i := range own {
		n.enter(sc.table, own, i)
	}
}

func (n *nameSet) enter(table []uint32, own []entry, i int) {
	mask := uint32(len(table) - 1)
	at := own[i].hash & mask
	for ; table[at] != 0; at = (at + 1) & mask {
		n.steps++
	}
	n.steps++
	table[at] = uint32(i + 1)
}

// stringEnd is the length of the string that b starts with, which is known to be whole.
func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
}

// unescape appends what a string's text means; the text is known to be well formed.
func unescape(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			dst = append(dst, text[i])
			continue
		}
		i++
		if text[i] != 'u' {
			dst = append(dst, short(text[i]))
			continue
		}
		r, _ := hex4(text[i+1:])
		if low, ok := pair(text[i-1:]); ok {
			r = low
			i += 6
		}
		i += 4
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func short(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// decodeName gives the meaning of a name that stands in quotes.
func decodeName(quoted []byte) string { return string(unescape(nil, quoted[1:len(quoted)-1])) }

func itoa(n int) string { return strconv.Itoa(n) }
