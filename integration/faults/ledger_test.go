package faults_test

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// An event is what the load sends: the messages of each key are numbered. A topic that is made again begins another generation.
type event struct {
	Generation int    `json:"generation"`
	Key        int    `json:"key"`
	Number     int64  `json:"number"`
	Padding    string `json:"padding,omitempty"`
}

func (e event) id() id { return id{e.Generation, e.Key, e.Number} }

// key is the event's key on the wire.
func (e event) key() []byte { return fmt.Appendf(nil, "key-%d-%d", e.Generation, e.Key) }

// An id tells one event from all others.
type id struct {
	generation, key int
	number          int64
}

// A spot is where in the log of its topic a message is.
type spot struct {
	partition int32
	offset    int64
}

// A completion is a handler that ended well.
type completion struct {
	id
	spot
	at time.Time
	by string // the member
}

// delivered is a message with its acknowledgement by the broker.
type delivered struct {
	id
	spot
}

// A ledger is what everybody who takes part in a trial writes down. It is safe for concurrent use.
type ledger struct {
	mu          sync.Mutex // guards what follows
	attempted   int
	acked       []delivered
	unknown     map[id]error // may be written
	refused     map[id]error // surely not written
	completions []completion
	settled     map[id]time.Time // by other means than a handler that ended well: OnFailure
	work        map[string]int   // how many messages each member has processed
	running     map[string]int   // handlers under way, by member and key
	beside      int              // handlers that ran beside another one of their key and member
	said        []string         // errors and log lines of members
	changed     chan struct{}    // closed at the next change, if somebody waits
}

func newLedger() *ledger {
	return &ledger{
		unknown: make(map[id]error), refused: make(map[id]error), settled: make(map[id]time.Time), running: make(map[string]int), work: make(map[string]int),
	}
}

// write changes the ledger and wakes who waits.
func (l *ledger) write(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// await waits until a condition on the ledger holds; it is called under the lock.
func (l *ledger) await(ctx context.Context, what string, holds func() bool) error {
	for {
		l.mu.Lock()
		if holds() {
			l.mu.Unlock()
			return nil
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		}
	}
}

func (l *ledger) awaitAcked(ctx context.Context, n int) error {
	return l.await(ctx, fmt.Sprint(n, " acknowledged messages"), func() bool { return len(l.acked) >= n })
}

func (l *ledger) awaitProcessed(ctx context.Context, n int) error {
	return l.await(ctx, fmt.Sprint(n, " processed messages"), func() bool { return len(l.completions) >= n })
}

// awaitWork waits until a member has processed n messages more.
func (l *ledger) awaitWork(ctx context.Context, member string, n int) error {
	l.mu.Lock()
	n += l.work[member]
	l.mu.Unlock()
	return l.await(ctx, fmt.Sprint(n, " messages processed by ", member), func() bool { return l.work[member] >= n })
}

func (l *ledger) did(c completion) {
	l.write(func() {
		l.completions = append(l.completions, c)
		l.work[c.by]++
	})
}

func (l *ledger) say(words string) {
	l.write(func() { l.said = append(l.said, words) })
}

// begin notes that a member's handler of a key in a partition begins, and returns what notes its end.
func (l *ledger) begin(member string, e event, partition int32) (end func()) {
	who := fmt.Sprint(member, " ", partition, " ", string(e.key()))
	l.write(func() {
		if l.running[who]++; l.running[who] > 1 {
			l.beside++
		}
	})
	return func() { l.write(func() { l.running[who]-- }) }
}

// progress is a number that grows as long as something gets done.
func (l *ledger) progress() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.completions) + len(l.settled) + len(l.acked)
}
