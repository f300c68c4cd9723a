package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

func TestTheNextRetrieveAcknowledges(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)

	retrieve(t, consumer)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, -1) // it was fetched, and handed out, and nothing else
	retrieve(t, consumer)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 1)
	retrieve(t, consumer)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 2)
}

func TestAMessageIsItsRecord(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	stamp := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	raw := []byte(`{"id":"a", "qty":7}`)
	rec := &kgo.Record{
		Topic: topic, Partition: 1, Key: []byte{0, 255}, Value: raw, Timestamp: stamp,
		Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("1")}, {Key: "h", Value: nil}, {Key: "i", Value: []byte{}}},
	}
	if err := c.client(t).ProduceSync(within(t, patience), rec).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m := retrieve(t, newConsumer(t, c.proxy(t), topic))
	if m.Value != (order{ID: "a", Qty: 7}) || m.Topic != topic || m.Partition != 1 || m.Offset != 0 || !m.Timestamp.Equal(stamp) {
		t.Errorf("received %+v", m)
	}
	if !bytes.Equal(m.Key, rec.Key) || !bytes.Equal(m.Raw, raw) {
		t.Errorf("key %v and bytes %q, want %v and %q", m.Key, m.Raw, rec.Key, raw)
	}
	if len(m.Headers) != 3 || string(m.Headers[0].Value) != "1" || m.Headers[1].Value != nil || m.Headers[2].Value == nil {
		t.Errorf("headers %+v", m.Headers)
	}
	if v, ok := m.Header("h"); v != nil || !ok {
		t.Errorf("the last header h is %v, %v, want nil and true", v, ok)
	}
	if cap(m.Raw) != len(m.Raw) || cap(m.Key) != len(m.Key) {
		t.Error("appending to a slice of the record reaches beyond it")
	}
}

// A handler that failed because its ctx ended must not be acknowledged by the loop's last call.
func TestARetrieveWithADoneContextAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	retrieve(t, consumer)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if m, err := consumer.Retrieve(done); m != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("a done ctx got %v, %v", m, err)
	}
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, -1)
	disconnect(t, consumer)
	c.wantCommitted(t, topic, 0, -1)
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 0, 2)
}

// Contexts end at random moments while messages come in: each message is received once and in order.
func TestARetrieveThatEndsByItsContextHasTakenNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	const n = 300
	go func() {
		cl := c.client(t)
		for i := range n {
			rec := &kgo.Record{Topic: topic, Value: orderBytes(i, i+1)[0]}
			if err := cl.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	ended := 0
	for next := 0; next < n; {
		ctx, cancel := context.WithTimeout(t.Context(), rand.N(400*time.Microsecond))
		m, err := consumer.Retrieve(ctx)
		cancel()
		switch {
		case err == nil && m.Value.Qty != next:
			t.Fatalf("received order %d after %d ended contexts, want %d", m.Value.Qty, ended, next)
		case err == nil:
			next++
		case errors.Is(err, context.DeadlineExceeded) && m == nil:
			ended++
		default:
			t.Fatal(err)
		}
	}
	if ended == 0 {
		t.Error("no context ended, so this test has shown nothing")
	}
}

func TestNackHandsOutAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, append([][]byte{[]byte("no JSON")}, orderBytes(1, 4)...)...)
	consumer := newConsumer(t, c.proxy(t), topic)

	var bad *kafka.MessageError
	for range 2 {
		if err := retrieveError(t, consumer); !errors.As(err, &bad) || bad.Offset != 0 || string(bad.Raw) != "no JSON" {
			t.Fatalf("got %v, want the MessageError of offset 0", err)
		}
		if err := bad.Nack(); err != nil {
			t.Fatal(err)
		}
	}
	if err := retrieveError(t, consumer); !errors.As(err, &bad) || bad.Offset != 0 {
		t.Fatalf("got %v, want offset 0 again", err)
	}
	m := retrieve(t, consumer)
	copied := m.Record // copies settle the same message
	for range 2 {      // giving back twice gives back once
		if err := copied.Nack(); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 1) // and not what was given back
	again := retrieve(t, consumer)
	if again.Offset != 1 || !bytes.Equal(again.Raw, m.Raw) {
		t.Fatalf("received %s at offset %d again, want %s", again.Raw, again.Offset, m.Raw)
	}
	expectOrders(t, consumer, 2, 4)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 3)
}

func TestNackAfterAckDoesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	m := retrieve(t, consumer)
	for range 2 { // idempotent
		if err := m.Ack(); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Nack(); err != nil {
		t.Fatal(err)
	}
	expectOrders(t, consumer, 1, 2)
	literal := &kafka.Message[order]{Value: order{ID: "a"}}
	if err := errors.Join(literal.Ack(), literal.Nack()); err != nil {
		t.Errorf("a literal's Ack and Nack: %v", err)
	}
}

func TestASecondGoroutineInRetrieveGetsAClearError(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	retrieve(t, consumer)
	ctx, cancel := context.WithCancel(within(t, patience))
	defer cancel()
	ends := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := consumer.Retrieve(ctx)
			ends <- err
		}()
	}
	second := <-ends // the other one waits for a message that never comes
	if second == nil || !strings.Contains(second.Error(), "another goroutine") || !strings.Contains(second.Error(), "ManualAck") ||
		kafka.Temporary(second) {
		t.Errorf("the second goroutine got %v, want an error that says why and what to do", second)
	}
	cancel()
	if first := <-ends; !errors.Is(first, context.Canceled) {
		t.Errorf("the first goroutine got %v, want the end of its ctx", first)
	}
}

// Any number of goroutines, each acknowledges its own, in any order, MessageErrors too: everything is received once, and committed.
func TestManualAckFromManyGoroutines(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	const perPartition = 400
	for p := range int32(3) {
		values := orderBytes(0, perPartition)
		values[perPartition/2] = []byte("no JSON")
		c.write(t, topic, p, values...)
	}
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	type place struct {
		partition int32
		offset    int64
	}
	var mu sync.Mutex
	seen := make(map[place]int)
	ctx, cancel := context.WithCancel(within(t, patience))
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var mine []*kafka.Record
			settle := func() {
				rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
				for _, r := range mine {
					if err := r.Ack(); err != nil {
						t.Error(err)
					}
				}
				mine = nil
			}
			defer settle()
			for {
				m, err := consumer.Retrieve(ctx)
				var rec *kafka.Record
				var bad *kafka.MessageError
				switch {
				case err == nil:
					rec = &m.Record
				case errors.As(err, &bad):
					rec = &bad.Record
				case errors.Is(err, context.Canceled):
					return
				default:
					t.Error(err)
					return
				}
				mu.Lock()
				seen[place{rec.Partition, rec.Offset}]++
				if len(seen) == 3*perPartition {
					cancel()
				}
				mu.Unlock()
				if mine = append(mine, rec); len(mine) == 17 {
					settle()
				}
			}
		})
	}
	wg.Wait()
	for at, n := range seen {
		if n != 1 {
			t.Errorf("offset %d of partition %d was received %d times", at.offset, at.partition, n)
		}
	}
	commit(t, consumer)
	for p := range int32(3) {
		c.wantCommitted(t, topic, p, perPartition)
	}
}

// With ManualAck a Retrieve acknowledges nothing.
func TestManualAckAloneAcknowledges(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 4)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	var got []*kafka.Message[order]
	for range 4 {
		got = append(got, retrieve(t, consumer))
	}
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, -1)
	for _, step := range []struct {
		offset int
		want   int64
	}{{2, -1}, {0, 1}, {3, 1}, {1, 4}} {
		if err := got[step.offset].Ack(); err != nil {
			t.Fatal(err)
		}
		commit(t, consumer)
		c.wantCommitted(t, topic, 0, step.want) // the prefix, and nothing past it
	}
}

func TestTheNextRetrieveOfAnErrorAcknowledgesIt(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, append([][]byte{[]byte("[")}, orderBytes(1, 2)...)...)
	consumer := newConsumer(t, c.proxy(t), topic)
	var bad *kafka.MessageError
	if err := retrieveError(t, consumer); !errors.As(err, &bad) {
		t.Fatal(err)
	}
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, -1)
	expectOrders(t, consumer, 1, 2)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 1)
}
