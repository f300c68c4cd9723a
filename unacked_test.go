package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/typedkafka/kafka"
)

func take(t *testing.T, c *kafka.Consumer[order], n int) (got []*kafka.Message[order]) {
	t.Helper()
	for range n {
		got = append(got, retrieve(t, c))
	}
	return got
}

func ack(t *testing.T, all ...*kafka.Message[order]) {
	t.Helper()
	for _, m := range all {
		if err := m.Ack(); err != nil {
			t.Fatalf("acknowledging offset %d: %v", m.Offset, err)
		}
	}
}

func wantTooMany(t *testing.T, c *kafka.Consumer[order], oldest int64) {
	t.Helper()
	err := retrieveError(t, c)
	if !errors.Is(err, kafka.ErrTooManyUnacked) || !strings.Contains(err.Error(), fmt.Sprintf("offset %d of partition 0", oldest)) ||
		!kafka.Temporary(err) {
		t.Fatalf("got %v, want ErrTooManyUnacked that names offset %d", err, oldest)
	}
}

// The bound counts what was handed out since the oldest unacknowledged message, acknowledged or not; reading goes on at half of it.
func TestTooManyUnacknowledged(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 100)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(10))
	got := take(t, consumer, 10)
	wantTooMany(t, consumer, 0)
	ack(t, got[1:]...) // nine of ten, but not the oldest
	wantTooMany(t, consumer, 0)
	ack(t, got[0])
	got = take(t, consumer, 10)
	ack(t, got[:4]...) // six are left, which is more than half
	wantTooMany(t, consumer, 14)
	ack(t, got[4])
	expectOrders(t, consumer, 20, 25)
	wantTooMany(t, consumer, 15)
}

// What was given back is handed out even at the bound, else it could never be acknowledged.
func TestWhatWasGivenBackComesAtTheBound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 4)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(2))
	got := take(t, consumer, 2)
	wantTooMany(t, consumer, 0)
	if err := got[0].Nack(); err != nil {
		t.Fatal(err)
	}
	again := retrieve(t, consumer)
	if again.Offset != 0 {
		t.Fatalf("received offset %d, want 0 again", again.Offset)
	}
	ack(t, again)
	expectOrders(t, consumer, 2, 3)
}

// A Retrieve that waits already learns that the bound was reached meanwhile.
func TestAWaitingRetrieveLearnsOfTheBound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(2))
	errs := make(chan error, 4)
	for range 4 {
		go func() {
			_, err := consumer.Retrieve(within(t, patience))
			errs <- err
		}()
	}
	c.writeOrders(t, topic, 0, 0, 10)
	refused := 0
	for range 4 {
		if err := <-errs; errors.Is(err, kafka.ErrTooManyUnacked) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 2 {
		t.Errorf("%d of 4 calls were refused, want 2", refused)
	}
}

// A partition at its bound holds up no other one, also where all that was polled belongs to it.
func TestOtherPartitionsGoOn(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 6000)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(10))
	stuck := take(t, consumer, 1)
	c.writeOrders(t, topic, 1, 0, 1000)
	for next := 0; next < 1000; {
		m := retrieve(t, consumer)
		if m.Partition == 0 {
			if stuck = append(stuck, m); len(stuck) > 10 {
				t.Fatalf("%d messages of partition 0 were handed out", len(stuck))
			}
			continue
		}
		if m.Value.Qty != next {
			t.Fatalf("received order %d of partition 1, want %d", m.Value.Qty, next)
		}
		next++
		ack(t, m)
	}
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, -1)
	c.wantCommitted(t, topic, 1, 1000)
	ack(t, stuck...)
	if m := retrieve(t, consumer); m.Partition != 0 {
		t.Errorf("received a message of partition %d, want one of 0, whose bound is free", m.Partition)
	}
}

// What is polled and not taken is bounded, in messages and in bytes, however slow the consumer is.
func TestWhatIsPolledIsBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		messages, size int
		records, bytes int // bounds: what is kept, and one more poll
	}{
		{"many small ones", 10_000, 10, 4500, 1 << 20},
		{"large ones", 120, 200 << 10, 1000, 20 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			value := fmt.Appendf(nil, `{"id":"%s","qty":1}`, strings.Repeat("x", test.size))
			values := make([][]byte, test.messages)
			for i := range values {
				values[i] = value
			}
			c.write(t, topic, 0, values...)
			consumer := newConsumer(t, c.proxy(t), topic)
			most := 0
			for range test.messages {
				retrieve(t, consumer)
				records, bytes := kafka.Waiting(consumer)
				most = max(most, records)
				if records > test.records || bytes > test.bytes {
					t.Fatalf("%d messages with %d bytes are polled and not taken", records, bytes)
				}
			}
			if most < 10 {
				t.Errorf("at most %d messages were polled ahead, so this test has shown nothing", most)
			}
		})
	}
}

// Behind a message that is not acknowledged, polling stops for its partition, and goes on once it is.
func TestAPartitionAtItsBoundIsPaused(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.writeOrders(t, topic, 0, 0, 12_000)
	c.writeOrders(t, topic, 1, 0, 6000)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(10))
	var stuck []*kafka.Message[order]
	for others := 0; others < 6000; {
		m := retrieve(t, consumer)
		if m.Partition == 0 {
			stuck = append(stuck, m)
			continue
		}
		ack(t, m)
		others++
	}
	if n, _ := kafka.Waiting(consumer); n > 8500 { // tooMuch, and one more poll
		t.Errorf("%d messages of the partition at its bound were polled", n)
	}
	ack(t, stuck...)
	for next := len(stuck); next < 12_000; next++ {
		m := retrieve(t, consumer)
		if m.Value.Qty != next {
			t.Fatalf("received order %d, want %d", m.Value.Qty, next)
		}
		ack(t, m)
	}
}

// Messages tells of the bound once and waits for an acknowledgement.
func TestARangeWaitsAtTheBound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 30)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(10))
	var held []*kafka.Message[order]
	told := 0
	ctx, cancel := context.WithCancel(within(t, patience))
	defer cancel()
	for m, err := range consumer.Messages(ctx) {
		switch {
		case errors.Is(err, kafka.ErrTooManyUnacked):
			told++
			all := held
			held = nil
			go func() {
				for _, m := range all {
					if err := m.Ack(); err != nil {
						t.Error(err)
					}
				}
			}()
		case err != nil:
			t.Fatal(err)
		default:
			held = append(held, m)
			if m.Value.Qty == 29 {
				cancel()
			}
		}
	}
	if told != 2 || t.Failed() {
		t.Errorf("the bound was told %d times over 30 messages, want 2", told)
	}
}
