package kafkaotel_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/typedkafka/kafka"
	kafkaotel "github.com/typedkafka/kafka/otel"
)

// Names, units, kinds and buckets: those of the semantic conventions, and ours.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 1)
	proxy := s.proxy(t, kafkaotel.WithServer("kafka.example.com", 0))
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
	s.write(t, 0, `{`)
	ctx, stop := context.WithCancel(within(t))
	consumer, done := s.consumer(t, proxy, 0), make(chan error, 1)
	go func() {
		done <- consumer.Run(ctx, func(context.Context, *kafka.Message[order]) error { return context.Canceled },
			kafka.DeadLetter(s.topics[1]), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	}()
	s.ended(t, "send "+s.topics[1], 2)
	s.ended(t, "commit "+s.topics[0], 1)
	collected := s.collected(t)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	const histogram, counter, gauge, upDown = "histogram", "counter", "gauge", "up-down counter"
	for name, want := range map[string]struct{ kind, unit string }{
		"messaging.client.operation.duration": {histogram, "s"},
		"messaging.process.duration":          {histogram, "s"},
		"messaging.client.sent.messages":      {counter, "{message}"},
		"messaging.client.consumed.messages":  {counter, "{message}"},
		"typedkafka.consumer.retries":         {counter, "{message}"},
		"typedkafka.consumer.failures":        {counter, "{message}"},
		"typedkafka.invalid.messages":         {counter, "{message}"},
		"typedkafka.consumer.lag":             {gauge, "{message}"},
		"typedkafka.consumer.in_flight":       {upDown, "{message}"},
		"typedkafka.consumer.stalled":         {gauge, "s"},
		"typedkafka.consumer.rebalances":      {counter, "{rebalance}"},
	} {
		m := collected[name]
		kind := "none"
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			kind = histogram
			if got := data.DataPoints[0].Bounds; !slices.Equal(got, []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}) {
				t.Errorf("%s has the bounds %v", name, got)
			}
		case metricdata.Sum[int64]:
			if kind = counter; !data.IsMonotonic {
				kind = upDown
			}
		case metricdata.Gauge[int64], metricdata.Gauge[float64]:
			kind = gauge
		}
		if kind != want.kind || m.Unit != want.unit || m.Description == "" {
			t.Errorf("%s is a %s in %q, %q; want a %s in %q", name, kind, m.Unit, m.Description, want.kind, want.unit)
		}
		delete(collected, name)
	}
	for name := range collected {
		t.Errorf("there is %s too, which no test knows", name)
	}
	s.checkPoints(t, "messaging.client.sent.messages", map[string]int64{
		"operation.name=send partition.id=0 server.address=kafka.example.com topic=0": 1,
		"operation.name=send partition.id=0 server.address=kafka.example.com topic=1": 2,
	})
}

// Losses and rebalances by kind.
func TestLosses(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1}, order{"b", 1}, order{"c", 1}, order{"d", 1})
	first := s.consumer(t, proxy, 0)
	for range 2 { // the second acknowledges the first
		if _, err := first.Retrieve(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	disconnect(t, first)
	s.deleteBefore(t, 0, 3)
	if _, err := s.consumer(t, proxy, 0).Retrieve(within(t)); !errors.Is(err, kafka.ErrDataLoss) {
		t.Fatal(err)
	}
	s.awaitPoints(t, "typedkafka.consumer.lost_messages", map[string]int64{"group topic=0 typedkafka.kind=retention": 2})
	s.checkPoints(t, "typedkafka.consumer.losses", map[string]int64{"group topic=0 typedkafka.kind=retention": 1})
	s.checkPoints(t, "typedkafka.consumer.rebalances", map[string]int64{
		"group topic=0 typedkafka.kind=assigned": 2, "group topic=0 typedkafka.kind=revoked": 1,
	})
	all := s.collected(t)
	for name, unit := range map[string]string{"losses": "{loss}", "lost_messages": "{message}"} {
		if m := all["typedkafka.consumer."+name]; m.Unit != unit || m.Description == "" {
			t.Errorf("%s is in %q, %q", name, m.Unit, m.Description)
		}
	}
}

// A span and its duration are measured by one clock.
func TestDurationsAreThoseOfTheSpans(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1})
	sent := s.ended(t, "send "+s.topics[0], 1)[0]
	data, ok := s.collected(t)["messaging.client.operation.duration"].Data.(metricdata.Histogram[float64])
	if !ok || len(data.DataPoints) != 1 {
		t.Fatalf("the metric is %v", data)
	}
	if lasted := sent.EndTime.Sub(sent.StartTime); lasted.Seconds() != data.DataPoints[0].Sum || lasted <= 0 {
		t.Errorf("the span lasts %s, the metric says %v s", lasted, data.DataPoints[0].Sum)
	}
	if e := data.DataPoints[0].Exemplars; len(e) != 1 || string(e[0].SpanID) != string(sliceOf(sent.SpanContext.SpanID())) {
		t.Errorf("the exemplars are %v, want the span", e)
	}
}

