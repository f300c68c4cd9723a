package kafka

import (
	"errors"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// A ledger is the specification of an assignment, written for being read: a list of all that was ever polled, and every answer
// counted anew from it.
type ledger struct {
	lines   []line
	limit   int
	blocked bool
	gone    bool
}

// A line is one polled record and what has happened to it.
type line struct {
	offset  int64
	epoch   int32
	control bool
	broken  bool
	size    int
	next    int64 // where reading goes on after it

	given    int // how often it was handed out
	asked    int // how often it was to be: one time, and once more for each time it was given back
	out      bool
	returned bool
	settled  bool
}

// mark is the offset after the settled prefix, in order of delivery; unknown where there is none.
func (l *ledger) mark() int64 {
	mark := unknown
	for _, x := range l.lines {
		if !x.settled && !x.control {
			break
		}
		mark = x.next
	}
	return mark
}

// window counts what was handed out since the oldest message that is not settled.
func (l *ledger) window() (n int) {
	oldest := slices.IndexFunc(l.lines, func(x line) bool { return !x.settled && !x.control })
	if oldest < 0 {
		return 0
	}
	for _, x := range l.lines[oldest:] {
		if x.given > 0 {
			n++
		}
	}
	return n
}

func (l *ledger) waiting() (records, bytes int) {
	for _, x := range l.lines {
		if x.given == 0 && !x.control {
			records++
			bytes += x.size
		}
	}
	return records, bytes
}

func (l *ledger) nextToTake() int {
	return slices.IndexFunc(l.lines, func(x line) bool { return x.given == 0 && !x.control })
}

func (l *ledger) acknowledged() (n int) {
	for _, x := range l.lines {
		if x.settled {
			n++
		}
	}
	return n
}

// control is the marker of a transaction's end.
func control(offset int64, epoch int32) *kgo.Record {
	return &kgo.Record{Offset: offset, LeaderEpoch: epoch, Attrs: kgo.NewRecordAttrs(kgo.RecordAttrsOpts{Control: true})}
}

// A trackerMachine drives an assignment and its ledger side by side.
type trackerMachine struct {
	a       *assignment
	l       ledger
	receipt []receipt // of each line, once it was handed out
	last    position  // the last mark
	offset  int64     // the next one in the log
	epoch   int32
}

func (m *trackerMachine) poll(t *rapid.T) {
	for range rapid.IntRange(1, 6).Draw(t, "records") {
		m.offset += rapid.SampledFrom([]int64{0, 0, 0, 1, 7}).Draw(t, "gap")
		if rapid.IntRange(0, 9).Draw(t, "election") == 0 {
			m.epoch++
		}
		size := rapid.IntRange(0, 20).Draw(t, "size")
		rec := &kgo.Record{Offset: m.offset, LeaderEpoch: m.epoch, Value: make([]byte, size)}
		x := line{offset: m.offset, epoch: m.epoch, size: size, next: m.offset + 1, asked: 1}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			x.control, x.size, x.asked = true, 0, 0
			m.a.add(control(m.offset, m.epoch))
		case 1:
			x.broken, x.next = true, m.offset+3
			rec.Value, x.size = nil, 0
			m.a.addBroken(rec, x.next-1, errors.New("can't be read"))
		default:
			m.a.add(rec)
		}
		m.offset = x.next
		m.l.lines = append(m.l.lines, x)
		m.receipt = append(m.receipt, receipt{})
	}
}

func (m *trackerMachine) take(t *rapid.T) {
	i := m.l.nextToTake()
	if can := i >= 0 && !m.l.blocked && !m.l.gone; can != m.a.canTake() {
		t.Fatalf("canTake %v, want %v", !can, can)
	} else if !can {
		return
	}
	var got taken
	m.a.take(&got)
	broken, r := got.broken, got.receipt
	x := &m.l.lines[i]
	if got.Offset != x.offset || (broken != nil) != x.broken {
		t.Fatalf("took offset %d (%v), want %d (broken %v)", got.Offset, broken, x.offset, x.broken)
	}
	m.receipt[i] = r
	x.given, x.out = 1, true
	m.l.blocked = m.l.window() >= m.l.limit
}

