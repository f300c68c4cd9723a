package everything

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// A load has the marks of the messages.
type load struct {
	note, key, header string
	number            int
	own               string // what handlers say
}

// messages sends and receives, as it should be and as it should not.
func (j *journey) messages() {
	l := load{j.marks.Secret("payload"), j.marks.Secret("key"), j.marks.Secret("header"), j.marks.Number("number"), j.marks.Own("handler")}
	fake, cfg := j.cluster(kfake.SeedTopics(1, source, dead, "sent", "large", "batches", "stalled", "settled", "stands"))
	cfg.Topics = []kafka.TopicConfig{{Name: source}, {Name: dead}, {Name: "sent"}, {Name: "made", Partitions: 2}, {Name: "missing"},
		{Name: "large"}, {Name: "batches"}, {Name: "stalled"}, {Name: "settled"}, {Name: "stands"}}
	cfg.Consumer.CommitInterval = 10 * time.Millisecond
	cfg.Consumer.MaxDecompressedBytes = 1 << 20
	j.ensures(cfg)
	p, done := j.proxy(cfg)
	defer done()
	j.sends(p, fake, l)
	all := l.records(source)
	j.send(cfg, all[:len(all)-1]...)
	j.send(cfg, all[len(all)-1]) // a batch of its own, which can't be read
	j.retrieves(p, l)
	j.runs(p, l)
	j.redrives(p, l)
	for name, run := range map[string]func(*kafka.Consumer[parcel], load){
		"batches": j.runsBatches, "stalled": j.stalls, "settled": j.settles, "stands": j.ends,
	} {
		j.send(cfg, l.valid(name, 3)...)
		run(j.consumer(p, name, l), l)
	}
}

func (j *journey) ensures(cfg kafka.Config) {
	cfg.Topics = []kafka.TopicConfig{{Name: "made", Partitions: 2}, {Name: source, Partitions: 3}}
	p, done := j.proxy(cfg)
	defer done()
	ctx, cancel := j.within()
	defer cancel()
	j.fails("ensure topics", p.EnsureTopics(ctx))
	j.works("ping", p.Ping(ctx))
}

func (j *journey) consumer(p *kafka.Proxy, topic string, l load, opts ...kafka.ConsumerOption) *kafka.Consumer[parcel] {
	c, err := kafka.NewConsumer(p, parcels(topic, l.key), opts...)
	j.works("a new consumer", err)
	return c
}

// valid are messages that handlers get.
func (l load) valid(topic string, n int) (recs []*kgo.Record) {
	for i := range n {
		recs = append(recs, l.record(topic, fmt.Appendf(nil, `{"id": "%d", "note": %q, "qty": %d}`, i, l.note, l.number)))
	}
	return recs
}

func (l load) record(topic string, value []byte) *kgo.Record {
	return &kgo.Record{Topic: topic, Key: []byte(l.key), Value: value, Headers: []kgo.RecordHeader{{Key: "h", Value: []byte(l.header)}}}
}

// records are valid messages, and one for each way to be none.
func (l load) records(topic string) []*kgo.Record {
	recs := append(l.valid(topic, handled), l.record(topic, nil))
	for _, value := range []string{
		`NOTE`, `{"id": "a", "note": "NOTE`, `{"id": "a", "NOTE`, `"NOTE"`, `["NOTE"]`, `NUMBER`, `{"id": NUMBER}`, `{"id": "a", "qty": "NOTE"}`,
		`{"id": "a", "qty": NUMBER.5}`, `{"id": "a", "qty": NUMBER00000000000000}`, `{"id": "a", "qty": 1e999, "note": "NOTE"}`,
		`{"id": "a", "kind": "NOTE"}`, `{"id": "a", "code": "NOTE"}`, `{"id": "a", "when": "NOTE"}`, `{"id": "a", "fixed": "NOTE"}`,
		`{"id": "a", "fixed": NUMBER}`, `{"id": "a", "tags": ["NOTE", "NOTE"]}`, `{"id": "a", "note": "NOTENOTENOTENOTENOTENOTENOTE"}`,
		`{"id": "a", "note": "NOTE", "note": "NOTE"}`, `{"id": "a", "note": "NOTE"} NOTE`, "{\"id\": \"a\", \"note\": \"NOTE\xff\"}",
		`{"id": "a", "note": "NOTE\ud800"}`, `{"id": "a", "note": "NOTE\q"}`, `{"id": "a", "at": "NOTE"}`, `{"note": "NOTE", "qty": NUMBER}`,
		strings.Repeat(`[`, 100) + `"NOTE"`, "", `{"id": "a", "note": "` + strings.Repeat("NOTE", 70_000) + `"}`,
	} {
		value = strings.NewReplacer("NOTE", l.note, "NUMBER", fmt.Sprint(l.number)).Replace(value)
		recs = append(recs, l.record(topic, []byte(value)))
	}
	return recs
}

// handled is how many of records are valid.
const handled = 8