func sliceOf(id [8]byte) []byte { return id[:] }

// Lag and what is in flight are the status's, for as long as the consumer is connected.
func TestLag(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	proxy := s.proxy(t)
	producer := s.producer(t, proxy, 0)
	for i := range 3 {
		if _, err := producer.Produce(within(t), order{"a", i + 1}, kafka.WithPartition(1)); err != nil {
			t.Fatal(err)
		}
	}
	consumer := s.consumer(t, proxy, 0, kafka.ManualAck(), kafka.WithCommitInterval(time.Hour))
	m, err := consumer.Retrieve(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Retrieve(within(t)); err != nil {
		t.Fatal(err)
	}
	// Where nothing is committed, lag is counted from the next message to be handed out.
	s.awaitPoints(t, "typedkafka.consumer.lag", map[string]int64{"group partition.id=0 topic=0": 0, "group partition.id=1 topic=0": 1})
	s.checkPoints(t, "typedkafka.consumer.in_flight", map[string]int64{"group partition.id=0 topic=0": 0, "group partition.id=1 topic=0": 2})
	if err := m.Ack(); err != nil {
		t.Fatal(err)
	}
	if err := consumer.Commit(within(t)); err != nil {
		t.Fatal(err)
	}
	s.checkPoints(t, "typedkafka.consumer.lag", map[string]int64{"group partition.id=0 topic=0": 0, "group partition.id=1 topic=0": 2})
	s.checkPoints(t, "typedkafka.consumer.in_flight", map[string]int64{"group partition.id=0 topic=0": 0, "group partition.id=1 topic=0": 1})
	disconnect(t, consumer)
	s.checkPoints(t, "typedkafka.consumer.lag", map[string]int64{})
	s.checkPoints(t, "typedkafka.consumer.in_flight", map[string]int64{})
}

// A partition that stands still says for how long, and one that goes on says 0.
func TestStalled(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	produce(t, within(t), s.producer(t, proxy, 0), order{"a", 1}, order{"b", 1}, order{"c", 1})
	consumer := s.consumer(t, proxy, 0, kafka.ManualAck(), kafka.WithMaxUnacked(2))
	if _, err := consumer.Retrieve(within(t)); err != nil {
		t.Fatal(err)
	}
	if got := s.stalled(t); got != 0 {
		t.Errorf("it goes on, and stands for %v s", got)
	}
	if _, err := consumer.Retrieve(within(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Retrieve(within(t)); !errors.Is(err, kafka.ErrTooManyUnacked) {
		t.Fatal(err)
	}
	if got := s.stalled(t); got <= 0 || got > patience.Seconds() {
		t.Errorf("it stands for %v s", got)
	}
}

func (s *site) stalled(t *testing.T) float64 {
	t.Helper()
	data, ok := s.collected(t)["typedkafka.consumer.stalled"].Data.(metricdata.Gauge[float64])
	if !ok || len(data.DataPoints) != 1 {
		t.Fatalf("the metric is %v", data)
	}
	return data.DataPoints[0].Value
}

// awaitPoints waits until a metric has values that come with time, as a broker is asked for the end of a partition.
func (s *site) awaitPoints(t *testing.T, name string, want map[string]int64) {
	t.Helper()
	ctx := within(t)
	for {
		got, right := s.points(t, name), true
		for k, v := range want {
			if has, is := got[k]; !is || has != v {
				right = false
			}
		}
		if right {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s is %v, want %v", name, got, want)
		}
	}
}