// pick draws a line that was handed out.
func (m *trackerMachine) pick(t *rapid.T) (i int, ok bool) {
	var out []int
	for i, x := range m.l.lines {
		if x.given > 0 {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(out).Draw(t, "message"), true
}

func (m *trackerMachine) acknowledge(t *rapid.T) {
	i, ok := m.pick(t)
	if !ok {
		return
	}
	x := &m.l.lines[i]
	err := m.a.acknowledge(m.receipt[i].sequence)
	if refused := m.l.gone && !x.settled; refused != errors.Is(err, ErrNotOwned) || !refused && err != nil {
		t.Fatalf("acknowledging offset %d: %v, but gone is %v and settled %v", x.offset, err, m.l.gone, x.settled)
	} else if refused {
		return
	}
	x.settled, x.out, x.returned = true, false, false
	if m.l.window() <= m.l.limit/2 {
		m.l.blocked = false
	}
}

func (m *trackerMachine) giveBack(t *rapid.T) {
	i, ok := m.pick(t)
	if !ok {
		return
	}
	x := &m.l.lines[i]
	again, err := m.a.giveBack(m.receipt[i].sequence)
	want := x.out && !m.l.gone
	if again != want || (err != nil) != (x.out && m.l.gone) {
		t.Fatalf("giving back offset %d: again %v, %v; out %v, gone %v", x.offset, again, err, x.out, m.l.gone)
	}
	if again {
		x.out, x.returned = false, true
		x.asked++
	}
}

func (m *trackerMachine) retake(t *rapid.T) {
	i, ok := m.pick(t)
	if !ok {
		return
	}
	x := &m.l.lines[i]
	var again taken
	ok = m.a.retake(&again, m.receipt[i].sequence)
	broken := again.broken
	if ok != (x.returned && !m.l.gone) {
		t.Fatalf("retaking offset %d: %v; returned %v, gone %v", x.offset, ok, x.returned, m.l.gone)
	}
	if !ok {
		return
	}
	if again.Offset != x.offset || (broken != nil) != x.broken {
		t.Fatalf("retook offset %d (%v), want %d", again.Offset, broken, x.offset)
	}
	x.given++
	x.out, x.returned = true, false
}

func (m *trackerMachine) revoke(*rapid.T) { m.a.gone, m.l.gone = true, true }

// commit is a commit that the broker takes.
func (m *trackerMachine) commit(t *rapid.T) {
	to, due := m.a.uncommitted()
	if due != (m.l.mark() != unknown && to != m.a.committed) {
		t.Fatalf("a commit is due: %v; mark %d", due, m.l.mark())
	}
	if due {
		m.a.unsaved -= m.a.unsaved
		m.a.committed = to
	}
}

// check compares every answer after every step.
func (m *trackerMachine) check(t *rapid.T) {
	if m.a.mark.offset != m.l.mark() {
		t.Fatalf("mark %d, want %d, the end of the settled prefix", m.a.mark.offset, m.l.mark())
	}
	if m.a.mark != m.last && !m.a.mark.after(m.last) {
		t.Fatalf("the mark went back from %v to %v", m.last, m.a.mark)
	}
	m.last = m.a.mark
	if m.a.blocked != m.l.blocked || m.a.handed.messages != m.l.window() {
		t.Fatalf("blocked %v at %d of %d, want %v at %d", m.a.blocked, m.a.handed.messages, m.l.limit, m.l.blocked, m.l.window())
	}
	if m.a.handed.messages > m.l.limit {
		t.Fatalf("%d handed out since the oldest, more than %d", m.a.handed.messages, m.l.limit)
	}
	if records, bytes := m.l.waiting(); m.a.waiting != (window{records, bytes}) {
		t.Fatalf("%d records and %d bytes wait, want %d and %d", m.a.waiting.messages, m.a.waiting.bytes, records, bytes)
	}
	for _, x := range m.l.lines {
		if x.given > x.asked {
			t.Fatalf("offset %d was handed out %d times, and given back %d times", x.offset, x.given, x.asked-1)
		}
	}
	if m.a.polled != m.offset && len(m.l.lines) > 0 {
		t.Fatalf("the next poll is to begin at %d, want %d", m.a.polled, m.offset)
	}
}

// The tracker gives the answers of its specification whatever happens in whatever order: the mark never passes what is not settled
// and never goes back, everything is handed out once unless it was given back, and no acknowledgement is taken after a revocation.
func TestTheTrackerMeetsItsSpecification(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		m := &trackerMachine{a: newAssignment(&reader{}, 0, window{limit, 1 << 30}), l: ledger{limit: limit}, last: noPosition}
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "poll": m.poll, "take": m.take, "take too": m.take, "acknowledge": m.acknowledge,
			"acknowledge too": m.acknowledge, "give back": m.giveBack, "retake": m.retake, "commit": m.commit,
			"revoke": func(t *rapid.T) {
				if rapid.IntRange(0, 19).Draw(t, "revoked") == 0 {
					m.revoke(t)
				}
			},
		})
		if acked := m.l.acknowledged(); !m.l.gone && m.a.committed == noPosition && m.a.acknowledged() != acked {
			t.Fatalf("%d acknowledged and not committed, want %d", m.a.acknowledged(), acked)
		}
	})
}

// A run of control records behind a message that nobody acknowledges takes no memory: their number has no bound.
func TestControlRecordsTakeNoRoom(t *testing.T) {
	t.Parallel()
	a := newAssignment(&reader{}, 0, window{1000, 1 << 30})
	a.add(&kgo.Record{Offset: 0})
	var first taken
	a.take(&first)
	for i := range int64(10_000) {
		a.add(control(i+1, 0))
	}
	if a.entries.len() > 2 {
		t.Errorf("10,000 control records take %d entries", a.entries.len()-1)
	}
	if err := a.acknowledge(first.receipt.sequence); err != nil {
		t.Fatal(err)
	}
	if a.mark.offset != 10_001 || a.entries.len() != 0 {
		t.Errorf("mark %d and %d entries after the acknowledgement, want 10001 and none", a.mark.offset, a.entries.len())
	}
}
