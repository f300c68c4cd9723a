package kafka

import (
	"context"
	"testing"
	"time"
)

// The embedded broker answers a denied fetch slowly, a real one 5,000 times in 3 s: so the rests between such polls are shown here.
func TestPollsThatBringOnlyFaultsComeFurtherAndFurtherApart(t *testing.T) {
	t.Parallel()
	done, cancel := context.WithCancel(t.Context())
	cancel() // nobody waits for them
	var r reader
	var pause time.Duration
	for _, want := range []time.Duration{100, 200, 400, 800, 1600, 3200, 5000, 5000} {
		if pause = r.rest(done, pause, true); pause != want*time.Millisecond {
			t.Fatalf("rests %s, want %s", pause, want*time.Millisecond)
		}
	}
	if pause = r.rest(done, pause, false); pause != 0 {
		t.Errorf("rests %s after a poll that brought records", pause)
	}
}
