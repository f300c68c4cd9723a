package kafkaotel_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
	kafkaotel "github.com/typedkafka/kafka/otel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is a generous bound; no test depends on it being used up.
const patience = 30 * time.Second

// w3c is what most programs set.
var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// An order is what the tests send.
type order struct {
	ID  string `json:"id"`
	Qty int    `json:"qty" jsonschema:"minimum=1"`
}

// A site is a cluster with topics of the test's own, and what was told of it to OpenTelemetry.
type site struct {
	cfg      kafka.Config
	topics   []string
	provider *sdktrace.TracerProvider
	meters   *sdkmetric.MeterProvider
	spans    *tellingExporter
	metrics  *sdkmetric.ManualReader
	opts     []kafkaotel.Option
}

// A tellingExporter is the SDK's, and tells when something comes.
type tellingExporter struct {
	*tracetest.InMemoryExporter
	came chan struct{}
}

func (e *tellingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.InMemoryExporter.ExportSpans(ctx, spans)
	select {
	case e.came <- struct{}{}:
	default:
	}
	return err
}

// newSite takes the cluster that KAFKA_TEST_BROKERS names, else an embedded broker. Each topic has as many partitions as it says.
func newSite(t *testing.T, partitions ...int32) *site {
	t.Helper()
	s := &site{
		spans:   &tellingExporter{tracetest.NewInMemoryExporter(), make(chan struct{}, 1)},
		metrics: sdkmetric.NewManualReader(),
	}
	if real := os.Getenv("KAFKA_TEST_BROKERS"); real != "" {
		s.cfg.Brokers = strings.Split(real, ",")
	} else {
		s.cfg = kafkatest.Start(t)
	}
	s.cfg.Group = unique("group")
	if len(partitions) > 0 {
		s.makeTopics(t, partitions)
	}
	s.provider = sdktrace.NewTracerProvider(sdktrace.WithSyncer(s.spans))
	s.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(s.metrics))
	t.Cleanup(func() {
		_ = s.provider.Shutdown(context.Background())
		_ = s.meters.Shutdown(context.Background())
	})
	s.opts = []kafkaotel.Option{
		kafkaotel.WithTracerProvider(s.provider), kafkaotel.WithMeterProvider(s.meters), kafkaotel.WithPropagator(w3c),
	}
	return s
}

func (s *site) makeTopics(t *testing.T, partitions []int32) {
	t.Helper()
	for _, n := range partitions {
		s.topics = append(s.topics, unique("orders"))
		s.cfg.Topics = append(s.cfg.Topics, kafka.TopicConfig{Name: s.topics[len(s.topics)-1], Partitions: n})
	}
	proxy, err := kafka.NewProxy(s.cfg, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.EnsureTopics(within(t)); err != nil {
		t.Fatal(err)
	}
	disconnect(t, proxy)
	s.cfg.Topics = nil
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.cfg.Brokers...))
		if err == nil {
			_, err = kadm.NewClient(cl).DeleteTopics(ctx, s.topics...)
			cl.Close()
		}
		if err != nil {
			t.Error(err)
		}
	})
}

var quiet = kafka.WithLogger(slog.New(slog.DiscardHandler))

var uniqueness atomic.Int64

// unique makes a name that no other test and no earlier run has.
func unique(what string) string {
	return fmt.Sprintf("otel-%s-%d-%d", what, time.Now().UnixNano(), uniqueness.Add(1))
}

// proxy makes a proxy that is observed, and is disconnected with the test.
func (s *site) proxy(t *testing.T, opts ...kafkaotel.Option) *kafka.Proxy {
	t.Helper()
	observer := kafkaotel.Observer(append(slices.Clone(s.opts), opts...)...)
	return newProxy(t, s.cfg, kafka.WithObserver(observer))
}

func newProxy(t *testing.T, cfg kafka.Config, opts ...kafka.ProxyOption) *kafka.Proxy {
	t.Helper()
	p, err := kafka.NewProxy(cfg, append(opts, quiet)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disconnect(t, p) })
	return p
}

func disconnect(t *testing.T, c interface {
	Disconnect(ctx context.Context) error
},
) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Disconnect(ctx); err != nil {
		t.Error(err)
	}
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// deleteBefore does what retention does.
func (s *site) deleteBefore(t *testing.T, topic int, offset int64) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.cfg.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var offsets kadm.Offsets
	offsets.AddOffset(s.topics[topic], 0, offset, -1)
	if _, err := kadm.NewClient(cl).DeleteRecords(within(t), offsets); err != nil {
		t.Fatal(err)
	}
}

// contract is the topic's, by its number.
func (s *site) contract(i int) kafka.Topic[order] {
	return kafka.Topic[order]{Name: s.topics[i], Key: func(o order) []byte { return []byte(o.ID) }}
}

func (s *site) producer(t *testing.T, p *kafka.Proxy, topic int) *kafka.Producer[order] {
	t.Helper()
	producer, err := kafka.NewProducer(p, s.contract(topic))
	if err != nil {
		t.Fatal(err)
	}
	return producer
}

