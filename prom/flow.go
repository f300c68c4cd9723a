package kafkaprom

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// buckets are the bounds of all durations, in seconds: from an acknowledgement in the same rack to a handler that times out.
var buckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// The words of kafka.ErrorType that are looked for, or shown from the beginning.
const (
	classInvalid    = "invalid_message"
	classPanic      = "panic"
	classUnknown    = "outcome_unknown"
	classBufferFull = "buffer_full"
	classConnection = "connection"
	classTimeout    = "timeout"
	classCanceled   = "canceled"
	classOther      = "other"
)

// What is done with an invalid message.
const (
	sending   = "send"
	receiving = "receive"
)

// A flow counts and times what an Observer is told of messages.
type flow struct {
	sent         *prometheus.CounterVec
	sendFailures *prometheus.CounterVec
	sendTime     *prometheus.HistogramVec

	consumed    *prometheus.CounterVec
	receiveTime *prometheus.HistogramVec
	invalid     *prometheus.CounterVec

	handlerTime     *prometheus.HistogramVec
	handlerFailures *prometheus.CounterVec
	retries         *prometheus.CounterVec
	failed          *prometheus.CounterVec

	commitTime     *prometheus.HistogramVec
	commitFailures *prometheus.CounterVec

	losses     *prometheus.CounterVec
	lost       *prometheus.CounterVec
	rebalances *prometheus.CounterVec

	senders    memo[string, sender] // by topic
	deliveries memo[place, prometheus.Counter]
	retrieves  memo[place, prometheus.Observer]
	handlers   memo[place, handler]
}

// A place is a topic, and who reads it.
type place struct{ topic, group string }

// A sender has the series of a topic that is sent to.
type sender struct {
	sent prometheus.Counter
	took prometheus.Observer
}

// A handler has the series of a Run.
type handler struct {
	took    prometheus.Observer
	retries prometheus.Counter
}

func newFlow() *flow {
	return &flow{
		sent:         counter("sent_messages_total", "Messages that a broker has acknowledged.", "topic"),
		sendFailures: counter("send_failures_total", "Messages that were not sent, or whose outcome is unknown.", "topic", "error"),
		sendTime:     histogram("send_duration_seconds", "Time from the call that sends a valid message to its outcome.", "topic"),

		consumed:    counter("consumed_messages_total", "Messages that were handed out, valid or not.", "topic", "group"),
		receiveTime: histogram("receive_duration_seconds", "Time of a Retrieve that has returned a message, its wait for one included.", "topic", "group"),
		invalid: counter("invalid_messages_total", "Messages that are not valid, once for each rule that they break.",
			"topic", "group", "operation", "rule"),

		handlerTime:     histogram("handler_duration_seconds", "Time of a call of a handler.", "topic", "group"),
		handlerFailures: counter("handler_failures_total", "Calls of a handler that have returned an error or panicked.", "topic", "group", "error"),
		retries:         counter("handler_retries_total", "Messages that were handed to a handler again after it had failed.", "topic", "group"),
		failed:          counter("failed_messages_total", "Messages that have failed for good, by what became of them.", "topic", "group", "fate"),

		commitTime:     histogram("commit_duration_seconds", "Time of a commit of offsets.", "topic", "group"),
		commitFailures: counter("commit_failures_total", "Commits of offsets that have failed.", "topic", "group", "error"),

		losses: counter("losses_total", "Losses: times that messages were gone before they were received, by how.", "topic", "group", "kind"),
		lost: counter("lost_messages_total", "Messages that were gone before they were received, at most, where that is known.",
			"topic", "group", "kind"),
		rebalances: counter("rebalances_total", "Times that partitions have come to a consumer, or gone.", "topic", "group", "kind"),
	}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// histogram makes a classic one alone: a Prometheus that takes native ones would drop the buckets that the dashboard looks at.
func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}

func (f *flow) parts() []prometheus.Collector {
	return []prometheus.Collector{
		f.sent, f.sendFailures, f.sendTime, f.consumed, f.receiveTime, f.invalid,
		f.handlerTime, f.handlerFailures, f.retries, f.failed, f.commitTime, f.commitFailures,
		f.losses, f.lost, f.rebalances,
	}
}

// begin shows what a consumer's counters count as 0: a rate does not see the first step of one that was not there before. Of errors it
// does so with those that are no surprise.
func (f *flow) begin(topic, group string) {
	f.delivered(place{topic, group})
	topic, group = text(topic), text(group)
	f.retries.WithLabelValues(topic, group)
	for _, fate := range []kafka.Fate{kafka.FateSettled, kafka.FateDeadLettered, kafka.FateEndsRun} {
		f.failed.WithLabelValues(topic, group, string(fate))
	}
	f.lost.WithLabelValues(topic, group, string(kafka.LossRetention))
	for _, kind := range []kafka.LossKind{kafka.LossRetention, kafka.LossTruncation, kafka.LossRecreated} {
		f.losses.WithLabelValues(topic, group, string(kind))
	}
	if group == "" {
		return // it has no rebalances
	}
	for _, kind := range []kafka.RebalanceKind{kafka.RebalanceAssigned, kafka.RebalanceRevoked, kafka.RebalanceLost} {
		f.rebalances.WithLabelValues(topic, group, string(kind))
	}
}

