package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// deadLetters makes the writer of a Run that consumes source.
func (c *cluster) deadLetters(t *testing.T, p *kafka.Proxy, target, source string) *kafka.DeadLetters {
	t.Helper()
	d := kafka.NewDeadLetters(p, target, source, c.cfg.Group)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = d.Close(ctx)
	})
	return d
}

func writeDead(t *testing.T, d *kafka.DeadLetters, m *kafka.MessageError) {
	t.Helper()
	if err := d.Write(within(t, patience), m); err != nil {
		t.Fatal(err)
	}
}

// failed is a message that a handler could not take.
func failed(source string, offset int64, value []byte) *kafka.MessageError {
	return &kafka.MessageError{
		Record:   kafka.Record{Topic: source, Partition: 3, Offset: offset, Timestamp: time.Now().Truncate(time.Millisecond), Key: []byte("k"), Raw: value},
		Err:      errors.New("no such customer"),
		Attempts: 2,
	}
}

// noise is bytes that nothing compresses, the same for the same seed.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(b)
	return b
}

// own are the headers of a dead letter that its message did not have.
func own(rec *kgo.Record) map[string]string {
	all := make(map[string]string)
	for _, h := range rec.Headers {
		if strings.HasPrefix(h.Key, "dead-letter-") {
			all[h.Key] = string(h.Value)
		}
	}
	return all
}

// wantSame checks that a dead letter has all that its message had, in order, before what is its own.
func wantSame(t *testing.T, rec *kgo.Record, m *kafka.MessageError) {
	t.Helper()
	same := func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
	if !same(rec.Value, m.Raw) || !same(rec.Key, m.Key) {
		t.Errorf("the key is %q and the value has %d bytes (null: %t), want %q and %d (null: %t)",
			rec.Key, len(rec.Value), rec.Value == nil, m.Key, len(m.Raw), m.Raw == nil)
	}
	if !m.Timestamp.IsZero() && !rec.Timestamp.Equal(m.Timestamp) {
		t.Errorf("the time is %s, want %s", rec.Timestamp, m.Timestamp)
	}
	for i, h := range m.Headers {
		if i >= len(rec.Headers) || rec.Headers[i].Key != h.Key || !same(rec.Headers[i].Value, h.Value) {
			t.Fatalf("header %d is not %q=%q: %v", i, h.Key, h.Value, rec.Headers)
		}
	}
	for _, h := range rec.Headers[len(m.Headers):] {
		if !strings.HasPrefix(h.Key, "dead-letter-") {
			t.Errorf("header %q is nobody's", h.Key)
		}
	}
}

func TestADeadLetterIsTheMessageAndItsProvenance(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	c.cfg.ClientID = "billing-7"
	m := failed(source, 41, []byte(`{"id":"a","qty":1}`))
	m.Timestamp = time.Now().Add(-48 * time.Hour).Truncate(time.Millisecond)
	m.Headers = []kafka.Header{{Key: "h", Value: []byte("1")}, {Key: "h"}, {Key: "i", Value: []byte{}}, {Key: "", Value: []byte{0, 255}}}
	begun := time.Now()
	writeDead(t, c.deadLetters(t, c.proxy(t), target, source), m)
	rec := c.read(t, target, 1)[0]
	wantSame(t, rec, m)
	got := own(rec)
	at, err := time.Parse(time.RFC3339Nano, got["dead-letter-time"])
	if err != nil || at.Before(begun) || at.After(time.Now()) {
		t.Errorf("it failed at %q, want a time of now", got["dead-letter-time"])
	}
	delete(got, "dead-letter-time")
	want := map[string]string{
		"dead-letter-topic": source, "dead-letter-partition": "3", "dead-letter-offset": "41",
		"dead-letter-timestamp": m.Timestamp.UTC().Format(time.RFC3339Nano), "dead-letter-group": c.cfg.Group,
		"dead-letter-client-id": "billing-7", "dead-letter-attempts": "2", "dead-letter-kind": "handler",
		"dead-letter-reason": "no such customer",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("its headers are\n%v, want\n%v", got, want)
	}
}

