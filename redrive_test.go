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

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

func newRedriver(t *testing.T, p *kafka.Proxy, topic string, opts ...kafka.RedriveOption) *kafka.Redriver[order] {
	t.Helper()
	r, err := kafka.NewRedriver(p, orders(topic), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// next receives the next dead letter, whether it is a message or not.
func next(t *testing.T, c *kafka.Consumer[order]) *kafka.Record {
	t.Helper()
	m, err := c.Retrieve(within(t, patience))
	var bad *kafka.MessageError
	switch {
	case err == nil:
		return &m.Record
	case errors.As(err, &bad):
		return &bad.Record
	}
	t.Fatal(err)
	return nil
}

func redrive(t *testing.T, r *kafka.Redriver[order], dead *kafka.Record) kafka.Delivery {
	t.Helper()
	d, err := r.Redrive(within(t, patience), dead)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A message makes the whole way: it fails, is read with its provenance, and comes again as it was, with a mark.
func TestARedrivenMessageIsWhatItWasWithAMark(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.cfg.ClientID = "billing-7"
	source, target := c.topic(t, 4), c.topic(t, 1)
	p := c.proxy(t)
	m := failed(source, 41, orderBytes(7, 8)[0])
	m.Timestamp = time.Now().Add(-48 * time.Hour).Truncate(time.Millisecond)
	m.Headers = []kafka.Header{{Key: "h", Value: []byte("1")}, {Key: "h"}, {Key: "trace", Value: []byte{0, 255}}}
	writeDead(t, c.deadLetters(t, p, target, source), m)

	dead := retrieve(t, newConsumer(t, p, target))
	from, err := kafka.ParseDeadLetter(&dead.Record)
	if err != nil || dead.Value.Qty != 7 {
		t.Fatalf("received %+v, %v", dead.Value, err)
	}
	if from.FailedAt.IsZero() || time.Since(from.FailedAt) > time.Minute {
		t.Errorf("it failed at %s", from.FailedAt)
	}
	from.FailedAt = time.Time{}
	want := kafka.Provenance{Origin: kafka.Origin{Topic: source, Partition: 3, Offset: 41}, LastOffset: 41, Timestamp: m.Timestamp.UTC(),
		Group: c.cfg.Group, ClientID: "billing-7", Attempts: 2, Kind: "handler", Reason: "no such customer"}
	if from != want {
		t.Errorf("its provenance is\n%+v, want\n%+v", from, want)
	}

	begun := time.Now().Truncate(time.Millisecond)
	if d := redrive(t, newRedriver(t, p, source), &dead.Record); d.Topic != source || d.Partition != 3 || d.Offset != 0 {
		t.Errorf("it was sent to %+v", d)
	}
	rec := c.read(t, source, 1)[0]
	if !bytes.Equal(rec.Value, m.Raw) || !bytes.Equal(rec.Key, m.Key) || rec.Partition != 3 {
		t.Errorf("the copy is %q=%q in partition %d", rec.Key, rec.Value, rec.Partition)
	}
	if rec.Timestamp.Before(begun) {
		t.Errorf("the copy's time is %s: its topic could delete it at once", rec.Timestamp)
	}
	headers := ""
	for _, h := range rec.Headers {
		headers += fmt.Sprintf("%s=%q ", h.Key, h.Value)
	}
	if want := fmt.Sprintf(`h="1" h="" trace="\x00\xff" redrive-topic=%q redrive-partition="3" redrive-offset="41" redrive-timestamp=%q redrive-count="1" `,
		source, m.Timestamp.UTC().Format(time.RFC3339Nano)); headers != want || rec.Headers[1].Value != nil {
		t.Errorf("its headers are\n%s, want\n%s", headers, want)
	}
	again := retrieve(t, newConsumer(t, p, source))
	if origin, times, ok := kafka.RedrivenFrom(&again.Record); origin != want.Origin || times != 1 || !ok {
		t.Errorf("it says that it is from %+v, redriven %d times, %t", origin, times, ok)
	}
	if _, _, ok := kafka.RedrivenFrom(&dead.Record); ok {
		t.Error("the dead letter says that it was redriven")
	}
}

// A message that fails again and again says where it first stood, how often it went round, and stops at the bound.
func TestAMessageIsRedrivenABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	p := c.proxy(t)
	c.writeOrders(t, source, 0, 0, 3)
	consumer, deadConsumer, redriver := newConsumer(t, p, source), newConsumer(t, p, target), newRedriver(t, p, source)
	letters := c.deadLetters(t, p, target, source)
	expectOrders(t, consumer, 0, 2)
	for round := range 4 {
		m := retrieve(t, consumer)
		origin, times, again := kafka.RedrivenFrom(&m.Record)
		if again != (round > 0) || times != round || again && origin != (kafka.Origin{Topic: source, Offset: 2}) {
			t.Fatalf("round %d: it is from %+v, redriven %d times, %t", round, origin, times, again)
		}
		writeDead(t, letters, &kafka.MessageError{Record: m.Record, Err: errors.New("again"), Attempts: 1})
		dead := next(t, deadConsumer)
		from, err := kafka.ParseDeadLetter(dead)
		if err != nil || from.Redrives != round || from.Offset != int64(2+round) {
			t.Fatalf("round %d: %+v, %v", round, from, err)
		}
		if round < 3 {
			redrive(t, redriver, dead)
			continue
		}
		_, err = redriver.Redrive(within(t, patience), dead)
		wantWords(t, err, "redriven 3 times", "the bound is 3", "MaxRedrives")
		redrive(t, newRedriver(t, p, source, kafka.MaxRedrives(4)), dead)
	}
	if rec := c.read(t, source, 7)[6]; len(rec.Headers) != 5 {
		t.Errorf("after four rounds it has the headers %v", rec.Headers)
	}
}

// What broke the schema is refused until the schema allows it, or the caller does.
func TestAnInvalidDeadLetterIsRefusedUntilItIsAllowed(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	p := c.proxy(t)
	strict := kafka.Topic[order]{Name: source, Schema: schema.MustCompile([]byte(`{"required": ["id", "qty"], "properties": {"id": {"type": "string"}, "qty": {"type": "integer", "minimum": 10}}}`))}
	mended := kafka.Topic[order]{Name: source, Schema: schema.MustCompile([]byte(`{"required": ["id", "qty"], "properties": {"id": {"type": "string"}, "qty": {"type": "integer"}}}`))}
	c.write(t, source, 0, orderBytes(9, 10)[0], []byte("no JSON"))
	consumer, err := kafka.NewConsumer(p, strict)
	if err != nil {
		t.Fatal(err)
	}
	letters := c.deadLetters(t, p, target, source)
	for range 2 {
		var m *kafka.MessageError
		if err := retrieveError(t, consumer); !errors.As(err, &m) {
			t.Fatal(err)
		}
		writeDead(t, letters, m)
	}
	strict.Name = target
	deadConsumer, err := kafka.NewConsumer(p, strict)
	if err != nil {
		t.Fatal(err)
	}
	strict.Name = source
	now, err := kafka.NewRedriver(p, strict)
	if err != nil {
		t.Fatal(err)
	}
	then, err := kafka.NewRedriver(p, mended)
	if err != nil {
		t.Fatal(err)
	}
	broken, noJSON := next(t, deadConsumer), next(t, deadConsumer)
	for record, want := range map[*kafka.Record][2]string{broken: {"schema", "minimum"}, noJSON: {"decode", "syntax"}} {
		if from, err := kafka.ParseDeadLetter(record); err != nil || from.Kind != want[0] || from.Rule != want[1] || from.Attempts != 0 {
			t.Errorf("it is there because of %+v, %v; want %s %s", from, err, want[0], want[1])
		}
		_, err := now.Redrive(within(t, patience), record)
		var invalid *schema.ValidationError
		if !errors.As(err, &invalid) || kafka.Temporary(err) {
			t.Errorf("the error is %v, want a ValidationError", err)
		}
	}
	if c.written(t, source) != 2 {
		t.Fatal("an invalid message was sent")
	}
	if d := redrive(t, then, broken); d.Offset != 2 {
		t.Errorf("sent to %+v", d)
	}
	if _, err := then.Redrive(within(t, patience), noJSON); err == nil {
		t.Error("what is no JSON was sent")
	}
	redrive(t, newRedriver(t, p, source, kafka.AllowInvalid()), noJSON)
	if rec := c.read(t, source, 4)[3]; string(rec.Value) != "no JSON" {
		t.Errorf("the copy is %q", rec.Value)
	}
}

func TestWhatCannotBeRedriven(t *testing.T) {
	t.Parallel()
	p := newProxy(t, kafka.Config{Brokers: []string{"127.0.0.1:1"}})
	record := func(raw []byte, headers ...string) *kafka.Record {
		r := &kafka.Record{Topic: "dead", Partition: 1, Offset: 5, Raw: raw}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, "=")
			r.Headers = append(r.Headers, kafka.Header{Key: name, Value: []byte(value)})
		}
		return r
	}
	from := func(topic string, more ...string) []string {
		return append([]string{"dead-letter-topic=" + topic, "dead-letter-partition=0", "dead-letter-offset=7"}, more...)
	}
	valid := orderBytes(1, 2)[0]
	for name, test := range map[string]struct {
		record *kafka.Record
		words  []string
	}{
		"nothing":                {nil, []string{"nil record"}},
		"no dead letter":         {record(valid), []string{"dead[1]@5 is no dead letter", "dead-letter-topic is missing", "dead-letter-partition is missing", "dead-letter-offset is missing"}},
		"no numbers":             {record(valid, "dead-letter-topic=orders", "dead-letter-partition=2147483648", "dead-letter-offset=-1", "dead-letter-attempts=x"), []string{"dead-letter-partition is no number from 0 to 2147483647", "dead-letter-offset is no number", "dead-letter-attempts is no number"}},
		"no topic's name":        {record(valid, "dead-letter-topic=or ders", "dead-letter-partition=0", "dead-letter-offset=7"), []string{"is no name of a topic"}},
		"no time":                {record(valid, from("orders", "dead-letter-time=yesterday")...), []string{"dead-letter-time is no time"}},
		"another topic's":        {record(valid, from("payments")...), []string{"dead[1]@5", `it came from topic "payments"`, `sends to "orders"`}},
		"a stretch of the log":   {record(nil, from("orders", "dead-letter-kind=batch", "dead-letter-last-offset=9")...), []string{"offsets 7 to 9 of partition 0", "consumer.max_decompressed_bytes"}},
		"an unexpected null":     {record(nil, from("orders", "dead-letter-kind=tombstone")...), []string{"tombstone", "AllowInvalid"}},
		"redriven often enough":  {record(valid, from("orders", "redrive-count=3")...), []string{"redriven 3 times"}},
		"redriven and all wrong": {record([]byte("no"), from("payments", "redrive-count=9")...), []string{"payments", "redriven 9 times", "JSON"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newRedriver(t, p, "orders").Redrive(within(t, patience), test.record)
			wantWords(t, err, test.words...)
			if kafka.Temporary(err) {
				t.Errorf("waiting does not heal %v", err)
			}
		})
	}
}

