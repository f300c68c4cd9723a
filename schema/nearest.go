package schema

import (
	"iter"
	"slices"
	"strings"
)

// nearest is the candidate that name was probably meant to be: equal but for case, or one or two slips of the keyboard away, and no
// more than a third of its length. It is empty where nothing comes near. The result does not depend on the order of the candidates.
func nearest(name string, candidates iter.Seq[string]) string {
	best, bestDistance := "", 1<<30
	for c := range candidates {
		if c == name || c == "" {
			continue
		}
		d := slips(name, c)
		if d < bestDistance || d == bestDistance && c < best {
			best, bestDistance = c, d
		}
	}
	if bestDistance > min(2, max(len(name), len(best))/3) {
		return ""
	}
	return best
}

// maxNear bounds the names that are compared by letters: longer ones are compared by case only, so that a document can't make it dear.
const maxNear = 64

// slips counts the letters to add, drop, change or swap with their neighbour (optimal string alignment); case and the separators
// _ and - count for nothing.
func slips(a, b string) int {
	if strings.EqualFold(a, b) {
		return 0
	}
	const far = 1 << 29
	if len(a) > maxNear || len(b) > maxNear || len(a)-len(b) > 4 || len(b)-len(a) > 4 {
		return far
	}
	x, y := fold(a), fold(b)
	if slices.Equal(x, y) {
		return 0
	}
	return alignment(x, y)
}

func fold(s string) []rune {
	return []rune(strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s)))
}

func alignment(x, y []rune) int {
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
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
	return last[len(y)]
}
