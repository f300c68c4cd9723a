package schema

import (
	"iter"
	"strings"
	"unicode"
)

// nearestKey is the key of candidates, and not of except, that name was probably meant to be: equal but for case, or one or two slips of
// the keyboard away, and no more than a third of its length. It is empty where nothing comes near. Budget is how many keys may still
// be compared. Within it, the result does not depend on the order of the keys.
func nearestKey[V, W any](name string, candidates map[string]V, except map[string]W, budget *int) string {
	var buffer [maxNear]rune
	folded := fold(&buffer, name)
	best, bestDistance := "", far
	for c := range candidates {
		if *budget--; *budget < 0 {
			break
		}
		if _, skip := except[c]; skip || c == name || c == "" {
			continue
		}
		d := slips(name, folded, c)
		if d < bestDistance || d == bestDistance && c < best {
			best, bestDistance = c, d
		}
	}
	if bestDistance > min(2, max(len(name), len(best))/3) {
		return ""
	}
	return best
}

// nearest is nearestKey for candidates that are no keys.
func nearest(name string, candidates iter.Seq[string]) string {
	keys := map[string]bool{}
	for c := range candidates {
		keys[c] = true
	}
	budget := len(keys)
	return nearestKey[bool, bool](name, keys, nil, &budget)
}

// maxNear bounds the names that are compared by letters: longer ones are compared by case only, so that a document can't make it dear.
const maxNear = 64

// far is more slips than anybody makes.
const far = 1 << 29

// slips counts the letters to add, drop, change or swap with their neighbour (optimal string alignment); case and the separators
// _ and - count for nothing. Folded is a as fold gives it.
func slips(a string, folded []rune, b string) int {
	if strings.EqualFold(a, b) {
		return 0
	}
	if len(a) > maxNear || len(b) > maxNear || len(a) > 2*len(b)+2 || len(b) > 2*len(a)+2 {
		return far
	}
	var buffer [maxNear]rune
	return alignment(folded, fold(&buffer, b))
}

// fold writes what counts of a name.
func fold(to *[maxNear]rune, s string) []rune {
	n := 0
	for _, r := range s {
		if r != '_' && r != '-' && n < len(to) {
			to[n] = unicode.ToLower(r)
			n++
		}
	}
	return to[:n]
}

func alignment(x, y []rune) int {
	if d := len(x) - len(y); d > 2 || d < -2 { // nearest takes no more than two
		return far
	}
	var rows [3][maxNear + 1]uint8
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range y {
		last[j+1] = uint8(j + 1)
	}
	for i := 1; i <= len(x); i++ {
		row[0] = uint8(i)
		for j := 1; j <= len(y); j++ {
			change := last[j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return int(last[len(y)])
}