func (f *flow) sender(topic string) sender {
	return f.senders.get(topic, func(topic string) sender {
		topic = text(topic)
		for _, class := range []string{classInvalid, classUnknown, classConnection, classBufferFull} {
			f.sendFailures.WithLabelValues(topic, class)
		}
		return sender{f.sent.WithLabelValues(topic), f.sendTime.WithLabelValues(topic)}
	})
}

func (f *flow) delivered(at place) prometheus.Counter {
	return f.deliveries.get(at, func(at place) prometheus.Counter { return f.consumed.WithLabelValues(text(at.topic), text(at.group)) })
}

func (f *flow) retrieved(at place) prometheus.Observer {
	return f.retrieves.get(at, func(at place) prometheus.Observer {
		return f.receiveTime.WithLabelValues(text(at.topic), text(at.group))
	})
}

func (f *flow) handler(at place) handler {
	return f.handlers.get(at, func(at place) handler {
		topic, group := text(at.topic), text(at.group)
		for _, class := range []string{classOther, classPanic, classTimeout, classCanceled} {
			f.handlerFailures.WithLabelValues(topic, group, class)
		}
		return handler{f.handlerTime.WithLabelValues(topic, group), f.retries.WithLabelValues(topic, group)}
	})
}

func (f *flow) send(_ context.Context, r *kafka.Record) func(kafka.Delivery, error) {
	topic, began := r.Topic, time.Now()
	of := f.sender(topic)
	return func(_ kafka.Delivery, err error) {
		class := kafka.ErrorType(err)
		if class != classInvalid {
			of.took.Observe(time.Since(began).Seconds())
		}
		if err == nil {
			of.sent.Inc()
			return
		}
		f.sendFailures.WithLabelValues(text(topic), class).Inc()
		f.countRules(place{topic: topic}, sending, rulesOf(err))
	}
}

func (f *flow) receive(_ context.Context, r kafka.Reception) {
	at := place{r.Record.Topic, r.Group}
	f.delivered(at).Inc()
	if !r.Began.IsZero() {
		f.retrieved(at).Observe(time.Since(r.Began).Seconds())
	}
	if r.Err == nil {
		return
	}
	rules := rulesOf(r.Err)
	if len(rules) == 0 { // the schema was not asked
		rules = []string{kafka.ErrorType(r.Err)}
	}
	f.countRules(at, receiving, rules)
}

// rulesOf are the rules that an invalid message breaks. Their number is bounded: they are keywords of JSON Schema and limits of package
// schema.
func rulesOf(err error) []string {
	var invalid *schema.ValidationError
	if errors.As(err, &invalid) {
		return invalid.Rules()
	}
	return nil
}

func (f *flow) countRules(at place, operation string, rules []string) {
	for _, rule := range rules {
		f.invalid.WithLabelValues(text(at.topic), text(at.group), operation, text(rule)).Inc()
	}
}

func (f *flow) handle(ctx context.Context, h kafka.Handling) (context.Context, func(error)) {
	began, of := time.Now(), f.handler(place{h.Topic, h.Group})
	if h.Attempt > 1 {
		of.retries.Add(float64(len(h.Records)))
	}
	return ctx, func(err error) {
		of.took.Observe(time.Since(began).Seconds())
		if err != nil {
			f.handlerFailures.WithLabelValues(text(h.Topic), text(h.Group), kafka.ErrorType(err)).Inc()
		}
	}
}

func (f *flow) fail(_ context.Context, failure kafka.Failure) {
	f.failed.WithLabelValues(text(failure.Message.Topic), text(failure.Group), text(string(failure.Fate))).Inc()
}

func (f *flow) commit(_ context.Context, c kafka.Commit) {
	topic, group := text(c.Topic), text(c.Group)
	f.commitTime.WithLabelValues(topic, group).Observe(time.Since(c.Began).Seconds())
	if c.Err != nil {
		f.commitFailures.WithLabelValues(topic, group, kafka.ErrorType(c.Err)).Inc()
	}
}

func (f *flow) lose(l kafka.Loss) {
	at := []string{text(l.Topic), text(l.Group), string(l.Kind)}
	f.losses.WithLabelValues(at...).Inc()
	if l.Messages > 0 {
		f.lost.WithLabelValues(at...).Add(float64(l.Messages))
	}
}

func (f *flow) rebalance(r kafka.Rebalance) {
	f.rebalances.WithLabelValues(text(r.Topic), text(r.Group), string(r.Kind)).Inc()
}

// text is a label's value, which must be UTF-8: the client library panics on another.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
