package schema

import (
	"slices"
	"sync"
)

// A counter counts the members of each array and object that is not empty, in the order in which they open, so that the decoder makes
// each in its final size: what grows leaves behind more than it holds.
type counter struct {
	members []uint32
	open    []uint32 // which of them are open
}

var counters = sync.Pool{New: func() any { return new(counter) }}

// keepMembers bounds what an idle counter holds: 256 KiB.
const keepMembers = 1 << 16

func (c *counter) release() {
	if cap(c.members) > keepMembers || cap(c.open) > keepMembers {
		*c = counter{}
	}
	c.members, c.open = c.members[:0], c.open[:0]
	counters.Put(c)
}

// count reads text that is known to be JSON.
func (c *counter) count(text string) {
	for i := 0; i < len(text); {
		switch text[i] {
		case '"':
			i, _ = stringEnd(text, i)
		case ',':
			c.members[c.open[len(c.open)-1]]++
			i++
		case '[', '{':
			i = c.enter(text, i+1)
		case ']', '}':
			c.open = c.open[:len(c.open)-1]
			i++
		default:
			i++
		}
	}
}

// enter stands behind an opening bracket, and goes behind an empty container.
func (c *counter) enter(text string, at int) int {
	for text[at] <= ' ' {
		at++
	}
	if text[at] == ']' || text[at] == '}' {
		return at + 1
	}
	c.open = append(c.open, uint32(len(c.members)))
	if len(c.members) == cap(c.members) {
		c.members = slices.Grow(c.members, len(c.members)+16) // append would grow by a quarter only
	}
	c.members = append(c.members, 1)
	return at
}
