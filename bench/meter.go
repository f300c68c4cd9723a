package main

import (
	"runtime"
	"slices"
	"time"

	"github.com/typedkafka/kafka/internal/gauge"
)

// A meter counts records, says when it is enough, and tells what they cost. It looks at the clock only now and then: that takes as long as
// a small record. It is not safe for concurrent use.
type meter struct {
	budget  time.Duration
	most    int // records
	stride  int // how many records between two looks at the clock
	records int
	start   reading
	by      time.Time
}

// A reading is where the clocks of the process stand.
type reading struct {
	at     time.Time
	cpu    time.Duration
	allocs uint64
}

func (j *job) meter(budget int64, most int) *meter {
	const between = 64 << 10 // bytes between two looks
	raw, err := j.message.raw()
	if err != nil {
		raw = nil // what sends or receives it will tell
	}
	m := &meter{budget: time.Duration(budget), most: most, stride: max(1, between/max(1, len(raw)))}
	if j.Workload == one {
		m.stride = 1
	}
	m.begin()
	return m
}

// begin starts the clocks. What was made before is collected first, so that it is nobody's cost.
func (m *meter) begin() {
	runtime.GC()
	m.records = 0
	m.start = read()
	m.by = m.start.at.Add(m.budget)
}

// more counts a record, unless it was enough.
func (m *meter) more() bool {
	if m.records >= m.most || m.records%m.stride == 0 && m.records > 0 && time.Now().After(m.by) {
		return false
	}
	m.records++
	return true
}

// end tells what the records cost since begin.
func (m *meter) end() sample {
	end, n := read(), float64(m.records)
	return sample{
		Records: m.records,
		Time:    float64(end.at.Sub(m.start.at)) / n,
		CPU:     float64(end.cpu-m.start.cpu) / n,
		Allocs:  float64(end.allocs-m.start.allocs) / n,
	}
}

func read() reading {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return reading{time.Now(), gauge.CPU(), mem.Mallocs}
}

// median is the one in the middle, 0 of none.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}
