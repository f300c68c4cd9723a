package program

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/kafkatest"
)

// A Target is a cluster that a program is pointed at by KAFKA_BROKERS, with a topic and a group that nobody else uses.
type Target struct{ Brokers, Topic, Group, alias string }

// NewTarget takes the cluster that KAFKA_TEST_BROKERS names, else an embedded broker. The topic, which the program makes, goes
// with the test.
func NewTarget(tb testing.TB, alias string) *Target {
	tb.Helper()
	name := fmt.Sprintf("example-%s-%d-%d", alias, os.Getpid(), time.Now().UnixNano())
	t := &Target{Brokers: os.Getenv("KAFKA_TEST_BROKERS"), Topic: name, Group: name, alias: alias}
	if t.Brokers == "" {
		t.Brokers = strings.Join(kafkatest.Start(tb).Brokers, ",")
	}
	tb.Cleanup(func() {
		t.admin(tb, func(ctx context.Context, admin *kadm.Client) error {
			_, err := admin.DeleteTopics(ctx, t.Topic)
			return err
		})
	})
	return t
}

// Env is what points a program at the target.
func (t *Target) Env() []string {
	prefix := "KAFKA_TOPICS_" + strings.ToUpper(t.alias)
	return []string{"KAFKA_BROKERS=" + t.Brokers, prefix + "_NAME=" + t.Topic, prefix + "_GROUP=" + t.Group}
}

// CheckWritten fails the test where the topic does not have as many messages.
func (t *Target) CheckWritten(tb testing.TB, want int64) {
	tb.Helper()
	t.admin(tb, func(ctx context.Context, admin *kadm.Client) error {
		ends, err := admin.ListEndOffsets(ctx, t.Topic)
		var sum int64
		ends.Each(func(o kadm.ListedOffset) { sum += o.Offset })
		if sum != want {
			tb.Errorf("the topic has %d messages, want %d", sum, want)
		}
		return err
	})
}

// CheckSettled fails the test where the topic does not have as many messages, or the group has not committed all of them: a
// program that was stopped well leaves nothing behind.
func (t *Target) CheckSettled(tb testing.TB, want int64) {
	tb.Helper()
	t.CheckWritten(tb, want)
	t.admin(tb, func(ctx context.Context, admin *kadm.Client) error {
		commits, err := admin.FetchOffsets(ctx, t.Group)
		var sum int64
		commits.Each(func(o kadm.OffsetResponse) { sum += max(o.At, 0) })
		if sum != want {
			tb.Errorf("the group has committed %d messages, want %d", sum, want)
		}
		return err
	})
}

func (t *Target) admin(tb testing.TB, do func(context.Context, *kadm.Client) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(t.Brokers, ",")...))
	if err != nil {
		tb.Fatal(err)
	}
	defer client.Close()
	if err := do(ctx, kadm.NewClient(client)); err != nil {
		tb.Error(err)
	}
}
