package schema

import (
	"math/bits"

	"github.com/typedkafka/kafka/internal/guard"
)

// What the check of a document allocates outside of jsonschema/v5 is at most memoryFactor times the document and a constant, which is
// MaxMemory's. The guard, the plan, the counting and an explanation stay within the factor for any document. The values that v5 reads do
// so for scalars and for containers of some size; but a Go map has room for eight names from the first one on, 336 bytes, and {"":1}
// has 6. So the decoder gives up, with the rule "memory", when the whole would be more. At the default size limit of 1,048,588 bytes no
// document can reach the default constant.
const (
	memoryFactor  = 10
	defaultMemory = 72 << 20
)

// MaxMemory sets how many bytes may be allocated for one document beyond ten times its size, jsonschema/v5 itself aside, which MaxWork
// bounds. Defaults to 72 MiB, which a document of up to 1,048,588 bytes never reaches. Only a larger one of very small objects and
// arrays does, and only where a quick check could not accept it: it is refused with the rule "memory".
func MaxMemory(bytes int) CompileOption { return func(c *compileConfig) { c.memory = bytes } }

// The prices of Go 1.26 on 64-bit machines, as the allocator rounds them.
const (
	memberBytes = 16 // a counter's, which grew by doubling
	nameBytes   = 28 // in the guard's list, which grew by doubling, and once more when it is dealt out
	sortBytes   = 16 // a name's, to hash an object for uniqueItems
	hashBytes   = 8  // an item's
	boxBytes    = 16 // a string's header behind an interface
	sliceBox    = 24 // a slice's
	itemBytes   = 16 // an interface
	mapBytes    = 48
	tableBytes  = 48 // of a map of more than eight names, with its place in the directory
	tableSlots  = 1024
	blockBytes  = 32 << 10 // what is larger is rounded to pages
)

// slotBytes is for 8, 16, … 1,024 names with their values.
var slotBytes = [...]int{288, 576, 1152, 2304, 4864, 9472, 18432, 40960}

func sliceBytes(n int) int { return sliceBox + rounded(n*itemBytes) }

// rounded adds what a size class may waste.
func rounded(bytes int) int {
	switch {
	case bytes <= 128:
		return (bytes + 15) &^ 15
	case bytes <= blockBytes:
		return bytes + bytes/8
	default:
		return bytes + 8<<10
	}
}

// objectBytes is what make(map[string]any, n) takes: tables of equal size, which may be filled to seven eighths.
func objectBytes(n int) int {
	if n <= 8 {
		return mapBytes + slotBytes[0]
	}
	slots := n * 8 / 7
	tables := powerOfTwo((slots + tableSlots - 1) / tableSlots)
	return mapBytes + tables*(tableBytes+slotBytes[bits.Len(uint(powerOfTwo(slots/tables)))-4])
}

// powerOfTwo is the first that is not less than n.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }

// memoryFor is what may be spent on decoding a document. What the guard and the copy of the text take is reckoned at its most.
func (a *allowance) memoryFor(stats guard.Stats, size int) int {
	bytes := memoryFactor*size + a.memory - size - nameBytes*stats.OpenNames
	if a.unique {
		bytes -= hashBytes*stats.Values + sortBytes*stats.Names
	}
	return bytes
}
