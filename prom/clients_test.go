package kafkaprom_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
	kafkaprom "github.com/typedkafka/kafka/prom"
)

// total sums a metric over its series.
func (s *site) total(t *testing.T, name string) (sum float64) {
	t.Helper()
	for _, one := range seriesOf(s.gathered(t)["typedkafka_"+name]) {
		sum += one.value
	}
	return sum
}

// franz-go's numbers add up over the clients of several proxies, and stay when clients are closed, as counters must.
func TestClientsOfSeveralProxies(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	first, second := s.proxy(t), s.proxy(t)
	if err := first.Ping(within(t)); err != nil { // by a client that lives for a moment
		t.Fatal(err)
	}
	connects := s.total(t, "client_connects_total")
	if connects < 1 {
		t.Fatalf("a Ping has made %v connections", connects)
	}
	produce(t, s.producer(t, first, 0), "a", "b")
	produce(t, s.producer(t, second, 0), "c")
	s.check(t, 3, "sent_messages_total", "topic", s.topics[0])
	produced := s.total(t, "client_produce_bytes_total")
	if more := s.total(t, "client_connects_total"); more <= connects || produced == 0 {
		t.Errorf("%v connections, %v bytes", more, produced)
	}
	take(t, s.consumer(t, second, 0), 3)
	if s.total(t, "client_fetch_bytes_total") == 0 {
		t.Error("nothing was fetched")
	}
	for _, name := range []string{"produce_records", "produce_bytes", "fetch_records", "fetch_bytes"} {
		if _, found := s.find(t, "client_buffered_"+name); !found {
			t.Errorf("nobody says what is buffered: %s", name)
		}
	}
	disconnect(t, first)
	disconnect(t, second)
	if after := s.total(t, "client_produce_bytes_total"); after != produced {
		t.Errorf("%v bytes were produced, and after the end %v", produced, after)
	}
	if s.total(t, "client_disconnects_total") == 0 {
		t.Error("nothing was disconnected")
	}
	if n := s.total(t, "client_buffered_produce_records"); n != 0 {
		t.Errorf("closed clients hold %v records", n)
	}
}

// Several parts of a program register by themselves; clusters get a label each; what can't be is an error, and no panic.
func TestRegistering(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	create := func(reg prometheus.Registerer) *kafkaprom.Metrics {
		t.Helper()
		m, err := kafkaprom.New(reg)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	in := func(cluster string) prometheus.Registerer {
		return prometheus.WrapRegistererWith(prometheus.Labels{"cluster": cluster}, registry)
	}
	eu, us := create(in("eu")), create(in("us"))
	if eu == us {
		t.Error("two clusters share metrics")
	}
	if again := create(in("eu")); again != eu {
		t.Error("the metrics of one registerer are not shared")
	}
	if m, err := kafkaprom.New(registry); err == nil || m != nil || !strings.HasPrefix(err.Error(), "kafkaprom: ") {
		t.Errorf("the same names with and without a label: %v", err)
	}
	if !in("us").Unregister(us) {
		t.Error("they can't be unregistered")
	}
	if create(nil) != create(prometheus.DefaultRegisterer) {
		t.Error("nil is not the default registerer")
	}
	prometheus.DefaultRegisterer.Unregister(create(nil))
}

// The clusters' numbers are apart.
func TestClustersApart(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for i, cluster := range []string{"eu", "us"} {
		m, err := kafkaprom.New(prometheus.WrapRegistererWith(prometheus.Labels{"cluster": cluster}, s.registry))
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := kafka.NewProxy(s.cfg, append(m.Options(), kafka.WithLogger(slog.New(slog.DiscardHandler)))...)
		if err != nil {
			t.Fatal(err)
		}
		defer disconnect(t, proxy)
		for range i + 1 {
			produce(t, s.producer(t, proxy, 0), "a")
		}
		take(t, s.consumer(t, proxy, 0, kafka.WithGroup(unique(cluster))), 1)
		s.check(t, float64(i+1), "sent_messages_total", "topic", s.topics[0], "cluster", cluster)
	}
	if n := len(seriesOf(s.gathered(t)["typedkafka_consumers"])); n != 2 {
		t.Errorf("%d series of consumers", n)
	}
}

// A group may be any bytes; what is no UTF-8 can't be a label, and must not end the program.
func TestAGroupThatIsNoText(t *testing.T) {
	t.Parallel()
	s := newSiteOn(t, kafkatest.Start(t), 1) // Apache Kafka makes other bytes of it, and nobody joins
	proxy := s.proxy(t)
	produce(t, s.producer(t, proxy, 0), "a")
	s.cfg.Group += "\xff"
	take(t, s.consumer(t, s.proxy(t), 0), 1)
	s.check(t, 1, "consumed_messages_total", "topic", s.topics[0], "group", strings.ToValidUTF8(s.cfg.Group, "\uFFFD"))
}