// The dead letters of Quarkus applications are read as well.
func TestSmallRyesDeadLettersAreRead(t *testing.T) {
	t.Parallel()
	r := &kafka.Record{Headers: []kafka.Header{
		{Key: "dead-letter-exception-class-name", Value: []byte("java.lang.RuntimeException")}, {Key: "dead-letter-reason", Value: []byte("Something went wrong")},
		{Key: "dead-letter-topic", Value: []byte("movies")}, {Key: "dead-letter-partition", Value: []byte("2")}, {Key: "dead-letter-offset", Value: []byte("7")},
	}}
	from, err := kafka.ParseDeadLetter(r)
	if want := (kafka.Provenance{Origin: kafka.Origin{Topic: "movies", Partition: 2, Offset: 7}, LastOffset: 7, Reason: "Something went wrong"}); from != want || err != nil {
		t.Errorf("%+v, %v", from, err)
	}
}

// A partition that is no more, of a topic that was made again, is not the end of its messages.
func TestADeadLetterOfAPartitionThatIsNoMoreGoesByItsKey(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 2), c.topic(t, 1)
	p := c.proxy(t)
	writeDead(t, c.deadLetters(t, p, target, source), failed(source, 1, orderBytes(1, 2)[0])) // of partition 3
	want := produce(t, newProducer(t, p, source), order{}, kafka.WithKey([]byte("k"))).Partition
	if d := redrive(t, newRedriver(t, p, source), next(t, newConsumer(t, p, target))); d.Partition != want {
		t.Errorf("it went to partition %d, its key belongs to %d", d.Partition, want)
	}
}

