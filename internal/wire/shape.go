// Package wire reads along with the answers of a Kafka broker, without keeping them, and says where one lies about its size.
//
// franz-go's decoders allocate what an array announces before they read it, as long as every element could be one byte: a metadata answer
// of 20 MiB that announces as many topics takes 1.6 GB, 80 times as much, and tags are counted to the end even where nothing follows: one of
// 20 bytes that announces 268,000,000 takes 8 s (kmsg v1.15.0, generated.go and internalReadTags; measured). A broker, or whoever stands in
// its place, could take a process down by one answer. So each answer is walked by its shape as it comes, and refused before a decoder sees it.
package wire

import (
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./gen

// A shape is what an answer consists of, in the words that gen writes.
//
//	1 2 4 8 16   as many bytes
//	w            for how many milliseconds the client is to wait (a quota's), in 4 bytes
//	s b r        a text, bytes, batches of records: a length and what it says
//	[ … ]        an array: a count and as many elements
//	? ( … )      a struct that may be null
//	t            tags (KIP-482), in flexible versions
//	v3+ ( … )    from version 3 on; v3-7 ( … ) in the versions 3 to 7
type shape struct {
	name     string
	newest   int16 // the newest version that is known
	flexible int16 // the first version whose lengths are varints
	fields   string
}

type kind uint8

const (
	fixed kind = iota
	pause
	text
	opaque
	records
	array
	nullable
	tags
)

// A field is one part of a shape in one version.
type field struct {
	kind  kind
	size  int     // of fixed and pause; of one element of an array, at least
	most  int32   // elements that an array may have, 0: as many as fit
	inner []field // of an array's element, or of a struct that may be null
}

// most are the bounds of an answer's arrays in order, where one of more would be costly although its bytes are sent. Kafka's own limits
// are far below: clusters have some hundred brokers, and some 100,000 partitions.
var most = map[int16][]int32{
	3:  {10_000, 0, 200_000}, // Metadata: the brokers; a topic's partitions
	60: {10_000},             // DescribeCluster: the brokers
}

type version struct{ key, version int16 }

var compiled sync.Map // of version to []field

// fieldsOf returns the fields of an answer in a version, those of its head among them; nil where they are not known.
func fieldsOf(key, v int16) (fields []field, flexible bool) {
	s, known := shapes[key]
	if !known || v < 0 || v > s.newest {
		return nil, false
	}
	flexible = v >= s.flexible
	if have, ok := compiled.Load(version{key, v}); ok {
		return have.([]field), flexible
	}
	c := &compiler{words: strings.Fields(s.fields), version: v, flexible: flexible, most: most[key]}
	if flexible {
		fields = append(fields, field{kind: tags}) // the head's
	}
	fields = append(fields, c.fields("")...)
	compiled.Store(version{key, v}, fields)
	return fields, flexible
}

type compiler struct {
	words    []string
	version  int16
	flexible bool
	most     []int32 // of the arrays to come
}

func (c *compiler) next() string {
	word := c.words[0]
	c.words = c.words[1:]
	return word
}

// fields compiles up to a closing word.
func (c *compiler) fields(closing string) (all []field) {
	for len(c.words) > 0 {
		word := c.next()
		switch word {
		case closing:
			return all
		case "w":
			all = append(all, field{kind: pause, size: 4})
		case "s":
			all = append(all, field{kind: text})
		case "b":
			all = append(all, field{kind: opaque})
		case "r":
			all = append(all, field{kind: records})
		case "t":
			if c.flexible {
				all = append(all, field{kind: tags})
			}
		case "[":
			all = append(all, c.array())
		case "?":
			c.next()
			all = append(all, field{kind: nullable, inner: c.fields(")")})
		default:
			all = c.sizeOrGate(all, word)
		}
	}
	return all
}

func (c *compiler) array() field {
	f := field{kind: array}
	if len(c.most) > 0 {
		f.most, c.most = c.most[0], c.most[1:]
	}
	f.inner = c.fields("]")
	f.size = max(1, least(f.inner, c.flexible))
	return f
}

func (c *compiler) sizeOrGate(all []field, word string) []field {
	gate, isGate := strings.CutPrefix(word, "v")
	if !isGate {
		size, _ := strconv.Atoi(word)
		return append(all, field{kind: fixed, size: size})
	}
	c.next()
	inner := c.fields(")")
	low, high, bounded := strings.Cut(strings.TrimSuffix(gate, "+"), "-")
	first, _ := strconv.Atoi(low)
	last, _ := strconv.Atoi(high)
	if int(c.version) < first || bounded && int(c.version) > last {
		return all
	}
	return append(all, inner...)
}

// least is how many bytes the fields take at least.
func least(fields []field, flexible bool) (n int) {
	lengths := map[kind]int{text: 2, opaque: 4, records: 4, array: 4}
	for _, f := range fields {
		switch {
		case f.kind == fixed, f.kind == pause:
			n += f.size
		case flexible || f.kind == nullable:
			n++
		default:
			n += lengths[f.kind]
		}
	}
	return n
}
