package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/typedkafka/kafka"
)

// The README says which versions of Kafka's protocol the client gets by with.
func TestReadmeProtocolVersions(t *testing.T) {
	t.Parallel()
	for name, versions := range map[string]*kversion.Versions{
		"0.11": kversion.V0_11_0(), "2.4": kversion.V2_4_0(), "3.0": kversion.V3_0_0(), "4.0": kversion.V4_0_0(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.MaxVersions(versions), kfake.SeedTopics(2, "orders"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(cluster.Close)
			roundTrip(t, kafka.Config{Brokers: cluster.ListenAddrs(), Group: "readme"})
		})
	}
}

// roundTrip sends a message, receives and acknowledges it, and disconnects.
func roundTrip(t *testing.T, cfg kafka.Config) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		t.Fatal(err)
	}
	producer, err := kafka.NewProducer(proxy, Orders)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := kafka.NewConsumer(proxy, Orders)
	if err != nil {
		t.Fatal(err)
	}
	want := Order{ID: "A-1", Email: "ada@example.com"}
	if _, err := producer.Produce(ctx, want); err != nil {
		t.Fatal(err)
	}
	m, err := consumer.Retrieve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if m.Value != want {
		t.Errorf("received %+v", m.Value)
	}
	if err := m.Ack(); err != nil {
		t.Error(err)
	}
	if err := proxy.Disconnect(ctx); err != nil {
		t.Error(err)
	}
}