// The time of failure is that of the failure, however late the dead letter can be written.
func TestADeadLetterThatIsWrittenLateHasTheTimeOfItsFailure(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), unique("dead")
	d, m := c.deadLetters(t, c.proxy(t), target, source), failed(source, 1, nil)
	if err := d.Write(within(t, patience), m); err == nil {
		t.Fatal("written to a topic that is not there")
	}
	later := time.Now()
	c.createTopic(t, target, 1)
	eventually(t, "it is written", func() bool { return d.Write(within(t, patience), m) == nil })
	if at, _ := time.Parse(time.RFC3339Nano, own(c.read(t, target, 1)[0])["dead-letter-time"]); !at.Before(later) {
		t.Errorf("it failed at %s, want a time before %s", at, later)
	}
}

func TestNullAndEmptyStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	d := c.deadLetters(t, c.proxy(t), target, source)
	var all []*kafka.MessageError
	for i, kv := range [][2][]byte{{nil, nil}, {{}, {}}, {[]byte("k"), nil}, {nil, []byte("v")}} {
		m := failed(source, int64(i), kv[1])
		m.Key = kv[0]
		writeDead(t, d, m)
		all = append(all, m)
	}
	for i, rec := range c.read(t, target, len(all)) {
		wantSame(t, rec, all[i])
	}
}

// Whatever producer.acks says, all in-sync replicas have a dead letter before its message is acknowledged.
func TestDeadLettersAreAcknowledgedByAll(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it reads the requests of one broker")
	source, target := c.topic(t, 1), c.topic(t, 1)
	c.cfg.Producer.Acks = "none"
	asked, idempotent := make(chan int16, 10), make(chan struct{}, 10)
	c.fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		asked <- req.(*kmsg.ProduceRequest).Acks
		return nil, nil, false
	})
	c.fake.ControlKey(int16(kmsg.InitProducerID), func(kmsg.Request) (kmsg.Response, error, bool) {
		idempotent <- struct{}{}
		return nil, nil, false
	})
	writeDead(t, c.deadLetters(t, c.proxy(t), target, source), failed(source, 1, []byte("x")))
	if got := <-asked; got != -1 || len(idempotent) == 0 {
		t.Errorf("acks %d on the wire, idempotent %t; want -1 and true", got, len(idempotent) > 0)
	}
}

// A message that filled its batch to the last byte that a broker takes has no room for headers, unless it is compressed.
// A message that came compressed is far larger than a batch may be, and looks back further than franz-go's own compressors do.
// A pattern of half a megabyte, that franz-go's zstd with its window of 64 KiB would write out each time.
// A topic that takes little gets what a compression makes of a message, before anything is left out.
// Kafka before 2.1 does not know zstd.
// Small ones are as plain as the proxy's other messages, for every reader.
// The smaller the dead-letter topic's limit, the less it says, the reason first; and in the end an error says what to raise.
// Records of which each passes share a batch that would not, unless they are kept apart.
// A dead letter that the topic refuses for its time is written with the time of now.
func TestATimeThatTheTopicRefusesIsInTheHeader(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, injects)
	source, target := c.topic(t, 1), c.topic(t, 1)
	m := failed(source, 1, []byte("x"))
	m.Timestamp = time.Now().Add(48 * time.Hour).Truncate(time.Millisecond)
	c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: target, Err: kerr.InvalidTimestamp, Count: 1})
	writeDead(t, c.deadLetters(t, c.proxy(t), target, source), m)
	rec := c.read(t, target, 1)[0]
	if got := own(rec)["dead-letter-timestamp"]; rec.Timestamp.After(time.Now()) || got != m.Timestamp.UTC().Format(time.RFC3339Nano) {
		t.Errorf("the record's time is %s, the header's %s", rec.Timestamp, got)
	}
}

// A real broker refuses a time in the future by itself.
func TestATimeInTheFutureDoesNotStopADeadLetter(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1, "message.timestamp.after.max.ms=3600000")
	m := failed(source, 1, []byte("x"))
	m.Timestamp = time.Now().Add(48 * time.Hour).Truncate(time.Millisecond)
	writeDead(t, c.deadLetters(t, c.proxy(t), target, source), m)
	if got := own(c.read(t, target, 1)[0])["dead-letter-timestamp"]; got != m.Timestamp.UTC().Format(time.RFC3339Nano) {
		t.Errorf("the header's time is %s", got)
	}
}

