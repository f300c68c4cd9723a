//go:build race

package gauge

// Race says that the race detector runs: everything is some ten times slower, and pools drop at random, so that allocations are more.
const Race = true
