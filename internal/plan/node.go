package plan

import "sync/atomic"

// A node is what a subschema asks of a value. A rule that is nil asks nothing of its kind.
type node struct {
	kinds   kinds
	opaque  bool // not understood: the walk is not sure
	text    *textRule
	number  *numberRule
	object  *objectRule
	array   *arrayRule
	inPlace *inPlaceRule // keywords that ask something of the same value

	location    string // of the subschema, for notes
	transparent bool   // all is asked by inPlace, which walks the value: it need not be walked for its own sake
}

// kinds is a set of the kinds of values that are allowed.
type kinds uint8

const (
	null kinds = 1 << iota
	falsity
	truth
	integer // a number without a fraction: 1, 1.0
	fraction
	text
	array
	object

	boolean = falsity | truth
	number  = integer | fraction
	anyKind = null | boolean | number | text | array | object
)

// anything allows every value; what the guard asks for is asked of it all the same.
var anything = &node{kinds: anyKind}

// An objectRule is what is asked of an object.
type objectRule struct {
	properties []property // those with a rule of their own; the index is the one in required
	index      map[string]int
	follows    []atomic.Int32 // which property came last time after the one at this index less one; at 0, first
	required   marks
	closed     bool  // no other properties
	additional *node // for the others
	least      int   // properties
	most       int
}

type property struct {
	name string
	node *node
}

// unbounded is a most that is never reached.
const unbounded = int(^uint(0) >> 1)

// anyObject is the rule of an object of which nothing is asked.
var anyObject = &objectRule{additional: anything, most: unbounded}

// ofObjects is what n asks of an object.
func (n *node) ofObjects() *objectRule {
	if n.object == nil {
		return anyObject
	}
	return n.object
}

// ofArrays is what n asks of an array.
func (n *node) ofArrays() *arrayRule {
	if n.array == nil {
		return anyArray
	}
	return n.array
}

// shorten lets the children be what they refer to.
func (n *node) shorten() {
	if r := n.object; r != nil {
		r.additional = r.additional.direct()
		for i := range r.properties {
			r.properties[i].node = r.properties[i].node.direct()
		}
	}
	if r := n.array; r != nil {
		r.items = r.items.direct()
		for i := range r.prefix {
			r.prefix[i] = r.prefix[i].direct()
		}
	}
}

// find returns the index of a property, -1 if it has no rule of its own. The one that came last time after the one before is tried
// first: a writer mostly writes in one order.
func (r *objectRule) find(name []byte, before int) int {
	if len(r.properties) == 0 {
		return -1
	}
	last := &r.follows[before+1]
	if i := int(last.Load()); r.properties[i].name == string(name) {
		return i
	}
	i, ok := r.index[string(name)]
	if !ok {
		return -1
	}
	last.Store(int32(i))
	return i
}

// An arrayRule is what is asked of an array.
type arrayRule struct {
	prefix   []*node // the first items, one by one
	items    *node   // the others
	least    int     // items
	most     int
	unique   bool
	contains *node // nil: nothing is asked for
	matches  struct{ least, most int }
}

// anyArray is the rule of an array of which nothing is asked.
var anyArray = &arrayRule{items: anything, most: unbounded}

// An inPlaceRule holds the subschemas that look at the same value.
type inPlaceRule struct {
	all       []*node // allOf and $ref
	anyOf     []*node
	oneOf     []*node
	not       *node
	condition *node // if; then and otherwise are nil where they ask nothing
	then      *node
	otherwise *node
}
