package embedded_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/typedkafka/kafka/internal/embedded"
)

func TestStartHasTheTopics(t *testing.T) {
	t.Parallel()
	cluster, err := embedded.Start([]string{"orders", "payments:3"})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	for topic, want := range map[string]int{"orders": 1, "payments": 3, "never-named": 0} {
		if got := len(cluster.PartitionInfos(topic)); got != want {
			t.Errorf("topic %s has %d partitions, want %d", topic, got, want)
		}
	}
	if addrs := cluster.ListenAddrs(); len(addrs) != 1 || !strings.HasPrefix(addrs[0], "127.0.0.1:") {
		t.Errorf("listens on %v, want one port of 127.0.0.1", addrs)
	}
}

func TestStartTakesOptions(t *testing.T) {
	t.Parallel()
	cluster, err := embedded.Start(nil, kfake.NumBrokers(3))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	if addrs := cluster.ListenAddrs(); len(addrs) != 3 {
		t.Errorf("listens on %v, want three addresses", addrs)
	}
}

func TestStartRefusesBadTopics(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]string{
		"":                       "1 to 249 characters",
		"..":                     "neither",
		strings.Repeat("a", 250): "1 to 249 characters",
		"or ders":                "character at byte 2",
		"bestellungen-für":       "character at byte 14",
		"orders:":                "is no number of partitions",
		"orders:0":               "is no number of partitions",
		"orders:3:4":             "is no number of partitions",
		"orders:9999999999":      "is no number of partitions",
	} {
		cluster, err := embedded.Start([]string{topic})
		if err == nil {
			cluster.Close()
			t.Errorf("topic %q started", topic)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("topic %q: %q does not say %q", topic, err, want)
		}
	}
}

func TestStartTellsEveryFault(t *testing.T) {
	t.Parallel()
	_, err := embedded.Start([]string{"a:0", "b", "b:2", "c d"})
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{`"a:0"`, `"b": it is there twice`, `"c d"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}