// A null value that a handler was to take comes again as one.
func TestATombstoneIsRedrivenAsOne(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 4), c.topic(t, 1)
	p := c.proxy(t)
	writeDead(t, c.deadLetters(t, p, target, source), failed(source, 1, nil))
	redrive(t, newRedriver(t, p, source), next(t, newConsumer(t, p, target)))
	if rec := c.read(t, source, 1)[0]; rec.Value != nil || string(rec.Key) != "k" {
		t.Errorf("the copy is %q=%q", rec.Key, rec.Value)
	}
}

// What came compressed, and is larger than a batch may be, goes back.
func TestALargeMessageIsRedriven(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 4), c.topic(t, 1)
	p := c.proxy(t)
	value := []byte(`{"id":"` + strings.Repeat("0123456789", 300_000) + `","qty":1}`)
	writeDead(t, c.deadLetters(t, p, target, source), failed(source, 1, value))
	dead := next(t, newConsumer(t, p, target))
	_, err := newRedriver(t, p, source).Redrive(within(t, patience), dead)
	wantWords(t, err, "consumer.max_message_bytes") // it would fail again
	redrive(t, newRedriver(t, p, source, kafka.AllowInvalid()), dead)
	if rec := c.read(t, source, 1)[0]; !bytes.Equal(rec.Value, value) {
		t.Errorf("the copy has %d bytes, want %d", len(rec.Value), len(value))
	}
}

