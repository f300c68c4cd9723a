package cluster_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/integration/cluster"
)

// each runs a test on both runtimes, or on the one that the environment asks for.
func each(t *testing.T, test func(t *testing.T, r cluster.Runtime)) {
	t.Helper()
	runtimes := []cluster.Runtime{cluster.Processes, cluster.Container}
	if r := os.Getenv("KAFKA_TEST_RUNTIME"); r != "" {
		runtimes = []cluster.Runtime{cluster.Runtime(r)}
	}
	for _, r := range runtimes {
		t.Run(string(r), func(t *testing.T) { test(t, r) })
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func createTopic(t *testing.T, cl *kgo.Client, name string, replicas int16) {
	t.Helper()
	if _, err := kadm.NewClient(cl).CreateTopic(t.Context(), 1, replicas, nil, name); err != nil {
		t.Fatal(err)
	}
}

func produce(t *testing.T, cl *kgo.Client, topic, value string) {
	t.Helper()
	rec := &kgo.Record{Topic: topic, Value: []byte(value)}
	if err := cl.ProduceSync(within(t, time.Minute), rec).FirstErr(); err != nil {
		t.Fatalf("produce %s: %v", value, err)
	}
}

// consume reads until n records have come.
func consume(t *testing.T, cl *kgo.Client, n int) []string {
	t.Helper()
	var values []string
	for ctx := within(t, time.Minute); len(values) < n; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %q: %v", values, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return values
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// One broker takes messages, lives through a freeze, a crash and a restart, and has its data afterwards.
func TestOneBroker(t *testing.T) {
	each(t, func(t *testing.T, r cluster.Runtime) {
		c := cluster.ForTest(t, cluster.Options{Runtime: r, Props: map[string]string{"num.partitions": "7"}})
		if c.Runtime() != r {
			t.Fatalf("runs as %s", c.Runtime())
		}
		cl := client(t, kgo.SeedBrokers(c.Bootstrap()...), kgo.ConsumeTopics("t"))
		createTopic(t, cl, "t", 1)
		produce(t, cl, "t", "first")

		must(t, c.Pause(t.Context(), 1))
		frozen := cl.Ping(within(t, 300*time.Millisecond))
		must(t, c.Resume(t.Context(), 1))
		if frozen == nil {
			t.Error("a paused broker answered")
		}
		produce(t, cl, "t", "after the freeze")

		must(t, c.Kill(t.Context(), 1))
		if err := client(t, kgo.SeedBrokers(c.Bootstrap()...)).Ping(within(t, 5*time.Second)); err == nil {
			t.Error("a killed broker answered")
		}
		must(t, c.Restart(t.Context(), 1))
		produce(t, cl, "t", "after the crash")
		must(t, c.Restart(t.Context(), 1))
		produce(t, cl, "t", "after the restart")
		if got := fmt.Sprint(consume(t, cl, 4)); got != "[first after the freeze after the crash after the restart]" {
			t.Error("read", got)
		}
		configs, err := kadm.NewClient(cl).DescribeBrokerConfigs(t.Context(), 1)
		must(t, err)
		for _, kv := range configs[0].Configs {
			if kv.Key == "num.partitions" && kv.MaybeValue() != "7" {
				t.Errorf("num.partitions is %s, Props said 7", kv.MaybeValue())
			}
		}
	})
}

// The tools that come with Kafka find the broker and get their input.
func TestTool(t *testing.T) {
	each(t, func(t *testing.T, r cluster.Runtime) {
		c := cluster.ForTest(t, cluster.Options{Runtime: r})
		tool := func(stdin, class string, args ...string) string {
			t.Helper()
			args = append([]string{"--bootstrap-server", cluster.ToolBootstrap}, args...)
			out, err := c.Tool(within(t, time.Minute), strings.NewReader(stdin), class, args...)
			must(t, err)
			return string(out)
		}
		tool("", "org.apache.kafka.tools.TopicCommand", "--create", "--topic", "tooled", "--partitions", "2")
		tool("one\ntwo\n", "org.apache.kafka.tools.ConsoleProducer", "--topic", "tooled")
		out := tool("", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", "tooled", "--from-beginning", "--max-messages", "2")
		if !strings.Contains(out, "one\n") || !strings.Contains(out, "two\n") {
			t.Errorf("the console consumer read %q", out)
		}
		_, err := c.Tool(within(t, time.Minute), nil, "org.apache.kafka.tools.TopicCommand",
			"--bootstrap-server", cluster.ToolBootstrap, "--describe", "--topic", "nowhere")
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a failing tool gives %v", err)
		}
	})
}

// Three brokers keep every message while one of them is down.
func TestThreeBrokers(t *testing.T) {
	each(t, func(t *testing.T, r cluster.Runtime) {
		c := cluster.ForTest(t, cluster.Options{Runtime: r, Brokers: 3})
		if n := len(c.Bootstrap()); n != 3 {
			t.Fatalf("%d addresses", n)
		}
		cl := client(t, kgo.SeedBrokers(c.Bootstrap()...), kgo.ConsumeTopics("t"))
		createTopic(t, cl, "t", 3)
		produce(t, cl, "t", "whole")
		topics, err := kadm.NewClient(cl).ListTopics(t.Context(), "t")
		must(t, err)
		leader := int(topics["t"].Partitions[0].Leader)
		must(t, c.Kill(t.Context(), leader))
		produce(t, cl, "t", "one down")
		must(t, c.Restart(t.Context(), leader))
		produce(t, cl, "t", "whole again")
		if got := fmt.Sprint(consume(t, cl, 3)); got != "[whole one down whole again]" {
			t.Error("read", got)
		}
	})
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]cluster.Options{
		"2 brokers: a cluster here has 1 or 3": {Brokers: 2},
		`runtime "vm" does not exist`:          {Runtime: "vm"},
	} {
		if _, err := cluster.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, not %s", o, err, want)
		}
	}
}

// An id out of range is an error that says the range.
func TestNoSuchBroker(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{Runtime: cluster.Processes})
	if err := c.Kill(t.Context(), 2); err == nil || !strings.Contains(err.Error(), "1 to 1") {
		t.Error(err)
	}
}
