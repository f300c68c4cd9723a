package guard

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A nameSet finds a name that stands twice in an object. The names of small objects that are open lie behind each other in a list and
// are compared one by one; an object of more than scanNames names moves them to a hash table of its own. The hash is seeded for each
// process, so a document can't be made to collide.
type nameSet struct {
	list    []name
	scratch [2][]byte
	steps   int
}

// A name is a part of its hash and where it starts, from 1, so that 0 is no name. Its end is found again when it is needed, which is rare.
type name uint64

func newName(hash uint64, start int) name { return name(hash&^0xffffffff | uint64(start+1)) }

func (n name) start() int { return int(n&0xffffffff) - 1 }

func (n name) sameHash(o name) bool { return n>>32 == o>>32 }

// slot is where the name belongs in a table whose size is a power of two.
func (n name) slot(size int) int { return int(n>>32) & (size - 1) }

// A scope is the names of one open object.
type scope struct {
	base  int    // where its part of the list starts
	table []name // nil while the object is small
	count int    // names in the table
}

// scanNames is how many names are compared one by one before a table pays.
const scanNames = 16

var seed = maphash.MakeSeed()

func (n *nameSet) open() scope { return scope{base: len(n.list)} }

func (n *nameSet) shut(sc scope) { n.list = n.list[:sc.base] }

// add remembers the name, and says whether the object has it already.
func (n *nameSet) add(doc []byte, sc *scope, at span, escaped bool) (twice bool) {
	text := doc[at.start+1 : at.end-1]
	if escaped {
		n.scratch[0] = unescape(n.scratch[0][:0], text)
		text = n.scratch[0]
	}
	added := newName(maphash.Bytes(seed, text), at.start)
	if sc.table != nil {
		return n.enter(doc, sc, added, text)
	}
	own := n.list[sc.base:]
	n.steps += len(own)
	for _, o := range own {
		if o.sameHash(added) && n.same(doc, o, text) {
			return true
		}
	}
	n.list = append(n.list, added)
	if len(own) == scanNames {
		n.spill(sc)
	}
	return false
}

// spill moves the object's names from the list to a table.
func (n *nameSet) spill(sc *scope) {
	sc.table = make([]name, 4*scanNames)
	for _, o := range n.list[sc.base:] {
		n.put(sc.table, o)
	}
	sc.count = len(n.list) - sc.base
	n.list = n.list[:sc.base]
}

func (n *nameSet) enter(doc []byte, sc *scope, added name, text []byte) (twice bool) {
	if 4*sc.count >= 3*len(sc.table) {
		n.grow(sc)
	}
	size := len(sc.table)
	i := added.slot(size)
	for ; sc.table[i] != 0; i = (i + 1) & (size - 1) {
		n.steps++
		if o := sc.table[i]; o.sameHash(added) && n.same(doc, o, text) {
			return true
		}
	}
	sc.table[i] = added
	sc.count++
	return false
}

func (n *nameSet) grow(sc *scope) {
	old := sc.table
	sc.table = make([]name, 2*len(old))
	n.steps += len(old)
	for _, o := range old {
		if o != 0 {
			n.put(sc.table, o)
		}
	}
}

func (n *nameSet) put(table []name, o name) {
	i := o.slot(len(table))
	for ; table[i] != 0; i = (i + 1) & (len(table) - 1) {
		n.steps++
	}
	table[i] = o
}

// same compares a remembered name with one that has been decoded already.
func (n *nameSet) same(doc []byte, o name, text []byte) bool {
	other := doc[o.start():]
	other = other[1 : stringEnd(other)-1]
	n.steps += len(other)
	if bytes.IndexByte(other, '\\') >= 0 {
		n.scratch[1] = unescape(n.scratch[1][:0], other)
		other = n.scratch[1]
	}
	return bytes.Equal(other, text)
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
			end := bytes.IndexByte(text[i:], '\\')
			if end < 0 {
				return append(dst, text[i:]...)
			}
			dst = append(dst, text[i:i+end]...)
			i += end
		}
		i++
		if text[i] != 'u' {
			dst = append(dst, short(text[i]))
			continue
		}
		r, _ := hex4(text[i+1:])
		if utf16.IsSurrogate(r) {
			r, _ = pair(text[i-1:])
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
func decodeName(quoted []byte) string {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text)
	}
	return string(unescape(nil, text))
}

func itoa(n int) string { return strconv.Itoa(n) }