// A missing topic is told within some 2 s, and once it is there the same writer goes on.
func TestAMissingDeadLetterTopicIsToldAndThenUsed(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), unique("dead")
	d, m := c.deadLetters(t, c.proxy(t), target, source), failed(source, 1, []byte("x"))
	for range 2 {
		took := wantWithin(t, 15*time.Second, func() {
			err := d.Write(within(t, patience), m)
			wantError(t, err, kafka.ErrUnknownTopic, target, source+"[3]@1")
		})
		t.Logf("told after %s", took)
	}
	c.createTopic(t, target, 1)
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), target) })
	eventually(t, "it is written", func() bool { return d.Write(within(t, patience), m) == nil })
	c.recreate(t, target)
	eventually(t, "it is written to a topic that was made again", func() bool { return d.Write(within(t, patience), m) == nil })
}

// A permission that is missing is named, with who lacks it; once it is granted the same writer goes on.
func TestAForbiddenDeadLetterTopicIsToldAndThenUsed(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]bool{"no permission to write anywhere": false, "a permission to write elsewhere": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acls := []kfake.ACL{{Resource: kmsg.ACLResourceTypeTopic, Name: "", Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: kmsg.ACLOperationDescribe, Allow: true}}
			want := kerr.ClusterAuthorizationFailed
			if elsewhere {
				want = kerr.TopicAuthorizationFailed
				acls = append(acls, kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: "else", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationWrite, Allow: true})
			}
			c := newEmbedded(t, "the plain cluster has no users", kfake.SeedTopics(1, "source", "dead"), kfake.EnableSASL(), kfake.EnableACLs(),
				kfake.User("PLAIN", "bob", "bob-secret", acls...), kfake.Superuser("PLAIN", "admin", "admin-secret"))
			admin := c.cfg
			admin.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: "admin", Password: kafka.NewSecret("admin-secret")}
			c.cfg.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: "bob", Password: kafka.NewSecret("bob-secret")}
			d, m := c.deadLetters(t, c.proxy(t), "dead", "source"), failed("source", 1, []byte("x"))
			for range 2 {
				wantWithin(t, 15*time.Second, func() {
					wantError(t, d.Write(within(t, patience), m), want,
						`User:bob is not allowed the operation Write on topic "dead"`, "--add --allow-principal User:bob --operation Write --topic dead")
				})
			}
			cl, err := newProxy(t, admin).Client(within(t, patience))
			if err != nil {
				t.Fatal(err)
			}
			grant := kadm.NewACLs().Topics("dead").Allow("User:bob").Operations(kadm.OpWrite).ResourcePatternType(kadm.ACLPatternLiteral)
			if _, err := kadm.NewClient(cl).CreateACLs(within(t, patience), grant); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it is written", func() bool { return d.Write(within(t, patience), m) == nil })
		})
	}
}

// The context of one write that ends is no other one's end.
func TestOneWritesContextIsNotAnothers(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds a broker's answer back")
	source, target := c.topic(t, 1), c.topic(t, 1)
	d := c.deadLetters(t, c.proxy(t), target, source)
	writeDead(t, d, failed(source, 0, []byte("x")))
	came, thaw := c.freeze(kmsg.Produce)
	t.Cleanup(thaw)
	ctx, cancel := context.WithCancel(within(t, patience))
	results := make(chan error, 2)
	go func() { results <- d.Write(ctx, failed(source, 1, []byte("x"))) }()
	<-came
	other := make(chan error, 1)
	go func() { other <- d.Write(within(t, patience), failed(source, 2, []byte("x"))) }()
	cancel()
	wantError(t, <-results, kafka.ErrOutcomeUnknown)
	thaw()
	if err := <-other; err != nil {
		t.Error(err)
	}
}

// A write that a broker does not answer holds up what waits behind it for no longer than the delivery timeout.
func TestAWriteThatHangsHoldsUpTheOthersForAWhileOnly(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds one of a broker's answers back")
	source, target := c.topic(t, 1), c.topic(t, 1)
	c.cfg.Producer.DeliveryTimeout = time.Second
	d := c.deadLetters(t, c.proxy(t), target, source)
	came, thawed := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(thawed) })
	var held atomic.Bool
	c.fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		if held.CompareAndSwap(false, true) {
			close(came)
			c.fake.SleepControl(func() { <-thawed })
		}
		return nil, nil, false
	})
	large, small := failed(source, 1, noise(1, 1_000_000)), failed(source, 2, []byte("x"))
	hung := make(chan error, 1)
	go func() { hung <- d.Write(within(t, patience), large) }()
	<-came
	for ctx := within(t, patience); ; {
		err := d.Write(ctx, small) // waits for room, and then finds its client closed
		if err == nil {
			break
		}
		if !errors.Is(err, kafka.ErrOutcomeUnknown) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	wantError(t, <-hung, kafka.ErrOutcomeUnknown)
	writeDead(t, d, large)
}

