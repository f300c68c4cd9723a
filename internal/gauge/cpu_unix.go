//go:build unix

// Package gauge is for tests and benchmarks that say what something costs.
package gauge

import (
	"syscall"
	"time"
)

// CPU is the processor time that this process has used: unlike the time on the wall it does not grow while the machine serves others.
func CPU() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // it has no errors but for wrong arguments
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
