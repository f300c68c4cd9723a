//go:build !unix

// Package gauge is for tests and benchmarks that say what something costs.
package gauge

import "time"

var start = time.Now()

// CPU is the time on the wall, where processor time can't be asked for.
func CPU() time.Duration { return time.Since(start) }
