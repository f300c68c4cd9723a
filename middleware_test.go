package kafka_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

// Middleware wraps a handler from the outside in, and sees each attempt with its number and its error.
func TestMiddlewareSeesEachAttempt(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	named := func(name string) kafka.Middleware[order] {
		return func(next kafka.Handler[order]) kafka.Handler[order] {
			return func(ctx context.Context, m *kafka.Message[order]) error {
				d.write("%s in %d", name, m.Attempt)
				err := next(ctx, m)
				d.write("%s out: %v", name, err)
				return err
			}
		}
	}
	handle := func(_ context.Context, m *kafka.Message[order]) error {
		if m.Attempt == 1 {
			return errors.New("not yet")
		}
		return nil
	}
	r := start(t, consumer, kafka.Chain(handle, named("outer"), named("inner")),
		kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	want := []string{
		"outer in 1", "inner in 1", "inner out: not yet", "outer out: not yet",
		"outer in 2", "inner in 2", "inner out: <nil>", "outer out: <nil>",
	}
	if got := d.await(t, len(want)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.wantEnd(t)
}

// A timeout is an attempt like any other: the message is handled again.
func TestHandlerTimeout(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	consumer := newConsumer(t, c.proxy(t), topic)
	d := newDiary()
	r := start(t, consumer, func(ctx context.Context, m *kafka.Message[order]) error {
		if m.Attempt == 1 {
			<-ctx.Done()
		}
		d.write("try %d: %v", m.Attempt, ctx.Err())
		return ctx.Err()
	}, kafka.HandlerTimeout(200*time.Millisecond), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	if got := d.await(t, 2); !slices.Equal(got, []string{"try 1: context deadline exceeded", "try 2: <nil>"}) {
		t.Errorf("got %q", got)
	}
	r.wantEnd(t)
	c.wantCommitted(t, topic, 0, 1)
}
