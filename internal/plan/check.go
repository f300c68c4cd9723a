package plan

// A verdict is what a walk knows of a value.
type verdict uint8

const (
	unsure verdict = iota
	valid
	invalid // for sure, if the rest of the document is JSON
)

func verdictOf(holds bool) verdict {
	if holds {
		return valid
	}
	return invalid
}

const (
	maxDepth = 64  // levels, as the guard
	maxChain = 128 // in-place rules within each other: a schema that refers to itself in place never ends
	// A value may be looked at several times, where keywords look at the same value. That is bounded for the whole document: a chain
	// of references that doubles at each step would otherwise take for ever. A look is one piece of work, and so is a name, and
	// each bytesOfWork bytes of a string, a number or white space. What is densest, [1,1,1], may be looked at once; what is usual, some ten times.
	bytesForWork = 2 // of the document, for each piece
	workAtLeast  = 5000
	bytesOfWork  = 8
)

// A walk is one pass over a document.
type walk struct {
	doc     []byte
	work    int      // that may still be done
	depth   int      // open arrays and objects
	chain   int      // in-place rules under way
	names   []uint64 // hashes of names of the open objects, those without a rule of their own
	words   []uint64 // marks of the open objects that have many properties
	scratch []byte   // the last unescaped string
	copied  string   // the document, where decoded strings are parts of it
	slow    int      // bytes that may still be given to what takes long for each
}

func (w *walk) reset(doc []byte) {
	w.doc, w.work, w.depth, w.chain, w.names = doc, workAtLeast+len(doc)/bytesForWork, 0, 0, w.names[:0]
	w.words, w.slow = w.words[:0], slowBytes
}

// slowBytes bounds what is left to package regexp and to jsonschema/v5's own format functions, which take up to a hundred times as
// long for a byte as everything here does.
const slowBytes = 1 << 16

// marks is an empty set with room for n properties. The walk keeps its memory until the object is closed.
func (w *walk) marks(n int) marks {
	if n <= 64 {
		return marks{}
	}
	start, more := len(w.words), (n-1)/64
	w.words = append(w.words, make([]uint64, more)...)
	return marks{more: w.words[start:]}
}

// document checks the whole document.
func (w *walk) document(n *node) bool {
	end, v := w.value(n, 0)
	return v == valid && w.space(end) == len(w.doc)
}

// value checks the value at pos, or behind the white space there, and returns where it ends. The end counts only where the verdict
// is valid.
func (w *walk) value(n *node, pos int) (end int, v verdict) {
	if w.work--; w.work < 0 || n.opaque {
		return 0, unsure
	}
	pos = w.space(pos)
	if n.transparent {
		return w.inPlace(n.inPlace, pos)
	}
	end, v = w.own(n, pos)
	if v != valid || n.inPlace == nil {
		return end, v
	}
	_, v = w.inPlace(n.inPlace, pos)
	return end, v
}

// own checks what n asks of the value itself.
func (w *walk) own(n *node, pos int) (end int, v verdict) {
	switch c := w.at(pos); c {
	case '"':
		return w.text(n, pos)
	case '{':
		return w.object(n, pos)
	case '[':
		return w.array(n, pos)
	case 't':
		return w.word(n, pos, "true", truth)
	case 'f':
		return w.word(n, pos, "false", falsity)
	case 'n':
		return w.word(n, pos, "null", null)
	default:
		return w.numeral(n, pos)
	}
}

func (w *walk) word(n *node, pos int, word string, k kinds) (end int, v verdict) {
	switch {
	case !w.literal(pos, word):
		return 0, unsure
	case n.kinds&k == 0:
		return 0, invalid
	}
	return pos + len(word), valid
}

func (w *walk) numeral(n *node, pos int) (end int, v verdict) {
	end, d, exact, ok := w.number(pos)
	switch {
	case !ok:
		return 0, unsure
	case n.kinds&number == 0:
		return 0, invalid
	case n.number == nil:
		return end, valid
	case !exact:
		return 0, unsure
	}
	return end, n.number.allows(d)
}

func (w *walk) text(n *node, pos int) (end int, v verdict) {
	if end, ok := w.plainStr(n, pos); ok {
		return end + 1, valid
	}
	s, ok := w.str(pos)
	switch {
	case !ok:
		return 0, unsure
	case n.kinds&text == 0:
		return 0, invalid
	case n.text == nil:
		return s.end + 1, valid
	}
	return s.end + 1, n.text.allows(w.unescaped(s), s.ascii && !s.escaped, &w.slow) // an escape may be of any character
}

func (w *walk) object(n *node, pos int) (end int, v verdict) {
	if n.kinds&object == 0 {
		return 0, invalid
	}
	r := n.ofObjects()
	if w.depth++; w.depth > maxDepth {
		return 0, unsure
	}
	open, words := len(w.names), len(w.words)
	end, v = w.members(r, pos+1, open)
	w.names, w.words = w.names[:open], w.words[:words]
	w.depth--
	return end, v
}

