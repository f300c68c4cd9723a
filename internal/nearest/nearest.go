// Package nearest finds the known names that an unknown one was probably meant to be, for error messages.
package nearest

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how many bytes a name may have to be compared: nobody mistypes longer ones, and comparing costs the product of two
// lengths.
const longest = 256

// Names returns at most n of the known names that name may be a slip for, the most likely first, equally likely ones in the order
// of known, each once. Two names are alike when few letters are added, lost, changed or swapped (one in three, at least one),
// whatever their case and separators; or when one is made of whole words of the other ("timeout", "connect_timeout"). It returns
// nil where nothing is plausible. It is safe for concurrent use.
func Names(name string, known []string, n int) []string {
	if n <= 0 || len(name) > longest {
		return nil
	}
	wanted := fold(name)
	var found []candidate
	for _, k := range known {
		if len(k) > longest || slices.ContainsFunc(found, func(c candidate) bool { return c.name == k }) {
			continue
		}
		if d, ok := apart(wanted, fold(k)); ok {
			found = append(found, candidate{k, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range found[:min(n, len(found))] {
		names = append(names, c.name)
	}
	return names
}

type candidate struct {
	name     string
	distance int
}

// A folded name is its lower-case words, and the letters of all of them.
type folded struct {
	words   []string
	letters []rune
}

func fold(name string) folded {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) || r == utf8.RuneError
	})
	return folded{words, []rune(strings.Join(words, ""))}
}

// apart returns how far b is from a, and whether b is a plausible reading of a at all.
func apart(a, b folded) (int, bool) {
	if len(a.letters) == 0 || len(b.letters) == 0 {
		return 0, false
	}
	allowed := max(1, max(len(a.letters), len(b.letters))/3)
	if d := distance(a.letters, b.letters); d <= allowed && d < min(len(a.letters), len(b.letters)) {
		return d, true
	}
	if within(a.words, b.words) || within(b.words, a.words) {
		return longest + len(b.letters), true // less likely than any slip
	}
	return 0, false
}

// within reports whether every word of part, none of them a single letter, is in whole.
func within(part, whole []string) bool {
	for _, w := range part {
		if len(w) < 2 || !slices.Contains(whole, w) {
			return false
		}
	}
	return true
}

// distance is how many letters must be added, removed, changed or swapped with their neighbour to make b of a (optimal string
// alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+differ(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func differ(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
