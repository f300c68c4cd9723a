package kafka_test

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/specimen"
	"github.com/typedkafka/kafka/kafkatest"
	"github.com/typedkafka/kafka/schema"
)

// BenchmarkNew is what the constructors cost beside the compilation of a schema, which is done once: they are made freely, one for each
// request if somebody likes.
func BenchmarkNew(b *testing.B) {
	topic := kafka.Topic[specimen.Order]{Name: "orders", Schema: schema.MustCompile([]byte(specimen.OrderSchema))}
	cfg := kafka.Config{Brokers: []string{"localhost:1"}, Group: "group"} // nobody is there, and nobody asks
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		b.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, row := range []benchmarkRow{
		{"proxy", func() error { _, err := kafka.NewProxy(cfg); return err }},
		{"producer", func() error { _, err := kafka.NewProducer(proxy, topic); return err }},
		{"consumer", func() error { _, err := kafka.NewConsumer(proxy, topic); return err }},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := row.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	if n := runtime.NumGoroutine(); n > before {
		b.Errorf("%d goroutines run that did not before", n-before)
	}
}

// BenchmarkProducers is what each of a hundred producers of one proxy holds that have sent something, and how many connections they all
// have. The messages themselves, which the embedded broker keeps in the same heap, are taken off: a single producer sends as many before.
func BenchmarkProducers(b *testing.B) {
	for b.Loop() {
		heap, sockets := heldByProducers(b, 100)
		b.ReportMetric(heap, "B/producer")
		b.ReportMetric(float64(sockets), "sockets")
	}
}

func heldByProducers(b *testing.B, n int) (heap float64, sockets int32) {
	cfg, stop, err := kafkatest.Run("orders")
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	var open openConnections
	proxy, err := kafka.NewProxy(cfg, kafka.WithClientOptions(kgo.WithHooks(&open)), kafka.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := proxy.Disconnect(context.Background()); err != nil {
			b.Error(err)
		}
	}()
	topic := kafka.Topic[specimen.Tiny]{Name: "orders", Schema: schema.MustCompile([]byte(specimen.TinySchema))}
	producers := make([]*kafka.Producer[specimen.Tiny], n)
	first := newProducers(b, proxy, topic, producers[:1])
	for range n { // the pools and buffers grow
		sendTiny(b, first)
	}
	empty := liveHeap()
	for range n {
		sendTiny(b, first)
	}
	messages := liveHeap()
	newProducers(b, proxy, topic, producers[1:])
	for _, p := range producers[1:] {
		sendTiny(b, p)
	}
	all := liveHeap()
	runtime.KeepAlive(producers)
	return (float64(all-messages) - float64(messages-empty)) / float64(n-1), open.n.Load()
}

// newProducers fills a slice and returns the first.
func newProducers[T any](b *testing.B, proxy *kafka.Proxy, topic kafka.Topic[T], into []*kafka.Producer[T]) *kafka.Producer[T] {
	for i := range into {
		var err error
		if into[i], err = kafka.NewProducer(proxy, topic); err != nil {
			b.Fatal(err)
		}
	}
	return into[0]
}

func sendTiny(b *testing.B, p *kafka.Producer[specimen.Tiny]) {
	if _, err := p.Produce(context.Background(), *specimen.NewTiny()); err != nil {
		b.Fatal(err)
	}
}

// liveHeap is what can't be collected. Two collections empty the pools.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// openConnections counts those of a client.
type openConnections struct{ n atomic.Int32 }

func (o *openConnections) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		o.n.Add(1)
	}
}

func (o *openConnections) OnBrokerDisconnect(kgo.BrokerMetadata, net.Conn) { o.n.Add(-1) }
