//go:build race

package evolve_test

// raceDetector says that this run is some ten times slower than what is measured.
const raceDetector = true
