package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// Pause holds partitions, or all where none is given: nothing more of them is handed out, and in a Run nothing more of them begins,
// also no retry, until Resume. Fetching them stops. What is handed out, or being handled, may be acknowledged and is committed, and
// the consumer stays in its group.
//
// A pause is the consumer's: it holds before the first Retrieve, after a partition was away, and, where none was given, for partitions
// that are assigned later. Another member that gets a partition does not know of it. Pause does no I/O and is safe for concurrent use. It drops
// what was fetched ahead, so it is not for a few milliseconds.
func (c *Consumer[T]) Pause(partitions ...int32) { c.setPaused(true, partitions) }

// Resume ends the pause of partitions, or of all where none is given. It does no I/O and is safe for concurrent use.
func (c *Consumer[T]) Resume(partitions ...int32) { c.setPaused(false, partitions) }

func (c *Consumer[T]) setPaused(paused bool, partitions []int32) {
	if c.made() == nil && c.reader.setPaused(paused, partitions) {
		c.reader.logPaused(paused, partitions)
	}
}

func (r *reader) logPaused(paused bool, partitions []int32) {
	var which any = "all"
	if len(partitions) > 0 {
		which = partitions
	}
	if paused {
		r.log().Info("kafka: paused", "partitions", which)
	} else {
		r.log().Info("kafka: resumed", "partitions", which)
	}
}

// pauses are the partitions that the user holds.
type pauses struct {
	all   bool
	apart map[int32]bool // those that all does not tell of
}

// set reports whether it changes anything.
func (p *pauses) set(paused bool, partitions []int32) (changed bool) {
	if len(partitions) == 0 {
		changed = p.all != paused
		for _, apart := range p.apart {
			changed = changed || apart != paused
		}
		*p = pauses{all: paused}
		return changed
	}
	if p.apart == nil {
		p.apart = make(map[int32]bool)
	}
	for _, one := range partitions {
		changed = changed || p.has(one) != paused
		p.apart[one] = paused
	}
	return changed
}

func (p *pauses) has(partition int32) bool {
	if paused, apart := p.apart[partition]; apart {
		return paused
	}
	return p.all
}

// setPaused reports whether it changes anything.
func (r *reader) setPaused(paused bool, partitions []int32) (changed bool) {
	r.pauseMu.Lock()
	defer r.pauseMu.Unlock()
	r.mu.Lock()
	changed = r.pauses.set(paused, partitions)
	cl := r.member
	var hold, resume []int32
	for p, a := range r.assigned {
		was := a.suspended
		a.suspended = r.pauses.has(p)
		switch {
		case a.suspended && !a.paused:
			a.paused = true
			hold = append(hold, p)
		case was && !a.suspended && r.goesOnLocked(a):
			a.paused = false
			resume = append(resume, p)
		}
	}
	r.returned, r.aside = append(r.aside, r.returned...), nil
	if r.runner != nil {
		r.runner.schedule.offerAll()
	}
	r.signalLow() // what waits of partitions that are held does not count any more
	r.wakeOne()
	r.mu.Unlock()
	r.fetchOnly(cl, hold, resume)
	return changed
}

// fetchOnly makes the client fetch partitions, or fetch them no more. The caller holds r.pauseMu.
func (r *reader) fetchOnly(cl *kgo.Client, hold, resume []int32) {
	if len(hold) > 0 {
		cl.PauseFetchPartitions(map[string][]int32{r.topic: hold})
	}
	if len(resume) > 0 {
		cl.ResumeFetchPartitions(map[string][]int32{r.topic: resume})
	}
}
