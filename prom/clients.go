package kafkaprom

import (
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"
)

// clients gives franz-go's metrics, by kprom, as the hook of all clients. A kprom.Metrics is made for one client: it registers all when
// a client is made, a second time in vain, and forgets all when one is closed. A proxy has several, some for a moment only. So kprom
// does not learn of them, and what it asks of its client is summed up here. It is safe for concurrent use.
type clients struct {
	*kprom.Metrics
	replaced map[*prometheus.Desc]bool // kprom's metrics that ask its client
	buffered []buffered

	mu  sync.Mutex // guards all
	all map[*kgo.Client]struct{}
}

var (
	_ kgo.HookNewClient    = (*clients)(nil)
	_ kgo.HookClientClosed = (*clients)(nil)
)

// A buffered is what clients hold back, of one kind.
type buffered struct {
	desc *prometheus.Desc
	of   func(*kgo.Client) int64
}

const subsystem = "client"

func newClients() (*clients, error) {
	c := &clients{
		Metrics: kprom.NewMetrics(namespace, kprom.Subsystem(subsystem), kprom.Registry(nil),
			kprom.Histograms(kprom.RequestDurationE2E, kprom.RequestThrottled),
			kprom.NativeBucketFactor(1)), // none: see histogram
		buffered: []buffered{
			{describe(subsystem+"_buffered_produce_records", "Records that wait in the clients to be sent."), (*kgo.Client).BufferedProduceRecords},
			{describe(subsystem+"_buffered_produce_bytes", "Bytes that wait in the clients to be sent."), (*kgo.Client).BufferedProduceBytes},
			{describe(subsystem+"_buffered_fetch_records", "Records that were fetched and not yet taken from the clients."), (*kgo.Client).BufferedFetchRecords},
			{describe(subsystem+"_buffered_fetch_bytes", "Bytes that were fetched and not yet taken from the clients."), (*kgo.Client).BufferedFetchBytes},
		},
		replaced: map[*prometheus.Desc]bool{},
		all:      map[*kgo.Client]struct{}{},
	}
	// kprom makes its metrics when it is told of a client, so it is told of one that never connects.
	none, err := kgo.NewClient()
	if err != nil {
		return nil, err
	}
	none.Close()
	c.Metrics.OnNewClient(none)
	c.replace()
	return c, nil
}

// replace finds those of kprom's metrics that ask one client. They are gauges named as counters.
func (c *clients) replace() {
	for desc := range received(c.Metrics.Describe) {
		if strings.Contains(desc.String(), `"`+namespace+"_"+subsystem+"_buffered_") {
			c.replaced[desc] = true
		}
	}
}

// received gives what send sends.
func received[T any](send func(chan<- T)) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		ch := make(chan T)
		go func() {
			defer close(ch)
			send(ch)
		}()
		wanted := true
		for v := range ch {
			wanted = wanted && yield(v)
		}
	}
}

// OnNewClient is called for each client that is made.
func (c *clients) OnNewClient(cl *kgo.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[cl] = struct{}{}
}

// OnClientClosed is called for each client that is closed.
func (c *clients) OnClientClosed(cl *kgo.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, cl)
}

// Describe implements prometheus.Collector.
func (c *clients) Describe(ch chan<- *prometheus.Desc) {
	for desc := range received(c.Metrics.Describe) {
		if !c.replaced[desc] {
			ch <- desc
		}
	}
	for _, b := range c.buffered {
		ch <- b.desc
	}
}

// Collect implements prometheus.Collector.
func (c *clients) Collect(ch chan<- prometheus.Metric) {
	for m := range received(c.Metrics.Collect) {
		if !c.replaced[m.Desc()] {
			ch <- m
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.buffered {
		var sum int64
		for cl := range c.all {
			sum += b.of(cl)
		}
		ch <- prometheus.MustNewConstMetric(b.desc, prometheus.GaugeValue, float64(sum))
	}
}
