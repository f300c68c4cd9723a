package kafka

import (
	"math"

	"github.com/twmb/franz-go/pkg/kgo"
)

// anyPartition in a record's Partition leaves the choice to its key. It is no number that a caller would give by mistake, as -1 is.
const anyPartition int32 = math.MinInt32

// A partitioner puts a record into the partition that WithPartition names, and every other record where the Java client would:
// by the murmur2 hash of its key, and records without a key in uniform batches (KIP-794).
type partitioner struct{ kgo.Partitioner }

func newPartitioner() kgo.Partitioner {
	const batch = 64 << 10 // as the franz-go default
	return partitioner{kgo.UniformBytesPartitioner(batch, true, true, nil)}
}

func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	// UniformBytesPartitioner is of this kind, and panics if it is used as the lesser one.
	return topicPartitioner{p.Partitioner.ForTopic(topic).(kgo.TopicBackupPartitioner)}
}

type topicPartitioner struct{ kgo.TopicBackupPartitioner }

func (p topicPartitioner) RequiresConsistency(r *kgo.Record) bool {
	return r.Partition != anyPartition || p.TopicBackupPartitioner.RequiresConsistency(r)
}

func (p topicPartitioner) PartitionByBackup(r *kgo.Record, n int, backup kgo.TopicBackupIter) int {
	if r.Partition != anyPartition {
		return int(r.Partition)
	}
	return p.TopicBackupPartitioner.PartitionByBackup(r, n, backup)
}
