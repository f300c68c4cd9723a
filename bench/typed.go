package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/typedkafka/kafka"
)

// typedClients are this SDK's own, for a message's type.
type typedClients struct {
	produce func(*job) (*sending, error)
	receive func(*job, func() bool) error
	run     func(*job, func() bool) error
}

// newProxy is as New gives it, but that it logs nothing.
func newProxy(j *job) (*kafka.Proxy, error) {
	return kafka.NewProxy(kafka.Config{Brokers: j.Brokers, Group: j.Group}, kafka.WithLogger(slog.New(slog.DiscardHandler)))
}

// produceTyped sends by a producer that is as New gives it.
func produceTyped[T any](j *job, topic kafka.Topic[T], v T) (*sending, error) {
	proxy, err := newProxy(j)
	if err != nil {
		return nil, err
	}
	p, err := kafka.NewProducer(proxy, topic)
	if err != nil {
		return nil, err
	}
	return &sending{
		send: func(ctx context.Context) error {
			_, err := p.Produce(ctx, v)
			return err
		},
		stream: func(ctx context.Context, more func() bool) error {
			var failed firstError
			done := func(_ kafka.Delivery, err error) { failed.note(err) }
			for more() {
				p.ProduceAsync(ctx, v, done)
			}
			return errors.Join(p.Flush(ctx), failed.err())
		},
		close: func() { _ = proxy.Disconnect(context.Background()) }, // its figures are taken by now
	}, nil
}

// receiveTyped retrieves one after another, each of which acknowledges the one before.
func receiveTyped[T any](j *job, topic kafka.Topic[T], each func() bool) error {
	return withConsumer(j, topic, func(c *kafka.Consumer[T]) error {
		for {
			m, err := c.Retrieve(context.Background())
			if err != nil {
				return err
			}
			if m.Offset < 0 {
				return fmt.Errorf("a message at offset %d", m.Offset)
			}
			if !each() {
				return nil
			}
		}
	})
}

// runTyped handles one message at a time.
func runTyped[T any](j *job, topic kafka.Topic[T], each func() bool) error {
	return withConsumer(j, topic, func(c *kafka.Consumer[T]) error {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		return c.Run(ctx, func(context.Context, *kafka.Message[T]) error {
			if ctx.Err() == nil && !each() {
				stop()
			}
			return nil
		})
	})
}

func withConsumer[T any](j *job, topic kafka.Topic[T], use func(*kafka.Consumer[T]) error) error {
	proxy, err := newProxy(j)
	if err != nil {
		return err
	}
	c, err := kafka.NewConsumer(proxy, topic)
	if err != nil {
		return err
	}
	return errors.Join(use(c), proxy.Disconnect(context.Background()))
}