func (s *site) consumer(t *testing.T, p *kafka.Proxy, topic int, opts ...kafka.ConsumerOption) *kafka.Consumer[order] {
	t.Helper()
	consumer, err := kafka.NewConsumer(p, s.contract(topic), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return consumer
}

// produce sends orders, each in ctx.
func produce(t *testing.T, ctx context.Context, p *kafka.Producer[order], all ...order) {
	t.Helper()
	for _, o := range all {
		if _, err := p.Produce(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
}

// write writes values as they are, which a Producer would refuse.
func (s *site) write(t *testing.T, topic int, values ...string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.cfg.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for _, v := range values {
		r := &kgo.Record{Topic: s.topics[topic], Key: []byte("k")}
		if v != "" {
			r.Value = []byte(v)
		}
		if err := cl.ProduceSync(within(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a consumer until n calls of its handler are over, and ends it well.
func run(t *testing.T, n int, runs func(ctx context.Context, called func()) error) {
	t.Helper()
	ctx, stop := context.WithCancel(within(t))
	defer stop()
	var left atomic.Int64
	left.Store(int64(n))
	if err := runs(ctx, func() {
		if left.Add(-1) == 0 {
			stop()
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// ended waits until as many spans of a name have ended, and gives all there are.
func (s *site) ended(t *testing.T, name string, n int) (found []tracetest.SpanStub) {
	t.Helper()
	ctx := within(t)
	for {
		if found = s.named(name); len(found) >= n {
			return found
		}
		select {
		case <-s.spans.came:
		case <-ctx.Done():
			t.Fatalf("%d spans %q have ended, want %d", len(found), name, n)
		}
	}
}

func (s *site) named(name string) (found []tracetest.SpanStub) {
	for _, span := range s.spans.GetSpans() {
		if span.Name == name {
			found = append(found, span)
		}
	}
	return found
}

// in starts a span of the test's own, to be the parent of what is done in its context.
func (s *site) in(t *testing.T, ctx context.Context) (context.Context, trace.SpanContext) {
	t.Helper()
	ctx, span := s.provider.Tracer("test").Start(ctx, "around")
	t.Cleanup(func() { span.End() })
	return ctx, span.SpanContext()
}

// checkAttributes checks that a span or a link has these and no others.
func checkAttributes(t *testing.T, what string, got []attribute.KeyValue, want map[string]any) {
	t.Helper()
	seen := map[string]any{}
	for _, kv := range got {
		seen[string(kv.Key)] = kv.Value.AsInterface()
	}
	for k, v := range want {
		if fmt.Sprint(seen[k]) != fmt.Sprint(v) {
			t.Errorf("%s: %s is %v, want %v", what, k, seen[k], v)
		}
	}
	for k, v := range seen {
		if _, is := want[k]; !is {
			t.Errorf("%s: %s is %v, want none", what, k, v)
		}
	}
}

// checkLinks checks to which spans a span is linked, in order.
func checkLinks(t *testing.T, span tracetest.SpanStub, want ...trace.SpanContext) {
	t.Helper()
	var got []trace.SpanContext
	for _, l := range span.Links {
		got = append(got, l.SpanContext)
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("%s is linked to %v, want %v", span.Name, got, want)
	}
}

// same compares spans, whether they are remote or not.
func same(a, b trace.SpanContext) bool { return a.TraceID() == b.TraceID() && a.SpanID() == b.SpanID() }

func checkParent(t *testing.T, span tracetest.SpanStub, want trace.SpanContext) {
	t.Helper()
	if !same(span.Parent, want) {
		t.Errorf("the parent of %s is %v, want %v", span.Name, span.Parent, want)
	}
}

var none trace.SpanContext

// collected are the metrics as they stand, by name.
func (s *site) collected(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := s.metrics.Collect(within(t), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[m.Name] = m
		}
	}
	return found
}

// points are a metric's values, or the counts of a histogram, by attributes: all but messaging.system and the names of topic and group,
// which are checked here.
func (s *site) points(t *testing.T, name string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	add := func(set attribute.Set, n int64) {
		var rest []string
		for _, kv := range set.ToSlice() {
			switch kv.Key {
			case "messaging.system":
			case "messaging.destination.name":
				rest = append(rest, fmt.Sprintf("topic=%d", slices.Index(s.topics, kv.Value.AsString())))
			case "messaging.consumer.group.name":
				if kv.Value.AsString() != s.cfg.Group {
					t.Errorf("%s is of group %s", name, kv.Value.AsString())
				}
				rest = append(rest, "group")
			default:
				short := strings.TrimPrefix(strings.TrimPrefix(string(kv.Key), "messaging."), "destination.")
				rest = append(rest, short+"="+kv.Value.String())
			}
		}
		if v, _ := set.Value("messaging.system"); v.AsString() != "kafka" {
			t.Errorf("%s has messaging.system %q", name, v.AsString())
		}
		slices.Sort(rest)
		found[strings.Join(rest, " ")] += n
	}
	switch data := s.collected(t)[name].Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, p.Value)
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, p.Value)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, int64(p.Count))
		}
	case nil:
	default:
		t.Fatalf("%s is a %T", name, data)
	}
	return found
}

// checkPoints checks a metric's values: those of these attributes and no others.
func (s *site) checkPoints(t *testing.T, name string, want map[string]int64) {
	t.Helper()
	got := s.points(t, name)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s{%s} is %d, want %d; all: %v", name, k, got[k], v, got)
		}
	}
	for k, v := range got {
		if _, is := want[k]; !is {
			t.Errorf("%s{%s} is %d, want none", name, k, v)
		}
	}
}
