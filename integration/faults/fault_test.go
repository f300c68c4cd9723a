package faults_test

import (
	"slices"
	"testing"

	"github.com/typedkafka/kafka/integration/cluster"
)

// clusterProps let a group's commits be read back whole, retention act within seconds, and a crashed member be missed soon.
var clusterProps = map[string]string{
	"log.cleaner.min.compaction.lag.ms": "3600000", // but where a topic says otherwise
	"log.cleaner.backoff.ms":            "500",
	"log.retention.check.interval.ms":   "1000",
	"unclean.leader.election.enable":    "false",
}

// TestFault is the table. Its rows share a cluster: first those that leave the brokers alone, side by side, then those that break
// them, one after another.
func TestFault(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{Brokers: 3, Props: clusterProps})
	var table table
	aside := slices.Concat(naiveRows(), memberRows(), topicRows(), handlerRows())
	t.Run("group", func(t *testing.T) {
		for _, r := range aside {
			t.Run(r.name, func(t *testing.T) {
				skipInShort(t, r)
				t.Parallel()
				r.run(t, c, &table)
			})
		}
	})
	t.Run("brokers", func(t *testing.T) {
		for _, r := range brokerRows() {
			t.Run(r.name, func(t *testing.T) {
				skipInShort(t, r)
				r.run(t, c, &table)
			})
		}
	})
	table.write(t, append(aside, brokerRows()...))
}

func skipInShort(t *testing.T, r row) {
	t.Helper()
	if testing.Short() && !r.short {
		t.Skip("not in the short form")
	}
}
