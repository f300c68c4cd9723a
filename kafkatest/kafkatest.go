// Package kafkatest runs an embedded Kafka broker for tests and examples: one line, a few milliseconds, no container.
//
//	func TestOrders(t *testing.T) {
//		cfg := kafkatest.Start(t, "orders", "payments:3")
//		proxy, err := kafka.NewProxy(cfg)
//		…
//
// The broker is kfake, of the authors of franz-go. It speaks Kafka's own protocol over TCP on 127.0.0.1 and keeps its messages in
// memory: topics, consumer groups, offsets, transactions and compaction work as on a cluster. Replication, quotas and disks it does
// not have, so what depends on them needs a real Apache Kafka.
//
// A handler needs no broker for its test: a literal &kafka.Message[Order]{Value: …} is a message. The check of values needs none
// either: see kafka.NewCodec.
//
// Import this package from tests and examples only: it links a broker into the program.
package kafkatest

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/typedkafka/kafka"
)

// Group is the consumer group of the configurations that this package makes, so that a test's consumers need not name one. Every
// broker is new, so no test meets another one's offsets.
const Group = "kafkatest"

// Start starts a broker for one test and returns the configuration of a client of it. Each topic is "name", which gets one
// partition, so that messages keep one order, or "name:partitions". The broker creates no other topic by itself, so a wrong name
// fails as it does in production. Start does not block; it fails the test where a topic's name is not allowed, is there twice, or
// no port can be had. The broker and its messages end with the test, after the cleanups that the test registers later.
//
// Brokers of different tests know nothing of each other, so tests may run in parallel. The configuration is the caller's to
// change.
func Start(tb testing.TB, topics ...string) kafka.Config {
	tb.Helper()
	cfg, stop, err := Run(topics...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	return cfg
}

// Run is Start without a test, for examples and programs that show something: the caller calls stop when he is done. On an error
// nothing runs, and stop does nothing. stop may be called more than once and from any goroutine; clients that are still
// connected then find their broker gone.
func Run(topics ...string) (cfg kafka.Config, stop func(), err error) {
	partitions, err := parseTopics(topics)
	if err != nil {
		return kafka.Config{}, func() {}, fmt.Errorf("kafkatest: %w", err)
	}
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.DefaultNumPartitions(1)}
	for name, n := range partitions {
		opts = append(opts, kfake.SeedTopics(n, name))
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return kafka.Config{}, func() {}, fmt.Errorf("kafkatest: start the broker: %w", err)
	}
	return kafka.Config{Brokers: cluster.ListenAddrs(), Group: Group}, cluster.Close, nil
}
