package kafka_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/typedkafka/kafka"
)

func TestTopicsLoadFromEveryFormat(t *testing.T) {
	t.Parallel()
	want := []kafka.TopicConfig{
		{Alias: "orders", Name: "Orders.v1", Group: "billing", Partitions: 6, ReplicationFactor: 3},
		{Name: "audit"},
		{Alias: "refunds"},
	}
	for name, doc := range map[string]string{
		"a.yaml": `
topics:
  - {alias: orders, name: Orders.v1, group: billing, partitions: 6, replication_factor: 3}
  - name: audit
  - alias: refunds`,
		"a.YML": "Topics: [{Alias: orders, NAME: Orders.v1, group: billing, partitions: '6', replication_factor: 3.0}, {name: audit}, {alias: refunds}]",
		"a.json": `{"topics": [{"alias": "orders", "name": "Orders.v1", "group": "billing", "partitions": 6, "replication_factor": 3},
			{"name": "audit"}, {"alias": "refunds"}]}`,
		"a.toml": "[[topics]]\nalias = 'orders'\nname = 'Orders.v1'\ngroup = 'billing'\npartitions = 6\nreplication_factor = 3\n" +
			"[[topics]]\nname = 'audit'\n[[topics]]\nalias = 'refunds'\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := kafka.LoadConfig(write(t, name, doc))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, c.Topics); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// topicVariables loads a file under variables.
func topicVariables(t *testing.T, file string, variables map[string]string) (kafka.Config, error) {
	t.Helper()
	for name, value := range variables {
		t.Setenv(name, value)
	}
	if file == "" {
		return kafka.LoadConfig("")
	}
	return kafka.LoadConfig(write(t, "k.yaml", file))
}

func TestTopicsByVariables(t *testing.T) {
	type variables map[string]string
	type topics []kafka.TopicConfig
	for _, tc := range []struct {
		why, file string
		variables variables
		want      topics
	}{
		{"every leaf, over the file", "topics: [{alias: orders-eu, name: a, group: a, partitions: 1, replication_factor: 1}, {alias: b}]", variables{
			"KAFKA_TOPICS_ORDERS_EU_NAME": "Orders.v2", "KAFKA_TOPICS_ORDERS_EU_GROUP": "g", "KAFKA_TOPICS_ORDERS_EU_PARTITIONS": "12",
			"KAFKA_TOPICS_ORDERS_EU_REPLICATION_FACTOR": "3", "KAFKA_TOPICS_B_NAME": ""},
			topics{{Alias: "orders-eu", Name: "Orders.v2", Group: "g", Partitions: 12, ReplicationFactor: 3}, {Alias: "b"}}},
		{"an entry without an alias keeps what the code calls it", "topics: [{name: orders}]", variables{"KAFKA_TOPICS_ORDERS_NAME": "orders-v2"},
			topics{{Alias: "orders", Name: "orders-v2"}}},
		{"an entry without an alias, another leaf", "topics: [{name: orders}]", variables{"KAFKA_TOPICS_ORDERS_GROUP": "g"},
			topics{{Name: "orders", Group: "g"}}},
		{"no file", "", variables{"KAFKA_TOPICS_ORDERS_EU_NAME": "x", "KAFKA_TOPICS_A_GROUP": "g"},
			topics{{Alias: "a", Group: "g"}, {Alias: "orders_eu", Name: "x"}}},
		{"no file, the alias spelled", "", variables{"KAFKA_TOPICS_ORDERS_EU_NAME": "x", "KAFKA_TOPICS_ORDERS_EU_ALIAS": "orders.EU"},
			topics{{Alias: "orders.EU", Name: "x"}}},
		{"one that the file does not name", "topics: [{alias: orders}]", variables{"KAFKA_TOPICS_PAYMENTS_NAME": "p"},
			topics{{Alias: "orders"}, {Alias: "payments", Name: "p"}}},
		{"alike, but the other has variables too", "topics: [{alias: orders}]",
			variables{"KAFKA_TOPICS_ORDERS2_NAME": "two", "KAFKA_TOPICS_ORDERS_NAME": "one"},
			topics{{Alias: "orders", Name: "one"}, {Alias: "orders2", Name: "two"}}},
		{"an alias with a suffix in it", "", variables{"KAFKA_TOPICS_BY_NAME_NAME": "n"}, topics{{Alias: "by_name", Name: "n"}}},
	} {
		t.Run(tc.why, func(t *testing.T) {
			c, err := topicVariables(t, tc.file, tc.variables)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]kafka.TopicConfig(tc.want), c.Topics); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every leaf of a topic but its alias, which says whose variables they are, has a variable: also one added later.
func TestEveryLeafOfATopicLoadsFromEnvironment(t *testing.T) {
	for _, l := range leaves(t, reflect.TypeFor[kafka.TopicConfig](), "", nil) {
		t.Run(l.key, func(t *testing.T) {
			written, want := sample(l)
			if l.key == "alias" {
				written, want = "some-topic", "some-topic"
			}
			t.Setenv("KAFKA_TOPICS_SOME_TOPIC_"+strings.ToUpper(l.key), written)
			c, err := kafka.LoadConfig("")
			if err != nil || len(c.Topics) != 1 {
				t.Fatalf("%+v, %v", c.Topics, err)
			}
			if got := reflect.ValueOf(c.Topics[0]).FieldByIndex(l.index).Interface(); !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// A topic's configs have Kafka's names, dots and all, and any kind of value, in files of every format.
func TestConfigsOfTopics(t *testing.T) {
	want := map[string]string{"retention.ms": "86400000", "cleanup.policy": "compact,delete", "min.insync.replicas": "2",
		"unclean.leader.election.enable": "false", "min.cleanable.dirty.ratio": "0.25"}
	for name, text := range map[string]string{
		"k.yaml": `topics: [{name: a, configs: {retention.ms: 86400000, cleanup.policy: "compact,delete", min.insync.replicas: 2, ` +
			`unclean.leader.election.enable: false, min.cleanable.dirty.ratio: 0.25}}]`,
		"text.yaml": `topics: [{name: a, configs: "retention.ms=86400000,cleanup.policy=compact,delete,min.insync.replicas=2,` +
			`unclean.leader.election.enable=false,min.cleanable.dirty.ratio=0.25"}]`,
		"k.toml": "[[topics]]\nname = 'a'\n[topics.configs]\nretention.ms = 86400000\n'cleanup.policy' = 'compact,delete'\nmin.insync.replicas = 2\n" +
			"unclean.leader.election.enable = false\nmin.cleanable.dirty.ratio = 0.25\n",
		"k.json": `{"topics": [{"name": "a", "configs": {"retention.ms": 86400000, "cleanup.policy": "compact,delete", "min.insync.replicas": "2",` +
			` "unclean.leader.election.enable": false, "min.cleanable.dirty.ratio": 0.25}}]}`,
	} {
		c, err := kafka.LoadConfig(write(t, name, text))
		if err != nil || len(c.Topics) != 1 {
			t.Fatalf("%s: %+v, %v", name, c.Topics, err)
		}
		if diff := cmp.Diff(want, c.Topics[0].Configs); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for text, says := range map[string]string{
		"[a, b]":              "a list where a section of names and values belongs",
		"{retention.ms: [1]}": "retention.ms has a list where a text or a number belongs",
		"{retention.ms: }":    "retention.ms has nothing where a text",
		"compact":             `"compact" has no =: write key=value`,
		"{retention.ms: ''}":  `"retention.ms=" has no value`,
	} {
		_, err := kafka.LoadConfig(write(t, "k.yaml", "brokers: a:1\ntopics: [{name: a, configs: "+text+"}]"))
		wantFaults(t, err, says)
	}
}

func TestFaultsOfTopicVariables(t *testing.T) {
	for _, tc := range []struct {
		why, file string
		variables map[string]string
		fault     string
	}{
		{"no number", "topics: [{alias: orders}]", map[string]string{"KAFKA_TOPICS_ORDERS_PARTITIONS": "six"},
			`topics[0].partitions (environment variable KAFKA_TOPICS_ORDERS_PARTITIONS): "six" is no whole number`},
		{"a slip", "topics: [{alias: orders}]", map[string]string{"KAFKA_TOPICS_ORDRES_NAME": "o"},
			"(environment variable KAFKA_TOPICS_ORDRES_NAME): looks like a slip: correct it to KAFKA_TOPICS_ORDERS_NAME, or add {alias: ordres} to topics"},
		{"a name that Kafka refuses", "", map[string]string{"KAFKA_TOPICS_ORDERS_NAME": "a b"},
			"topics[0].name (environment variable KAFKA_TOPICS_ORDERS_NAME): \"a b\" can't be a name in Kafka"},
		{"an alias of another variable", "", map[string]string{"KAFKA_TOPICS_ORDERS_ALIAS": "payments"},
			"(environment variable KAFKA_TOPICS_ORDERS_ALIAS): \"payments\" does not fit its variable"},
		{"another's name", "topics: [{alias: a, name: orders}]", map[string]string{"KAFKA_TOPICS_ORDERS_GROUP": "g"},
			`topics[1].alias (environment variable KAFKA_TOPICS_ORDERS_GROUP): "orders" is the name of another topic`},
	} {
		t.Run(tc.why, func(t *testing.T) {
			t.Setenv("KAFKA_BROKERS", "a:1")
			_, err := topicVariables(t, tc.file, tc.variables)
			wantFaults(t, err, tc.fault)
		})
	}
}
