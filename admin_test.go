package kafka_test

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

func TestEnsureTopicsCreatesWhatIsMissingAndTellsWhatDiffers(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	there := c.topic(t, 2)
	missing, byAlias := unique("missing"), unique("alias")
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), missing, byAlias) })
	cfg := c.cfg
	cfg.Topics = []kafka.TopicConfig{
		{Alias: "one", Name: missing, Partitions: 3, ReplicationFactor: 1},
		{Alias: byAlias},
		{Alias: "two", Name: there, Partitions: 5, ReplicationFactor: 2},
	}
	p := newProxy(t, cfg, n.option())
	wantWithin(t, 4*time.Second, func() { // franz-go's cache of what is missing would hold it up for 5 s
		wantWords(t, p.EnsureTopics(within(t, patience)), "ensure topics", there, "2 partitions", "declares 5",
			"replication factor 1", "declares 2")
	})
	topics, err := c.adm.ListTopics(within(t, patience), missing, byAlias, there)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(topics[missing].Partitions); got != 3 {
		t.Errorf("the missing topic has %d partitions, want the declared 3", got)
	}
	if len(topics[byAlias].Partitions) == 0 {
		t.Error("a topic that is declared by its alias was not created")
	}
	if got := len(topics[there].Partitions); got != 2 {
		t.Errorf("a topic that exists was changed to %d partitions", got)
	}
	eventually(t, "the sockets are gone", func() bool { return n.open.Load() == 0 })
	produce(t, newProducer(t, p, "one"), order{}) // it can be used at once
}

func TestEnsureTopicsMayRunInSeveralInstancesAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	name := unique("ensured")
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), name) })
	cfg := c.cfg
	cfg.Topics = []kafka.TopicConfig{{Name: name, Partitions: 2}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := newProxy(t, cfg).EnsureTopics(within(t, patience)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := newProxy(t, cfg).EnsureTopics(within(t, patience)); err != nil {
		t.Error(err)
	}
}

func TestEnsureTopicsWithoutTopicsOrBrokerSaysSo(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	wantWords(t, c.proxy(t).EnsureTopics(within(t, patience)), "ensure topics", "declares no topics")

	addr := nobody(t)
	p := newProxy(t, kafka.Config{Brokers: []string{addr}, Topics: []kafka.TopicConfig{{Name: "orders"}}})
	wantError(t, p.EnsureTopics(within(t, patience)), syscall.ECONNREFUSED, "ensure topics", addr)
}

func TestPingEndsWithItsContextAndWithTheProxy(t *testing.T) {
	t.Parallel()
	addr, accepted := listen(t)
	p := newProxy(t, kafka.Config{Brokers: []string{addr}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantWithin(t, 2*time.Second, func() { wantError(t, p.Ping(ctx), context.DeadlineExceeded) })
	before := accepted.Load()
	running := make(chan error, 1)
	go func() { running <- p.Ping(t.Context()) }()
	eventually(t, "the ping dials", func() bool { return accepted.Load() > before })
	disconnect(t, p)
	wantWithin(t, 2*time.Second, func() { wantError(t, <-running, kafka.ErrDisconnected, "ping") })
	wantError(t, p.Ping(t.Context()), kafka.ErrDisconnected, "ping")
	wantError(t, p.EnsureTopics(t.Context()), kafka.ErrDisconnected, "ensure topics")
}
