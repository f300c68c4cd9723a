package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// topics makes topics of one partition, and deletes what it made.
type topics struct {
	client *kgo.Client
	admin  *kadm.Client
	run    string // tells the topics of this run from others on a real cluster
	bytes  int    // of a full topic
}

func newTopics(brokers []string, bytes int) (*topics, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return nil, err
	}
	return &topics{cl, kadm.NewClient(cl), rand.Text()[:6], bytes}, nil
}

func (t *topics) close() { t.client.Close() }

func (t *topics) create(ctx context.Context, name string) (string, error) {
	name = fmt.Sprintf("bench-%s-%s", t.run, name)
	if _, err := t.admin.CreateTopic(ctx, 1, 1, nil, name); err != nil {
		return name, err
	}
	return name, t.awaitLeader(ctx, name)
}

// awaitLeader returns when a topic can be used: a real broker answers for a moment that it does not exist, which not every contender
// bears with.
func (t *topics) awaitLeader(ctx context.Context, topic string) error {
	for {
		ends, err := t.admin.ListEndOffsets(ctx, topic)
		if err = errors.Join(err, ends.Error()); err == nil {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// delete deletes a topic and the group of its name, if there is one.
func (t *topics) delete(ctx context.Context, name string) error {
	_, err := t.admin.DeleteTopic(ctx, name)
	return err
}

// forget deletes a group. A real broker may still wait for a member that has left in a hurry: then it forgets the group by itself, later.
func (t *topics) forget(ctx context.Context, group string) {
	_, _ = t.admin.DeleteGroup(ctx, group)
}

// A stock is a topic full of one message, which all receive.
type stock struct {
	topic   string
	records int
}

// fill makes a topic full of a message, in Confluent's wire format if framed.
func (t *topics) fill(ctx context.Context, m message, framed bool) (stock, error) {
	raw, err := m.raw()
	if err != nil {
		return stock{}, err
	}
	name := m.name
	if framed {
		raw, name = frame(raw), name+"-framed"
	}
	s := stock{records: t.records(len(raw))}
	if s.topic, err = t.create(ctx, name); err != nil {
		return s, err
	}
	var failed firstError
	for range s.records {
		t.client.Produce(ctx, &kgo.Record{Topic: s.topic, Value: raw}, func(_ *kgo.Record, err error) { failed.note(err) })
	}
	return s, errors.Join(t.client.Flush(ctx), failed.err())
}

// records is how many of a size a measurement has at most.
func (t *topics) records(size int) int {
	const most = 300_000
	return min(most, t.bytes/size)
}
