package kafkatest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxPartitions bounds a topic's partitions: more is a typing error, not a test.
const maxPartitions = 10_000

// parseTopics reads every topic, and returns all faults at once.
func parseTopics(topics []string) (map[string]int32, error) {
	partitions := make(map[string]int32, len(topics))
	var faults []error
	for _, topic := range topics {
		name, n, err := parseTopic(topic)
		if err != nil {
			faults = append(faults, fmt.Errorf("topic %q: %w", topic, err))
			continue
		}
		if _, twice := partitions[name]; twice {
			faults = append(faults, fmt.Errorf("topic %q: it is there twice: name each topic once", name))
			continue
		}
		partitions[name] = n
	}
	return partitions, errors.Join(faults...)
}

func parseTopic(topic string) (name string, partitions int32, err error) {
	name, count, counted := strings.Cut(topic, ":")
	if err := checkName(name); err != nil {
		return "", 0, err
	}
	if !counted {
		return name, 1, nil
	}
	n, err := strconv.ParseInt(count, 10, 32)
	if err != nil || n < 1 || n > maxPartitions {
		return "", 0, fmt.Errorf("%q is no number of partitions: write name:partitions with 1 to %d", count, maxPartitions)
	}
	return name, int32(n), nil
}

// checkName holds the rules of Apache Kafka (org.apache.kafka.common.internals.Topic), which kfake does not apply to seeds.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > 249 {
		return errors.New(`a name has 1 to 249 characters and is neither "." nor ".."`)
	}
	legal := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
	}
	if i := strings.IndexFunc(name, func(r rune) bool { return !legal(r) }); i >= 0 {
		return fmt.Errorf("the character at byte %d is not allowed: use ASCII letters, digits, '.', '_' and '-'", i)
	}
	return nil
}
