// Package demo finds the broker that the examples run on. An application needs nothing of it: it calls kafka.LoadConfig.
package demo

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
)

// Broker returns the environment's configuration where KAFKA_BROKERS is set, else that of a broker that it starts inside this
// program, and prints which. The topics are the example's own; the environment may name them otherwise (KAFKA_TOPICS_ORDERS_NAME).
// stop ends what was started.
func Broker(topics ...kafka.TopicConfig) (cfg kafka.Config, stop func(), err error) {
	where := "a broker inside this program; set KAFKA_BROKERS for another"
	if os.Getenv("KAFKA_BROKERS") == "" {
		cfg, stop, err = kafkatest.Run()
	} else {
		where, stop = "from KAFKA_BROKERS", func() {}
		cfg, err = kafka.LoadConfig("")
	}
	if err != nil {
		return cfg, stop, err
	}
	for _, topic := range topics {
		merge(&cfg, topic)
	}
	fmt.Printf("Kafka: %s (%s)\n", strings.Join(cfg.Brokers, ","), where)
	return cfg, stop, nil
}

// merge adds a topic, or fills in what the environment's entry of the same alias leaves open.
func merge(cfg *kafka.Config, topic kafka.TopicConfig) {
	i := slices.IndexFunc(cfg.Topics, func(t kafka.TopicConfig) bool { return t.Alias == topic.Alias })
	if i < 0 {
		cfg.Topics = append(cfg.Topics, topic)
		return
	}
	entry := &cfg.Topics[i]
	if entry.Group == "" {
		entry.Group = topic.Group
	}
	if entry.Partitions == 0 {
		entry.Partitions = topic.Partitions
	}
}
