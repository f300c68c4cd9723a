package kafka_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/typedkafka/kafka"
)

// application is a viper instance as an application has one, with a YAML file read.
func application(t *testing.T, file string, opts ...viper.Option) *viper.Viper {
	t.Helper()
	v := viper.NewWithOptions(opts...)
	v.SetConfigFile(write(t, "app.yaml", file))
	if err := v.ReadInConfig(); err != nil {
		t.Fatal(err)
	}
	return v
}

// state is all that can be seen of an instance.
func state(v *viper.Viper) string {
	var b bytes.Buffer
	v.DebugTo(&b)
	return b.String()
}

const appFile = `
log: {level: info}
Kafka:
  brokers: [a:1]
  group: g
  sasl: {mechanism: plain, user: file, password: hunter2}
  producer: {linger: 1ms}
  topics:
    - {alias: orders-eu, name: orders-v1}
    - name: audit
`

func TestConfigFromReadsAllThatTheApplicationSet(t *testing.T) {
	t.Setenv("APP_KAFKA_CLIENT_ID", "automatic")
	t.Setenv("SECRET", "from the environment")
	t.Setenv("EU_TOPIC", "orders-v2")
	t.Setenv("KAFKA_GROUP", "not asked for")
	v := application(t, appFile)
	v.SetEnvPrefix("app")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv()
	flags := pflag.NewFlagSet("app", pflag.ContinueOnError)
	flags.Duration("linger", time.Hour, "")
	flags.StringSlice("brokers", nil, "")
	flags.String("audit-group", "default", "")
	flags.Duration("delivery", 20*time.Second, "")
	if err := flags.Parse([]string{"--linger=7ms", "--brokers=b:2,c:3"}); err != nil {
		t.Fatal(err)
	}
	for key, flag := range map[string]string{"kafka.producer.linger": "linger", "kafka.brokers": "brokers",
		"kafka.topics.audit.group": "audit-group", "kafka.producer.delivery_timeout": "delivery"} {
		if err := v.BindPFlag(key, flags.Lookup(flag)); err != nil {
			t.Fatal(err)
		}
	}
	for key, variable := range map[string]string{"kafka.sasl.password": "SECRET", "kafka.topics.orders-eu.name": "EU_TOPIC",
		"kafka.topics.orders-eu.group": "NOT_SET"} {
		if err := v.BindEnv(key, variable); err != nil {
			t.Fatal(err)
		}
	}
	v.Set("kafka.sasl.user", "set") // hides the section's other keys from Sub
	v.SetDefault("kafka.consumer.commit_interval", 3*time.Second)

	before := state(v)
	c, err := kafka.ConfigFrom(v, "Kafka")
	if err != nil {
		t.Fatal(err)
	}
	want := kafka.Config{
		Brokers: []string{"b:2", "c:3"}, ClientID: "automatic", Group: "g",
		Topics:   []kafka.TopicConfig{{Alias: "orders-eu", Name: "orders-v2"}, {Name: "audit"}},
		SASL:     kafka.SASLConfig{Mechanism: "plain", User: "set", Password: kafka.NewSecret("from the environment")},
		Producer: kafka.ProducerConfig{Linger: 7 * time.Millisecond, DeliveryTimeout: 20 * time.Second},
		Consumer: kafka.ConsumerConfig{CommitInterval: 3 * time.Second},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	c.Brokers[0], c.Topics[0].Name = "x", "x"
	if after := state(v); after != before {
		t.Errorf("it changed the instance:\n%s\n%s", before, after)
	}
	if again, err := kafka.ConfigFrom(v, "kafka"); err != nil || cmp.Diff(want, again) != "" {
		t.Errorf("a second time: %+v, %v", again, err)
	}
}

func TestEveryLeafLoadsFromAnInstance(t *testing.T) {
	t.Parallel()
	for _, l := range leaves(t, reflect.TypeFor[kafka.Config](), "", nil) {
		if l.key == "topics" {
			continue
		}
		for _, root := range []string{"", "kafka", "apps.billing.kafka"} {
			t.Run(root+" "+l.key, func(t *testing.T) {
				t.Parallel()
				all, want := settingsOf(t, l)
				v := viper.New()
				for key, value := range all {
					v.Set(strings.TrimPrefix(root+"."+key, "."), value)
				}
				c, err := kafka.ConfigFrom(v, root)
				if err != nil {
					t.Fatal(err)
				}
				checkLeaf(t, c, l, want)
				checkTyped(t, root, l, want)
			})
		}
	}
}

// checkTyped sets a leaf to a value of its own type, as code does.
func checkTyped(t *testing.T, root string, l leaf, want any) {
	t.Helper()
	if strings.HasPrefix(l.key, "tls.") || strings.HasPrefix(l.key, "sasl.") {
		return // it needs company
	}
	v := viper.New()
	v.Set(strings.TrimPrefix(root+"."+l.key, "."), want)
	c, err := kafka.ConfigFrom(v, root)
	if err != nil && l.key != "producer.linger" {
		t.Fatal(err)
	}
	if err == nil {
		checkLeaf(t, c, l, want)
	}
}

func TestConfigFromTakesTopicsFromCode(t *testing.T) {
	t.Parallel()
	want := []kafka.TopicConfig{{Alias: "a", Name: "A", Partitions: 3}}
	for how, topics := range map[string]any{
		"the type": want, "maps": []map[string]any{{"Alias": "a", "name": "A", "partitions": 3}},
		"a list of anything": []any{map[any]any{"alias": "a", "name": "A", "PARTITIONS": uint8(3)}}, "a list of the type": []any{want[0]},
	} {
		v := viper.New()
		v.Set("k.topics", topics)
		c, err := kafka.ConfigFrom(v, "k")
		if err != nil {
			t.Errorf("%s: %v", how, err)
		}
		if diff := cmp.Diff(want, c.Topics); diff != "" {
			t.Errorf("%s: %s", how, diff)
		}
	}
}

func TestConfigFromUnderAnotherDelimiter(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"kafka", "apps::kafka", ""} {
		indent, file := "", ""
		if root != "" {
			for name := range strings.SplitSeq(root, "::") {
				file += indent + name + ":\n"
				indent += "  "
			}
		}
		file += indent + "brokers: [a:1]\n" + indent + "sasl: {mechanism: plain, user: u, password: p}\n" + indent + "topics: [{alias: x.y, name: n}]\n"
		v := application(t, file, viper.KeyDelimiter("::"))
		v.Set(strings.TrimPrefix(root+"::sasl::user", "::"), "set")
		c, err := kafka.ConfigFrom(v, root)
		if err != nil {
			t.Fatalf("%q: %v", root, err)
		}
		want := kafka.Config{Brokers: []string{"a:1"}, Topics: []kafka.TopicConfig{{Alias: "x.y", Name: "n"}},
			SASL: kafka.SASLConfig{Mechanism: "plain", User: "set", Password: kafka.NewSecret("p")}}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%q: %s", root, diff)
		}
	}
}

