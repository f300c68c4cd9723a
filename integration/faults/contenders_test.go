package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/typedkafka/kafka"
)

const (
	retrieveRests = 100 * time.Millisecond // after an error that may heal
	leaveWithin   = 30 * time.Second
)

// retrieving is Consumer.Retrieve in a loop: what a user of it writes.
func retrieving(ctx context.Context, m *member) error {
	p, err := m.proxy()
	if err != nil {
		return err
	}
	c, err := m.consumer(p)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		got, err := c.Retrieve(ctx)
		if err != nil {
			if ctx.Err() == nil {
				m.book.say("error " + err.Error())
				rest(ctx, retrieveRests)
			}
			continue
		}
		at := spot{got.Partition, got.Offset}
		for attempt := 1; m.handle(context.WithoutCancel(ctx), got.Value, at, attempt) != nil; attempt++ {
			if ctx.Err() != nil {
				break
			}
		}
		if err := got.Ack(); err != nil {
			m.book.say("error " + err.Error())
		}
	}
	return leave(ctx, p)
}

// running is Consumer.Run.
func running(ctx context.Context, m *member) error {
	p, err := m.proxy()
	if err != nil {
		return err
	}
	c, err := m.consumer(p)
	if err != nil {
		return err
	}
	opts := []kafka.RunOption{
		kafka.Concurrency(m.Concurrency),
		kafka.Retry(kafka.RetryPolicy{Attempts: attempts, Backoff: 20 * time.Millisecond, MaxBackoff: 200 * time.Millisecond}),
	}
	if m.DeadLetters != "" {
		opts = append(opts, kafka.DeadLetter(m.DeadLetters))
	}
	runErr := c.Run(ctx, func(ctx context.Context, got *kafka.Message[event]) error {
		return m.handle(ctx, got.Value, spot{got.Partition, got.Offset}, got.Attempt)
	}, opts...)
	err = leave(ctx, p)
	if ctx.Err() == nil {
		return errors.Join(runErr, err, errors.New("the Run ended by itself"))
	}
	if err = errors.Join(runErr, err); err != nil { // it was ended, and tells of what comes again: the judge counts that
		m.book.say("error " + err.Error())
	}
	return nil
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func leave(ctx context.Context, p *kafka.Proxy) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	return p.Disconnect(ctx)
}

// naive is the loop that is written first over franz-go: one goroutine polls, some work, and offsets commit themselves; or, which
// looks more careful, each is committed when it was handled. It is here to be caught.
func naive(ctx context.Context, m *member) error {
	opts := append(m.clientOptions(),
		kgo.SeedBrokers(m.Brokers...), kgo.ConsumerGroup(m.Group), kgo.ConsumeTopics(m.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(m.Session), kgo.HeartbeatInterval(m.Session/3),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if m.Contender == "naive" {
		opts = append(opts, kgo.AutoCommitInterval(m.CommitEvery))
	} else {
		opts = append(opts, kgo.DisableAutoCommit())
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	queue := make(chan *kgo.Record, 1000)
	var workers errgroup.Group
	for range max(1, m.Concurrency) {
		workers.Go(func() error { return m.work(ctx, cl, queue) })
	}
	for ctx.Err() == nil {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			select {
			case queue <- r:
			case <-ctx.Done():
			}
		})
	}
	return workers.Wait()
}

// work handles what comes, in no order, and forgets what fails.
func (m *member) work(ctx context.Context, cl *kgo.Client, queue <-chan *kgo.Record) error {
	for {
		select {
		case r := <-queue:
			var e event
			if err := json.Unmarshal(r.Value, &e); err != nil {
				return err
			}
			_ = m.handle(ctx, e, spot{r.Partition, r.Offset}, 1)
			if m.Contender == "naive commits" {
				_ = cl.CommitRecords(ctx, r)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// A crew is the members of one process.
type crew struct {
	failed context.CancelCauseFunc // is told of a member that ended by itself
	mu     sync.Mutex              // guards errs
	errs   []error
	wg     sync.WaitGroup
}

// start runs a member until the returned function is called, which waits until it has left.
func (c *crew) start(ctx context.Context, m *member) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	c.wg.Go(func() {
		defer close(done)
		if err := m.consume(ctx); err != nil && !errors.Is(err, context.Canceled) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errs = append(c.errs, err)
			if ctx.Err() == nil {
				c.failed(fmt.Errorf("%s ended: %w", m.name, err))
			}
		}
	})
	return func() { cancel(); <-done }
}

// end waits for all members and tells of their errors. Their ctx must have ended.
func (c *crew) end() error {
	c.wg.Wait()
	return errors.Join(c.errs...)
}
