package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// Whatever a message is made of, it is a MessageError with its bytes and position, and the next one follows.
func TestInvalidMessagesAreToldAndTheNextFollows(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	const secret = "s3cr3t-value"
	invalid := []struct {
		name  string
		value string
	}{
		{"no JSON", secret},
		{"empty", ""},
		{"a duplicate name", `{"id":"` + secret + `","id":"b","qty":1}`},
		{"a duplicate name by escapes", `{"id":"a","\u0069d":"` + secret + `","qty":1}`},
		{"trailing data", `{"id":"a","qty":1} "` + secret + `"`},
		{"an exponent", `{"id":"a","qty":1e1000001}`},
		{"100,000 brackets", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)},
		{"100,000 brackets inside", `{"id":"a","qty":1,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`},
		{"invalid UTF-8", "{\"id\":\"" + secret + "\xff\",\"qty\":1}"},
		{"a lone surrogate", `{"id":"\ud800","qty":1}`},
		{"a property of another type", `{"id":"a","qty":"` + secret + `"}`},
		{"a property is missing", `{"id":"` + secret + `"}`},
		{"a name in another case", `{"ID":"` + secret + `","qty":1}`},
		{"an array", `["` + secret + `"]`},
		{"null as text", `null`},
		{"a number that does not fit", `{"id":"a","qty":9223372036854775808}`},
		{"a byte order mark", "\ufeff{\"id\":\"a\",\"qty\":1}"},
	}
	var values [][]byte
	for i, v := range invalid {
		values = append(values, []byte(v.value), orderBytes(i, i+1)[0])
	}
	c.write(t, topic, 0, values...)
	consumer := newConsumer(t, c.proxy(t), topic)
	for i, v := range invalid {
		err := retrieveError(t, consumer)
		var bad *kafka.MessageError
		var faults *schema.ValidationError
		switch {
		case !errors.As(err, &bad):
			t.Fatalf("%s: got %v, want a MessageError", v.name, err)
		case bad.Topic != topic || bad.Partition != 0 || bad.Offset != int64(2*i) || bad.Attempts != 0 || !bytes.Equal(bad.Raw, []byte(v.value)):
			t.Errorf("%s: the error is of %s[%d]@%d, with %d bytes", v.name, bad.Topic, bad.Partition, bad.Offset, len(bad.Raw))
		case !errors.As(err, &faults) || len(faults.Faults) == 0:
			t.Errorf("%s: %v has no faults", v.name, err)
		case strings.Contains(err.Error(), secret):
			t.Errorf("%s: the error shows the payload: %v", v.name, err)
		case kafka.Temporary(err):
			t.Errorf("%s: waiting does not heal it", v.name)
		case len(err.Error()) > 2000:
			t.Errorf("%s: the error has %d bytes", v.name, len(err.Error()))
		}
		if m := retrieve(t, consumer); m.Value.Qty != i {
			t.Fatalf("%s is followed by order %d, want %d", v.name, m.Value.Qty, i)
		}
	}
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, int64(2*len(invalid)-1)) // the errors, too, are acknowledged by the next call
}

// A value that is larger than the setting allows is told with the setting's name.
func TestAMessageBeyondTheSizeLimitIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, fmt.Appendf(nil, `{"id":"%s","qty":1}`, strings.Repeat("x", 2000)), orderBytes(1, 2)[0])
	c.cfg.Consumer.MaxMessageBytes = 1000
	consumer := newConsumer(t, c.proxy(t), topic)
	var bad *kafka.MessageError
	if err := retrieveError(t, consumer); !errors.As(err, &bad) || !contains(err, "consumer.max_message_bytes") || len(bad.Raw) < 2000 {
		t.Errorf("got %v, want a MessageError that names consumer.max_message_bytes", err)
	}
	expectOrders(t, consumer, 1, 2)
}

func TestTombstones(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	rec := &kgo.Record{Topic: topic, Key: []byte("k")}
	if err := c.client(t).ProduceSync(within(t, patience), rec).FirstErr(); err != nil {
		t.Fatal(err)
	}
	c.writeOrders(t, topic, 0, 1, 2)
	strict := newConsumer(t, c.proxy(t), topic, kafka.WithGroup(unique("group")))
	var bad *kafka.MessageError
	if err := retrieveError(t, strict); !errors.As(err, &bad) || bad.Raw != nil || string(bad.Key) != "k" || !contains(err, "AcceptTombstones") {
		t.Errorf("got %v, want a MessageError that names AcceptTombstones", err)
	}
	expectOrders(t, strict, 1, 2)
	open := newConsumer(t, c.proxy(t), topic, kafka.AcceptTombstones())
	if m := retrieve(t, open); m.Raw != nil || m.Value != (order{}) || string(m.Key) != "k" {
		t.Errorf("received %+v, want a zero value and no bytes", m)
	}
	expectOrders(t, open, 1, 2)
}

