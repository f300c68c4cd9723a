package kafka

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// A plannedJob is one message in the specification of a schedule.
type plannedJob struct {
	receipt receipt
	offset  int64
	moved   bool // its assignment is over, or about to be
	settled bool
}

// A plannedLane is the specification of a lane: all that was ever pulled of a key, in order.
type plannedLane struct {
	partition int32
	jobs      []*plannedJob
	running   []*plannedJob // what the schedule gave out, until it is finished; it stays while it waits for a retry
	busy      bool          // a worker has it
	parked    bool          // it waits for a retry
	due       bool          // its retry, or its wait for company, is over
}

// next are the messages that may run next: nothing of the lane may be with a worker.
func (l *plannedLane) next() (jobs []*plannedJob) {
	for _, j := range l.jobs {
		if !j.moved && !j.settled {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// A scheduleMachine drives a schedule, with real assignments to pull from, beside its specification.
type scheduleMachine struct {
	s           *schedule
	batch       int
	byPartition bool          // as in a RunBatch
	current     []*assignment // of each partition
	next        []int64       // the next offset of each partition
	acked       []int64       // up to where each is settled, in order: where a new assignment begins
	log         map[int32][]*kgo.Record
	lanes       map[string]*plannedLane
	byReal      map[*lane]string
	stopped     []int
	alarms      map[*time.Timer]*lane
	turn        int
}

func newScheduleMachine(t *rapid.T) *scheduleMachine {
	partitions := rapid.IntRange(1, 3).Draw(t, "partitions")
	m := &scheduleMachine{
		batch:   rapid.SampledFrom([]int{1, 1, 1, 4}).Draw(t, "batch"),
		next:    make([]int64, partitions),
		acked:   make([]int64, partitions),
		stopped: make([]int, partitions),
		log:     make(map[int32][]*kgo.Record),
		lanes:   make(map[string]*plannedLane),
		byReal:  make(map[*lane]string),
		alarms:  make(map[*time.Timer]*lane),
	}
	for p := range int32(partitions) {
		m.current = append(m.current, newAssignment(&reader{}, p, window{rapid.IntRange(1, 20).Draw(t, "window"), 1 << 20}))
	}
	m.byPartition = m.batch > 1 || rapid.Bool().Draw(t, "by partition")
	m.s = newSchedule(runOptions{
		batch: &m.batch, patience: new(time.Hour), byPartition: m.byPartition, unordered: rapid.Bool().Draw(t, "unordered"),
	}, m.alarm)
	m.s.keeps = rapid.IntRange(0, 3).Draw(t, "lanes kept")
	return m
}

// alarm keeps the alarms, which ring when the machine draws them.
func (m *scheduleMachine) alarm(l *lane, _ time.Duration) *time.Timer {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	m.alarms[timer] = l
	return timer
}

// lane names the lane of a message, as the documentation of Concurrency and Unordered says.
func (m *scheduleMachine) lane(t taken) string {
	switch {
	case m.byPartition:
		return fmt.Sprint(t.Partition)
	case t.Key != nil:
		return fmt.Sprint(t.Partition, " ", string(t.Key))
	case m.s.unordered:
		return fmt.Sprint(t.Partition, " alone ", t.Offset, " ", t.receipt.sequence)
	}
	return fmt.Sprint(t.Partition, " keyless")
}

// poll brings new messages to a partition.
func (m *scheduleMachine) poll(t *rapid.T) {
	p := rapid.IntRange(0, len(m.current)-1).Draw(t, "partition")
	for range rapid.IntRange(1, 5).Draw(t, "records") {
		rec := &kgo.Record{Partition: int32(p), Offset: m.next[p]}
		if key := rapid.IntRange(0, 4).Draw(t, "key"); key > 0 {
			rec.Key = []byte{byte('a' + key)}
		}
		m.next[p]++
		m.log[rec.Partition] = append(m.log[rec.Partition], rec)
		m.current[p].add(rec)
	}
}

// pull is the reader's side: partitions in turn.
func (m *scheduleMachine) pull(got *taken) bool {
	for range m.current {
		m.turn++
		if a := m.current[m.turn%len(m.current)]; a.canTake() {
			a.take(got)
			name := m.lane(*got)
			l := m.lanes[name]
			if l == nil {
				l = &plannedLane{partition: a.partition}
				m.lanes[name] = l
			}
			l.jobs = append(l.jobs, &plannedJob{receipt: got.receipt, offset: got.Offset})
			return true
		}
	}
	return false
}

// take has the schedule pick what a worker handles next.
func (m *scheduleMachine) take(t *rapid.T) {
	got := m.s.take(m.pull)
	if got == nil {
		m.wantNothingToDo(t)
		return
	}
	l := m.lanes[m.lane(got.running[0].taken)]
	m.byReal[got] = m.lane(got.running[0].taken)
	want := l.next()
	switch {
	case l.busy:
		t.Fatalf("a lane is given out that a worker has: offset %d", got.running[0].Offset)
	case m.stopped[l.partition] > 0:
		t.Fatalf("offset %d of a partition that stands is given out", got.running[0].Offset)
	case l.parked && !l.due:
		t.Fatalf("offset %d is given out before its pause is over", got.running[0].Offset)
	case len(got.running) > m.batch:
		t.Fatalf("%d messages are given out at once, more than %d", len(got.running), m.batch)
	}
	l.running = nil
	for i, j := range got.running {
		if i >= len(want) || j.receipt != want[i].receipt {
			t.Fatalf("offset %d is given out as number %d, want the lane's oldest that are not settled", j.Offset, i)
		}
		l.running = append(l.running, want[i])
	}
	l.busy, l.parked, l.due = true, false, false
}

// wantNothingToDo checks that nothing could have been given out.
func (m *scheduleMachine) wantNothingToDo(t *rapid.T) {
	for _, a := range m.current {
		if a.canTake() {
			t.Fatalf("nothing is given out, but partition %d has messages to take", a.partition)
		}
	}
	for name, l := range m.lanes {
		ready := len(l.next()) >= m.batch || l.due && len(l.next()) > 0
		if ready && !l.busy && (!l.parked || l.due) && m.stopped[l.partition] == 0 {
			t.Fatalf("nothing is given out, but lane %q waits with %d messages", name, len(l.next()))
		}
	}
}

// busy draws a lane that a worker has.
func (m *scheduleMachine) busy(t *rapid.T) (*lane, *plannedLane) {
	var names []string
	real := make(map[string]*lane)
	for _, l := range m.s.lanes {
		if l.state == busy {
			names = append(names, m.byReal[l])
			real[m.byReal[l]] = l
		}
	}
	if len(names) == 0 {
		t.Skip("no worker has anything")
	}
	slices.Sort(names)
	name := rapid.SampledFrom(names).Draw(t, "lane")
	return real[name], m.lanes[name]
}

// conclude is a worker's end: some of what it had is settled, and the rest failed.
func (m *scheduleMachine) conclude(t *rapid.T) {
	l, planned := m.busy(t)
	all := rapid.Bool().Draw(t, "all")
	keep := l.running[:0]
	for i, j := range slices.Clone(l.running) {
		if !all && rapid.Bool().Draw(t, "fails") {
			keep = append(keep, j)
			continue
		}
		if j.receipt.assignment.acknowledge(j.receipt.sequence) == nil {
			planned.running[i].settled = true
		}
	}
	l.running = keep
	planned.busy = false
	if len(l.running) == 0 || l.running[0].moved() {
		m.s.finish(l)
		return
	}
	m.s.park(l, time.Hour)
	planned.parked = true
}

// ring lets an alarm ring that is still set.
func (m *scheduleMachine) ring(t *rapid.T) {
	var names []string
	set := make(map[string]*lane)
	for timer, l := range m.alarms {
		if l.alarm != timer {
			delete(m.alarms, timer)
			continue
		}
		name := m.laneOf(l)
		names, set[name] = append(names, name), l
	}
	if len(names) == 0 {
		t.Skip("no alarm is set")
	}
	slices.Sort(names)
	name := rapid.SampledFrom(names).Draw(t, "alarm")
	m.s.ready(set[name])
	m.lanes[name].due = true
}

// laneOf names a lane by what it holds.
func (m *scheduleMachine) laneOf(l *lane) string {
	return m.lane(append(slices.Clone(l.running), l.waiting.all()...)[0].taken)
}

func (m *scheduleMachine) stop(t *rapid.T) {
	p := rapid.IntRange(0, len(m.current)-1).Draw(t, "partition")
	m.s.stop(int32(p))
	m.stopped[p]++
}

func (m *scheduleMachine) resume(t *rapid.T) {
	p := rapid.IntRange(0, len(m.current)-1).Draw(t, "partition")
	if m.stopped[p] == 0 {
		t.Skip("it does not stand")
	}
	m.s.resume(int32(p))
	m.stopped[p]--
}

// move takes a partition away while work on it is under way, and brings it back: it begins where it is settled.
func (m *scheduleMachine) move(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "moves") > 0 {
		t.Skip("not often")
	}
	p := int32(rapid.IntRange(0, len(m.current)-1).Draw(t, "partition"))
	old := m.current[p]
	old.leaving = true
	old.gone = rapid.Bool().Draw(t, "lost")
	for _, l := range m.lanes {
		for _, j := range l.jobs {
			if j.receipt.assignment == old {
				j.moved = true
			}
		}
		if l.partition == p { // whatever it waited for has moved away
			l.parked, l.due = false, false
		}
	}
	m.s.freeMoved()
	old.gone = true
	if mark := old.mark.offset; mark != unknown {
		m.acked[p] = mark
	}
	again := newAssignment(&reader{}, p, old.limit)
	for _, rec := range m.log[p][m.acked[p]:] {
		again.add(rec)
	}
	m.current[p] = again
}

// check looks after every step whether a mark passed what is not settled, and whether the schedule still knows everything it took.
func (m *scheduleMachine) check(t *rapid.T) {
	known := make(map[receipt]int)
	begun, rest := m.s.unsettledForTest()
	for _, j := range append(begun, rest...) {
		known[j.receipt]++
	}
	for name, l := range m.lanes {
		for _, j := range l.next() {
			if known[j.receipt] != 1 {
				t.Fatalf("offset %d of lane %q is held %d times, want once", j.offset, name, known[j.receipt])
			}
			if mark := j.receipt.assignment.mark.offset; mark > j.offset {
				t.Fatalf("the mark %d passed offset %d, which is not settled", mark, j.offset)
			}
		}
	}
}

// unsettledForTest is unsettled, each job once, and without the end of all alarms.
func (s *schedule) unsettledForTest() (begun, rest []job) {
	for _, l := range s.lanes {
		begun = append(begun, l.running...)
		rest = append(rest, l.waiting.all()...)
	}
	return begun, rest
}

// finishAll lets everything go well from now on: then everything must be settled, and nothing may be left.
func (m *scheduleMachine) finishAll(t *rapid.T) {
	for p := range m.stopped {
		for ; m.stopped[p] > 0; m.stopped[p]-- {
			m.s.resume(int32(p))
		}
	}
	for steps := 0; ; steps++ {
		if steps > 10_000 {
			t.Fatal("it does not come to an end")
		}
		for _, l := range m.s.lanes {
			if l.alarm != nil {
				m.lanes[m.laneOf(l)].due = true
				m.s.ready(l)
			}
			if l.state == busy {
				m.settleAll(l)
			}
		}
		if m.s.take(m.pull) == nil && m.s.allIdle() {
			break
		}
	}
	for _, a := range m.current {
		if a.mark.offset != m.next[a.partition] && m.next[a.partition] != m.acked[a.partition] {
			t.Fatalf("partition %d is settled up to %d, want %d", a.partition, a.mark.offset, m.next[a.partition])
		}
	}
}

func (s *schedule) allIdle() bool {
	for _, l := range s.lanes {
		if l.state != idle {
			return false
		}
	}
	return true
}

func (m *scheduleMachine) settleAll(l *lane) {
	for _, j := range l.running {
		_ = j.receipt.assignment.acknowledge(j.receipt.sequence)
	}
	m.s.finish(l)
}

// The schedule gives out every message of a lane in order and one after another, whatever runs, fails, waits, stands or moves away
// meanwhile; it never holds one back that could run; and in the end everything is settled.
func TestTheScheduleMeetsItsSpecification(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newScheduleMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "poll": m.poll, "take": m.take, "take too": m.take, "conclude": m.conclude, "conclude too": m.conclude,
			"ring": m.ring, "stop": m.stop, "resume": m.resume, "resume too": m.resume, "move": m.move,
		})
		m.finishAll(t)
	})
}
