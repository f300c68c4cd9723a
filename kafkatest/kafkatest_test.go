package kafkatest_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a plain franz-go client of the broker: what this package promises must hold for any client.
func client(t *testing.T, cfg kafka.Config, opts ...kgo.Opt) (context.Context, *kgo.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(cfg.Brokers...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return ctx, cl
}

func TestStartGivesABrokerWithItsTopics(t *testing.T) {
	t.Parallel()
	cfg := kafkatest.Start(t, "orders", "payments:3")
	ctx, cl := client(t, cfg)
	topics, err := kadm.NewClient(cl).ListTopics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for name, topic := range topics {
		got[name] = len(topic.Partitions)
	}
	if len(got) != 2 || got["orders"] != 1 || got["payments"] != 3 {
		t.Errorf("topics and partitions: %v, want orders 1 and payments 3", got)
	}
}

func TestStartCreatesNoOtherTopic(t *testing.T) {
	t.Parallel()
	ctx, cl := client(t, kafkatest.Start(t, "orders"), kgo.AllowAutoTopicCreation())
	rec := &kgo.Record{Topic: "odrers", Value: []byte("x")}
	if err := cl.ProduceSync(ctx, rec).FirstErr(); err == nil {
		t.Error("a message to a topic that was not named was accepted")
	}
}

func TestAGroupReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	cfg := kafkatest.Start(t, "orders")
	if cfg.Group != kafkatest.Group {
		t.Errorf("group %q, want %q", cfg.Group, kafkatest.Group)
	}
	ctx, cl := client(t, cfg, kgo.ConsumerGroup(cfg.Group), kgo.ConsumeTopics("orders"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for i := range 3 {
		rec := &kgo.Record{Topic: "orders", Value: fmt.Append(nil, i)}
		if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for len(got) < 3 {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if s := strings.Join(got, " "); s != "0 1 2" {
		t.Errorf("received %q, want them in order", s)
	}
}

func TestBrokersAreApart(t *testing.T) {
	t.Parallel()
	ctx, one := client(t, kafkatest.Start(t, "orders"))
	if err := one.ProduceSync(ctx, &kgo.Record{Topic: "orders", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	_, other := client(t, kafkatest.Start(t, "orders"))
	ends, err := kadm.NewClient(other).ListEndOffsets(ctx, "orders")
	if err != nil {
		t.Fatal(err)
	}
	if end, ok := ends.Lookup("orders", 0); !ok || end.Offset != 0 {
		t.Errorf("the second broker's topic ends at %d, want 0", end.Offset)
	}
}

func TestStartEndsWithItsTest(t *testing.T) {
	t.Parallel()
	var addr string
	t.Run("with a broker", func(t *testing.T) {
		addr = kafkatest.Start(t).Brokers[0]
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	})
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		t.Error("the broker listens after its test")
	}
}

func TestStopDropsClients(t *testing.T) {
	t.Parallel()
	cfg, stop, err := kafkatest.Run()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", cfg.Brokers[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stop()
	stop() // again does nothing
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("a connection outlives the broker: read gave %v", err)
	}
}

// A recorder is a testing.TB that remembers how Start failed it.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper()           {}
func (r *recorder) Fatal(args ...any) { r.failure = fmt.Sprint(args...) }

func TestBadTopicsAreRefused(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]string{
		"":                       "1 to 249 characters",
		"..":                     "neither",
		strings.Repeat("a", 250): "1 to 249 characters",
		"or ders":                "character at byte 2",
		"bestellungen-für":       "character at byte 14",
		"orders:":                "is no number of partitions",
		"orders:0":               "is no number of partitions",
		"orders:3:4":             "is no number of partitions",
		"orders:9999999999":      "is no number of partitions",
	} {
		_, stop, err := kafkatest.Run(topic)
		stop()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("topic %q: %v does not say %q", topic, err, want)
		}
	}
}

func TestEveryFaultIsTold(t *testing.T) {
	t.Parallel()
	cfg, stop, err := kafkatest.Run("a b", "orders:none", "paid", "paid:2")
	if err == nil || len(cfg.Brokers) > 0 {
		t.Fatalf("started %v", cfg.Brokers)
	}
	stop() // safe after an error
	for _, want := range []string{"kafkatest: ", `"a b"`, `"orders:none"`, `"paid": it is there twice`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %s", err, want)
		}
	}
	r := &recorder{TB: t}
	kafkatest.Start(r, "a b")
	if !strings.Contains(r.failure, `"a b"`) {
		t.Errorf("Start failed its test with %q", r.failure)
	}
}