// sends calls all that sends.
func (j *journey) sends(p *kafka.Proxy, fake *kfake.Cluster, l load) {
	ctx, cancel := j.within()
	defer cancel()
	producer, err := kafka.NewProducer(p, parcels("sent", l.key))
	j.works("a new producer", err)
	good := parcel{ID: "a", Note: l.note, Qty: l.number}
	header := kafka.WithHeader("h", []byte(l.header))
	_, err = producer.Produce(ctx, good, header)
	j.works("produce", err)
	_, err = producer.ProduceAll(ctx, []parcel{good, good}, header, kafka.WithKey([]byte(l.key)))
	j.works("produce all", err)
	_, err = producer.Tombstone(ctx, []byte(l.key))
	j.works("a tombstone", err)
	_, err = producer.Tombstone(ctx, nil, header)
	j.fails("a tombstone without a key", err)
	for what, bad := range map[string]parcel{
		"nothing required": {Note: l.note}, "too long": {ID: "a", Note: strings.Repeat(l.note, 4)}, "not UTF-8": {ID: "a", Note: l.note + "\xff"},
		"too large": {ID: strings.Repeat(l.note, 100_000)},
	} {
		_, err = producer.Produce(ctx, bad, header)
		j.fails("produce what is "+what, err)
		_, err = producer.ProduceAll(ctx, []parcel{good, bad}, header)
		j.fails("produce all, of which one is "+what, err)
		told := make(chan error, 1)
		producer.ProduceAsync(ctx, bad, func(_ kafka.Delivery, err error) { told <- err }, header)
		j.fails("produce later what is "+what, <-told)
	}
	for _, code := range []*kerr.Error{kerr.MessageTooLarge, kerr.InvalidRecord, kerr.TopicAuthorizationFailed, kerr.UnknownServerError} {
		fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "sent", Err: code})
		_, err = producer.Produce(ctx, good, header)
		j.fails("produce, and the broker answers "+code.Message, err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	_, err = producer.Produce(ended, good, header)
	j.fails("produce in vain", err)
	nowhere, err := kafka.NewProducer(p, parcels("missing", l.key))
	j.works("a new producer", err)
	_, err = nowhere.Produce(ctx, good, header)
	j.fails("produce to nowhere", err)
	j.works("flush", producer.Flush(ctx))
	j.works("disconnect", producer.Disconnect(ctx))
	_, err = producer.Produce(ctx, good, header)
	j.fails("produce after the end", err)
}

// retrieves receives one at a time, in a group of its own.
func (j *journey) retrieves(p *kafka.Proxy, l load) {
	ctx, cancel := j.within()
	defer cancel()
	c := j.consumer(p, source, l, kafka.WithGroup("retrieving"))
	all := l.records(source)
	for i := range all {
		m, err := c.Retrieve(ctx)
		if i >= handled {
			j.fails("retrieve", err)
			continue
		}
		j.works("retrieve", err)
		if i == 0 && m != nil {
			j.works("nack", m.Nack())
			_, err = c.Retrieve(ctx)
			j.works("retrieve again", err)
		}
	}
	c.Pause()
	c.Resume()
	j.shows(c.Status())
	j.works("commit", c.Commit(ctx))
	short, end := context.WithTimeout(ctx, 50*time.Millisecond)
	defer end()
	_, err := c.Retrieve(short)
	j.fails("retrieve where nothing is", err)
	j.works("disconnect", c.Disconnect(ctx))
}

// swift retries at once.
var swift = kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond})

// runs handles, and fails in every way; what fails is dead-lettered.
func (j *journey) runs(p *kafka.Proxy, l load) {
	c := j.consumer(p, source, l)
	j.works("run with dead letters", j.running(c, func(ctx context.Context) error {
		return c.Run(ctx, func(ctx context.Context, m *kafka.Message[parcel]) error { return l.handle(ctx, m) }, swift,
			kafka.DeadLetter(dead), kafka.HandlerTimeout(50*time.Millisecond))
	}, func(ctx context.Context) { j.readsDeadLetters(ctx, p, l) }))
}

// handle fails by what a message is.
func (l load) handle(ctx context.Context, m *kafka.Message[parcel]) error {
	own := errors.New(l.own)
	switch m.Value.ID {
	case "0":
		return fmt.Errorf("no: %w", own)
	case "1":
		panic(m.Value)
	case "2":
		panic(fmt.Sprintf("%s %s %s", m.Value.Note, m.Key, m.Raw))
	case "3":
		panic(fmt.Errorf("%s %w", m.Value.Note, own))
	case "4":
		return kafka.Permanent(own)
	case "5":
		_ = any(m.Value).(fmt.Stringer).String() // an error of the runtime's
	case "6":
		<-ctx.Done()
		return fmt.Errorf("%s: %w", l.own, ctx.Err())
	}
	return nil
}

// buried is how many of records become dead letters: of the valid ones all but the last.
func (l load) buried() int { return len(l.records(source)) - 1 }

