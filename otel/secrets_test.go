package kafkaotel_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/typedkafka/kafka"
)

// What is marked in this test is in no name, attribute, event, link, status or metric. The mark is lower case, since error.type would
// not be.
const mark = "s3cr3t"

func TestNoPayloadIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 1)
	proxy := s.proxy(t)
	producer := s.producer(t, proxy, 0)
	header := kafka.WithHeader("token", []byte("h"+mark))
	for _, o := range []order{{mark + "-1", 1}, {mark + "-2", 1}, {mark + "-3", 1}} {
		if _, err := producer.Produce(within(t), o, header); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := producer.Produce(within(t), order{mark, -1}, header); err == nil {
		t.Fatal("an order of less than nothing was sent")
	}
	s.write(t, 0, `{"id":"`+mark+`","qty":"`+mark+`"}`, `{"id":"`+mark+`",`, `"`+mark+`"`)
	s.receiveSecrets(t, proxy)
	s.refuseSecrets(t, proxy)
	s.loginWithSecret(t)

	told := s.told(t)
	for _, name := range []string{"receive ", "process ", "send ", "commit "} {
		if !strings.Contains(told, name+s.topics[0]) {
			t.Errorf("there is no span %q", name+s.topics[0])
		}
	}
	if !strings.Contains(told, "send "+s.topics[1]) || !strings.Contains(told, "typedkafka.fate=dead_lettered") {
		t.Error("nothing was told of dead letters")
	}
	for line := range strings.Lines(told) {
		if strings.Contains(line, mark) {
			t.Errorf("what is marked was told: %s", line)
		}
	}
}

// receiveSecrets retrieves all six messages, and gives them back.
func (s *site) receiveSecrets(t *testing.T, proxy *kafka.Proxy) {
	t.Helper()
	consumer := s.consumer(t, proxy, 0, kafka.ManualAck())
	for range 6 {
		var invalid *kafka.MessageError
		if _, err := consumer.Retrieve(within(t)); err != nil && !errors.As(err, &invalid) {
			t.Fatal(err)
		}
	}
	disconnect(t, consumer)
}

// refuseSecrets runs handlers whose errors and panics hold payload.
func (s *site) refuseSecrets(t *testing.T, proxy *kafka.Proxy) {
	t.Helper()
	ctx, stop := context.WithCancel(within(t))
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- s.consumer(t, proxy, 0).Run(ctx, func(_ context.Context, m *kafka.Message[order]) error {
			switch {
			case strings.HasSuffix(m.Value.ID, "1"):
				panic(m.Value.ID)
			case strings.HasSuffix(m.Value.ID, "2"):
				panic(fmt.Errorf("%s", m.Value.ID))
			}
			return fmt.Errorf("can't bill %s: %w", m.Value.ID, kafka.Permanent(errors.New(mark)))
		}, kafka.DeadLetter(s.topics[1]), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	}()
	s.ended(t, "send "+s.topics[1], 6)
	s.ended(t, "commit "+s.topics[0], 1)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// loginWithSecret fails to send, by a mechanism that the broker does not offer.
func (s *site) loginWithSecret(t *testing.T) {
	t.Helper()
	before := len(s.named("send " + s.topics[0]))
	open := s.cfg
	defer func() { s.cfg = open }()
	s.cfg.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: "billing", Password: kafka.NewSecret(mark)}
	if _, err := s.producer(t, s.proxy(t), 0).Produce(within(t), order{"a", 1}); err == nil {
		t.Fatal("it was sent")
	}
	s.ended(t, "send "+s.topics[0], before+1)
}

// told is all text of all spans and metrics, a line each.
func (s *site) told(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	line := func(what string, all []attribute.KeyValue) {
		fmt.Fprint(&b, what)
		for _, kv := range all {
			fmt.Fprintf(&b, " %s=%s", kv.Key, kv.Value.String())
		}
		fmt.Fprintln(&b)
	}
	for _, span := range s.spans.GetSpans() {
		line(fmt.Sprintf("%s %q %s", span.Name, span.Status.Description, span.SpanContext.TraceState()), span.Attributes)
		for _, e := range span.Events {
			line("event "+e.Name, e.Attributes)
		}
		for _, l := range span.Links {
			line("link "+l.SpanContext.TraceState().String(), l.Attributes)
		}
	}
	for name, m := range s.collected(t) {
		for _, set := range setsOf(m) {
			line(name+" "+m.Description, set.ToSlice())
		}
	}
	return b.String()
}

// setsOf are the attributes of a metric's values and exemplars.
func setsOf(m metricdata.Metrics) (sets []attribute.Set) {
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
			for _, e := range p.Exemplars {
				sets = append(sets, attribute.NewSet(e.FilteredAttributes...))
			}
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	case metricdata.Gauge[float64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
			for _, e := range p.Exemplars {
				sets = append(sets, attribute.NewSet(e.FilteredAttributes...))
			}
		}
	}
	return sets
}
