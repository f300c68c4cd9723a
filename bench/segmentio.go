package main

import (
	"context"
	"errors"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// produceSegmentio makes batches of what is sent at once: of one message where they come one at a time, since kafka-go else waits for
// company, a second by default.
func produceSegmentio(j *job) (*sending, error) {
	encode := j.message.codecs.std.encode
	w := &kafkago.Writer{Addr: kafkago.TCP(j.Brokers...), Topic: j.Topic, RequiredAcks: kafkago.RequireAll, BatchTimeout: time.Millisecond}
	switch j.Workload {
	case one:
		w.BatchSize = 1
	case parallel:
		w.BatchSize = goroutines
	}
	return &sending{
		send: func(ctx context.Context) error {
			raw, err := encode()
			if err != nil {
				return err
			}
			return w.WriteMessages(ctx, kafkago.Message{Value: raw})
		},
		stream: func(ctx context.Context, more func() bool) error {
			return streamSegmentio(ctx, j, encode, more)
		},
		close: func() { _ = w.Close() },
	}, nil
}

// streamSegmentio has a writer of its own, since only closing one waits for what it was given.
func streamSegmentio(ctx context.Context, j *job, encode func() ([]byte, error), more func() bool) error {
	var failed firstError
	w := &kafkago.Writer{
		Addr: kafkago.TCP(j.Brokers...), Topic: j.Topic, RequiredAcks: kafkago.RequireAll, Async: true, BatchSize: 1000,
		BatchTimeout: time.Millisecond,
		Completion:   func(_ []kafkago.Message, err error) { failed.note(err) },
	}
	for more() {
		raw, err := encode()
		if err != nil {
			return err
		}
		if err := w.WriteMessages(ctx, kafkago.Message{Value: raw}); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), failed.err())
}

// receiveSegmentio commits every second, as the others do: by default kafka-go asks the broker after every message.
func receiveSegmentio(j *job, each func() bool) error {
	r := kafkago.NewReader(kafkago.ReaderConfig{
		Brokers: j.Brokers, GroupID: j.Group, Topic: j.Topic, StartOffset: kafkago.FirstOffset, CommitInterval: time.Second,
		JoinGroupBackoff: 100 * time.Millisecond,
	})
	for more := true; more; more = each() {
		m, err := r.ReadMessage(context.Background())
		if err == nil {
			err = j.message.codecs.std.decode(m.Value)
		}
		if err != nil {
			return errors.Join(err, r.Close())
		}
	}
	return r.Close()
}
