//go:build !unix

package evolve_test

import "time"

var start = time.Now()

func clock() time.Duration { return time.Since(start) }
