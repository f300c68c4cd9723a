package kafka

import (
	"testing"
	"time"
)

// A broker that does not wait for messages, and sends none, is stopped at the hundred and first answer of a second; one that waits, or
// brings something, never.
func TestIdleness(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		every   time.Duration
		message int // each so-many-th answer brings messages
		lieAt   int // 0: never
	}{
		"at once":                    {time.Microsecond, 0, mostIdle + 1},
		"as fast as is borne":        {mostIdleTime / (mostIdle - 1), 0, 0},
		"a little faster":            {mostIdleTime / (mostIdle + 1), 0, mostIdle + 1},
		"as a broker waits":          {fetchWait, 0, 0},
		"at once, with messages":     {time.Microsecond, 1, 0},
		"at once, with some of them": {time.Microsecond, mostIdle, 0},
		"too few of them":            {time.Microsecond, mostIdle + 2, mostIdle + 1},
	} {
		var idle idleness
		now, lieAt := time.Now(), 0
		for n := 1; n <= 10*mostIdle && lieAt == 0; n++ {
			if idle.judge(tc.message > 0 && n%tc.message == 0, now) != nil {
				lieAt = n
			}
			now = now.Add(tc.every)
		}
		if lieAt != tc.lieAt {
			t.Errorf("%s: a lie at the answer %d, not %d", name, lieAt, tc.lieAt)
		}
	}
}
