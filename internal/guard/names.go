package guard

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// A nameSet finds a name that stands twice in an object. While objects are open, their names lie behind each other in a list; when one
// ends, its names are compared: few of them one by one, more by a hash table, and very many are first dealt out to parts whose tables
// stay in the processor's cache, since a table for all of them would cost a walk to memory for each name. The hash is seeded for each
// process, so a document can't be made to collide.
type nameSet struct {
	list    []name
	slots   []name   // of the table
	dealt   []name   // the list, part by part
	ends    []uint32 // of the parts in dealt
	scratch [2][]byte
	steps   int
}

// A name is 32 bits of its hash and where it starts, from 1, so that 0 is no name. Its end is found again when it is needed, which is rare.
type name uint64

func newName(hash uint64, start int) name { return name(hash&^0xffffffff | uint64(start+1)) }

func (n name) start() int { return int(n&0xffffffff) - 1 }

func (n name) hash() uint64 { return uint64(n >> 32) }

const (
	fewNames  = 12 // are compared one by one
	partNames = 512
)

// add remembers a name.
func (n *nameSet) add(o name) {
	if len(n.list) == cap(n.list) {
		n.list = double(n.list)
	}
	n.list = append(n.list, o)
}

// hash is that of what a text means.
func (n *nameSet) hash(text []byte, escaped bool) uint64 {
	if escaped {
		n.scratch[0] = unescape(n.scratch[0][:0], text)
		text = n.scratch[0]
	}
	if len(text) > 8 {
		return maphash.Bytes(seed, text)
	}
	var word [8]byte
	copy(word[:], text)
	return hashWord(binary.LittleEndian.Uint64(word[:]), len(text))
}

var (
	seed       = maphash.MakeSeed()
	key1, key2 = randomWord(), randomWord() | 1 // who could guess them could send names that all collide
)

func randomWord() uint64 {
	var word [8]byte
	_, _ = rand.Read(word[:]) // it never fails (crypto/rand)
	return binary.LittleEndian.Uint64(word[:])
}

// hashWord is for up to eight bytes, with zeros behind them: most names are short, and this takes a quarter of the time.
func hashWord(word uint64, length int) uint64 {
	high, low := bits.Mul64(word^key1, key2+2*uint64(length))
	return high ^ low
}

// twice gives the first name that stands before it in the same object. Base is where the object's names begin in the list, end where
// those of the next one do.
func (n *nameSet) twice(doc []byte, base, end int) (name, bool) {
	own := n.list[base:end]
	if len(own) <= fewNames {
		return n.compare(doc, own)
	}
	if len(own) <= 2*partNames {
		return n.enter(doc, own)
	}
	return n.deal(doc, own)
}

func (n *nameSet) compare(doc []byte, own []name) (name, bool) {
	for i, o := range own {
		for _, before := range own[:i] {
			if before.hash() == o.hash() && n.same(doc, before, o) {
				return o, true
			}
		}
	}
	n.steps += len(own) * len(own) / 2
	return 0, false
}

// enter puts the names into a table. Where one stands very often, a small table finds it before it is full.
func (n *nameSet) enter(doc []byte, own []name) (twice name, found bool) {
	size := min(1<<bits.Len(uint(2*len(own))), 4*partNames)
	for {
		twice, found, fits := n.fill(doc, own, size)
		if fits {
			return twice, found
		}
		size *= 2
	}
}

// fill works with a table with linear probing, which may become half full.
func (n *nameSet) fill(doc []byte, own []name, size int) (twice name, found, fits bool) {
	if cap(n.slots) < size {
		n.slots = make([]name, size)
	}
	slots, mask := n.slots[:size], uint64(size-1)
	clear(slots)
	for count, o := range own {
		if count > size/2 {
			return 0, false, false
		}
		i := o.hash() & mask
		for ; slots[i] != 0; i = (i + 1) & mask {
			n.steps++
			if slots[i].hash() == o.hash() && n.same(doc, slots[i], o) {
				return o, true, true
			}
		}
		slots[i] = o
		n.steps++
	}
	return 0, false, true
}

// deal sorts the names into parts by the first bits of their hashes, in the order of the document, and looks at each part.
func (n *nameSet) deal(doc []byte, own []name) (first name, found bool) {
	shift := 32 - bits.Len(uint(len(own)/partNames))
	n.count(own, shift)
	if cap(n.dealt) < len(own) {
		n.dealt = make([]name, len(own))
	}
	dealt := n.dealt[:len(own)]
	for _, o := range own {
		end := &n.ends[o.hash()>>shift]
		dealt[*end] = o
		*end++
	}
	n.steps += 2 * len(own)
	begin := uint32(0)
	for _, end := range n.ends {
		if o, twice := n.enter(doc, dealt[begin:end]); twice && (!found || o.start() < first.start()) {
			first, found = o, true
		}
		begin = end
	}
	return first, found
}

// count sets ends to where the parts begin: dealing moves each to its end.
func (n *nameSet) count(own []name, shift int) {
	parts := 1 << (32 - shift)
	if cap(n.ends) < parts {
		n.ends = make([]uint32, parts)
	}
	n.ends = n.ends[:parts]
	clear(n.ends)
	for _, o := range own {
		n.ends[o.hash()>>shift]++
	}
	begin := uint32(0)
	for i, size := range n.ends {
		n.ends[i] = begin
		begin += size
	}
}

// same compares two names whose hashes are equal.
func (n *nameSet) same(doc []byte, a, b name) bool {
	return bytes.Equal(n.text(doc, a, 0), n.text(doc, b, 1))
}

func (n *nameSet) text(doc []byte, o name, scratch int) []byte {
	text, escaped := inside(doc[o.start():])
	n.steps += len(text)
	if !escaped {
		return text
	}
	n.scratch[scratch] = unescape(n.scratch[scratch][:0], text)
	return n.scratch[scratch]
}

// rest forgets all names, and gives up what is too large to keep for the next document.
func (n *nameSet) rest() {
	if cap(n.list) > keepNames {
		n.list = nil
	}
	if cap(n.dealt) > keepNames {
		n.dealt, n.ends = nil, nil
	}
	if cap(n.slots) > 4*partNames {
		n.slots = nil
	}
	for i := range n.scratch {
		if cap(n.scratch[i]) > keepScratch {
			n.scratch[i] = nil
		}
	}
	n.list, n.steps = n.list[:0], 0
}
