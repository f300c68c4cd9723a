package kafka

// It tests from inside, since what it tells of takes minutes.

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// count is how many lines hold a word.
func count(log *bytes.Buffer, word string) (n int) {
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, word) {
			n++
		}
	}
	return n
}

func want(t *testing.T, when string, log *bytes.Buffer, word string, n int) {
	t.Helper()
	if got := count(log, word); got != n {
		t.Errorf("%s: %q is told %d times, want %d:\n%s", when, word, got, n, log)
	}
}

// A broker that comes and goes is told once a minute; one that is only a way to the cluster, or of a connection that is not open, never.
func TestABrokerThatComesAndGoesIsToldOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var f faults
		const gone, back = "can't be reached", "answers again"
		broken := errors.New("broken")
		broker := kgo.BrokerMetadata{NodeID: 1, Host: "a", Port: 1}
		f.note(broker, broken)
		want(t, "while it opens", &log, gone, 0)
		f.tellTo(slog.New(slog.NewTextHandler(&log, nil)))
		for range 3 {
			f.note(broker, broken)
		}
		f.note(kgo.BrokerMetadata{NodeID: -1, Host: "seed", Port: 1}, broken)
		want(t, "at first", &log, gone, 1)
		f.note(broker, nil)
		f.note(broker, nil)
		want(t, "at its end", &log, back, 1)
		for range 3 {
			f.note(broker, broken)
			f.note(broker, nil)
		}
		want(t, "within the minute", &log, gone, 1)
		want(t, "within the minute", &log, back, 1)
		f.note(broker, broken)
		time.Sleep(tellEvery)
		f.note(broker, broken)
		want(t, "after a minute, still gone", &log, gone, 2)
		f.tellTo(nil)
		f.note(broker, nil)
		want(t, "after the end", &log, back, 1)
	})
}

// loggedReader is a reader that was never opened.
func loggedReader(t *testing.T, log *bytes.Buffer) *reader {
	t.Helper()
	p, err := NewProxy(Config{Brokers: []string{"broker.invalid:9092"}}, WithLogger(slog.New(slog.NewTextHandler(log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	return newReader(p, "orders", consumerOptions{group: "g", window: window{2, 1 << 20}})
}

// A partition that stands is told after a minute, once, and so is that it goes on.
func TestAPartitionThatStandsIsToldAfterAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := loggedReader(t, &log)
		a := newAssignment(r, 3, r.options.window)
		r.assigned[3] = a
		for offset := range int64(3) {
			a.add(&kgo.Record{Topic: "orders", Partition: 3, Offset: offset})
		}
		var first, second taken
		a.take(&first)
		a.take(&second)
		const stands, goesOn = "nothing more of a partition is handed out", "a partition that stood goes on"
		for range 30 {
			r.logStalls()
			time.Sleep(surveyEvery)
		}
		want(t, "before a minute", &log, stands, 0)
		r.logStalls()
		r.logStalls()
		want(t, "after a minute", &log, stands, 1)
		want(t, "after a minute", &log, "topic=orders group=g partition=3", 1)
		want(t, "after a minute", &log, "2 messages, of 0 bytes, were handed out since offset 0", 1)
		for _, rc := range []receipt{first.receipt, second.receipt} {
			if err := r.acknowledge(rc); err != nil {
				t.Fatal(err)
			}
		}
		r.logStalls()
		r.logStalls()
		want(t, "acknowledged", &log, goesOn, 1)
		want(t, "acknowledged", &log, stands, 1)
	})
}

// A membership that ends is told once, also where the member has no partition: the client calls with each try to join that fails.
func TestTheEndOfAMembershipIsToldOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := loggedReader(t, &log)
	r.joined = true
	for range 3 {
		r.onLost(t.Context(), nil, nil)
	}
	want(t, "without a partition", &log, "the membership in the group ended", 1)
	r.joined = true
	r.onLost(t.Context(), nil, map[string][]int32{"orders": {1}})
	r.onLost(t.Context(), nil, nil)
	want(t, "with one", &log, "partitions lost", 1)
	want(t, "with one", &log, "the membership in the group ended", 1)
}
