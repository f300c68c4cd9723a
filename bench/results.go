package main

// results are the samples of a run, by what was measured and by round.
type results map[cell]map[int]sample

// A cell is what a contender did with a message.
type cell struct {
	contender string
	message   string
	workload  workload
}

func newResults() results { return make(results) }

func (r results) add(round int, contender, message string, s sample) {
	c := cell{contender, message, s.Workload}
	if r[c] == nil {
		r[c] = make(map[int]sample)
	}
	r[c][round] = s
}

// A metric is one figure of a sample.
type metric func(sample) float64

func timeOf(s sample) float64   { return s.Time }
func cpuOf(s sample) float64    { return s.CPU }
func allocsOf(s sample) float64 { return s.Allocs }
func peakOf(s sample) float64   { return float64(s.Peak) }

// middle is the median over the rounds; false where nothing was measured.
func (r results) middle(c cell, of metric) (float64, bool) {
	var all []float64
	for _, s := range r[c] {
		all = append(all, of(s))
	}
	return median(all), len(all) > 0
}

// ratio is the median of the ratios to another contender, each of one round: what slowed a round down slowed both.
func (r results) ratio(c cell, against string, of metric) (float64, bool) {
	other := r[cell{against, c.message, c.workload}]
	var all []float64
	for round, s := range r[c] {
		if base := of(other[round]); base > 0 {
			all = append(all, of(s)/base)
		}
	}
	return median(all), len(all) > 0
}
