package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

var errNever = kafka.Permanent(errors.New("never"))

// deadOffsets are the offsets of the messages that a dead-letter topic has, in order.
func (c *cluster) deadOffsets(t *testing.T, target string, n int) (offsets []string) {
	t.Helper()
	for _, rec := range c.read(t, target, n) {
		offsets = append(offsets, own(rec)["dead-letter-partition"]+"@"+own(rec)["dead-letter-offset"])
	}
	slices.Sort(offsets)
	return offsets
}

// Whatever a message fails by, its dead letter has it as it was, with the reason, and the group goes on behind it.
func TestWhatFailsInARunIsADeadLetter(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	values := append(orderBytes(0, 5), []byte("no JSON"), []byte(`{"id":"a"}`))
	var recs []*kgo.Record
	for i, v := range append(values, nil) {
		recs = append(recs, &kgo.Record{Topic: source, Key: fmt.Append(nil, i), Value: v, Timestamp: time.UnixMilli(time.Now().UnixMilli() - int64(i)),
			Headers: []kgo.RecordHeader{{Key: "i", Value: fmt.Append(nil, i)}}})
	}
	if err := c.client(t).ProduceSync(within(t, patience), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	run := start(t, newConsumer(t, c.proxy(t), source), func(ctx context.Context, m *kafka.Message[order]) error {
		switch m.Value.Qty {
		case 1:
			return errors.New("a plain error")
		case 2:
			return errNever
		case 3:
			panic("with a secret")
		case 4:
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}, kafka.DeadLetter(target), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}), kafka.HandlerTimeout(50*time.Millisecond))
	got := make(map[int64]map[string]string)
	for _, rec := range c.read(t, target, 7) {
		headers := own(rec)
		var i int64
		_, _ = fmt.Sscan(headers["dead-letter-offset"], &i)
		got[i] = headers
		in := recs[i]
		if string(rec.Key) != string(in.Key) || string(rec.Value) != string(in.Value) || (rec.Value == nil) != (in.Value == nil) ||
			!rec.Timestamp.Equal(in.Timestamp) || rec.Headers[0].Key != "i" || string(rec.Headers[0].Value) != string(in.Key) {
			t.Errorf("the dead letter of message %d is %q=%q at %s with %v", i, rec.Key, rec.Value, rec.Timestamp, rec.Headers)
		}
	}
	run.wantEnd(t)
	c.wantCommitted(t, source, 0, 8)
	for i, want := range map[int64]string{
		1: "handler  2 a plain error", 2: "permanent  1 never", 3: "panic  2 ", 4: "timeout  2 ", 5: "decode syntax 0 ", 6: "schema required 0 ", 7: "tombstone  0 ",
	} {
		h := got[i]
		if is := fmt.Sprint(h["dead-letter-kind"], " ", h["dead-letter-rule"], " ", h["dead-letter-attempts"], " ", h["dead-letter-reason"]); !strings.HasPrefix(is, want) {
			t.Errorf("message %d is a dead letter for %q, want %q", i, is, want)
		}
		if h["dead-letter-topic"] != source || h["dead-letter-group"] != c.cfg.Group || strings.Contains(h["dead-letter-reason"], "secret") {
			t.Errorf("message %d: %v", i, h)
		}
	}
}

// A message is not acknowledged while its dead letter is under way.
func TestAMessageIsAcknowledgedAfterItsDeadLetter(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds a broker's answer back")
	source, target := c.topic(t, 1), c.topic(t, 1)
	c.writeOrders(t, source, 0, 0, 3)
	came, thaw := c.freeze(kmsg.Produce)
	t.Cleanup(thaw)
	d := newDiary()
	consumer := newConsumer(t, c.proxy(t), source)
	run := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 1 {
			return errNever
		}
		d.write("%d", m.Value.Qty)
		return nil
	}, kafka.DeadLetter(target))
	<-came
	commit(t, consumer)
	c.wantCommitted(t, source, 0, 1)
	thaw()
	d.await(t, 2)
	run.wantEnd(t)
	c.wantCommitted(t, source, 0, 3)
	if got := c.written(t, target); got != 1 {
		t.Errorf("%d dead letters, want 1", got)
	}
}

