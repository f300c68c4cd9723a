package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// watching is an observer that writes what it is told of sends into a diary, and adds a header.
func watchingSends(d *diary) kafka.Observer {
	return kafka.Observer{Send: func(_ context.Context, r *kafka.Record) func(kafka.Delivery, error) {
		d.write("send %s, key %q, %d bytes", r.Topic, r.Key, len(r.Raw))
		r.Headers = append(r.Headers, kafka.Header{Key: "trace", Value: []byte("here")})
		r.Raw, r.Key = []byte("spoilt"), nil
		return func(at kafka.Delivery, err error) {
			d.write("sent %s to offset %d: %v", at.Topic, at.Offset, kind(err))
		}
	}}
}

// kind is a word for an error.
func kind(err error) string {
	var invalid *schema.ValidationError
	switch {
	case err == nil:
		return "well"
	case errors.As(err, &invalid):
		return "invalid"
	case errors.Is(err, kafka.ErrOutcomeUnknown):
		return "unknown"
	case errors.Is(err, kafka.ErrDisconnected):
		return "disconnected"
	default:
		return err.Error()
	}
}

// A way is one to send a value; bytes is how many the good one has.
type way struct {
	send  func(context.Context, *kafka.Producer[order], order) error
	bytes int
}

var good, bad = order{ID: "a", Qty: 1}, order{ID: "\xff"}

func waysToSend() map[string]way {
	const all = len(`{"id":"a","qty":1}`)
	return map[string]way{
		"Produce": {func(ctx context.Context, p *kafka.Producer[order], v order) error {
			_, err := p.Produce(ctx, v)
			return err
		}, all},
		"ProduceAll": {func(ctx context.Context, p *kafka.Producer[order], v order) error {
			_, err := p.ProduceAll(ctx, []order{v})
			return err
		}, all},
		"ProduceAsync": {func(ctx context.Context, p *kafka.Producer[order], v order) error {
			done := make(chan error)
			p.ProduceAsync(ctx, v, func(_ kafka.Delivery, err error) { done <- err })
			return <-done
		}, all},
		"ProduceAsync and Flush": {func(ctx context.Context, p *kafka.Producer[order], v order) error {
			p.ProduceAsync(ctx, v, nil)
			return p.Flush(ctx)
		}, all},
		"Tombstone": {func(ctx context.Context, p *kafka.Producer[order], v order) error {
			_, err := p.Tombstone(ctx, []byte(v.ID))
			return err
		}, 0},
	}
}

// Each way to send tells of each message and its outcome, and an observer's headers, but nothing else, go with the message.
func TestObserversSeeSends(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for name, way := range waysToSend() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := c.topic(t, 1)
			d := newDiary()
			p := c.proxy(t, kafka.WithObserver(watchingSends(d)), kafka.WithObserver(kafka.Observer{}))
			if err := way.send(within(t, patience), newProducer(t, p, topic), good); err != nil {
				t.Fatal(err)
			}
			want := []string{fmt.Sprintf("send %s, key \"a\", %d bytes", topic, way.bytes), "sent " + topic + " to offset 0: well"}
			if got := d.await(t, 2); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			consumer := newConsumer(t, c.proxy(t), topic, kafka.AcceptTombstones(), kafka.WithGroup(unique("group")))
			m := retrieve(t, consumer)
			if trace, _ := m.Header("trace"); string(trace) != "here" || string(m.Key) != "a" || len(m.Raw) != way.bytes {
				t.Errorf("received %q, key %q, headers %v", m.Raw, m.Key, m.Headers)
			}
		})
	}
}

// What is not sent is told too: an invalid value, without its bytes, and a producer that is disconnected.
func TestObserversSeeWhatIsNotSent(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for name, way := range waysToSend() {
		if name == "Tombstone" {
			continue // it has no value
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := c.topic(t, 1)
			d := newDiary()
			producer := newProducer(t, c.proxy(t, kafka.WithObserver(watchingSends(d))), topic)
			_ = way.send(within(t, patience), producer, bad)
			if got := d.await(t, 2); !slices.Equal(got, []string{`send ` + topic + `, key "", 0 bytes`, "sent  to offset 0: invalid"}) {
				t.Errorf("got %q", got)
			}
			if name == "ProduceAll" {
				return // it refuses the call as a whole
			}
			if err := producer.Disconnect(within(t, patience)); err != nil {
				t.Fatal(err)
			}
			_ = way.send(within(t, patience), producer, good)
			if got := d.await(t, 4)[3]; got != "sent  to offset 0: disconnected" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// What is given up is told, whoever gives it up, and once.
func TestObserversSeeWhatIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"timer", "disconnect"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			c := newEmbedded(t, "it holds back answers")
			topic := c.topic(t, 1)
			came, thaw := c.freeze(kmsg.Produce)
			t.Cleanup(thaw)
			d := newDiary()
			producer := newProducer(t, c.proxy(t, kafka.WithObserver(watchingSends(d))), topic, kafka.WithDeliveryTimeout(givenUpAfter(by)))
			producer.ProduceAsync(within(t, patience), order{ID: "a"}, nil)
			<-came
			if by == "disconnect" {
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				_ = producer.Disconnect(ctx)
			}
			if got := d.await(t, 2)[1]; got != "sent  to offset 0: unknown" {
				t.Errorf("got %q", got)
			}
			thaw()
			if err := producer.Disconnect(within(t, patience)); err != nil && by == "timer" {
				t.Error(err)
			}
			if got := d.read(); len(got) != 2 {
				t.Errorf("got %q, want nothing after the second", got)
			}
		})
	}
}

