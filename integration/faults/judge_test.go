package faults_test

import (
	"cmp"
	"slices"
	"time"
)

// evidence is all that is known when a trial is over.
type evidence struct {
	acked       []delivered
	unknown     int // sent, with nobody knowing whether they are written
	refused     []id
	attempted   int
	completions []completion
	settled     map[id]time.Time // by OnFailure
	dead        []deadLetter
	logs        []topicLog // one for each life of the topic, in order
	commits     []commit   // in order
	reports     []span     // what members told to be gone
	recreated   bool       // a member told that the topic was made again
	excuse      excuse
	beside      int
}

// An excuse is what a row does to the log by itself.
type excuse struct {
	compacted bool // what is not in the log any more was replaced by a newer message
	truncated bool // an unclean election may take back what was acknowledged
}

// A topicLog is what an independent reader found in the log at the end of a topic's life, without what was aborted.
type topicLog struct {
	topicID [16]byte
	records map[int32][]logRecord // by partition, in order
}

type logRecord struct {
	offset int64
	id     id
	epoch  int32 // of its leader; -1 where the log does not hold it any more
}

// A deadLetter is a message in the dead-letter topic, and when the broker wrote it.
type deadLetter struct {
	id id
	at time.Time
}

// A commit is one that the group's coordinator took, in its order, by its clock.
type commit struct {
	topicID [16]byte
	spot
	epoch int32
	at    time.Time
}

// A span is a range of offsets of a partition that somebody told to be gone.
type span struct {
	partition int32
	from, to  int64 // the first and the last
}

// counts are what a row of the table says.
type counts struct {
	produced, acked, unknown int
	processed, again         int
	deadLetters              int
	reported                 int // gone, and told so
	lost                     int // gone, and nobody told
	disorder                 int // processed for the first time after a later message of its key and partition
	rewound                  int
	past                     int // messages not settled when a commit passed them
	beside                   int // handlers beside another one of their key in one member
	ghosts                   int // refused as surely not written, and written
}

// A judge computes the counts.
type judge struct {
	evidence
	n       counts
	missing []delivered      // what is lost
	first   map[id]time.Time // when each was processed, or settled otherwise
	written []map[int32][]logRecord
}

// judge gives the counts, and what is lost.
func (ev evidence) judge() (counts, []delivered) {
	j := &judge{evidence: ev, first: make(map[id]time.Time)}
	j.n = counts{produced: ev.attempted, acked: len(ev.acked), unknown: ev.unknown, beside: ev.beside}
	j.countCompletions()
	j.settleOtherwise()
	j.unite()
	j.countLosses()
	j.countCommits()
	j.countGhosts()
	return j.n, j.missing
}

// countCompletions counts what was processed, what again, and what out of order.
func (j *judge) countCompletions() {
	type lane struct {
		generation, key int
		partition       int32
	}
	all := slices.Clone(j.completions)
	slices.SortStableFunc(all, func(a, b completion) int { return a.at.Compare(b.at) })
	highest := make(map[lane]int64)
	for _, c := range all {
		if _, before := j.first[c.id]; before {
			j.n.again++
			continue
		}
		j.first[c.id] = c.at
		l := lane{c.generation, c.key, c.partition}
		top, any := highest[l]
		if any && c.number < top {
			j.n.disorder++
		}
		highest[l] = max(top, c.number)
	}
	j.n.processed = len(j.first)
}

// settleOtherwise takes in dead letters and what OnFailure settled.
func (j *judge) settleOtherwise() {
	settle := func(i id, at time.Time) {
		if before, done := j.first[i]; !done || at.Before(before) {
			j.first[i] = at
		}
	}
	for _, d := range j.dead {
		settle(d.id, d.at)
	}
	for i, at := range j.settled {
		settle(i, at)
	}
	j.n.deadLetters = len(j.dead)
}

// unite makes one list of what was ever written to each partition, of each life of the topic: what the log holds, and what was
// acknowledged and is gone from it.
func (j *judge) unite() {
	for life, l := range j.logs {
		all := make(map[int32][]logRecord)
		held := make(map[spot]bool)
		for p, recs := range l.records {
			all[p] = slices.Clone(recs)
			for _, r := range recs {
				held[spot{p, r.offset}] = true
			}
		}
		for _, d := range j.acked {
			if d.generation == life && !held[d.spot] && !j.excuse.truncated && !j.excuse.compacted {
				all[d.partition] = append(all[d.partition], logRecord{d.offset, d.id, -1})
			}
		}
		for _, recs := range all {
			slices.SortFunc(recs, func(a, b logRecord) int { return cmp.Compare(a.offset, b.offset) })
		}
		j.written = append(j.written, all)
	}
}

// countLosses looks for what was acknowledged, or is in the log, and nobody settled.
func (j *judge) countLosses() {
	seen := make(map[id]bool)
	for life, all := range j.written {
		for p, recs := range all {
			for _, r := range recs {
				if _, done := j.first[r.id]; done || seen[r.id] {
					continue
				}
				seen[r.id] = true
				if j.told(life, spot{p, r.offset}) {
					j.n.reported++
					continue
				}
				j.n.lost++
				j.missing = append(j.missing, delivered{r.id, spot{p, r.offset}})
			}
		}
	}
}

func (j *judge) told(life int, s spot) bool {
	if life < len(j.logs)-1 {
		return j.recreated
	}
	return slices.ContainsFunc(j.reports, func(r span) bool {
		return r.partition == s.partition && r.from <= s.offset && s.offset <= r.to
	})
}

// countCommits looks for commits that went back, and for those that passed what nobody had settled.
func (j *judge) countCommits() {
	type log struct {
		topicID   [16]byte
		partition int32
	}
	last := make(map[log]commit)
	reached := make(map[log]int64)
	for _, c := range j.commits {
		at := log{c.topicID, c.partition}
		before, any := last[at]
		if any && c.offset < before.offset && (c.epoch <= before.epoch || !j.excuse.truncated) {
			j.n.rewound++
		}
		last[at] = c
		j.n.past += j.unsettled(c, reached[at])
		reached[at] = max(reached[at], c.offset)
	}
}

// unsettled counts the messages from an offset on that a commit passes before they are settled. The broker's clock and ours are the
// same one; it tells milliseconds.
func (j *judge) unsettled(c commit, from int64) (n int) {
	life := slices.IndexFunc(j.logs, func(l topicLog) bool { return l.topicID == c.topicID })
	if life < 0 {
		return 0
	}
	for _, r := range j.written[life][c.partition] {
		if r.offset < from || r.offset >= c.offset || j.excuse.truncated && r.epoch > c.epoch {
			continue // or it took the place of what was truncated
		}
		at, done := j.first[r.id]
		if done && at.UnixMilli() <= c.at.UnixMilli() || j.told(life, spot{c.partition, r.offset}) {
			continue
		}
		n++
	}
	return n
}

func (j *judge) countGhosts() {
	written := make(map[id]bool)
	for _, all := range j.written {
		for _, recs := range all {
			for _, r := range recs {
				written[r.id] = true
			}
		}
	}
	for _, i := range j.refused {
		if written[i] {
			j.n.ghosts++
		}
	}
}

// faultless says whether nothing happened that may never happen.
func (c counts) faultless() bool {
	return c.lost == 0 && c.disorder == 0 && c.rewound == 0 && c.past == 0 && c.beside == 0 && c.ghosts == 0
}