// A dead letter of a consumer of dead letters goes back to where it was one, as it was.
func TestADeadLetterOfADeadLetterIsOneAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, first, second := c.topic(t, 1), c.topic(t, 4), c.topic(t, 1)
	p := c.proxy(t)
	writeDead(t, c.deadLetters(t, p, first, source), failed(source, 41, orderBytes(1, 2)[0]))
	dead := next(t, newConsumer(t, p, first))
	writeDead(t, c.deadLetters(t, p, second, first), &kafka.MessageError{Record: *dead, Err: errors.New("no mercy"), Attempts: 1})
	twice := next(t, newConsumer(t, p, second))
	if from, err := kafka.ParseDeadLetter(twice); err != nil || from.Topic != first || from.Reason != "no mercy" {
		t.Fatalf("it is from %+v, %v", from, err)
	}
	d := redrive(t, newRedriver(t, p, first), twice)
	for _, rec := range c.read(t, first, 2) {
		if rec.Partition == d.Partition && rec.Offset == d.Offset && fmt.Sprint(own(rec)) != fmt.Sprint(ownOf(dead)) {
			t.Errorf("it says %v, want %v", own(rec), ownOf(dead))
		}
	}
}

func ownOf(r *kafka.Record) map[string]string {
	rec := &kgo.Record{}
	for _, h := range r.Headers {
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	return own(rec)
}

// After an outcome that is unknown the caller sends again, and a reader can tell that the two are one.
func TestTheCopiesOfOneRedriveAreTellable(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds a broker's answer back")
	source, target := c.topic(t, 4), c.topic(t, 1)
	p := c.proxy(t)
	writeDead(t, c.deadLetters(t, p, target, source), failed(source, 5, orderBytes(1, 2)[0]))
	dead, redriver := next(t, newConsumer(t, p, target)), newRedriver(t, p, source)
	came, thaw := c.freeze(kmsg.Produce)
	t.Cleanup(thaw)
	ctx, cancel := context.WithCancel(within(t, patience))
	result := make(chan error, 1)
	go func() {
		_, err := redriver.Redrive(ctx, dead)
		result <- err
	}()
	<-came
	cancel()
	wantError(t, <-result, kafka.ErrOutcomeUnknown)
	thaw()
	redrive(t, redriver, dead)
	consumer := newConsumer(t, p, source)
	type mark struct {
		origin kafka.Origin
		times  int
	}
	seen := make(map[mark]int)
	for range 2 {
		origin, times, _ := kafka.RedrivenFrom(&retrieve(t, consumer).Record)
		seen[mark{origin, times}]++
	}
	if want := (mark{kafka.Origin{Topic: source, Partition: 3, Offset: 5}, 1}); len(seen) != 1 || seen[want] != 2 {
		t.Errorf("the copies say %v", seen)
	}
}

func TestManyAreRedrivenSideBySide(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 4), c.topic(t, 1)
	p := c.proxy(t)
	letters, redriver := c.deadLetters(t, p, target, source), newRedriver(t, p, source)
	const n = 100
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { writeDead(t, letters, failed(source, int64(i), orderBytes(i, i+1)[0])) })
	}
	wg.Wait()
	deadConsumer := newConsumer(t, p, target)
	for range n {
		dead := next(t, deadConsumer)
		wg.Go(func() {
			if _, err := redriver.Redrive(within(t, patience), dead); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := make(map[string]bool)
	for _, rec := range c.read(t, source, n) {
		seen[string(rec.Value)] = true
	}
	if len(seen) != n || c.written(t, source) != n {
		t.Errorf("%d messages in %d records, want %d", len(seen), c.written(t, source), n)
	}
}

func TestARedriverIsMadeAndEndsAsAProducerDoes(t *testing.T) {
	t.Parallel()
	c, lines := newCluster(t), newLines()
	source := c.topic(t, 1)
	dead := &kafka.Record{Raw: orderBytes(1, 2)[0], Headers: []kafka.Header{{Key: "dead-letter-topic", Value: []byte(source)},
		{Key: "dead-letter-partition", Value: []byte("0")}, {Key: "dead-letter-offset", Value: []byte("1")}}}
	for _, r := range []*kafka.Redriver[order]{nil, {}} {
		_, err := r.Redrive(t.Context(), dead)
		wantWords(t, err, "was not made by NewRedriver")
		wantWords(t, r.Disconnect(t.Context()), "was not made by NewRedriver")
	}
	p := newProxy(t, c.cfg, lines.option())
	_, err := kafka.NewRedriver(p, kafka.Topic[*order]{Name: "no good"}, kafka.MaxRedrives(0), nil)
	wantWords(t, err, "no good", "use Topic[kafka_test.order]", "MaxRedrives(0)")
	_, err = kafka.NewRedriver[order](nil, orders(source))
	wantWords(t, err, "was not made by NewProxy")
	gone, left := newRedriver(t, p, source), newRedriver(t, p, source)
	if lines.dials.Load() != 0 {
		t.Error("dialled before the first Redrive")
	}
	redrive(t, gone, dead)
	disconnect(t, gone)
	eventually(t, "the sockets are gone", func() bool { return lines.open.Load() == 0 })
	redrive(t, left, dead)
	disconnect(t, p)
	for _, r := range []*kafka.Redriver[order]{gone, left} {
		_, err := r.Redrive(t.Context(), dead)
		wantError(t, err, kafka.ErrDisconnected)
	}
	_, err = kafka.NewRedriver(p, orders(source))
	wantError(t, err, kafka.ErrDisconnected)
}

// Whatever headers a record has, reading them is an error or a provenance that says no more than they do.
func FuzzParseDeadLetter(f *testing.F) {
	f.Add("orders", "0", "7", "dead-letter-time", "2006-01-02T15:04:05Z", "redrive-count", "2")
	f.Add("orders", "-1", "9223372036854775808", "dead-letter-attempts", "\xff", "dead-letter-topic", "")
	f.Add("", "", "", "", "", "", "")
	f.Add("orders", "0", "7", "redrive-topic", "orders", "redrive-offset", "7")
	f.Fuzz(func(t *testing.T, topic, partition, offset, name, value, other, otherValue string) {
		r := &kafka.Record{Topic: "dead"}
		for _, h := range [][2]string{{"dead-letter-topic", topic}, {"dead-letter-partition", partition}, {"dead-letter-offset", offset}, {name, value}, {other, otherValue}} {
			r.Headers = append(r.Headers, kafka.Header{Key: h[0], Value: []byte(h[1])})
		}
		from, err := kafka.ParseDeadLetter(r)
		if err != nil && from != (kafka.Provenance{}) {
			t.Errorf("%+v beside %v", from, err)
		}
		if err == nil && (from.Topic == "" || from.Partition < 0 || from.Offset < 0 || from.LastOffset < from.Offset || from.Attempts < 0 || from.Redrives < 0) {
			t.Errorf("%+v", from)
		}
		if origin, times, ok := kafka.RedrivenFrom(r); ok != (times > 0) || ok != (origin.Topic != "") {
			t.Errorf("from %+v, %d times, %t", origin, times, ok)
		}
	})
}
