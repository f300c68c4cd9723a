package kafkaprom

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// namespace begins the name of every metric.
const namespace = "typedkafka"

// Metrics are the metrics of any number of proxies. They are safe for concurrent use, and a prometheus.Collector, so that
// Registerer.Unregister takes them.
type Metrics struct {
	flow      *flow
	consumers *consumers
	clients   *clients
}

// New makes metrics and registers them; with a nil registerer they are registered with prometheus.DefaultRegisterer. Where reg has
// them already, it returns those: so each part of a program may call it by itself. It fails where reg has other metrics of one of the
// names, or the same ones with other labels.
func New(reg prometheus.Registerer) (*Metrics, error) {
	if reg == nil {
		reg = prometheus.DefaultRegisterer
	}
	clients, err := newClients()
	if err != nil {
		return nil, fmt.Errorf("kafkaprom: make franz-go's metrics: %w", err)
	}
	m := &Metrics{flow: newFlow(), consumers: newConsumers(), clients: clients}
	err = reg.Register(m)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if same, ours := already.ExistingCollector.(*Metrics); ours {
			return same, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("kafkaprom: register the metrics, with another registerer or without what has their names: %w", err)
	}
	return m, nil
}

// Options are what kafka.NewProxy takes to be measured. They may go to several proxies, whose numbers add up.
func (m *Metrics) Options() []kafka.ProxyOption {
	return []kafka.ProxyOption{
		kafka.WithObserver(kafka.Observer{
			Send: m.flow.send, Receive: m.flow.receive, Handle: m.flow.handle, Fail: m.flow.fail, Commit: m.flow.commit,
			Lose: m.flow.lose, Rebalance: m.flow.rebalance, Consume: m.consume,
		}),
		kafka.WithClientOptions(kgo.WithHooks(m.clients)),
	}
}

func (m *Metrics) consume(status func() kafka.Status) (gone func()) {
	s := status()
	m.flow.begin(s.Topic, s.Group)
	return m.consumers.watch(status)
}

// Describe is what a registry calls.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, part := range m.parts() {
		part.Describe(ch)
	}
}

// Collect is what a registry calls at a scrape. It does no I/O.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, part := range m.parts() {
		part.Collect(ch)
	}
}

func (m *Metrics) parts() []prometheus.Collector {
	return append(m.flow.parts(), m.consumers, m.clients)
}
