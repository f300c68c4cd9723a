package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// A letter is a message of about 1 KB.
type letter struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// A haul is a topic full of letters on an embedded broker, which each consumer reads as a new group.
type haul struct {
	brokers []string
	topic   kafka.Topic[letter]
	codec   *kafka.Codec[letter]
	letters int
	groups  atomic.Int32
}

func newHaul(tb testing.TB, letters int) *haul {
	tb.Helper()
	const name = "letters"
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, name))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fake.Close)
	h := &haul{brokers: fake.ListenAddrs(), topic: kafka.Topic[letter]{Name: name}, letters: letters}
	if h.codec, err = kafka.NewCodec(h.topic); err != nil {
		tb.Fatal(err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(h.brokers...), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		tb.Fatal(err)
	}
	defer cl.Close()
	text := strings.Repeat("x", 1000)
	for i := range letters {
		raw, err := h.codec.Encode(letter{ID: fmt.Sprint(i), Text: text})
		if err != nil {
			tb.Fatal(err)
		}
		cl.Produce(tb.Context(), &kgo.Record{Topic: name, Key: fmt.Appendf(nil, "%d", i%500), Value: raw}, nil)
	}
	if err := cl.Flush(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return h
}

func (h *haul) group() string { return fmt.Sprint("group-", h.groups.Add(1)) }

// loop is what Run is compared with: PollRecords, the same check, and franz-go's autocommit.
func (h *haul) loop(tb testing.TB) time.Duration {
	tb.Helper()
	begun := time.Now()
	cl, err := kgo.NewClient(kgo.SeedBrokers(h.brokers...), kgo.ConsumerGroup(h.group()), kgo.ConsumeTopics(h.topic.Name),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		tb.Fatal(err)
	}
	defer cl.Close()
	for n := 0; n < h.letters; {
		cl.PollRecords(tb.Context(), 500).EachRecord(func(r *kgo.Record) {
			if _, err := h.codec.Decode(r.Value); err != nil {
				tb.Fatal(err)
			}
			if n++; n == 1 {
				begun = time.Now()
			}
		})
	}
	return time.Since(begun)
}

// run is Run until it has handled n letters, counted from the first one: joining a group is not what is measured.
func (h *haul) run(tb testing.TB, n int, each time.Duration, opts ...kafka.RunOption) time.Duration {
	tb.Helper()
	p, err := kafka.NewProxy(kafka.Config{Brokers: h.brokers, Group: h.group()}, kafka.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		tb.Fatal(err)
	}
	c, err := kafka.NewConsumer(p, h.topic)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(tb.Context())
	defer stop()
	var handled atomic.Int64
	var begun, ended time.Time
	err = c.Run(ctx, func(context.Context, *kafka.Message[letter]) error {
		k := handled.Add(1)
		if k == 1 {
			begun = time.Now()
		}
		if each > 0 {
			wait(tb, each)
		}
		if k == int64(n) {
			ended = time.Now()
			stop()
		}
		return nil
	}, opts...)
	if err = errors.Join(err, p.Disconnect(tb.Context())); err != nil {
		tb.Fatal(err)
	}
	return ended.Sub(begun)
}

// BenchmarkRun sets Run beside a loop over franz-go with autocommit and the same check of each message, 1 KB each with an empty
// handler, and beside the ideal where a handler takes 5 ms. The ratios are what counts: 0.8 and 0.9 are the least we want.
func BenchmarkRun(b *testing.B) {
	h := newHaul(b, 100_000)
	b.Run("Concurrency(1) against a loop", func(b *testing.B) {
		var loop, run time.Duration
		for b.Loop() {
			loop += h.loop(b)
			run += h.run(b, h.letters, 0)
		}
		b.ReportMetric(float64(h.letters*b.N)/loop.Seconds(), "loop-msgs/s")
		b.ReportMetric(float64(h.letters*b.N)/run.Seconds(), "run-msgs/s")
		b.ReportMetric(loop.Seconds()/run.Seconds(), "ratio")
	})
	b.Run("Concurrency(64) of 5 ms against the ideal", func(b *testing.B) {
		const n, workers, each = 20_000, 64, 5 * time.Millisecond
		var run, here time.Duration
		for b.Loop() {
			run += h.run(b, n, each, kafka.Concurrency(workers))
			here += waiters(b, n, workers, each)
		}
		ideal := time.Duration(b.N) * n * each / workers
		b.ReportMetric(float64(n*b.N)/run.Seconds(), "run-msgs/s")
		b.ReportMetric(ideal.Seconds()/run.Seconds(), "ratio")
		b.ReportMetric(here.Seconds()/run.Seconds(), "ratio-on-this-machine")
	})
}

// waiters is what this machine needs for n waits by some goroutines that do nothing else: on a busy one they take longer than they should.
func waiters(tb testing.TB, n, workers int, each time.Duration) time.Duration {
	tb.Helper()
	begun := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				wait(tb, each)
			}
		})
	}
	wg.Wait()
	return time.Since(begun)
}
