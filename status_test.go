package kafka_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// statusOf is the status of one partition that is assigned.
func statusOf(t *testing.T, c *kafka.Consumer[order], partition int32) kafka.PartitionStatus {
	t.Helper()
	all := c.Status().Partitions
	for _, p := range all {
		if p.Partition == partition {
			return p
		}
	}
	t.Fatalf("partition %d is not in the status: %+v", partition, all)
	return kafka.PartitionStatus{}
}

// awaitStatus waits until the status of partition 0 is as it should be.
func awaitStatus(t *testing.T, c *kafka.Consumer[order], what string, is func(kafka.PartitionStatus) bool) {
	t.Helper()
	var last kafka.Status
	defer func() {
		if t.Failed() {
			t.Logf("%+v", last)
		}
	}()
	eventually(t, what, func() bool {
		last = c.Status()
		return len(last.Partitions) > 0 && is(last.Partitions[0])
	})
}

// A status follows what is handed out, acknowledged, given back and committed.
func TestStatusFollowsAPartition(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	c.cfg.Consumer.CommitInterval = time.Hour
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	got := take(t, consumer, 4)
	size := len(got[3].Raw)
	check := func(position, committed, lag int64, inFlight int) {
		t.Helper()
		awaitStatus(t, consumer, "the end is known", func(p kafka.PartitionStatus) bool { return p.End == 10 })
		want := kafka.PartitionStatus{
			Position: position, Committed: committed, End: 10, Lag: lag, InFlight: inFlight, InFlightBytes: inFlight * size,
		}
		if p := statusOf(t, consumer, 0); p != want {
			t.Errorf("the status is %+v, want %+v", p, want)
		}
	}
	check(4, -1, 6, 4) // where nothing is committed, the lag is what is left to hand out
	ack(t, got[0], got[2])
	check(4, -1, 6, 2)
	commit(t, consumer)
	check(4, 1, 9, 2)
	if err := got[3].Nack(); err != nil {
		t.Fatal(err)
	}
	check(4, 1, 9, 1)
	if err := got[3].Nack(); err != nil {
		t.Fatal(err)
	}
	ack(t, got[3], got[1]) // what was given back may be acknowledged all the same
	check(4, 1, 9, 0)
	ack(t, take(t, consumer, 6)...)
	commit(t, consumer)
	check(10, 10, 0, 0)
	if s := consumer.Status(); !s.Joined || s.Topic != topic || s.Group != c.cfg.Group || s.LastError != "" {
		t.Errorf("the status is %+v", s)
	}
}

// A status does no I/O: a consumer that was never used has not joined and connects to nothing; one that is disconnected has left.
func TestStatusBeforeAndAfterTheConnection(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	var n network
	consumer := newConsumer(t, c.proxy(t, n.option()), topic)
	if s := consumer.Status(); s.Joined || len(s.Partitions) > 0 || s.Partitions == nil || s.LastError != "" {
		t.Errorf("before the first Retrieve: %+v", s)
	}
	if dials := n.dials.Load(); dials > 0 {
		t.Errorf("the status dialled %d times", dials)
	}
	expectNothing(t, consumer)
	eventually(t, "it has joined, and its partitions are in order", func() bool {
		s := consumer.Status()
		return s.Joined && len(s.Partitions) == 2 && s.Partitions[0].Partition == 0 && s.Partitions[1].Partition == 1
	})
	disconnect(t, consumer)
	if s := consumer.Status(); s.Joined || len(s.Partitions) > 0 {
		t.Errorf("after Disconnect: %+v", s)
	}
	for _, none := range []*kafka.Consumer[order]{nil, {}} {
		if s := none.Status(); s.Joined || s.Topic != "" {
			t.Errorf("a consumer that was not made: %+v", s)
		}
	}
}