// Close beside a write ends both: the write with an error that leaves its outcome open, and every later one at once.
func TestCloseEndsAWriteUnderWay(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds a broker's answer back")
	source, target := c.topic(t, 1), c.topic(t, 1)
	d := c.deadLetters(t, c.proxy(t), target, source)
	came, thaw := c.freeze(kmsg.Produce)
	t.Cleanup(thaw)
	result := make(chan error, 1)
	go func() { result <- d.Write(within(t, patience), failed(source, 1, []byte("x"))) }()
	<-came
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wantError(t, d.Close(ctx), kafka.ErrOutcomeUnknown, "1 messages")
	wantError(t, <-result, kafka.ErrOutcomeUnknown)
	wantError(t, d.Write(within(t, patience), failed(source, 2, []byte("x"))), kafka.ErrDisconnected)
	wantError(t, d.Close(within(t, patience)), kafka.ErrOutcomeUnknown)
}

// Close waits for what is under way.
func TestCloseWaitsForAWriteUnderWay(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds a broker's answer back")
	source, target := c.topic(t, 1), c.topic(t, 1)
	d := c.deadLetters(t, c.proxy(t), target, source)
	came, thaw := c.freeze(kmsg.Produce)
	t.Cleanup(thaw)
	result, closed := make(chan error, 1), make(chan error, 1)
	go func() { result <- d.Write(within(t, patience), failed(source, 1, []byte("x"))) }()
	<-came
	go func() { closed <- d.Close(within(t, patience)) }()
	thaw()
	if err := errors.Join(<-result, <-closed); err != nil {
		t.Error(err)
	}
}

// A proxy that is disconnected closes its dead letters, and refuses new ones; nothing was dialled for them.
func TestDeadLettersEndWithTheirProxy(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	p := c.proxy(t, n.option())
	d := c.deadLetters(t, p, c.topic(t, 1), "source")
	if n.dials.Load() != 0 {
		t.Error("dialled before the first write")
	}
	writeDead(t, d, failed("source", 1, []byte("x")))
	disconnect(t, p)
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
	for _, d := range []*kafka.DeadLetters{d, c.deadLetters(t, p, "dead", "source")} {
		wantError(t, d.Write(within(t, patience), failed("source", 2, []byte("x"))), kafka.ErrDisconnected)
	}
}

// A broker that is away is told with its cause; once it is there the same writer goes on.
func TestABrokerThatIsAwayIsToldAndThenUsed(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	source, target := c.topic(t, 1), c.topic(t, 1)
	n.refuse(everyAddress)
	d, m := c.deadLetters(t, c.proxy(t, n.option()), target, source), failed(source, 1, []byte("x"))
	wantWords(t, d.Write(within(t, patience), m), "connection refused", target)
	n.refuse(noAddress)
	eventually(t, "it is written", func() bool { return d.Write(within(t, patience), m) == nil })
}

// A stretch of the log that could not be read has no bytes: its dead letter says where they are.
func TestABatchThatCouldNotBeReadSaysItsRange(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	bomb := c.client(t, kgo.ProducerBatchCompression(kgo.GzipCompression()), kgo.ProducerLinger(50*time.Millisecond))
	send(t, bomb, source, 0, bytes.Repeat([]byte("x"), 200<<10), bytes.Repeat([]byte("x"), 200<<10), bytes.Repeat([]byte("x"), 200<<10))
	c.cfg.Consumer.MaxDecompressedBytes = 100 << 10
	var m *kafka.MessageError
	if err := retrieveError(t, newConsumer(t, c.proxy(t), source)); !errors.As(err, &m) {
		t.Fatal(err)
	}
	writeDead(t, c.deadLetters(t, c.proxy(t), target, source), m)
	rec := c.read(t, target, 1)[0]
	got := own(rec)
	if rec.Key != nil || rec.Value != nil || got["dead-letter-kind"] != "batch" || got["dead-letter-offset"] != "0" ||
		got["dead-letter-last-offset"] != "2" || !strings.Contains(got["dead-letter-reason"], "consumer.max_decompressed_bytes") {
		t.Errorf("the dead letter is %q=%q with %v", rec.Key, rec.Value, got)
	}
}