func TestFaultsOfAnInstance(t *testing.T) {
	t.Parallel()
	v := application(t, `
other: {unknown: fine}
kafka:
  brokers: [a]
  timeout: 5s
  sasl:
    usr: bob
  topics:
    - alias: orders
      nme: x
`)
	file := v.ConfigFileUsed()
	v.Set("kafka.producer.linger", 30)
	v.Set("kafka.producer.lingr", "hunter2")
	if err := v.BindEnv("kafka.topics.ordres.name", "X"); err != nil {
		t.Fatal(err)
	}
	_, err := kafka.ConfigFrom(v, "kafka")
	wantFaults(t, err,
		fmt.Sprintf("kafka.brokers[0] (%s:4, or what the application set over it): \"a\" has no port", file),
		fmt.Sprintf("kafka.timeout (%s:5, or what the application set over it): is no setting: do you mean connect_timeout?", file),
		fmt.Sprintf("kafka.sasl.usr (%s:7, or what the application set over it): is no setting: do you mean sasl.user?", file),
		fmt.Sprintf("kafka.topics[0].nme (%s:10, or what the application set over it): is no setting: do you mean name?", file),
		"kafka.producer.linger (set by the application: a flag, the environment or code): 30 has no unit: write 30s",
		"kafka.producer.lingr (set by the application: a flag, the environment or code): is no setting: do you mean producer.linger?",
		"kafka.topics.ordres (not set): is no setting",
	)
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Errorf("it tells a value: %v", err)
	}
	if _, err := kafka.ConfigFrom(application(t, "brokers: [a:1]\nlog: x"), ""); err == nil || !strings.Contains(err.Error(), "log (") {
		t.Errorf("the root is not strict: %v", err)
	}
}

func TestConfigFromNothing(t *testing.T) {
	t.Parallel()
	v := application(t, "kafka: {brokers: [a:1], topics: [{alias: '-1'}, {alias: '0', name: zero}]}\nlist: [a]\ntext: x")
	for key, says := range map[string]string{
		"kakfa": `nothing is set below "kakfa": do you mean "kafka"?`, "other.kafka": `nothing is set below "other.kafka"`, "text": "nothing is set",
		"list.-1": `"list.-1" is no key`, "kafka.brokers": "nothing is set", "kafka.topics.-1": "is no key", ".": "nothing is set", "..-5": "is no key",
	} {
		if _, err := kafka.ConfigFrom(v, key); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: want %q: %v", key, says, err)
		}
	}
	if _, err := kafka.ConfigFrom(nil, ""); err == nil || !strings.Contains(err.Error(), "no viper instance") {
		t.Errorf("nil: %v", err)
	}
	if c, err := kafka.ConfigFrom(viper.New(), ""); err != nil || !reflect.DeepEqual(c, kafka.Config{}) {
		t.Errorf("an empty instance: %+v, %v", c, err)
	}
	c, err := kafka.ConfigFrom(v, "kafka")
	want := []kafka.TopicConfig{{Alias: "-1"}, {Alias: "0", Name: "zero"}}
	if err != nil || cmp.Diff(want, c.Topics) != "" {
		t.Errorf("aliases that are numbers: %+v, %v", c, err)
	}
}
