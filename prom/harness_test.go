package kafkaprom_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
	kafkaprom "github.com/typedkafka/kafka/prom"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is a generous bound; no test depends on it being used up.
const patience = 30 * time.Second

// An order is what the tests send.
type order struct {
	ID  string `json:"id" jsonschema:"minLength=1"`
	Qty int    `json:"qty" jsonschema:"minimum=1"`
}

// A site is a cluster with topics and a group of the test's own, and a registry.
type site struct {
	cfg      kafka.Config
	topics   []string
	registry *prometheus.Registry
	events   *events
}

// newSite takes the cluster that KAFKA_TEST_BROKERS names, else an embedded broker. Each topic has as many partitions as it says.
func newSite(t *testing.T, partitions ...int32) *site {
	t.Helper()
	if real := os.Getenv("KAFKA_TEST_BROKERS"); real != "" {
		return newSiteOn(t, kafka.Config{Brokers: strings.Split(real, ",")}, partitions...)
	}
	return newSiteOn(t, kafkatest.Start(t), partitions...)
}

func newSiteOn(t *testing.T, cfg kafka.Config, partitions ...int32) *site {
	t.Helper()
	// A pedantic registry compares what is collected with what was described.
	s := &site{cfg: cfg, registry: prometheus.NewPedanticRegistry(), events: newEvents()}
	s.cfg.Group = unique("group")
	cl, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	admin := kadm.NewClient(cl)
	for _, n := range partitions {
		topic := unique("orders")
		if _, err := admin.CreateTopic(within(t), n, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = admin.DeleteTopics(context.Background(), topic) })
		s.topics = append(s.topics, topic)
	}
	return s
}

var uniqueness atomic.Int64

// unique makes a name that no other test and no earlier run has.
func unique(what string) string {
	return fmt.Sprintf("%s-%d-%d", what, time.Now().UnixNano(), uniqueness.Add(1))
}

// proxy makes one that is measured, and tells the site's events after it was.
func (s *site) proxy(t *testing.T, opts ...kafka.ProxyOption) *kafka.Proxy {
	t.Helper()
	metrics, err := kafkaprom.New(s.registry)
	if err != nil {
		t.Fatal(err)
	}
	opts = append(opts, kafka.WithLogger(slog.New(slog.DiscardHandler)))
	p, err := kafka.NewProxy(s.cfg, append(append(opts, metrics.Options()...), s.events.option())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disconnect(t, p) })
	return p
}

func disconnect(t *testing.T, what interface{ Disconnect(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := what.Disconnect(ctx); err != nil {
		t.Error(err)
	}
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

func (s *site) orders(i int) kafka.Topic[order] {
	return kafka.Topic[order]{Name: s.topics[i], Key: func(o order) []byte { return []byte(o.ID) }}
}

func (s *site) producer(t *testing.T, p *kafka.Proxy, topic int) *kafka.Producer[order] {
	t.Helper()
	producer, err := kafka.NewProducer(p, s.orders(topic))
	if err != nil {
		t.Fatal(err)
	}
	return producer
}

func (s *site) consumer(t *testing.T, p *kafka.Proxy, topic int, opts ...kafka.ConsumerOption) *kafka.Consumer[order] {
	t.Helper()
	consumer, err := kafka.NewConsumer(p, s.orders(topic), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return consumer
}

// produce sends valid orders, one after another.
func produce(t *testing.T, producer *kafka.Producer[order], ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := producer.Produce(within(t), order{id, 1}); err != nil {
			t.Fatal(err)
		}
	}
}

// write puts values on partition 0 of a topic that the producer would refuse. The empty one is null.
func (s *site) write(t *testing.T, topic int, values ...string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.cfg.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for _, v := range values {
		r := &kgo.Record{Topic: s.topics[topic], Key: []byte("stray")}
		if v != "" {
			r.Value = []byte(v)
		}
		if err := cl.ProduceSync(within(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// running runs a consumer until the function that it returns is called.
func running(t *testing.T, c *kafka.Consumer[order], h kafka.Handler[order], opts ...kafka.RunOption) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, h, opts...) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// take retrieves messages, invalid ones too.
func take(t *testing.T, c *kafka.Consumer[order], n int) {
	t.Helper()
	for range n {
		var invalid *kafka.MessageError
		if _, err := c.Retrieve(within(t)); err != nil && !errors.As(err, &invalid) {
			t.Fatal(err)
		}
	}
}

// gathered are the metrics by name. It is what a scrape does, with its checks.
func (s *site) gathered(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*dto.MetricFamily{}
	for _, f := range families {
		all[f.GetName()] = f
	}
	return all
}

// A series is a value of a metric: of a counter or gauge itself, of a histogram its count.
type series struct {
	labels map[string]string
	value  float64
	sum    float64 // of a histogram
}

func seriesOf(f *dto.MetricFamily) (all []series) {
	for _, m := range f.GetMetric() {
		one := series{labels: map[string]string{}, value: m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()),
			sum: m.GetHistogram().GetSampleSum()}
		for _, l := range m.GetLabel() {
			one.labels[l.GetName()] = l.GetValue()
		}
		all = append(all, one)
	}
	return all
}

// find gives the one series of a metric whose labels are those, given as name and value in turn, and no others but for an empty one.
func (s *site) find(t *testing.T, name string, labels ...string) (series, bool) {
	t.Helper()
	want := map[string]string{}
	for i := 0; i < len(labels); i += 2 {
		want[labels[i]] = labels[i+1]
	}
	for _, one := range seriesOf(s.gathered(t)["typedkafka_"+name]) {
		maps.DeleteFunc(one.labels, func(_, value string) bool { return value == "" })
		if maps.Equal(one.labels, want) {
			return one, true
		}
	}
	return series{}, false
}

// check fails the test where a series is missing or has another value.
func (s *site) check(t *testing.T, want float64, name string, labels ...string) {
	t.Helper()
	if got, found := s.find(t, name, labels...); !found || got.value != want {
		t.Errorf("%s%v is %v (there: %t), want %v", name, labels, got.value, found, want)
	}
}

// within returns a context that ends with the test, or after all patience.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for what no event tells of, as a status.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("did not come true in %s: %s", patience, what)
		}
	}
}

// events counts what an observer is told of, after the metrics were.
type events struct {
	mu      sync.Mutex // guards what follows
	counts  map[string]int
	changed chan struct{} // closed and replaced at each event
}

func newEvents() *events { return &events{counts: map[string]int{}, changed: make(chan struct{})} }

func (e *events) add(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts[name]++
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *events) option() kafka.ProxyOption {
	return kafka.WithObserver(kafka.Observer{
		Handle: func(ctx context.Context, _ kafka.Handling) (context.Context, func(error)) {
			return ctx, func(error) { e.add("handled") }
		},
		Fail: func(_ context.Context, f kafka.Failure) { e.add(string(f.Fate)) },
		Commit: func(_ context.Context, c kafka.Commit) {
			if c.Err != nil {
				e.add("commit failed")
				return
			}
			e.add("commit")
		},
	})
}

// await waits until something has happened n times.
func (e *events) await(t *testing.T, name string, n int) {
	t.Helper()
	ctx := within(t)
	for {
		e.mu.Lock()
		count, changed := e.counts[name], e.changed
		e.mu.Unlock()
		if count >= n {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%q happened %d times in %s, want %d", name, count, patience, n)
		}
	}
}
