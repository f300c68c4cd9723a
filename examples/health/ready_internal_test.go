package main

import (
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

// Progress is judged from one probe to the next.
func TestFaults(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	for name, probes := range map[string][]struct {
		second int
		status kafka.Status
		want   string // part of the fault; empty: none
	}{
		"joined, without any partition": {{0, kafka.Status{Joined: true}, ""}},
		"not joined":                    {{0, kafka.Status{}, "not in its group"}},
		"nothing to do, for long":       {{0, one(5, 0), ""}, {300, one(5, 0), ""}},
		"nothing known yet":             {{0, one(-1, -1), ""}, {300, one(-1, -1), ""}},
		"behind, and moving":            {{0, one(5, 90), ""}, {50, one(6, 99), ""}, {100, one(7, 108), ""}},
		"behind, and not moving": {
			{0, one(5, 90), ""}, {50, one(5, 99), ""}, {70, one(5, 99), "nothing was committed for 1m10s"}, {80, one(6, 98), ""},
		},
		"work comes after a long rest":      {{0, one(5, 0), ""}, {300, one(5, 1), ""}, {330, one(5, 1), ""}, {361, one(5, 1), "1 messages left"}},
		"nothing is ever committed":         {{0, one(-1, 5), ""}, {61, one(-1, 5), "nothing was committed"}},
		"a partition that comes back":       {{0, one(5, 9), ""}, {50, kafka.Status{Joined: true}, ""}, {100, one(5, 9), ""}},
		"paused":                            {{0, paused(), ""}, {300, paused(), ""}},
		"stalled for a moment":              {{0, stalled(at(0)), ""}},
		"stalled for long, by what it says": {{0, stalled(at(-61)), "a dead letter can't be written"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &readiness{patience: time.Minute}
			for _, p := range probes {
				got := strings.Join(r.faults(p.status, at(p.second)), "; ")
				if p.want == "" && got != "" || !strings.Contains(got, p.want) {
					t.Errorf("after %d s it says %q, want %q", p.second, got, p.want)
				}
			}
		})
	}
}

func one(committed, lag int64) kafka.Status {
	return kafka.Status{Joined: true, Partitions: []kafka.PartitionStatus{{Committed: committed, Lag: lag}}}
}

func paused() kafka.Status {
	s := one(5, 9)
	s.Partitions[0].Paused = true
	return s
}

func stalled(since time.Time) kafka.Status {
	s := one(5, 0)
	s.Partitions[0].Stalled, s.Partitions[0].StalledSince = "a dead letter can't be written", since
	return s
}
