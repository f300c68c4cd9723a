package plan

import (
	"hash/maphash"
	"slices"
)

// maxNames is how many names without a rule of their own an object may have here: they are compared one by one, which must not
// take more than the rest.
const maxNames = 256

var seed = maphash.MakeSeed()

// firstOfName notes a name of the object whose names begin at open, and reports whether it is surely the first of its kind.
func (w *walk) firstOfName(s str, open int) bool {
	others := w.names[open:]
	hash := maphash.Bytes(seed, w.doc[s.start:s.end])
	if len(others) >= maxNames || slices.Contains(others, hash) { // the same name, or one time in 2^64 another
		return false
	}
	w.names = append(w.names, hash)
	return true
}
