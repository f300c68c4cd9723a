//go:build !linux

package kafka_test

import (
	"testing"
	"time"
)

// wait waits as a handler does that asks another service.
func wait(_ testing.TB, d time.Duration) { time.Sleep(d) }
