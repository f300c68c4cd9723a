package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// A running is a Run in a goroutine of its own.
type running struct {
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, c *kafka.Consumer[order], h kafka.Handler[order], opts ...kafka.RunOption) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{stop: stop, done: make(chan error, 1)}
	go func() { r.done <- c.Run(ctx, h, opts...) }()
	t.Cleanup(stop)
	return r
}

// end stops the Run and returns its result.
func (r *running) end(t *testing.T) error {
	t.Helper()
	r.stop()
	return r.result(t)
}

// result is the Run's, which has ended, or is to end by itself.
func (r *running) result(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-within(t, patience).Done():
		t.Fatal("Run does not return")
		return nil
	}
}

// wantEnd checks that a Run ends without an error.
func (r *running) wantEnd(t *testing.T) {
	t.Helper()
	if err := r.end(t); err != nil {
		t.Errorf("Run returned %v, want nil", err)
	}
}

// A diary is what handlers have done, in order.
type diary struct {
	mu      sync.Mutex
	entries []string
	more    chan struct{}
}

func newDiary() *diary { return &diary{more: make(chan struct{}, 1)} }

func (d *diary) write(format string, args ...any) {
	d.mu.Lock()
	d.entries = append(d.entries, fmt.Sprintf(format, args...))
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.entries)
}

// await waits for n entries.
func (d *diary) await(t *testing.T, n int) []string {
	t.Helper()
	ctx := within(t, patience)
	for {
		if got := d.read(); len(got) >= n {
			return got
		}
		select {
		case <-d.more:
		case <-ctx.Done():
			t.Fatalf("%d entries, want %d: %q", len(d.read()), n, d.read())
		}
	}
}

// writeKeyed writes orders with keys to a partition: the key's name and a number each.
func (c *cluster) writeKeyed(t *testing.T, topic string, partition int32, keys ...string) {
	t.Helper()
	recs := make([]*kgo.Record, len(keys))
	for i, k := range keys {
		recs[i] = &kgo.Record{Topic: topic, Partition: partition, Key: []byte(k), Value: orderBytes(i, i+1)[0]}
	}
	if err := c.client(t).ProduceSync(within(t, patience), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}
