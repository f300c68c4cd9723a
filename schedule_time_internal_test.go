package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A bubble is a Run below T whose partition is filled by the test, in the time of synctest: what waits, waits exactly.
type bubble struct {
	t     *testing.T
	r     *reader
	a     *assignment
	w     *runner
	begun time.Time
	next  int64

	mu   sync.Mutex // guards done
	done []string   // "KEY OFFSET at TIME", in order
}

func newBubble(t *testing.T, o runOptions, h func(rec *Record, attempt int) error) *bubble {
	t.Helper()
	p, err := NewProxy(Config{Brokers: []string{"broker.invalid:9092"}, Group: "g"}, WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	b := &bubble{t: t, begun: time.Now()}
	limit := window{1000, 64 << 20}
	b.r = newReader(p, "orders", consumerOptions{group: "g", window: limit, drain: time.Minute})
	b.a = newAssignment(b.r, 0, limit)
	b.r.assigned[0] = b.a
	b.w = b.r.newRunner(t.Context(), o, func(_ context.Context, jobs []job, attempt int) {
		for i := range jobs {
			jobs[i].err = h(&jobs[i].Record, attempt)
			b.note(&jobs[i].Record, jobs[i].err)
		}
	})
	if err := b.w.begin(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bubble) note(rec *Record, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.done = append(b.done, fmt.Sprintf("%s %d at %s", rec.Key, rec.Offset, time.Since(b.begun)))
	}
}

// poll brings messages with these keys.
func (b *bubble) poll(keys ...string) {
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	for _, k := range keys {
		b.a.add(&kgo.Record{Key: []byte(k), Offset: b.next})
		b.next++
	}
	b.r.ready.add(b.a)
	b.r.wakeOne()
}

// end ends the Run and gives what was done.
func (b *bubble) end() []string {
	b.w.drain()
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.done)
}

func (b *bubble) mark() int64 {
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	return b.a.mark.offset
}

func single(concurrency int, p RetryPolicy) runOptions {
	return runOptions{concurrency: concurrency, retry: p, batch: new(1), patience: new(time.Duration(0))}
}

// While a key waits for its retries the others go on at once, what comes after it of its own key waits, and nothing is committed past
// it. No pause is longer than the policy says.
func TestARetryWaitsInItsLaneAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failing := errors.New("fails")
		policy := RetryPolicy{Attempts: 5, Backoff: time.Second, MaxBackoff: 3 * time.Second}
		b := newBubble(t, single(2, policy), func(rec *Record, attempt int) error {
			if string(rec.Key) == "a" && rec.Offset == 0 && attempt < 5 {
				return failing
			}
			return nil
		})
		b.poll("a", "b", "a", "c")
		synctest.Wait()
		if at := b.mark(); at != unknown {
			t.Errorf("the mark is %d while offset 0 waits", at)
		}
		longest := time.Second + 2*time.Second + 3*time.Second + 3*time.Second
		time.Sleep(longest)
		synctest.Wait()
		if at := b.mark(); at != 4 {
			t.Errorf("the mark is %d after %s, want 4", at, longest)
		}
		got := b.end()
		if len(got) != 4 || !slices.Contains(got[:2], "b 1 at 0s") || !slices.Contains(got[:2], "c 3 at 0s") ||
			got[2][:4] != "a 0 " || got[3][:4] != "a 2 " {
			t.Errorf("done %q, want b and c at once, then the two of a in order", got)
		}
	})
}

// A handler that takes long holds up its own key and nothing else, as long as there is a worker.
func TestASlowKeyHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, single(2, RetryPolicy{Attempts: 1}), func(rec *Record, _ int) error {
			if string(rec.Key) == "slow" {
				time.Sleep(time.Hour)
			} else {
				time.Sleep(time.Second)
			}
			return nil
		})
		b.poll("slow", "a", "slow", "b", "a")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		b.mu.Lock()
		early := slices.Clone(b.done)
		b.mu.Unlock()
		if want := []string{"a 1 at 1s", "b 3 at 2s", "a 4 at 3s"}; !slices.Equal(early, want) {
			t.Errorf("done %q beside the slow one, want %q", early, want)
		}
		time.Sleep(2 * time.Hour)
		if got := b.end(); len(got) != 5 || got[4] != "slow 2 at 2h0m0s" {
			t.Errorf("done %q, want the slow ones after one and two hours", got)
		}
	})
}

// A batch waits for company as long as it may, and not at all once it is full.
func TestABatchWaitsAsLongAsItMay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := single(1, RetryPolicy{Attempts: 1})
		o.batch, o.patience, o.byPartition = new(3), new(10*time.Second), true
		b := newBubble(t, o, func(*Record, int) error { return nil })
		b.poll("a", "b", "c", "d")
		time.Sleep(time.Minute)
		want := []string{"a 0 at 0s", "b 1 at 0s", "c 2 at 0s", "d 3 at 10s"}
		if got := b.end(); !slices.Equal(got, want) {
			t.Errorf("done %q, want %q", got, want)
		}
	})
}
