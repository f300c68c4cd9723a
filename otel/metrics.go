package kafkaotel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"

	"github.com/typedkafka/kafka"
)

// The attributes that the semantic conventions have no name for.
const (
	attemptKey = attribute.Key("typedkafka.attempt") // of a process span, from the second
	fateKey    = attribute.Key("typedkafka.fate")    // of a failure: what became of the message
	ruleKey    = attribute.Key("typedkafka.rule")    // of an invalid message: what it breaks
	kindKey    = attribute.Key("typedkafka.kind")    // of a loss or a rebalance
)

// buckets are the boundaries that the semantic conventions give for both durations, in seconds.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// instruments are the metrics: four of the semantic conventions, and our own below typedkafka.
type instruments struct {
	meter     metric.Meter
	operation metric.Float64Histogram
	process   metric.Float64Histogram
	sent      metric.Int64Counter
	consumed  metric.Int64Counter

	retries  metric.Int64Counter
	failures metric.Int64Counter
	invalid  metric.Int64Counter

	losses     metric.Int64Counter
	lost       metric.Int64Counter
	rebalances metric.Int64Counter

	lag      metric.Int64ObservableGauge
	inFlight metric.Int64ObservableUpDownCounter
	stalled  metric.Float64ObservableGauge
}

// newInstruments makes them. An error goes to OpenTelemetry's handler, as everywhere, and the metric that it is about counts nothing.
func newInstruments(m metric.Meter) instruments {
	i := instruments{meter: m}
	errs := make([]error, 13)
	bounds := metric.WithExplicitBucketBoundaries(buckets...)
	operation, err := messagingconv.NewClientOperationDuration(m, bounds)
	i.operation, errs[0] = operation.Inst(), err
	process, err := messagingconv.NewProcessDuration(m, bounds)
	i.process, errs[1] = process.Inst(), err
	sent, err := messagingconv.NewClientSentMessages(m)
	i.sent, errs[2] = sent.Inst(), err
	consumed, err := messagingconv.NewClientConsumedMessages(m)
	i.consumed, errs[3] = consumed.Inst(), err
	unit := metric.WithUnit("{message}")
	i.retries, errs[4] = m.Int64Counter("typedkafka.consumer.retries", unit,
		metric.WithDescription("Number of messages that were handed to a handler again after it had failed."))
	i.failures, errs[5] = m.Int64Counter("typedkafka.consumer.failures", unit,
		metric.WithDescription("Number of messages that have failed for good, by what became of them."))
	i.invalid, errs[6] = m.Int64Counter("typedkafka.invalid.messages", unit,
		metric.WithDescription("Number of messages that are not valid, once for each rule that they break."))
	i.lag, errs[7] = m.Int64ObservableGauge("typedkafka.consumer.lag", unit,
		metric.WithDescription("Number of messages from the group's committed offset to the end of the partition."))
	i.inFlight, errs[8] = m.Int64ObservableUpDownCounter("typedkafka.consumer.in_flight", unit,
		metric.WithDescription("Number of messages that are handed out and neither acknowledged nor given back."))
	i.stalled, errs[9] = m.Float64ObservableGauge("typedkafka.consumer.stalled", metric.WithUnit("s"),
		metric.WithDescription("For how long nothing of the partition has been handed out although something is there; 0 where it goes on."))
	i.losses, errs[10] = m.Int64Counter("typedkafka.consumer.losses", metric.WithUnit("{loss}"),
		metric.WithDescription("Number of times that messages were gone before they were received, by how."))
	i.lost, errs[11] = m.Int64Counter("typedkafka.consumer.lost_messages", unit,
		metric.WithDescription("Number of messages that were gone before they were received, at most, where that is known."))
	i.rebalances, errs[12] = m.Int64Counter("typedkafka.consumer.rebalances", metric.WithUnit("{rebalance}"),
		metric.WithDescription("Number of times that partitions have come to a consumer, or gone."))
	if err := errors.Join(errs...); err != nil {
		otel.Handle(err)
	}
	return i
}

// watch observes what a consumer's status says of its partitions, until what it returns is called.
func (o *observer) watch(status func() kafka.Status) (gone func()) {
	watching, err := o.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		s := status()
		for _, p := range s.Partitions {
			where := metric.WithAttributes(o.where(place{topic: s.Topic, group: s.Group, partition: p.Partition})...)
			if p.Lag >= 0 { // else nobody knows yet
				to.ObserveInt64(o.lag, p.Lag, where)
			}
			to.ObserveInt64(o.inFlight, int64(p.InFlight), where)
			var stalled time.Duration
			if p.Stalled != "" {
				stalled = time.Since(p.StalledSince)
			}
			to.ObserveFloat64(o.stalled, stalled.Seconds(), where)
		}
		return nil
	}, o.lag, o.inFlight, o.stalled)
	if err != nil {
		otel.Handle(err)
		return nil
	}
	return func() {
		if err := watching.Unregister(); err != nil {
			otel.Handle(err)
		}
	}
}

// fail counts a message that has failed for good.
func (o *observer) fail(ctx context.Context, f kafka.Failure) {
	where := o.where(place{topic: f.Message.Topic, group: f.Group, partition: nowhere})
	o.failures.Add(ctx, 1, metric.WithAttributes(append(where,
		fateKey.String(string(f.Fate)), semconv.ErrorTypeKey.String(classOf(f.Message)))...))
}

// countInvalid counts a message that is not valid, by the rules that it breaks, of which there is at least one.
func (o *observer) countInvalid(ctx context.Context, at *scene, rules []string) {
	where := append(o.where(place{topic: at.topic, group: at.group, partition: nowhere}), semconv.MessagingOperationName(at.name))
	for _, rule := range rules {
		o.invalid.Add(ctx, 1, metric.WithAttributes(append(where[:len(where):len(where)], ruleKey.String(rule))...))
	}
}

// lose counts a loss, and what is known to be gone by it. It is no caller's, so it has no context.
func (o *observer) lose(l kafka.Loss) {
	ctx := context.Background()
	where := o.kind(l.Topic, l.Group, string(l.Kind))
	o.losses.Add(ctx, 1, where)
	if l.Messages > 0 {
		o.lost.Add(ctx, l.Messages, where)
	}
}

// rebalance counts that partitions have come or gone.
func (o *observer) rebalance(r kafka.Rebalance) {
	o.rebalances.Add(context.Background(), 1, o.kind(r.Topic, r.Group, string(r.Kind)))
}

func (o *observer) kind(topic, group, kind string) metric.MeasurementOption {
	return metric.WithAttributes(append(o.where(place{topic: topic, group: group, partition: nowhere}), kindKey.String(kind))...)
}
