package kafkaotel

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// An operation is what is done with messages: its name, its type and the kind of its span, as the semantic conventions say.
type operation struct {
	name     string
	category attribute.KeyValue
	kind     trace.SpanKind
}

var (
	sending    = &operation{"send", semconv.MessagingOperationTypeSend, trace.SpanKindProducer}
	receiving  = &operation{"receive", semconv.MessagingOperationTypeReceive, trace.SpanKindClient}
	processing = &operation{"process", semconv.MessagingOperationTypeProcess, trace.SpanKindConsumer}
	committing = &operation{"commit", semconv.MessagingOperationTypeSettle, trace.SpanKindClient}
)

// nowhere is a partition that is not known, or not one alone.
const nowhere = -1

// A place is where an operation is done. Partition may be nowhere, group empty.
type place struct {
	*operation
	topic, group string
	partition    int32
}

// A scene is what spans and metrics say of a place, made once and used for every message.
type scene struct {
	place
	span     string // its name
	start    []trace.SpanStartOption
	metric   []attribute.KeyValue // of counters
	duration []attribute.KeyValue
	counted  []metric.AddOption    // metric, where nothing failed
	lasted   []metric.RecordOption // duration, where nothing failed
}

// scenes are those of an observer. Reading takes no lock: there are as many as topics, groups and partitions, and soon no new ones.
type scenes struct {
	settings
	mu  sync.Mutex // guards the making of a new map
	all atomic.Pointer[map[place]*scene]
}

func (s *scenes) at(p place) *scene {
	if all := s.all.Load(); all != nil {
		if found := (*all)[p]; found != nil {
			return found
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[place]*scene{}
	if before := s.all.Load(); before != nil {
		if found := (*before)[p]; found != nil {
			return found
		}
		all = maps.Clone(*before)
	}
	all[p] = s.paint(p)
	s.all.Store(&all)
	return all[p]
}

func (s *scenes) paint(p place) *scene {
	c := &scene{place: p, span: p.name + " " + p.topic}
	c.metric = append(s.where(p), semconv.MessagingOperationName(p.name))
	typed := append(c.metric[:len(c.metric):len(c.metric)], p.category)
	c.start = []trace.SpanStartOption{
		trace.WithSpanKind(p.kind), trace.WithAttributes(append(typed[:len(typed):len(typed)], s.client...)...),
	}
	c.duration = typed
	if p.operation == processing { // its metric is of one type
		c.duration = c.metric
	}
	c.counted = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(c.metric...))}
	c.lasted = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(c.duration...))}
	return c
}

// where are the attributes of a place without its operation.
func (s *settings) where(p place) []attribute.KeyValue {
	all := append([]attribute.KeyValue{semconv.MessagingSystemKafka, semconv.MessagingDestinationName(p.topic)}, s.server...)
	if p.group != "" {
		all = append(all, semconv.MessagingConsumerGroupName(p.group))
	}
	if p.partition != nowhere {
		all = append(all, partitionID(p.partition))
	}
	return all
}

func partitionID(p int32) attribute.KeyValue {
	return semconv.MessagingDestinationPartitionID(strconv.Itoa(int(p)))
}

// count is what a counter is given: class is the error.type, empty where nothing failed.
func (c *scene) count(class string) []metric.AddOption {
	if class == "" {
		return c.counted
	}
	return []metric.AddOption{withClass(c.metric, class)}
}

// last is what a histogram of durations is given.
func (c *scene) last(class string) []metric.RecordOption {
	if class == "" {
		return c.lasted
	}
	return []metric.RecordOption{withClass(c.duration, class)}
}

func withClass(attributes []attribute.KeyValue, class string) metric.MeasurementOption {
	return metric.WithAttributes(append(attributes[:len(attributes):len(attributes)], semconv.ErrorTypeKey.String(class))...)
}