func (j *journey) readsDeadLetters(ctx context.Context, p *kafka.Proxy, l load) {
	c := j.consumer(p, dead, l, kafka.WithGroup("reading dead letters"), kafka.AcceptTombstones())
	for range l.buried() {
		m, err := c.Retrieve(ctx)
		var invalid *kafka.MessageError
		var record *kafka.Record
		switch {
		case errors.As(err, &invalid):
			record = &invalid.Record
		case err != nil:
			j.works("read a dead letter", err)
			return
		default:
			record = &m.Record
		}
		from, err := kafka.ParseDeadLetter(record)
		j.works("parse a dead letter", err)
		j.shows(from)
	}
	j.works("disconnect", c.Disconnect(ctx))
}

// redrives sends dead letters to their topic again.
func (j *journey) redrives(p *kafka.Proxy, l load) {
	ctx, cancel := j.within()
	defer cancel()
	c := j.consumer(p, dead, l, kafka.WithGroup("redriving"), kafka.AcceptTombstones())
	r, err := kafka.NewRedriver(p, parcels(source, l.key))
	j.works("a new redriver", err)
	for range l.buried() {
		m, err := c.Retrieve(ctx)
		var invalid *kafka.MessageError
		if errors.As(err, &invalid) {
			_, err = r.Redrive(ctx, &invalid.Record)
			j.fails("redrive what is invalid", err)
		} else if m != nil && m.Raw != nil {
			_, err = r.Redrive(ctx, &m.Record)
			j.works("redrive", err)
		}
	}
	_, err = r.Redrive(ctx, &kafka.Record{Topic: dead, Key: []byte(l.key), Raw: []byte(l.note)})
	j.fails("redrive what is no dead letter", err)
	_, err = r.Redrive(ctx, &kafka.Record{Topic: dead, Headers: []kafka.Header{{Key: "dead-letter-topic", Value: []byte(l.header)},
		{Key: "dead-letter-partition", Value: []byte(l.header)}, {Key: "dead-letter-offset", Value: []byte(l.header)}}})
	j.fails("redrive what has other headers", err)
	j.works("disconnect", r.Disconnect(ctx))
}

// running runs beside what is to happen meanwhile, then ends the Run and its consumer.
func (j *journey) running(c *kafka.Consumer[parcel], run func(context.Context) error, meanwhile func(context.Context)) error {
	ctx, cancel := j.within()
	defer cancel()
	running, end := context.WithCancel(ctx)
	defer end()
	result := make(chan error, 1)
	go func() { result <- run(running) }()
	meanwhile(ctx)
	j.shows(c.Status())
	end()
	err := <-result
	j.works("disconnect", c.Disconnect(ctx))
	return err
}

// runsBatches fails with the batch, then with one of it, then by a panic.
func (j *journey) runsBatches(c *kafka.Consumer[parcel], l load) {
	over := make(chan struct{})
	calls := 0
	err := j.running(c, func(ctx context.Context) error {
		return c.RunBatch(ctx, func(_ context.Context, batch []*kafka.Message[parcel]) error {
			switch calls++; calls {
			case 1:
				return errors.New(l.own)
			case 2:
				return &kafka.BatchError{Errs: append([]error{errors.New(l.own)}, make([]error, len(batch)-1)...)}
			case 3:
				panic(string(batch[0].Raw))
			case 4:
				close(over)
			}
			return nil
		}, kafka.Retry(kafka.RetryPolicy{Attempts: 9, Backoff: time.Millisecond}), kafka.BatchWait(10*time.Millisecond))
	}, await(over))
	j.works("run batches", err)
}

func await(over <-chan struct{}) func(context.Context) {
	return func(ctx context.Context) {
		select {
		case <-over:
		case <-ctx.Done():
		}
	}
}

// stalls has dead letters that can't be written.
func (j *journey) stalls(c *kafka.Consumer[parcel], l load) {
	err := j.running(c, func(ctx context.Context) error {
		return c.Run(ctx, func(context.Context, *kafka.Message[parcel]) error { return errors.New(l.own) }, swift, kafka.DeadLetter("missing"))
	}, func(ctx context.Context) {
		for stands := false; !stands && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
			for _, one := range c.Status().Partitions {
				stands = stands || one.Stalled != ""
			}
		}
	})
	j.fails("run with dead letters that can't be written", err)
}

// settles has an OnFailure that panics, and settles.
func (j *journey) settles(c *kafka.Consumer[parcel], l load) {
	over := make(chan struct{})
	calls := 0
	j.works("run with OnFailure", j.running(c, func(ctx context.Context) error {
		return c.Run(ctx, func(context.Context, *kafka.Message[parcel]) error { return errors.New(l.own) }, swift, kafka.DeadLetter(dead),
			kafka.OnFailure(func(_ context.Context, m *kafka.MessageError) error {
				switch calls++; calls {
				case 1:
					panic(string(m.Raw))
				case 2:
					return errNotYet
				}
				close(over)
				return nil
			}))
	}, await(over)))
}

// ends has neither dead letters nor an OnFailure.
func (j *journey) ends(c *kafka.Consumer[parcel], l load) {
	ctx, cancel := j.within()
	defer cancel()
	j.fails("run without dead letters", c.Run(ctx, func(context.Context, *kafka.Message[parcel]) error { panic(l.note) }, swift))
	j.works("disconnect", c.Disconnect(ctx))
}
