package kafka_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// patience is a generous bound for a test that waits for messages; no test depends on it being used up.
const patience = 30 * time.Second

// client is a plain franz-go client of the cluster, which sends what a Producer would refuse.
func (c *cluster) client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.cfg.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// write writes values to a partition, in order.
func (c *cluster) write(t *testing.T, topic string, partition int32, values ...[]byte) {
	t.Helper()
	send(t, c.client(t), topic, partition, values...)
}

func send(t *testing.T, cl *kgo.Client, topic string, partition int32, values ...[]byte) {
	t.Helper()
	recs := make([]*kgo.Record, len(values))
	for i, v := range values {
		recs[i] = &kgo.Record{Topic: topic, Partition: partition, Value: v}
	}
	if err := cl.ProduceSync(within(t, patience), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// writeOrders writes the orders from, from+1, … to-1 to a partition.
func (c *cluster) writeOrders(t *testing.T, topic string, partition int32, from, to int) {
	t.Helper()
	c.write(t, topic, partition, orderBytes(from, to)...)
}

func orderBytes(from, to int) (values [][]byte) {
	for i := from; i < to; i++ {
		raw, _ := json.Marshal(order{ID: "a", Qty: i})
		values = append(values, raw)
	}
	return values
}

// retrieve returns the next message, of a consumer that has one.
func retrieve(t *testing.T, c *kafka.Consumer[order]) *kafka.Message[order] {
	t.Helper()
	m, err := c.Retrieve(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// retrieveError returns the next error, of a consumer that has one.
func retrieveError(t *testing.T, c *kafka.Consumer[order]) error {
	t.Helper()
	m, err := c.Retrieve(within(t, patience))
	if err == nil {
		t.Fatalf("received %+v, want an error", m.Value)
	}
	return err
}

// expectOrders receives the orders from, from+1, … to-1, in order.
func expectOrders(t *testing.T, c *kafka.Consumer[order], from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if m := retrieve(t, c); m.Value.Qty != i {
			t.Fatalf("received order %d at offset %d of partition %d, want order %d", m.Value.Qty, m.Offset, m.Partition, i)
		}
	}
}

// expectNothing checks that nothing more is there to receive: nothing that was written before the call.
func expectNothing(t *testing.T, c *kafka.Consumer[order]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if m, err := c.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("received %v, %v, want nothing", m, err)
	}
}

func commit(t *testing.T, c *kafka.Consumer[order]) {
	t.Helper()
	if err := c.Commit(within(t, patience)); err != nil {
		t.Fatal(err)
	}
}

func disconnect(t *testing.T, c interface {
	Disconnect(ctx context.Context) error
},
) {
	t.Helper()
	if err := c.Disconnect(within(t, patience)); err != nil {
		t.Fatal(err)
	}
}

func contains(err error, word string) bool { return strings.Contains(err.Error(), word) }

// wantCommitted checks what the group has committed.
func (c *cluster) wantCommitted(t *testing.T, topic string, partition int32, want int64) {
	t.Helper()
	if got := c.committed(t, c.cfg.Group, topic, partition); got != want {
		t.Errorf("the group's offset in partition %d is %d, want %d", partition, got, want)
	}
}

// A journal is a log that a test can wait for.
type journal struct {
	mu    sync.Mutex
	text  bytes.Buffer
	lines chan struct{}
}

func newJournal() (*journal, *slog.Logger) {
	j := &journal{lines: make(chan struct{}, 1)}
	return j, slog.New(slog.NewTextHandler(j, nil))
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case j.lines <- struct{}{}:
	default:
	}
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// count is how many lines hold all of the words.
func (j *journal) count(words ...string) (n int) {
	for line := range strings.Lines(j.String()) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			n++
		}
	}
	return n
}

// await waits until a line holds all of the words.
func (j *journal) await(t *testing.T, words ...string) {
	t.Helper()
	ctx := within(t, patience)
	for j.count(words...) == 0 {
		select {
		case <-j.lines:
		case <-ctx.Done():
			t.Fatalf("no line of the log holds %q:\n%s", words, j)
		}
	}
}