func givenUpAfter(by string) time.Duration {
	if by == "timer" {
		return 200 * time.Millisecond
	}
	return time.Minute
}

// watchingReceptions is an observer that writes all but sends into a diary.
func watchingReceptions(d *diary) kafka.Observer {
	return kafka.Observer{
		Receive: func(_ context.Context, r kafka.Reception) {
			d.write("received %d by %s, waited: %t, %s", r.Record.Offset, group(r.Group), !r.Began.IsZero(), kind(r.Err))
		},
		Handle: func(ctx context.Context, h kafka.Handling) (context.Context, func(error)) {
			d.write("handling %d of %s for %s, try %d, batch: %t", len(h.Records), topicWord(h.Topic, h.Records), group(h.Group), h.Attempt, h.Batch)
			return context.WithValue(ctx, marked{}, "by the observer"), func(err error) { d.write("handled: %v", err) }
		},
		Fail: func(_ context.Context, f kafka.Failure) {
			d.write("failed %d of %s: %s after %d", f.Message.Offset, group(f.Group), f.Fate, f.Message.Attempts)
		},
	}
}

type marked struct{}

// group and topicWord are words for names that differ from run to run.
func group(name string) string {
	if strings.HasPrefix(name, "group-") {
		return "the group"
	}
	return "no group"
}

func topicWord(topic string, records []*kafka.Record) string {
	for _, r := range records {
		if r.Topic != topic {
			return "another topic"
		}
	}
	return "the topic"
}

// Retrieve tells of each message that it returns, the invalid ones too.
func TestObserversSeeReceptions(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.write(t, topic, 0, orderBytes(0, 1)[0], []byte(`{"id":7}`))
	d := newDiary()
	p := c.proxy(t, kafka.WithObserver(watchingReceptions(d)))
	consumer := newConsumer(t, p, topic)
	retrieve(t, consumer)
	var bad *kafka.MessageError
	if err := retrieveError(t, consumer); !errors.As(err, &bad) {
		t.Fatal(err)
	}
	want := []string{"received 0 by the group, waited: true, well", "received 1 by the group, waited: true, invalid"}
	if got := d.read(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	expectNothing(t, consumer)
	if got := d.read(); len(got) != 2 {
		t.Errorf("a Retrieve that received nothing was told: %q", got[2:])
	}
}

// A Run tells of each message once, of each call of its handler, which gets the observer's context, and of what has failed for good.
func TestObserversSeeARun(t *testing.T) {
	t.Parallel()
	handle := func(ctx context.Context, m *kafka.Message[order]) error {
		if ctx.Value(marked{}) != "by the observer" {
			return errors.New("the context is not the observer's")
		}
		switch {
		case m.Value.Qty == 1:
			panic("at the order")
		case m.Attempt == 1:
			return errors.New("not yet")
		}
		return nil
	}
	handled := []string{
		"received 0 by the group, waited: false, well",
		"handling 1 of the topic for the group, try 1, batch: false", "handled: not yet",
		"handling 1 of the topic for the group, try 2, batch: false", "handled: <nil>",
		"received 1 by the group, waited: false, well",
		"handling 1 of the topic for the group, try 1, batch: false", "handled: the handler panicked with a string (it is in PanicError.Value)",
		"handling 1 of the topic for the group, try 2, batch: false", "handled: the handler panicked with a string (it is in PanicError.Value)",
	}
	invalid := "received 2 by the group, waited: false, invalid"
	cases := map[string]struct {
		end  func(dead string) []kafka.RunOption
		want []string
	}{
		"dead letters": {
			func(dead string) []kafka.RunOption { return []kafka.RunOption{kafka.DeadLetter(dead)} },
			append(slices.Clone(handled), "failed 1 of the group: dead_lettered after 2", invalid, "failed 2 of the group: dead_lettered after 0"),
		},
		"OnFailure": {
			func(string) []kafka.RunOption {
				return []kafka.RunOption{kafka.OnFailure(func(context.Context, *kafka.MessageError) error { return nil })}
			},
			append(slices.Clone(handled), "failed 1 of the group: settled after 2", invalid, "failed 2 of the group: settled after 0"),
		},
		"neither": {
			func(string) []kafka.RunOption { return nil },
			append(slices.Clone(handled), "failed 1 of the group: ends_run after 2"),
		},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			topic, dead := c.topic(t, 1), c.topic(t, 1)
			c.write(t, topic, 0, append(orderBytes(0, 2), []byte(`{"id":7}`))...)
			d, sends := newDiary(), newDiary()
			p := c.proxy(t, kafka.WithObserver(watchingReceptions(d)), kafka.WithObserver(watchingSends(sends)))
			consumer := newConsumer(t, p, topic)
			r := start(t, consumer, handle, append(one.end(dead), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))...)
			if got := d.await(t, len(one.want)); !slices.Equal(sorted(got), sorted(one.want)) {
				t.Errorf("got %q,\nwant %q", got, one.want)
			}
			if err := r.end(t); (err != nil) != (name == "neither") {
				t.Error(err)
			}
			if name == "dead letters" {
				wantDeadLettersTold(t, c, dead, sends)
			}
		})
	}
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }

