package kafka_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// javaPartitions is where the Java producer puts keys, as it says itself: the module integration computes the file with it.
type javaPartitions struct {
	Partitions []int32
	Keys       []struct {
		Key string // in hexadecimal
		At  []int32
	}
}

func loadJavaPartitions(t *testing.T) javaPartitions {
	t.Helper()
	data, err := os.ReadFile("testdata/java-partitions.json")
	if err != nil {
		t.Fatal(err)
	}
	var table javaPartitions
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Keys) < 200 || len(table.Partitions) != 5 {
		t.Fatalf("%d keys at %d numbers of partitions: the table is not whole", len(table.Keys), len(table.Partitions))
	}
	return table
}

// A key goes where the Java client puts it, so that a topic may have producers in several languages: empty keys, texts of all
// scripts, binary and long ones.
func TestKeysGoWhereJavaPutsThem(t *testing.T) {
	t.Parallel()
	table := loadJavaPartitions(t)
	c := newCluster(t)
	p := c.proxy(t)
	for column, n := range table.Partitions {
		producer := newProducer(t, p, c.topic(t, n))
		got := make([]int32, len(table.Keys))
		var calls sync.WaitGroup
		for i, k := range table.Keys {
			key, err := hex.DecodeString(k.Key)
			if err != nil {
				t.Fatal(err)
			}
			calls.Add(1)
			producer.ProduceAsync(within(t, time.Minute), order{ID: strconv.Itoa(i)}, func(d kafka.Delivery, err error) {
				defer calls.Done()
				if err != nil {
					t.Errorf("key %s: %v", k.Key, err)
				}
				got[i] = d.Partition
			}, kafka.WithKey(key))
		}
		calls.Wait()
		for i, k := range table.Keys {
			if got[i] != k.At[column] {
				t.Errorf("key %q at %d partitions: %d, and Java puts it into %d", k.Key, n, got[i], k.At[column])
			}
		}
	}
}

// A partition without a leader moves no message to another one: neither what names its partition, nor what has a key.
func TestAPartitionWithoutALeaderMovesNoMessage(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it takes a partition's leader away")
	topic := c.topic(t, 3)
	const lost = 0 // the first one, so that the others move up where only those with a leader are counted
	var key []byte
	at := int32(lost)
	for before := newProducer(t, c.proxy(t), topic); at == lost; {
		key = append(key, 'k')
		at = produce(t, before, order{}, kafka.WithKey(key)).Partition
	}
	c.fake.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Partitions: []int32{lost}, Err: kerr.LeaderNotAvailable, Count: -1,
	})
	producer := newProducer(t, c.proxy(t), topic)
	for range 3 {
		if d := produce(t, producer, order{}, kafka.WithKey(key)); d.Partition != at {
			t.Errorf("the key went to partition %d, and before the loss of %d to %d", d.Partition, lost, at)
		}
		for partition := int32(lost + 1); partition < 3; partition++ {
			if d := produce(t, producer, order{}, kafka.WithKey(nil), kafka.WithPartition(partition)); d.Partition != partition {
				t.Errorf("a message for partition %d went to %d", partition, d.Partition)
			}
		}
		if d := produce(t, producer, order{}, kafka.WithKey(nil)); d.Partition == lost {
			t.Errorf("a message that may go anywhere went to partition %d, which has no leader", lost)
		}
	}
}
