package kafkaprom

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/typedkafka/kafka"
)

// consumers gives what the statuses of all consumers in use say at a scrape. It is safe for concurrent use.
type consumers struct {
	used, joined *prometheus.Desc
	partition    []gauge

	mu  sync.Mutex // guards all
	all map[*watched]struct{}
}

// A watched is a consumer in use.
type watched struct{ status func() kafka.Status }

// A gauge is one number of a partition. Where it is negative it is not known.
type gauge struct {
	desc  *prometheus.Desc
	value func(partition) float64
}

// A partition is what is known of one, of all consumers together.
type partition struct {
	kafka.PartitionStatus
	stalled time.Duration // how long it stands; 0: it goes on
}

func newConsumers() *consumers {
	of := func(name, help string, value func(partition) float64) gauge {
		return gauge{describe("consumer_"+name, help, "topic", "group", "partition"), value}
	}
	return &consumers{
		used:   describe("consumers", "Consumers that are in use.", "topic", "group"),
		joined: describe("consumers_joined", "Consumers in use that are in their group.", "topic", "group"),
		partition: []gauge{
			of("lag", "Offsets from the committed one, or the position where nothing is committed, to the end of the partition.",
				func(p partition) float64 { return float64(p.Lag) }),
			of("position", "Offset of the next message to be handed out.", func(p partition) float64 { return float64(p.Position) }),
			of("committed", "Offset that the group has committed.", func(p partition) float64 { return float64(p.Committed) }),
			of("end", "Offset where the messages end that may be read.", func(p partition) float64 { return float64(p.End) }),
			of("in_flight_messages", "Messages that are handed out and neither acknowledged nor given back.",
				func(p partition) float64 { return float64(p.InFlight) }),
			of("in_flight_bytes", "Bytes of the keys and values of what is in flight.", func(p partition) float64 { return float64(p.InFlightBytes) }),
			of("paused", "1 where Pause holds the partition, else 0.", func(p partition) float64 { return one(p.Paused) }),
			of("stalled_seconds", "How long nothing of the partition is handed out although something is there; 0 where it goes on.",
				func(p partition) float64 { return p.stalled.Seconds() }),
		},
		all: map[*watched]struct{}{},
	}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// watch takes a consumer in, until what it returns is called.
func (c *consumers) watch(status func() kafka.Status) (gone func()) {
	w := &watched{status}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[w] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.all, w)
	}
}

// statuses are asked for without the lock: each takes one of its own.
func (c *consumers) statuses() []kafka.Status {
	c.mu.Lock()
	all := make([]*watched, 0, len(c.all))
	for w := range c.all {
		all = append(all, w)
	}
	c.mu.Unlock()
	statuses := make([]kafka.Status, len(all))
	for i, w := range all {
		statuses[i] = w.status()
	}
	return statuses
}

// Describe implements prometheus.Collector.
func (c *consumers) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.used
	ch <- c.joined
	for _, g := range c.partition {
		ch <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (c *consumers) Collect(ch chan<- prometheus.Metric) {
	s := survey(c.statuses(), time.Now())
	for at, g := range s.groups {
		ch <- prometheus.MustNewConstMetric(c.used, prometheus.GaugeValue, float64(g.used), at.topic, at.group)
		ch <- prometheus.MustNewConstMetric(c.joined, prometheus.GaugeValue, float64(g.joined), at.topic, at.group)
	}
	for at, p := range s.partitions {
		for _, g := range c.partition {
			if v := g.value(p); v >= 0 {
				ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, v, at.topic, at.group, strconv.Itoa(int(p.Partition)))
			}
		}
	}
}

// A partitionPlace is where a gauge is: the same labels must not come twice at a scrape.
type partitionPlace struct {
	place
	partition int32
}

// A summary is what all consumers are at.
type summary struct {
	groups     map[place]struct{ used, joined int }
	partitions map[partitionPlace]partition
}

func survey(statuses []kafka.Status, now time.Time) summary {
	s := summary{map[place]struct{ used, joined int }{}, map[partitionPlace]partition{}}
	for _, status := range statuses {
		at := place{text(status.Topic), text(status.Group)}
		g := s.groups[at]
		g.used++
		if status.Joined {
			g.joined++
		}
		s.groups[at] = g
		for _, p := range status.Partitions {
			here := partition{PartitionStatus: p}
			if p.Stalled != "" {
				here.stalled = max(0, now.Sub(p.StalledSince))
			}
			where := partitionPlace{at, p.Partition}
			if other, twice := s.partitions[where]; twice {
				here = worst(here, other)
			}
			s.partitions[where] = here
		}
	}
	return s
}

// worst is what two consumers of one partition are at together.
func worst(a, b partition) partition {
	a.Lag, a.End = max(a.Lag, b.Lag), max(a.End, b.End)
	a.Position, a.Committed = min(a.Position, b.Position), min(a.Committed, b.Committed)
	a.InFlight, a.InFlightBytes = a.InFlight+b.InFlight, a.InFlightBytes+b.InFlightBytes
	a.Paused, a.stalled = a.Paused || b.Paused, max(a.stalled, b.stalled)
	return a
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
