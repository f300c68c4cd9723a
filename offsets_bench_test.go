package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// track takes one record through a tracker: polled, handed out, acknowledged, and now and then committed.
func track(a *assignment, rec *kgo.Record) {
	rec.Offset++
	a.add(rec)
	var t taken
	a.take(&t)
	if err := a.acknowledge(t.receipt.sequence); err != nil {
		panic(err)
	}
	if rec.Offset%1000 == 0 {
		a.committed, _ = a.uncommitted()
		a.unsaved = 0
	}
}

// The tracker makes no garbage: it is on the way of each message.
func TestTheTrackerAllocatesNothing(t *testing.T) {
	a, rec := newAssignment(&reader{}, 0, window{1000, 64 << 20}), &kgo.Record{Value: make([]byte, 1000)}
	track(a, rec)
	if n := testing.AllocsPerRun(10_000, func() { track(a, rec) }); n > 0 {
		t.Errorf("%v allocations a message, want none", n)
	}
}

// BenchmarkTracker is what the tracker adds to a message: at most 50 ns are wanted.
func BenchmarkTracker(b *testing.B) {
	a, rec := newAssignment(&reader{}, 0, window{1000, 64 << 20}), &kgo.Record{Value: make([]byte, 1000)}
	b.ReportAllocs()
	for b.Loop() {
		track(a, rec)
	}
}
