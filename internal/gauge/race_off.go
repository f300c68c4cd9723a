//go:build !race

package gauge

// Race says that the race detector runs.
const Race = false
