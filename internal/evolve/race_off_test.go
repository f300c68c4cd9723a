//go:build !race

package evolve_test

const raceDetector = false