// A batch that decompresses to more than the limit is one MessageError with its range, and its partition goes on behind it.
func TestABatchThatDecompressesToTooMuch(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	bomb := c.client(t, kgo.ProducerBatchCompression(kgo.GzipCompression()), kgo.ProducerLinger(50*time.Millisecond))
	send(t, bomb, topic, 0, bytes.Repeat([]byte("x"), 200<<10), bytes.Repeat([]byte("x"), 200<<10), bytes.Repeat([]byte("x"), 200<<10))
	c.writeOrders(t, topic, 0, 5, 8)
	c.cfg.Consumer.MaxDecompressedBytes = 100 << 10
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 2)
	var bad *kafka.MessageError
	err := retrieveError(t, consumer)
	if !errors.As(err, &bad) || bad.Topic != topic || bad.Offset != 2 || !contains(err, "offsets 2 to 4") ||
		!contains(err, "consumer.max_decompressed_bytes") {
		t.Fatalf("got %v, want a MessageError of offsets 2 to 4 that names consumer.max_decompressed_bytes", err)
	}
	if err := bad.Nack(); err != nil { // it is given back as a message is
		t.Fatal(err)
	}
	if err := retrieveError(t, consumer); !errors.As(err, &bad) || bad.Offset != 2 || !contains(err, "offsets 2 to 4") {
		t.Fatalf("got %v, want the same again", err)
	}
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 2)
	expectOrders(t, consumer, 5, 8)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 7)
}

// What retention takes from under a running consumer is told once.
func TestLossWhileRunningIsToldOnce(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real broker can't be made to hold a fetch back until its messages are gone")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 10)
	came, thaw := c.freeze(kmsg.Fetch)
	t.Cleanup(thaw)
	<-came
	c.writeOrders(t, topic, 0, 10, 80)
	c.deleteBefore(t, topic, 60)
	thaw()
	wantLoss(t, retrieveError(t, consumer), "offsets 10 to 59 of partition 0", "going on at 60")
	expectOrders(t, consumer, 60, 80)
}

// Messages yields what Retrieve gives, errors too; break acknowledges nothing, and the message comes again.
func TestABrokenRangeAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	values := orderBytes(0, 6)
	values[2], values[4] = []byte("no JSON"), []byte("nor this")
	c.write(t, topic, 0, values...)
	consumer := newConsumer(t, c.proxy(t), topic)
	ctx := within(t, patience)
	until := func(last int64) (offsets []int64) {
		var bad *kafka.MessageError
		for m, err := range consumer.Messages(ctx) {
			switch {
			case errors.As(err, &bad) && m == nil:
				offsets = append(offsets, bad.Offset)
			case err != nil:
				t.Fatal(err)
			default:
				offsets = append(offsets, m.Offset)
			}
			if offsets[len(offsets)-1] == last {
				break
			}
		}
		return offsets
	}
	for _, test := range []struct {
		last int64
		want string
	}{{1, "[0 1]"}, {1, "[1]"}, {2, "[1 2]"}, {4, "[2 3 4]"}, {4, "[4]"}, {5, "[4 5]"}, {5, "[5]"}} {
		if got := fmt.Sprint(until(test.last)); got != test.want {
			t.Fatalf("a range that broke off at %d received %s, want %s", test.last, got, test.want)
		}
		commit(t, consumer)
		want := test.last // what came before the break, and not what it broke off at
		if want == 0 {
			want = -1
		}
		c.wantCommitted(t, topic, 0, want)
	}
}

// A message that was acknowledged by hand before the break does not come again.
func TestABrokenRangeGivesBackOnlyWhatIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	for m, err := range consumer.Messages(within(t, patience)) {
		if err != nil {
			t.Fatal(err)
		}
		ack(t, m)
		break
	}
	expectOrders(t, consumer, 1, 2)
}

// The end of ctx and Disconnect end a range without an error; the message whose handling ctx ended comes again.
func TestARangeEndsWithoutAnError(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"ctx", "Disconnect"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 2)
			consumer := newConsumer(t, c.proxy(t), topic)
			ctx, cancel := context.WithCancel(within(t, patience))
			defer cancel()
			received := 0
			for m, err := range consumer.Messages(ctx) {
				if err != nil {
					t.Fatalf("yielded %v", err)
				}
				if received++; m.Value.Qty < 1 {
					continue
				}
				if by == "ctx" {
					cancel()
				} else {
					disconnect(t, consumer)
				}
			}
			disconnect(t, consumer)
			if received != 2 {
				t.Errorf("received %d messages", received)
			}
			c.wantCommitted(t, topic, 0, 1)
		})
	}
}

// What Retrieve tells at the moment when ctx ends is yielded all the same: it is told once.
func TestARangeSwallowsNothingAtItsEnd(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, orderBytes(0, 1)[0], []byte("no JSON"))
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 1)
	ctx := &endsWhenAsked{Context: within(t, patience), done: make(chan struct{}), after: 1}
	yielded := 0
	for _, err := range consumer.Messages(ctx) {
		var bad *kafka.MessageError
		if yielded++; !errors.As(err, &bad) {
			t.Errorf("yielded %v, want the MessageError", err)
		}
	}
	if yielded != 1 {
		t.Errorf("the range yielded %d times, want once", yielded)
	}
}

// endsWhenAsked is a context that has ended from the second question on: Retrieve asks once before it takes a message.
type endsWhenAsked struct {
	context.Context
	done  chan struct{}
	after int
}

func (c *endsWhenAsked) Done() <-chan struct{} { return c.done }

func (c *endsWhenAsked) Err() error {
	if c.after > 0 {
		c.after--
		return nil
	}
	return context.Canceled
}
