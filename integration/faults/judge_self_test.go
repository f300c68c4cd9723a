package faults_test

import (
	"testing"
	"time"
)

// A small history in which everything went well, and which each case spoils in one way.
func history() evidence {
	at := func(ms int64) time.Time { return time.UnixMilli(1_000_000 + ms) }
	topic := [16]byte{1}
	ev := evidence{attempted: 4, logs: []topicLog{{topicID: topic, records: map[int32][]logRecord{}}}, settled: map[id]time.Time{}}
	for n := range int64(4) {
		i, s := id{0, 7, n}, spot{2, 10 * n} // offsets have gaps
		ev.acked = append(ev.acked, delivered{i, s})
		ev.logs[0].records[2] = append(ev.logs[0].records[2], logRecord{s.offset, i, 0})
		ev.completions = append(ev.completions, completion{i, s, at(10 * n), "member 1"})
		ev.commits = append(ev.commits, commit{topic, spot{2, 10*n + 1}, 0, at(10 * n)})
	}
	return ev
}

// The judge finds each kind of fault, and no fault where there is none.
func TestFaultJudge(t *testing.T) {
	t.Parallel()
	fine := counts{produced: 4, acked: 4, processed: 4}
	with := func(change func(*counts)) counts { c := fine; change(&c); return c }
	tests := map[string]struct {
		spoil func(*evidence)
		want  counts
	}{
		"nothing": {func(*evidence) {}, fine},
		"processed again": {func(ev *evidence) { ev.completions = append(ev.completions, ev.completions[1]) },
			with(func(c *counts) { c.again = 1 })},
		"lost": {func(ev *evidence) { ev.completions, ev.commits = ev.completions[:3], ev.commits[:3] },
			with(func(c *counts) { c.processed, c.lost = 3, 1 })},
		"acknowledged and not in the log": {func(ev *evidence) {
			ev.completions, ev.commits = ev.completions[:3], ev.commits[:3]
			ev.logs[0].records[2] = ev.logs[0].records[2][:3]
		}, with(func(c *counts) { c.processed, c.lost = 3, 1 })},
		"gone and told": {func(ev *evidence) {
			ev.completions, ev.reports = ev.completions[:3], []span{{2, 21, 30}}
		}, with(func(c *counts) { c.processed, c.reported = 3, 1 })},
		"out of order": {func(ev *evidence) {
			ev.completions[1].id, ev.completions[2].id = ev.completions[2].id, ev.completions[1].id
			ev.commits = ev.commits[3:]
		}, with(func(c *counts) { c.disorder = 1 })},
		"a commit that goes back": {func(ev *evidence) { ev.commits = append(ev.commits, ev.commits[0]) },
			with(func(c *counts) { c.rewound = 1 })},
		"the first commit of a topic that was made again": {func(ev *evidence) {
			ev.commits = append(ev.commits, commit{[16]byte{2}, spot{2, 0}, 0, ev.commits[3].at})
		}, fine},
		"a commit past what is not settled": {func(ev *evidence) { ev.commits[2].at = ev.commits[1].at },
			with(func(c *counts) { c.past = 1 })},
		"a commit past a dead letter that is not written": {func(ev *evidence) {
			late := ev.completions[3].at.Add(5 * time.Millisecond)
			ev.completions, ev.dead = ev.completions[:3], []deadLetter{{ev.completions[3].id, late}}
		}, with(func(c *counts) { c.processed, c.deadLetters, c.past = 3, 1, 1 })},
		"a dead letter in time": {func(ev *evidence) {
			ev.completions, ev.dead = ev.completions[:3], []deadLetter{{ev.completions[3].id, ev.completions[3].at}}
		}, with(func(c *counts) { c.processed, c.deadLetters = 3, 1 })},
		"surely not written, and written": {func(ev *evidence) { ev.refused = []id{ev.acked[0].id} },
			with(func(c *counts) { c.ghosts = 1 })},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := history()
			test.spoil(&ev)
			if got, _ := ev.judge(); got != test.want {
				t.Errorf("counts %+v, want %+v", got, test.want)
			}
		})
	}
}