// A dead-letter topic that is missing stops the partition of the message and no other, is told in one line, and is all that is
// wrong: once the topic is there, everything goes on.
func TestAMissingDeadLetterTopicStopsOnePartitionUntilItIsThere(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 2), unique("dead")
	c.writeOrders(t, source, 0, 0, 20)
	c.writeOrders(t, source, 1, 100, 150)
	log, logger := newJournal()
	d := newDiary()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), source)
	run := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 5 || m.Value.Qty == 7 {
			return errNever
		}
		d.write("%d@%d", m.Partition, m.Offset)
		return nil
	}, kafka.DeadLetter(target))
	log.await(t, "a dead letter can't be written", target, "partition=0", "unknown topic")
	eventually(t, "the other partition is handled", func() bool {
		n := 0
		for _, entry := range d.read() {
			if strings.HasPrefix(entry, "1@") {
				n++
			}
		}
		return n == 50
	})
	commit(t, consumer)
	c.wantCommitted(t, source, 0, 5)
	c.wantCommitted(t, source, 1, 50)
	if slices.Contains(d.read(), "0@19") {
		t.Error("a partition that stands was handled to its end")
	}
	c.createTopic(t, target, 1)
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), target) })
	d.await(t, 68)
	if got := fmt.Sprint(c.deadOffsets(t, target, 2)); got != "[0@5 0@7]" {
		t.Errorf("the dead letters are of %s", got)
	}
	run.wantEnd(t)
	c.wantCommitted(t, source, 0, 20)
	if n := log.count("a dead letter can't be written"); n != 1 {
		t.Errorf("it was told in %d lines:\n%s", n, log)
	}
}

// A dead letter whose outcome is unknown is written again: twice perhaps, and never not at all.
func TestADeadLetterThatIsNotAnsweredIsWrittenAgain(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds a broker's answer back")
	source, target := c.topic(t, 1), c.topic(t, 1)
	c.writeOrders(t, source, 0, 0, 3)
	came, thaw := c.freeze(kmsg.Produce)
	t.Cleanup(thaw)
	c.cfg.Producer.DeliveryTimeout = time.Second
	log, logger := newJournal()
	d := newDiary()
	run := start(t, newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), source), func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 1 {
			return errNever
		}
		d.write("%d", m.Value.Qty)
		return nil
	}, kafka.DeadLetter(target))
	<-came
	log.await(t, "a dead letter can't be written", "outcome unknown")
	thaw()
	log.await(t, "goes on")
	d.await(t, 2)
	run.wantEnd(t)
	c.wantCommitted(t, source, 0, 3)
	if n := c.written(t, target); n < 1 {
		t.Errorf("%d dead letters", n)
	}
}

// Where a dead letter still can't be written when ctx ends, Run says so, and the next one receives the message.
func TestARunThatEndsBeforeItsDeadLetterSaysSo(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), unique("dead")
	c.writeOrders(t, source, 0, 0, 3)
	log, logger := newJournal()
	p := c.proxy(t, kafka.WithLogger(logger))
	refuse := func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 1 {
			return errNever
		}
		return nil
	}
	consumer := newConsumer(t, p, source)
	run := start(t, consumer, refuse, kafka.DeadLetter(target))
	log.await(t, "a dead letter can't be written")
	err := run.end(t)
	var m *kafka.MessageError
	if !errors.As(err, &m) || m.Offset != 1 {
		t.Errorf("Run returned %v, want the MessageError of offset 1", err)
	}
	wantError(t, err, kafka.ErrUnknownTopic, target)
	disconnect(t, consumer)
	c.wantCommitted(t, source, 0, 1)
	c.createTopic(t, target, 1)
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), target) })
	run = start(t, newConsumer(t, p, source), refuse, kafka.DeadLetter(target))
	if got := fmt.Sprint(c.deadOffsets(t, target, 1)); got != "[0@1]" {
		t.Errorf("the dead letters are of %s", got)
	}
	run.wantEnd(t)
	c.wantCommitted(t, source, 0, 3)
}

