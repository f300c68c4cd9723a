// Package faults_test is the fault table: one load, a group of members, a fault in the middle of it, and counts of what became of
// each message, on a real cluster of three brokers. `make faults` runs it and writes docs/faults.md; -short runs the rows that find
// most, and -run 'Fault/NAME' one of them.
package faults_test

import (
	"os"
	"testing"
)

// TestMain is also the program of a member that is a process of its own: this binary, started again with a member's spec.
func TestMain(m *testing.M) {
	if raw := os.Getenv(memberVariable); raw != "" {
		os.Exit(memberProcess(raw))
	}
	os.Exit(m.Run())
}