// A member for whom no partition is left has joined.
func TestAMemberWithoutPartitionsHasJoined(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.cfg = quickly(c.cfg)
	var all []*kafka.Consumer[order]
	for range 2 {
		consumer := newConsumer(t, c.proxy(t), topic)
		_, stop := inBackground(t, consumer)
		defer stop()
		all = append(all, consumer)
	}
	eventually(t, "both have joined, one without a partition", func() bool {
		a, b := all[0].Status(), all[1].Status()
		return a.Joined && b.Joined && len(a.Partitions)+len(b.Partitions) == 1
	})
}

// A member that was thrown out has not joined until it is back.
func TestAMemberThatWasThrownOutHasNotJoined(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	retrieve(t, consumer)
	_, thaw := c.freeze(kmsg.JoinGroup)
	defer thaw()
	c.throwOut(1)
	eventually(t, "it is out", func() bool { s := consumer.Status(); return !s.Joined && len(s.Partitions) == 0 })
	thaw()
	_, stop := inBackground(t, consumer)
	defer stop()
	eventually(t, "it is back", func() bool { s := consumer.Status(); return s.Joined && len(s.Partitions) == 1 })
}

// The end of the log is known although nothing is fetched.
func TestStatusTellsTheLagOfWhatIsNotFetched(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 2)
	consumer.Pause()
	c.writeOrders(t, topic, 0, 2, 9)
	awaitStatus(t, consumer, "the lag grows", func(p kafka.PartitionStatus) bool { return p.End == 9 && p.Lag >= 7 && p.Position == 2 })
}

// At the bound of unacknowledged messages the status says so, since when and which message is the oldest.
func TestStatusNamesTheBound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	consumer := newConsumer(t, c.proxy(t), topic, kafka.ManualAck(), kafka.WithMaxUnacked(3))
	begun := time.Now()
	got := take(t, consumer, 2)
	if p := statusOf(t, consumer, 0); p.Stalled != "" || !p.StalledSince.IsZero() {
		t.Errorf("below the bound: %+v", p)
	}
	got = append(got, retrieve(t, consumer))
	p := statusOf(t, consumer, 0)
	if !strings.Contains(p.Stalled, "3 messages") || !strings.Contains(p.Stalled, "offset 0") ||
		p.StalledSince.Before(begun) || p.StalledSince.After(time.Now()) {
		t.Errorf("at the bound: %+v", p)
	}
	ack(t, got...)
	if p := statusOf(t, consumer, 0); p.Stalled != "" || !p.StalledSince.IsZero() {
		t.Errorf("after it: %+v", p)
	}
}

// A dead letter that can't be written stops its partition: the status says so, with the cause, until it is written.
func TestStatusNamesADeadLetterThatCantBeWritten(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic, dead := c.topic(t, 1), unique("dead")
	c.writeOrders(t, topic, 0, 0, 3)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := start(t, consumer, func(_ context.Context, m *kafka.Message[order]) error {
		if m.Value.Qty == 0 {
			return kafka.Permanent(errors.New("no"))
		}
		d.write("%d", m.Value.Qty)
		return nil
	}, kafka.DeadLetter(dead))
	awaitStatus(t, consumer, "it is stalled", func(p kafka.PartitionStatus) bool {
		return strings.Contains(p.Stalled, "dead letter") && strings.Contains(p.Stalled, dead) && !p.StalledSince.IsZero()
	})
	c.createTopic(t, dead, 1)
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), dead) })
	d.await(t, 2)
	awaitStatus(t, consumer, "it goes on", func(p kafka.PartitionStatus) bool { return p.Stalled == "" && p.StalledSince.IsZero() })
	r.wantEnd(t)
}

