package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// read returns the next n records of a topic as they are in the log.
func (c *cluster) read(t *testing.T, topic string, n int) []*kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.cfg.Brokers...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var recs []*kgo.Record
	for ctx := within(t, patience); len(recs) < n; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("%d of %d records: %v", len(recs), n, err)
		}
		recs = append(recs, fetches.Records()...)
	}
	return recs
}

// written is how many records a topic's log holds.
func (c *cluster) written(t *testing.T, topic string) (n int64) {
	t.Helper()
	ends, err := c.adm.ListEndOffsets(within(t, patience), topic)
	if err != nil {
		t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) { n += o.Offset })
	return n
}

func produce(t *testing.T, p *kafka.Producer[order], o order, opts ...kafka.RecordOption) kafka.Delivery {
	t.Helper()
	d, err := p.Produce(within(t, patience), o, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOptionsMakeTheRecord(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	producer := newProducer(t, c.proxy(t), topic)
	stamp := time.Now().Add(-48 * time.Hour).Truncate(time.Millisecond)
	d := produce(t, producer, order{ID: "a", Qty: 1}, kafka.WithPartition(2), kafka.WithTimestamp(stamp), nil,
		kafka.WithKey([]byte{0, 255}), kafka.WithHeader("h", []byte("1")), kafka.WithHeader("h", nil), kafka.WithHeader("i", []byte{}))
	if want := (kafka.Delivery{Topic: topic, Partition: 2, Timestamp: stamp}); d != want {
		t.Errorf("delivery %+v, want %+v", d, want)
	}
	r := c.read(t, topic, 1)[0]
	if r.Partition != 2 || !r.Timestamp.Equal(stamp) || !bytes.Equal(r.Key, []byte{0, 255}) || string(r.Value) != `{"id":"a","qty":1}` {
		t.Errorf("record %+v", r)
	}
	if h := r.Headers; len(h) != 3 || string(h[0].Value) != "1" || h[1].Value != nil || h[2].Value == nil || h[2].Key != "i" {
		t.Errorf("headers %+v", h)
	}
	if c := r.Attrs.CompressionType(); c != 0 {
		t.Errorf("compression %d by default, want none", c)
	}
	if r.ProducerID < 0 {
		t.Error("not idempotent by default")
	}
}

func TestAKeylessMessageAndANilKeyHaveNone(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t), topic)
	produce(t, producer, order{ID: "a"}, kafka.WithKey(nil))
	produce(t, producer, order{ID: "a"}, kafka.WithKey([]byte{}))
	recs := c.read(t, topic, 2)
	if recs[0].Key != nil || recs[1].Key == nil {
		t.Errorf("keys %v and %v, want null and empty", recs[0].Key, recs[1].Key)
	}
}

func TestATombstoneIsANullValueWithAKey(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t, n.option()), topic)
	for _, opts := range [][]kafka.RecordOption{nil, {kafka.WithKey(nil)}} {
		_, err := producer.Tombstone(within(t, patience), nil, opts...)
		wantWords(t, err, "tombstone", topic, "needs a key")
	}
	if n.dials.Load() != 0 {
		t.Error("a tombstone without a key opened a connection")
	}
	if _, err := producer.Tombstone(within(t, patience), []byte("k"), kafka.WithHeader("h", nil)); err != nil {
		t.Fatal(err)
	}
	if r := c.read(t, topic, 1)[0]; string(r.Key) != "k" || r.Value != nil || len(r.Headers) != 1 {
		t.Errorf("record %+v", r)
	}
}

func TestAnInvalidValueOpensNoConnection(t *testing.T) {
	t.Parallel()
	addr, accepted := listen(t)
	p := newProxy(t, kafka.Config{Brokers: []string{addr}})
	producer, err := kafka.NewProducer(p, strict("orders"))
	if err != nil {
		t.Fatal(err)
	}
	_, one := producer.Produce(within(t, patience), order{ID: ""})
	_, all := producer.ProduceAll(within(t, patience), []order{{ID: "a", Qty: 1}, {ID: ""}})
	async := make(chan error, 1)
	producer.ProduceAsync(within(t, patience), order{ID: ""}, func(_ kafka.Delivery, err error) { async <- err })
	for _, err := range []error{one, all, <-async} {
		var invalid *schema.ValidationError
		if !errors.As(err, &invalid) || len(invalid.Faults) != 2 {
			t.Errorf("error %v, want a ValidationError with two faults", err)
		}
		if kafka.Temporary(err) || errors.Is(err, kafka.ErrOutcomeUnknown) {
			t.Errorf("error %v says that it may heal or be written", err)
		}
	}
	if accepted.Load() != 0 {
		t.Error("an invalid value opened a connection")
	}
}

