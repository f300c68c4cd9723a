package kafka_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/typedkafka/kafka"
)

// brokersVariable names a real cluster for the behaviour tests. It is not KAFKA_BROKERS: a test run in a production shell must not
// write there.
const brokersVariable = "KAFKA_TEST_BROKERS"

// onBoth counts the tests that run on a real cluster where one is named; embeddedOnly those that need the embedded broker always,
// each with its reason in the code.
var onBoth, embeddedOnly atomic.Int32

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	where := "the embedded broker; " + brokersVariable + " names no real one"
	if real := os.Getenv(brokersVariable); real != "" {
		where = "the real Kafka at " + real
	}
	fmt.Printf("behaviour tests: %d on %s; %d on the embedded broker only\n", onBoth.Load(), where, embeddedOnly.Load())
	os.Exit(code)
}

// A cluster is what a behaviour test runs against.
type cluster struct {
	cfg  kafka.Config
	fake *kfake.Cluster // nil: a real one
	adm  *kadm.Client
}

// newCluster gives the cluster of a test that runs unchanged on both: the real one that the environment names, else an embedded
// broker of its own, with options.
func newCluster(t *testing.T, embedded ...kfake.Opt) *cluster {
	t.Helper()
	onBoth.Add(1)
	if real := os.Getenv(brokersVariable); real != "" {
		return connectAdmin(t, &cluster{cfg: kafka.Config{Brokers: strings.Split(real, ",")}})
	}
	return startEmbedded(t, embedded...)
}

// newEmbedded gives a test the embedded broker whatever the environment names; reason says what a real one can't do.
func newEmbedded(t *testing.T, reason string, opts ...kfake.Opt) *cluster {
	t.Helper()
	if reason == "" {
		t.Fatal("say why this test can't run on a real cluster")
	}
	embeddedOnly.Add(1)
	return startEmbedded(t, opts...)
}

func startEmbedded(t *testing.T, opts ...kfake.Opt) *cluster {
	t.Helper()
	fake, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return connectAdmin(t, &cluster{cfg: kafka.Config{Brokers: fake.ListenAddrs()}, fake: fake})
}

func connectAdmin(t *testing.T, c *cluster) *cluster {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.cfg.Brokers...), kgo.MetadataMinAge(10*time.Millisecond)) // it caches as long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	c.adm = kadm.NewClient(cl)
	c.cfg.Group = unique("group")
	return c
}

var uniqueness atomic.Int64

// unique makes a name that no other test and no earlier run has.
func unique(what string) string {
	return fmt.Sprintf("%s-%d-%d", what, time.Now().UnixNano(), uniqueness.Add(1))
}

// topic creates a topic with a name of its own, waits until it can be used, and deletes it with the test.
func (c *cluster) topic(t *testing.T, partitions int32, configs ...string) string {
	t.Helper()
	name := unique("orders")
	c.createTopic(t, name, partitions, configs...)
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), name) })
	return name
}

// createTopic creates a topic, with configs as "key=value".
func (c *cluster) createTopic(t *testing.T, name string, partitions int32, configs ...string) {
	t.Helper()
	ctx := within(t, 20*time.Second)
	values := make(map[string]*string)
	for _, kv := range configs {
		k, v, _ := strings.Cut(kv, "=")
		values[k] = &v
	}
	if _, err := c.adm.CreateTopic(ctx, partitions, 1, values, name); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the topic has leaders", func() bool {
		topics, err := c.adm.ListTopics(ctx, name)
		return err == nil && topics[name].Err == nil && len(topics[name].Partitions) == int(partitions)
	})
}

// proxy makes a proxy on the cluster that is disconnected with the test.
func (c *cluster) proxy(t *testing.T, opts ...kafka.ProxyOption) *kafka.Proxy {
	t.Helper()
	return newProxy(t, c.cfg, opts...)
}

func newProxy(t *testing.T, cfg kafka.Config, opts ...kafka.ProxyOption) *kafka.Proxy {
	t.Helper()
	p, err := kafka.NewProxy(cfg, append([]kafka.ProxyOption{kafka.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = p.Disconnect(ctx)
	})
	return p
}

// committed is the group's committed offset, -1 where there is none.
func (c *cluster) committed(t *testing.T, group, topic string, partition int32) int64 {
	t.Helper()
	offsets, err := c.adm.FetchOffsets(within(t, 10*time.Second), group)
	if err != nil {
		return -1
	}
	o, ok := offsets.Lookup(topic, partition)
	if !ok {
		return -1
	}
	return o.At
}

// An order is what most tests send.
type order struct {
	ID  string `json:"id"`
	Qty int    `json:"qty"`
}

func orders(name string) kafka.Topic[order] {
	return kafka.Topic[order]{Name: name, Key: func(o order) []byte { return []byte(o.ID) }}
}

func newProducer(t *testing.T, p *kafka.Proxy, topic string, opts ...kafka.ProducerOption) *kafka.Producer[order] {
	t.Helper()
	producer, err := kafka.NewProducer(p, orders(topic), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return producer
}

func newConsumer(t *testing.T, p *kafka.Proxy, topic string, opts ...kafka.ConsumerOption) *kafka.Consumer[order] {
	t.Helper()
	consumer, err := kafka.NewConsumer(p, orders(topic), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return consumer
}

// within returns a context that ends with the test, or after d.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for what no event tells of, such as a broker's state; a test that can wait for an event does that instead.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("did not come true in 20 s: %s", what)
		}
	}
}