// A handler that fails while its proxy disconnects leaves a dead letter all the same, and it is the first one to be written.
func TestADeadLetterIsWrittenWhileTheProxyDisconnects(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	c.writeOrders(t, source, 0, 0, 1)
	p := c.proxy(t)
	inside, fail := make(chan struct{}), make(chan struct{})
	consumer := newConsumer(t, p, source)
	run := start(t, consumer, func(context.Context, *kafka.Message[order]) error {
		close(inside)
		<-fail
		return errNever
	}, kafka.DeadLetter(target))
	<-inside
	disconnected := make(chan error, 1)
	go func() { disconnected <- p.Disconnect(within(t, patience)) }()
	eventually(t, "the proxy refuses new calls", func() bool { return errors.Is(p.Ping(within(t, patience)), kafka.ErrDisconnected) })
	close(fail)
	if err := errors.Join(<-disconnected, run.result(t)); err != nil {
		t.Error(err)
	}
	if got := c.written(t, target); got != 1 {
		t.Errorf("%d dead letters, want 1", got)
	}
	c.wantCommitted(t, source, 0, 1)
}

// A Run lets go of what it wrote its dead letters with, and the proxy is as it was.
func TestARunClosesItsDeadLetters(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	source, target := c.topic(t, 1), c.topic(t, 1)
	c.writeOrders(t, source, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t, n.option()), source)
	run := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error { return errNever }, kafka.DeadLetter(target))
	c.read(t, target, 2)
	run.wantEnd(t)
	disconnect(t, consumer)
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
}

// With neither DeadLetter nor OnFailure Run ends with what failed, and nothing of it is committed.
func TestWithoutDeadLettersRunEndsWithWhatFailed(t *testing.T) {
	t.Parallel()
	for name, poison := range map[string][]byte{"a handler's error": orderBytes(1, 2)[0], "no JSON": []byte("no JSON")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			source := c.topic(t, 1)
			c.write(t, source, 0, orderBytes(0, 1)[0], poison, orderBytes(2, 3)[0])
			consumer := newConsumer(t, c.proxy(t), source)
			err := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
				if m.Value.Qty == 1 {
					return errNever
				}
				return nil
			}).result(t)
			var m *kafka.MessageError
			if !errors.As(err, &m) || m.Offset != 1 || string(m.Raw) != string(poison) {
				t.Errorf("Run returned %v, want the MessageError of offset 1", err)
			}
			disconnect(t, consumer)
			c.wantCommitted(t, source, 0, 1)
		})
	}
}

// Many fail, side by side: each has one dead letter, and the group is at the end.
func TestEveryMessageOfManyThatFailHasADeadLetter(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 3), c.topic(t, 2)
	const n = 300
	for p := range int32(3) {
		keys := make([]string, n/3)
		for i := range keys {
			keys[i] = fmt.Sprint(i % 17)
		}
		c.writeKeyed(t, source, p, keys...)
	}
	run := start(t, newConsumer(t, c.proxy(t), source), func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty%3 > 0 {
			return errNever
		}
		return nil
	}, kafka.DeadLetter(target), kafka.Concurrency(16))
	const dead = 3 * 66
	offsets := c.deadOffsets(t, target, dead)
	if got := len(slices.Compact(offsets)); got != dead {
		t.Errorf("%d messages have dead letters, want %d", got, dead)
	}
	eventually(t, "the group is at the end", func() bool { return c.lag(t, source) == 0 })
	run.wantEnd(t)
	if got := c.written(t, target); got != dead {
		t.Errorf("%d dead letters, want %d", got, dead)
	}
}