// strict is a topic of orders with a schema of which an empty order breaks two rules.
func strict(name string) kafka.Topic[order] {
	return kafka.Topic[order]{Name: name, Schema: schema.MustCompile([]byte(`{
		"type": "object", "required": ["id", "qty"],
		"properties": {"id": {"type": "string", "minLength": 1}, "qty": {"type": "integer", "minimum": 1}}}`))}
}

func TestProduceAllSendsNoneIfOneIsInvalidAndAllElse(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	producer, err := kafka.NewProducer(c.proxy(t), strict(topic))
	if err != nil {
		t.Fatal(err)
	}
	produced, err := producer.ProduceAll(within(t, patience), []order{{ID: "a", Qty: 1}, {Qty: 1}, {ID: "b", Qty: 2}, {ID: "c"}})
	var batch *kafka.BatchError
	if !errors.As(err, &batch) || len(batch.Errs) != 4 || batch.Errs[0] != nil || batch.Errs[1] == nil || batch.Errs[3] == nil {
		t.Fatalf("error %v, want a BatchError for 1 and 3", err)
	}
	wantWords(t, err, "2 of 4", "message 1")
	if n := c.written(t, topic); n > 0 || produced != nil {
		t.Errorf("%d messages of a batch with an invalid one were written: %v", n, produced)
	}
	produced, err = producer.ProduceAll(within(t, patience), []order{{ID: "a", Qty: 1}, {ID: "b", Qty: 2}}, kafka.WithPartition(1))
	if err != nil || len(produced) != 2 {
		t.Fatalf("%v, %v", produced, err)
	}
	for i, d := range produced {
		if d.Partition != 1 || d.Offset != int64(i) {
			t.Errorf("message %d was delivered to %+v", i, d)
		}
	}
	if all, err := producer.ProduceAll(within(t, patience), nil); len(all) != 0 || err != nil {
		t.Errorf("no messages: %v, %v", all, err)
	}
}

// Messages that were not sent when the context ended say so: only what was sent is unknown.
func TestProduceAllTellsWhatWasSentWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	cfg := c.cfg
	cfg.Producer.MaxBufferedRecords = 2
	topic := c.topic(t, 1)
	producer := newProducer(t, newProxy(t, cfg, n.option()), topic)
	produce(t, producer, order{})
	thaw := n.freeze()
	defer time.AfterFunc(10*time.Second, thaw).Stop() // ends a call that does not end with its context
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := producer.ProduceAll(ctx, make([]order, 4))
	var batch *kafka.BatchError
	if !errors.As(err, &batch) {
		t.Fatalf("error %v, want a BatchError", err)
	}
	for i, want := range []error{kafka.ErrOutcomeUnknown, kafka.ErrOutcomeUnknown, kafka.ErrBufferFull, context.DeadlineExceeded} {
		if !errors.Is(batch.Errs[i], want) {
			t.Errorf("message %d: %v, want %v", i, batch.Errs[i], want)
		}
	}
	if errors.Is(batch.Errs[3], kafka.ErrOutcomeUnknown) {
		t.Errorf("message 3 was not sent, and says %v", batch.Errs[3])
	}
	thaw()
	if err := producer.Flush(within(t, patience)); err != nil {
		t.Error(err)
	}
	if n := c.written(t, topic); n != 3 {
		t.Errorf("%d messages in the log, want 3", n)
	}
}

// Every way to send offers the topic that may be meant, also to many at once, for which the cluster is asked once.
func TestAMissingTopicIsToldWithTheNearestOne(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t), topic+"x")
	const many = 20
	errs := make(chan error, many+2)
	for range many {
		producer.ProduceAsync(within(t, patience), order{}, func(_ kafka.Delivery, err error) { errs <- err })
	}
	go func() {
		_, err := producer.Produce(within(t, patience), order{})
		errs <- err
	}()
	_, err := producer.ProduceAll(within(t, patience), []order{{}, {}})
	errs <- err
	for range many + 2 {
		wantError(t, <-errs, kafka.ErrUnknownTopic, fmt.Sprintf("there is a topic %q", topic))
	}
}

