package kafka_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

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
