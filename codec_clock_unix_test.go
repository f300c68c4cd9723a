//go:build unix

package kafka_test

import (
	"syscall"
	"time"
)

// clock is the processor time that the tests have used: unlike the time on the wall it does not grow while the machine serves others.
func clock() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