// members checks what is between the braces; open is where this object's names begin in w.names.
func (w *walk) members(r *objectRule, pos, open int) (end int, v verdict) {
	seen := w.marks(len(r.properties))
	count, before := 0, -1
	pos = w.space(pos)
	if w.at(pos) == '}' {
		return pos + 1, r.complete(seen.holds(r.required), count)
	}
	for {
		s, next, ok := w.memberName(pos)
		if !ok {
			return 0, unsure
		}
		count++
		child := r.additional
		if i := r.find(w.doc[s.start:s.end], before); i >= 0 {
			if !seen.add(i) {
				return 0, unsure // twice
			}
			before = i
			child = r.properties[i].node
		} else if r.closed {
			return 0, invalid
		} else if !w.firstOfName(s, open) {
			return 0, unsure
		}
		if pos, v = w.value(child, next); v != valid {
			return 0, v
		}
		switch pos = w.space(pos); w.at(pos) {
		case ',':
			pos = w.space(pos + 1)
		case '}':
			return pos + 1, r.complete(seen.holds(r.required), count)
		default:
			return 0, unsure
		}
	}
}

// memberName scans a member's name and the colon behind it. A name with escapes is left to others.
func (w *walk) memberName(pos int) (s str, next int, ok bool) {
	w.work--
	if w.at(pos) != '"' {
		return s, 0, false
	}
	s, ok = w.str(pos)
	if !ok || s.escaped {
		return s, 0, false
	}
	next = w.space(s.end + 1)
	return s, next + 1, w.at(next) == ':'
}

// complete judges an object whose members are valid.
func (r *objectRule) complete(hasRequired bool, count int) verdict {
	if !hasRequired || count < r.least || count > r.most {
		return invalid
	}
	return valid
}

func (w *walk) array(n *node, pos int) (end int, v verdict) {
	if n.kinds&array == 0 {
		return 0, invalid
	}
	r := n.ofArrays()
	if w.depth++; w.depth > maxDepth {
		return 0, unsure
	}
	end, v = w.items(r, pos+1)
	w.depth--
	return end, v
}

// items checks what is between the brackets.
func (w *walk) items(r *arrayRule, pos int) (end int, v verdict) {
	count, matches := 0, 0
	pos = w.space(pos)
	if w.at(pos) == ']' {
		return pos + 1, r.complete(count, matches)
	}
	for {
		child := r.items
		if count < len(r.prefix) {
			child = r.prefix[count]
		}
		start := pos
		if pos, v = w.value(child, start); v != valid {
			return 0, v
		}
		count++
		if r.contains != nil {
			switch _, v := w.value(r.contains, start); v {
			case valid:
				matches++
			case unsure:
				return 0, unsure
			}
		}
		switch pos = w.space(pos); w.at(pos) {
		case ',':
			pos++
		case ']':
			return pos + 1, r.complete(count, matches)
		default:
			return 0, unsure
		}
	}
}

// complete judges an array whose items are valid.
func (r *arrayRule) complete(count, matches int) verdict {
	switch {
	case count < r.least, count > r.most,
		r.contains != nil && (matches < r.matches.least || matches > r.matches.most):
		return invalid
	case r.unique && count > 1:
		return unsure
	}
	return valid
}

// inPlace checks the keywords that look at the value at pos. It returns the value's end where one of them has walked it.
func (w *walk) inPlace(r *inPlaceRule, pos int) (end int, v verdict) {
	if w.chain++; w.chain > maxChain {
		return 0, unsure
	}
	end, v = w.judge(r, pos)
	w.chain--
	return end, v
}

func (w *walk) judge(r *inPlaceRule, pos int) (end int, v verdict) {
	for _, n := range r.all {
		if end, v = w.value(n, pos); v != valid {
			return 0, v
		}
	}
	if len(r.anyOf) > 0 {
		if end, v = w.anyOf(r.anyOf, pos); v != valid {
			return 0, v
		}
	}
	if len(r.oneOf) > 0 {
		if end, v = w.oneOf(r.oneOf, pos); v != valid {
			return 0, v
		}
	}
	if r.not != nil {
		switch _, v := w.value(r.not, pos); v {
		case valid:
			return 0, invalid
		case unsure:
			return 0, unsure
		}
	}
	return end, w.conditional(r, pos)
}

func (w *walk) anyOf(nodes []*node, pos int) (end int, v verdict) {
	none := invalid
	for _, n := range nodes {
		switch end, v = w.value(n, pos); v {
		case valid:
			return end, valid
		case unsure:
			none = unsure
		}
	}
	return 0, none
}

func (w *walk) oneOf(nodes []*node, pos int) (end int, v verdict) {
	matched := 0
	for _, n := range nodes {
		switch e, v := w.value(n, pos); v {
		case valid:
			matched++
			end = e
		case unsure:
			return 0, unsure
		}
	}
	if matched == 1 {
		return end, valid
	}
	return 0, invalid
}

func (w *walk) conditional(r *inPlaceRule, pos int) verdict {
	if r.condition == nil {
		return valid
	}
	branch := r.otherwise
	switch _, v := w.value(r.condition, pos); v {
	case unsure:
		return unsure
	case valid:
		branch = r.then
	}
	if branch == nil {
		return valid
	}
	_, v := w.value(branch, pos)
	return v
}
