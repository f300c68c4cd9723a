//go:build race

package evolve_test

// raceFactor makes room for the race detector, which slows this code down about tenfold.
const raceFactor = 15