// wantDeadLettersTold checks that the sending of two dead letters was told, and that they have no header of an observer's.
func wantDeadLettersTold(t *testing.T, c *cluster, dead string, sends *diary) {
	t.Helper()
	want := []string{"sent " + dead + " to offset 0: well", "sent " + dead + " to offset 1: well"}
	got := slices.DeleteFunc(sends.read(), func(s string) bool { return strings.HasPrefix(s, "send ") })
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	consumer := newConsumer(t, c.proxy(t), dead)
	for range want {
		m, err := consumer.Retrieve(within(t, patience))
		var bad *kafka.MessageError
		rec := &kafka.Record{}
		switch {
		case m != nil:
			rec = &m.Record
		case errors.As(err, &bad):
			rec = &bad.Record
		default:
			t.Fatal(err)
		}
		if _, added := rec.Header("trace"); added {
			t.Errorf("a dead letter has an observer's header: %v", rec.Headers)
		}
	}
}

// A RunBatch tells of each batch, and once of each message of it.
func TestObserversSeeARunBatch(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 3)
	d := newDiary()
	consumer := newConsumer(t, c.proxy(t, kafka.WithObserver(watchingReceptions(d))), topic)
	ctx, stop := context.WithCancel(t.Context())
	handle := func(_ context.Context, batch []*kafka.Message[order]) error {
		if batch[0].Attempt == 1 {
			return &kafka.BatchError{Errs: []error{nil, errors.New("not yet"), nil}}
		}
		return nil
	}
	done := make(chan error, 1)
	go func() {
		done <- consumer.RunBatch(ctx, handle, kafka.BatchSize(3), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	}()
	got := d.await(t, 7)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	want := []string{
		"received 0 by the group, waited: false, well", "received 1 by the group, waited: false, well",
		"received 2 by the group, waited: false, well",
		"handling 3 of the topic for the group, try 1, batch: true", got[4],
		"handling 1 of the topic for the group, try 2, batch: true", "handled: <nil>",
	}
	if !slices.Equal(got, want) || !strings.Contains(got[4], "not yet") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A consumer is told from its first use to its end, with its status, and so is each commit.
func TestObserversSeeConsumersAndCommits(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	d := newDiary()
	var status func() kafka.Status
	p := c.proxy(t, kafka.WithObserver(kafka.Observer{
		Consume: func(s func() kafka.Status) func() {
			status = s
			d.write("consuming %s", s().Topic)
			return func() { d.write("gone, joined: %t", s().Joined) }
		},
		Commit: func(_ context.Context, m kafka.Commit) {
			d.write("committed %v of %s by %s: %v, since now: %t", m.Offsets, m.Topic, group(m.Group), m.Err, time.Since(m.Began) < time.Minute)
		},
	}))
	consumer := newConsumer(t, p, topic)
	unused := newConsumer(t, p, topic)
	expectOrders(t, consumer, 0, 2)
	if s := status(); !s.Joined || len(s.Partitions) != 1 || s.Partitions[0].Position != 2 {
		t.Errorf("the status is %+v", s)
	}
	for _, one := range []*kafka.Consumer[order]{consumer, unused} {
		if err := one.Disconnect(within(t, patience)); err != nil {
			t.Error(err)
		}
	}
	want := []string{"consuming " + topic, "committed map[0:1] of " + topic + " by the group: <nil>, since now: true", "gone, joined: false"}
	if got := d.read(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
