// Package elections_test breaks real brokers under our producers and consumers: what is promised there depends on elections, which only
// a real cluster holds.
package elections_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
)

type note struct {
	N int `json:"n"`
}

// A bench is a cluster and what a test needs to break it.
type bench struct {
	*cluster.Cluster
	ctx   context.Context
	proxy *kafka.Proxy
	cl    *kgo.Client
	adm   *kadm.Client
}

func newBench(t *testing.T, o cluster.Options) *bench {
	t.Helper()
	c := cluster.ForTest(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	p, err := kafka.NewProxy(kafka.Config{Brokers: c.Bootstrap(), Group: "notes"}, kafka.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = p.Disconnect(ctx) // its brokers may be gone
	})
	return &bench{Cluster: c, ctx: ctx, proxy: p, cl: cl, adm: kadm.NewClient(cl)}
}

// topic creates a topic of one partition on these brokers, the first of which leads it.
func (b *bench) topic(t *testing.T, name string, configs map[string]string, brokers ...int32) kafka.Topic[note] {
	t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = name, -1, -1
	on := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
	on.Replicas = brokers
	one.ReplicaAssignment = append(one.ReplicaAssignment, on)
	for k, v := range configs {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = k, &v
		one.Configs = append(one.Configs, config)
	}
	req.Topics = append(req.Topics, one)
	if _, err := req.RequestWith(b.ctx, b.cl); err != nil {
		t.Fatal(err)
	}
	b.await(t, "the topic is led by its first broker", func(p kadm.PartitionDetail) bool {
		return p.Leader == brokers[0] && len(p.ISR) == len(brokers)
	}, name)
	return kafka.Topic[note]{Name: name}
}

// await waits until a topic's only partition is as told; no event tells of that.
func (b *bench) await(t *testing.T, what string, done func(kadm.PartitionDetail) bool, topic string) {
	t.Helper()
	var last kadm.PartitionDetail
	for b.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second) // a frozen broker answers nothing
		topics, err := b.adm.ListTopics(ctx, topic)
		cancel()
		if p, ok := topics[topic].Partitions[0]; err == nil && ok {
			if last = p; done(p) {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("did not come true in time: %s; last seen: %+v", what, last)
}

func (b *bench) do(t *testing.T, what func(context.Context, int) error, broker int) {
	t.Helper()
	if err := what(b.ctx, broker); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) producer(t *testing.T, topic kafka.Topic[note]) *kafka.Producer[note] {
	t.Helper()
	p, err := kafka.NewProducer(b.proxy, topic)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *bench) produce(t *testing.T, p *kafka.Producer[note], n int) kafka.Delivery {
	t.Helper()
	d, err := p.Produce(b.ctx, note{n})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// controller is the broker that leads the quorum of controllers (KIP-595); what metadata name is any broker.
func (b *bench) controller(t *testing.T) int32 {
	t.Helper()
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic, partition := kmsg.NewDescribeQuorumRequestTopic(), kmsg.NewDescribeQuorumRequestTopicPartition()
	topic.Topic, topic.Partitions = "__cluster_metadata", append(topic.Partitions, partition)
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(b.ctx, b.cl)
	if err != nil || len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		t.Fatalf("who leads the controllers? %+v, %v", resp, err)
	}
	return resp.Topics[0].Partitions[0].LeaderID
}

// A leader that hangs costs its producers some 12 s, of which the cluster takes 9 s to miss it, and not the 20 s and more of a client
// that goes on asking it. Nothing is told as failed, and nothing is written twice. Where the broker is the active controller too, the
// cluster takes 9 s more: its successor counts anew.
func TestALeaderThatHangsCostsSomeSeconds(t *testing.T) {
	b := newBench(t, cluster.Options{Brokers: 3})
	hangs := b.controller(t)%3 + 1 // another one
	topic := b.topic(t, "hangs", nil, hangs, hangs%3+1, (hangs+1)%3+1)
	producer := b.producer(t, topic)
	first := b.produce(t, producer, 0)
	b.do(t, b.Pause, int(hangs))
	begin := time.Now()
	d := b.produce(t, producer, 1)
	took := time.Since(begin)
	t.Logf("acknowledged after %.1f s", took.Seconds())
	if took > time.Minute { // generous: by how much a loaded machine is late says nothing
		t.Errorf("acknowledged only after %s", took)
	}
	if d.Offset != first.Offset+1 {
		t.Errorf("at offset %d after %d", d.Offset, first.Offset)
	}
	b.do(t, b.Resume, int(hangs))
	if next := b.produce(t, producer, 2); next.Offset != d.Offset+1 {
		t.Errorf("at offset %d after %d", next.Offset, d.Offset)
	}
}

// retrieve returns the next message or what is told.
func (b *bench) retrieve(t *testing.T, c *kafka.Consumer[note]) (int, error) {
	t.Helper()
	m, err := c.Retrieve(b.ctx)
	if err != nil {
		if b.ctx.Err() != nil {
			t.Fatal(err)
		}
		return 0, err
	}
	return m.Value.N, nil
}

// A log that an unclean election cuts short is told, and what is written in place of what is lost is delivered.
func TestATruncatedLogIsTold(t *testing.T) {
	b := newBench(t, cluster.Options{Brokers: 3, Props: map[string]string{
		"broker.session.timeout.ms": "5000", "broker.heartbeat.interval.ms": "500",
		"unclean.leader.election.interval.ms": "500", "replica.lag.time.max.ms": "2000",
	}})
	topic := b.topic(t, "truncated", map[string]string{"unclean.leader.election.enable": "true", "min.insync.replicas": "1"}, 1, 2)
	producer := b.producer(t, topic)
	consumer, err := kafka.NewConsumer(b.proxy, topic)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		b.produce(t, producer, i)
	}
	b.do(t, b.Pause, 2)
	b.await(t, "broker 2 is out of sync", func(p kadm.PartitionDetail) bool { return len(p.ISR) == 1 && p.ISR[0] == 1 }, topic.Name)
	for i := 3; i < 10; i++ {
		b.produce(t, producer, i) // on broker 1 alone
	}
	for i := range 10 {
		if n, err := b.retrieve(t, consumer); err != nil || n != i {
			t.Fatalf("received %d, %v, want %d", n, err, i)
		}
	}
	b.do(t, b.Kill, 1)
	b.do(t, b.Resume, 2)
	begin := time.Now()
	b.await(t, "broker 2 leads", func(p kadm.PartitionDetail) bool { return p.Leader == 2 }, topic.Name)
	t.Logf("elected after %.1f s", time.Since(begin).Seconds())
	for i := 100; i < 112; i++ {
		b.produce(t, producer, i) // at the offsets of what is lost, and beyond
	}
	told := 0
	for want := 100; want < 112; {
		n, err := b.retrieve(t, consumer)
		switch {
		case errors.Is(err, kafka.ErrDataLoss):
			t.Log(err)
			told++
		case err != nil:
			t.Fatal(err)
		case n < 100: // what is left of the old log may come again: where the client finds no common epoch, it begins at the start
			t.Logf("received %d again", n)
		case n != want:
			t.Fatalf("received %d, want %d", n, want)
		default:
			want++
		}
	}
	if told == 0 {
		t.Error("nothing was told of a log that was cut short")
	}
}