// A transaction that is left open keeps everything after it from being read: the status says so, and not in read_uncommitted, where it
// keeps nothing. What ends it ends the stall, and the lag.
func TestStatusNamesATransactionThatHangs(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 2)
	hanging := c.client(t, kgo.TransactionalID(unique("tx")), kgo.TransactionTimeout(time.Minute))
	if err := hanging.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	send(t, hanging, topic, 0, orderBytes(100, 101)...)
	c.writeOrders(t, topic, 0, 2, 4)
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 2)
	_, stop := inBackground(t, consumer)
	defer stop()
	awaitStatus(t, consumer, "it is stalled", func(p kafka.PartitionStatus) bool {
		return p.End == 2 && strings.Contains(p.Stalled, "transaction") && strings.Contains(p.Stalled, "offset 2") &&
			strings.Contains(p.Stalled, "offset 5") && time.Since(p.StalledSince) > time.Second
	})
	c.cfg.Consumer.Isolation = "read_uncommitted"
	c.cfg.Group = unique("group")
	reckless := newConsumer(t, c.proxy(t), topic)
	take(t, reckless, 5)
	if p := statusOf(t, reckless, 0); p.End != 5 || p.Stalled != "" {
		t.Errorf("in read_uncommitted: %+v", p)
	}
	if err := hanging.EndTransaction(within(t, patience), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, consumer, "it goes on", func(p kafka.PartitionStatus) bool { return p.Stalled == "" && p.End == 6 && p.Position == 6 })
}

// A broker that is lost is no error of Retrieve: the status shows it, with its address and time, until it is back.
func TestStatusShowsALostBroker(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	var n network
	consumer := newConsumer(t, c.proxy(t, n.option()), topic)
	expectOrders(t, consumer, 0, 1)
	begun := time.Now()
	n.setCut(true)
	eventually(t, "the status shows it", func() bool {
		s := consumer.Status()
		return strings.Contains(s.LastError, "broker ") && strings.Contains(s.LastError, "refused") && s.LastErrorAt.After(begun)
	})
	n.setCut(false)
	_, stop := inBackground(t, consumer)
	defer stop()
	eventually(t, "the connection has healed", func() bool { return !strings.Contains(consumer.Status().LastError, "broker ") })
}

// A failed opening, a lost message and a refused commit are in the status.
func TestStatusShowsTheLastError(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	consumer := newConsumer(t, c.proxy(t), unique("missing"))
	if err := retrieveError(t, consumer); !errors.Is(err, kafka.ErrUnknownTopic) {
		t.Fatal(err)
	}
	if s := consumer.Status(); !strings.Contains(s.LastError, "unknown topic") || time.Since(s.LastErrorAt) > patience || s.Joined {
		t.Errorf("after a failed opening: %+v", s)
	}
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	c.deleteBefore(t, topic, 3)
	c.commitAs(t, topic, committedAt(1))
	lossy := newConsumer(t, c.proxy(t), topic)
	wantLoss(t, retrieveError(t, lossy))
	expectOrders(t, lossy, 3, 5)
	if s := lossy.Status(); !strings.Contains(s.LastError, "messages were lost") || s.LastErrorAt.IsZero() {
		t.Errorf("after a loss: %+v", s)
	}
}

// A status is plain JSON.
func TestAStatusIsPlainJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, s := range map[string]kafka.Status{
		`{"topic":"orders","joined":false,"partitions":[]}`: {Topic: "orders", Partitions: []kafka.PartitionStatus{}},
		`{"topic":"orders","group":"billing","joined":true,"partitions":[{"partition":3,"position":9,"committed":5,"end":10,"lag":5,` +
			`"in_flight":4,"in_flight_bytes":80,"paused":true,"stalled":"why","stalled_since":"2026-01-02T03:04:05Z"}],` +
			`"last_error":"what","last_error_at":"2026-01-02T03:04:05Z"}`: {
			Topic: "orders", Group: "billing", Joined: true, LastError: "what", LastErrorAt: at,
			Partitions: []kafka.PartitionStatus{{
				Partition: 3, Position: 9, Committed: 5, End: 10, Lag: 5, InFlight: 4, InFlightBytes: 80, Paused: true,
				Stalled: "why", StalledSince: at,
			}},
		},
	} {
		got, err := json.Marshal(s)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}
