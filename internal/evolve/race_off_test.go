//go:build !race

package evolve_test

const raceFactor = 1