func TestAMissingTopicIsToldWithItsNameAndNotCreated(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := unique("missing")
	producer := newProducer(t, c.proxy(t), topic)
	wantWithin(t, 5*time.Second, func() {
		_, err := producer.Produce(within(t, patience), order{})
		wantError(t, err, kafka.ErrUnknownTopic, topic, "EnsureTopics")
		if errors.Is(err, kafka.ErrOutcomeUnknown) || !kafka.Temporary(err) {
			t.Errorf("error %v, want one that is safe to repeat", err)
		}
	})
	topics, err := c.adm.ListTopics(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	if topics.Has(topic) {
		t.Error("a typo became a topic")
	}
	c.createTopic(t, topic, 1)
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), topic) })
	eventually(t, "the producer finds the topic that was created since", func() bool {
		_, err := producer.Produce(within(t, patience), order{})
		return err == nil
	})
}

func TestAPartitionThatTheTopicLacksIsAnError(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	producer := newProducer(t, c.proxy(t), topic)
	for _, partition := range []int32{2, 1 << 30, -1, -2} {
		_, err := producer.Produce(within(t, patience), order{}, kafka.WithPartition(partition))
		wantWords(t, err, topic, "partition", fmt.Sprint(partition))
		if errors.Is(err, kafka.ErrOutcomeUnknown) {
			t.Errorf("it was not sent, and the error is %v", err)
		}
	}
	if n := c.written(t, topic); n != 0 {
		t.Errorf("%d messages were written", n)
	}
}

// A message that the client itself finds too large for the setting of the broker is told with its limit.
func TestASizeLimitSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	cfg := c.cfg
	cfg.Producer.MaxMessageBytes = 100
	topic := c.topic(t, 1)
	_, err := newProducer(t, newProxy(t, cfg), topic).Produce(within(t, patience), order{ID: strings.Repeat("x", 100)})
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) {
		t.Errorf("error %v, want a ValidationError", err)
	}
	wantWords(t, err, "100", "producer.max_message_bytes")

	small := c.topic(t, 1, "max.message.bytes=200")
	_, err = newProducer(t, c.proxy(t), small).Produce(within(t, patience), order{ID: strings.Repeat("x", 1000)})
	wantWords(t, err, small, "max.message.bytes of the topic")
	if errors.Is(err, kafka.ErrOutcomeUnknown) || kafka.Temporary(err) {
		t.Errorf("error %v, want a lasting refusal", err)
	}
}

func TestAProducerHealsAfterItsTopicWasDeletedAndMadeAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	p := c.proxy(t)
	producers := []*kafka.Producer[order]{newProducer(t, p, topic), newProducer(t, p, topic)}
	for _, producer := range producers {
		produce(t, producer, order{})
	}
	if _, err := c.adm.DeleteTopics(within(t, patience), topic); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the topic is gone", func() bool {
		topics, err := c.adm.ListTopics(t.Context(), topic)
		return err == nil && topics[topic].Err != nil
	})
	c.createTopic(t, topic, 1)
	for _, producer := range producers {
		eventually(t, "the producer goes on", func() bool {
			_, err := producer.Produce(within(t, patience), order{Qty: 1})
			return err == nil
		})
	}
	// From here on it stays healed: a late purge would fail these.
	for i := range 200 {
		if _, err := producers[i%2].Produce(within(t, patience), order{Qty: 2}); err != nil {
			t.Fatalf("message %d after the healing: %v", i, err)
		}
	}
}

// Produce adds no wait of its own: franz-go's own linger would show in every one of the times.
func TestNothingWaitsForCompany(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it counts the requests of one broker", kfake.NumBrokers(1))
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t), topic)
	produce(t, producer, order{})
	const tries = 20
	requests := make(chan struct{}, tries)
	c.fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		requests <- struct{}{}
		return nil, nil, false
	})
	best := time.Hour
	for range tries {
		start := time.Now()
		produce(t, producer, order{})
		best = min(best, time.Since(start))
	}
	if best > 9*time.Millisecond { // franz-go's own default waits 10
		t.Errorf("the fastest of %d took %s", tries, best)
	}
	if len(requests) != tries {
		t.Errorf("%d requests for %d messages, one at a time", len(requests), tries)
	}
}

// Calls from one goroutine are written in their order, key by key.
func TestMessagesOfOneGoroutineKeepTheirOrder(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 3)
	producer := newProducer(t, c.proxy(t), topic)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 250 {
				producer.ProduceAsync(within(t, patience), order{ID: fmt.Sprint(g), Qty: i}, nil)
			}
		})
	}
	wg.Wait()
	if err := producer.Flush(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	next := map[string]int{}
	for _, r := range c.read(t, topic, 1000) {
		if want := fmt.Sprintf(`{"id":%q,"qty":%d}`, r.Key, next[string(r.Key)]); string(r.Value) != want {
			t.Fatalf("the log holds %s, want %s", r.Value, want)
		}
		next[string(r.Key)]++
	}
}
