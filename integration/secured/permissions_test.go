package secured_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
	"github.com/typedkafka/kafka/oauth"
	"github.com/typedkafka/kafka/schema"
)

// An operator is who sets up the cluster.
type operator struct {
	*kadm.Client
	c *cluster.Cluster
}

func newOperator(t *testing.T, c *cluster.Cluster) operator {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...), kgo.MetadataMinAge(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return operator{kadm.NewClient(cl), c}
}

func (o operator) topic(t *testing.T, name string, configs map[string]string) {
	t.Helper()
	p := anyone().proxy(t, o.c, kafka.TopicConfig{Name: name, Partitions: 2, Configs: configs})
	if err := p.EnsureTopics(within(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
}

// allow gives a user a permission on a topic or group of that name.
func (o operator) allow(t *testing.T, user, topic, group string, operations ...kadm.ACLOperation) {
	t.Helper()
	acl := kadm.NewACLs().Allow("User:" + user).AllowHosts("*").Operations(operations...).ResourcePatternType(kadm.ACLPatternLiteral)
	if topic != "" {
		acl = acl.Topics(topic)
	} else {
		acl = acl.Groups(group)
	}
	created, err := o.CreateACLs(t.Context(), acl)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range created {
		if one.Err != nil {
			t.Fatal(one.Err)
		}
	}
}

// A topicFault is one that a call meets which needs the topic or the group.
type topicFault struct {
	fault
	calls []call
}

// topicFaults sets up the cluster for faults of topics, groups and permissions. Bob may write nowhere, alice to one topic.
func topicFaults(t *testing.T, c *cluster.Cluster) []topicFault {
	o, p := newOperator(t, c), people{c}
	for _, name := range []string{"unreadable", "unwritable", "unseen", "orders", "groupless"} {
		o.topic(t, name, nil)
	}
	o.topic(t, "small", map[string]string{"max.message.bytes": "2000"})
	o.allow(t, "bob", "unreadable", "", kadm.OpDescribe)
	o.allow(t, "bob", "", "notes", kadm.OpRead)
	o.allow(t, "bob", "unwritable", "", kadm.OpDescribe)
	o.allow(t, "alice", "unwritable", "", kadm.OpDescribe)
	o.allow(t, "alice", "elsewhere", "", kadm.OpWrite)
	o.allow(t, "bob", "groupless", "", kadm.OpRead)
	o.allow(t, "bob", "new", "", kadm.OpDescribe)
	as := func(e entrance, topic kafka.TopicConfig) func(*cluster.Cluster) kafka.Config {
		topic.Alias = notes.Name
		return func(c *cluster.Cluster) kafka.Config { return e.config(c, topic) }
	}
	bob, alice := p.over("bob"), p.over("alice")
	named := func(name string) kafka.TopicConfig { return kafka.TopicConfig{Name: name} }
	ungrouped := named("groupless")
	ungrouped.Group = "other"
	denied := []func(error) bool{asAccess}
	missing := []error{kafka.ErrUnknownTopic, kerr.UnknownTopicOrPartition}
	return []topicFault{
		{fault{name: "ACL: topic read", why: "The principal may describe the topic and not read it.", do: "Let an administrator run the `kafka-acls.sh` line of the error.",
			config: as(bob, named("unreadable")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{`User:bob is not allowed the operation Read on topic "unreadable"`, "--add --allow-principal User:bob --operation Read --topic unreadable"}}, receiving},
		{fault{name: "ACL: topic write, and to no topic", why: "The principal may write to no topic at all, so the broker gives it no producer id and says only “cluster”.", do: "The same.",
			config: as(bob, named("unwritable")), is: []error{kerr.ClusterAuthorizationFailed}, as: denied,
			says: []string{`User:bob is not allowed the operation Write on topic "unwritable"`, "--operation Write --topic unwritable"}}, sending},
		{fault{name: "ACL: topic write", why: "The principal may write to other topics only.", do: "The same.",
			config: as(alice, named("unwritable")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{`User:alice is not allowed the operation Write on topic "unwritable"`, "--operation Write --topic unwritable"}}, sending},
		{fault{name: "ACL: topic describe, sending", why: "The principal may not even see the topic; Write would include that.", do: "The same.",
			config: as(alice, named("unseen")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{"or the topic does not exist", "User:alice --operation Write --topic unseen"}}, sending},
		{fault{name: "ACL: topic describe, receiving", why: "The principal may not even see the topic; Read would include that.", do: "The same.",
			config: as(alice, named("unseen")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{"or the topic does not exist", "User:alice --operation Read --topic unseen"}}, receiving},
		{fault{name: "ACL: topic describe, EnsureTopics", why: "The principal may not see whether the topic is there.", do: "The same.",
			config: as(alice, named("unseen")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{"or the topic does not exist", "User:alice --operation Describe --topic unseen"}}, []call{ensure}},
		{fault{name: "topic not visible", why: "The topic is not there and the principal may not see it: brokers answer both alike.", do: "Correct the name, or give the permission.",
			config: as(alice, named("nowhere")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{"or the topic does not exist"}}, append(sending[:1:1], receiving...)},
		{fault{name: "ACL: as a certificate", why: "With mutual TLS the principal is the certificate's subject.", do: "The same, for that principal.",
			config: as(entrance{cluster.MTLS, p.certified(c.Certs().Client), kafka.SASLConfig{}, nil}, named("unseen")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{"User:CN=client is not allowed", "--allow-principal User:CN=client --operation"}}, []call{sending[0], receiving[0], ensure}},
		{fault{name: "ACL: as a token", why: "With OAUTHBEARER the principal is the token's subject.", do: "The same, for that principal.",
			config: as(entrance{cluster.SASLTLS, p.trust(), kafka.SASLConfig{Mechanism: "OAUTHBEARER", Token: kafka.NewSecret(token("carol", time.Hour))}, nil}, named("unseen")),
			is:     []error{kerr.TopicAuthorizationFailed}, as: denied, says: []string{"User:carol is not allowed", "--allow-principal User:carol --operation"}},
			[]call{sending[0], receiving[0], ensure}},
		{fault{name: "ACL: group", why: "The principal may not use the consumer group.", do: "Let an administrator run the `kafka-acls.sh` line of the error.",
			config: as(bob, ungrouped), is: []error{kerr.GroupAuthorizationFailed}, as: denied,
			says: []string{`User:bob is not allowed the operation Read on group "other"`, "--allow-principal User:bob --operation Read --group other"}}, grouped},
		{fault{name: "ACL: create a topic", why: "The topic is missing and the principal may not create it.", do: "The same, or let somebody else create it.",
			config: as(bob, named("new")), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{`User:bob is not allowed the operation Create on topic "new"`, "--operation Create --topic new"}}, []call{ensure}},
		{fault{name: "ACL: describe configs", why: "The principal is not allowed the operation see on topic's settings, which are declared.", do: "The same.",
			config: as(bob, kafka.TopicConfig{Name: "unreadable", Configs: map[string]string{"retention.ms": "1000"}}), is: []error{kerr.TopicAuthorizationFailed}, as: denied,
			says: []string{`User:bob is not allowed the operation DescribeConfigs on topic "unreadable"`, "--operation DescribeConfigs --topic unreadable"}}, []call{ensure}},
		{fault{name: "topic missing", why: "The cluster has no topic of that name.", do: "Create it, or correct the name; the error offers the nearest.",
			config: as(anyone(), named("ordesr")), is: missing, says: []string{`unknown topic "ordesr"`, `there is a topic "orders"`, "EnsureTopics"}, heals: true},
			[]call{sending[0], sending[2], receiving[0], receiving[1], receiving[2]}},
		{fault{name: "larger than the topic's limit", why: "`max.message.bytes` of the topic, or `message.max.bytes` of the broker, is smaller than the message.", do: "Raise it with the line of the error, or send less.",
			config: as(anyone(), named("small")), is: []error{kerr.MessageTooLarge}, says: []string{"kafka-configs.sh", "--entity-name small --add-config max.message.bytes="}},
			[]call{{"Produce", produceLarge}}},
		{fault{name: "larger than our limit", why: "`producer.max_message_bytes` is smaller than the message.", do: "Raise it, and the broker's with it, or send less.",
			config: func(c *cluster.Cluster) kafka.Config {
				cfg := as(anyone(), named("small"))(c)
				cfg.Producer.MaxMessageBytes = 1000
				return cfg
			}, as: []func(error) bool{asInvalid}, says: []string{"producer.max_message_bytes"}}, []call{{"Produce", produceLarge}}},
		{fault{name: "an option that the broker is too old for", why: "`WithServerSideBalancer` needs groups of KIP-848; here they are switched off.", do: "Leave the option out, or upgrade.",
			config: as(anyone(), named("orders")), is: []error{kerr.UnsupportedVersion}, says: []string{"WithServerSideBalancer", "KIP-848"}}, []call{{"Retrieve", retrieveServerSide}}},
	}
}

func asAccess(err error) bool {
	var denied *kafka.AccessError
	return errors.As(err, &denied) && denied.Operation != "" && denied.Principal != "" && denied.Allow != ""
}

func asInvalid(err error) bool {
	var invalid *schema.ValidationError
	return errors.As(err, &invalid)
}

func produceLarge(ctx context.Context, p *kafka.Proxy) error {
	producer, err := kafka.NewProducer(p, notes)
	if err != nil {
		return err
	}
	_, err = producer.Produce(ctx, note{Text: payload + strings.Repeat("x", 5000)})
	return err
}

func retrieveServerSide(ctx context.Context, p *kafka.Proxy) error {
	consumer, err := kafka.NewConsumer(p, notes, kafka.WithServerSideBalancer())
	if err != nil {
		return err
	}
	_, err = consumer.Retrieve(ctx)
	return err
}

// A permission that is given heals the producer and the consumer that were refused, with nothing made anew.
func testGranted(t *testing.T, c *cluster.Cluster) {
	o := newOperator(t, c)
	o.topic(t, "granted", nil)
	o.allow(t, "bob", "granted", "", kadm.OpDescribe)
	topic := kafka.Topic[note]{Name: "granted"}
	p := people{c}.over("bob").proxy(t, c, kafka.TopicConfig{Name: "granted", Group: "notes"})
	producer, err := kafka.NewProducer(p, topic)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := kafka.NewConsumer(p, topic)
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, time.Minute)
	if _, err := producer.Produce(ctx, note{Text: payload}); !asAccess(err) {
		t.Fatal(err)
	}
	if _, err := consumer.Retrieve(ctx); !asAccess(err) {
		t.Fatal(err)
	}
	o.allow(t, "bob", "granted", "", kadm.OpWrite, kadm.OpRead)
	for _, err := producer.Produce(ctx, note{Text: payload}); err != nil; _, err = producer.Produce(ctx, note{Text: payload}) {
		if !asAccess(err) || ctx.Err() != nil { // the broker learns of it a moment later
			t.Fatal(err)
		}
	}
	for _, err := consumer.Retrieve(ctx); err != nil; _, err = consumer.Retrieve(ctx) {
		if !asAccess(err) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// A permission that is taken away ends a Run that has joined, with the line that gives it back.
func testTaken(t *testing.T, c *cluster.Cluster) {
	o := newOperator(t, c)
	o.topic(t, "taken", nil)
	o.allow(t, "bob", "taken", "", kadm.OpRead)
	o.allow(t, "bob", "", "taken", kadm.OpRead)
	p := people{c}.over("bob").proxy(t, c, kafka.TopicConfig{Name: "taken", Group: "taken"})
	consumer, err := kafka.NewConsumer(p, kafka.Topic[note]{Name: "taken"})
	if err != nil {
		t.Fatal(err)
	}
	producer, err := kafka.NewProducer(anyone().proxy(t, c), kafka.Topic[note]{Name: "taken"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, time.Minute)
	if _, err := producer.Produce(ctx, note{Text: payload}); err != nil {
		t.Fatal(err)
	}
	err = consumer.Run(ctx, func(ctx context.Context, _ *kafka.Message[note]) error {
		_, err := o.DeleteACLs(ctx, kadm.NewACLs().Allow("User:bob").AllowHosts("*").Topics("taken").Operations(kadm.OpRead).
			ResourcePatternType(kadm.ACLPatternLiteral))
		return err
	})
	if !asAccess(err) || ctx.Err() != nil || !strings.Contains(err.Error(), "--operation Read --topic taken") {
		t.Errorf("%v", err)
	}
	if err := consumer.Commit(ctx); !asAccess(err) {
		t.Errorf("Commit: %v", err)
	}
	o.allow(t, "bob", "taken", "", kadm.OpRead)
	for err := consumer.Commit(ctx); err != nil; err = consumer.Commit(ctx) { // the broker learns of it a moment later
		if !asAccess(err) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// A quota is no error: the message is sent, and the log says why it took long.
func testQuota(t *testing.T, c *cluster.Cluster) {
	o := newOperator(t, c)
	o.topic(t, "slow", nil)
	id := "throttled"
	altered, err := o.AlterClientQuotas(t.Context(), []kadm.AlterClientQuotaEntry{{
		Entity: kadm.ClientQuotaEntity{{Type: "client-id", Name: &id}}, Ops: []kadm.AlterClientQuotaOp{{Key: "producer_byte_rate", Value: 2000}}}})
	if err != nil || altered[0].Err != nil {
		t.Fatal(err, altered)
	}
	cfg := anyone().config(c, kafka.TopicConfig{Name: "slow"})
	cfg.ClientID = id
	var log safeBuffer
	producer, err := kafka.NewProducer(newProxy(t, &log, cfg), kafka.Topic[note]{Name: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, time.Minute)
	for sent := 0; !strings.Contains(log.String(), "a quota of the cluster"); sent++ {
		if _, err := producer.Produce(ctx, note{Text: strings.Repeat("x", 4000)}); err != nil {
			t.Fatalf("after %d messages: %v\n%s", sent, err, log.String())
		}
	}
}

// Where somebody takes connections and says nothing, each call ends at its ctx, and says what it waited for.
func testSilence(t *testing.T, c *cluster.Cluster) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, call := range every {
		for name, tls := range map[string]kafka.TLSConfig{"plaintext": {}, "TLS": people{c}.trust()} {
			t.Run(call.name+" over "+name, func(t *testing.T) {
				p := newProxy(t, &safeBuffer{}, kafka.Config{Brokers: []string{l.Addr().String()}, Group: "notes", TLS: tls,
					Topics: []kafka.TopicConfig{{Name: notes.Name}}})
				begun := time.Now()
				err := call.make(within(t, 300*time.Millisecond), p)
				if took := time.Since(begun); took > 300*time.Millisecond+slack {
					t.Errorf("told after %s", took)
				}
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), l.Addr().String()) || !kafka.Temporary(err) ||
					!strings.Contains(err.Error(), "KAFKA_") {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// Where the token endpoint takes the question and does not answer, that is what is said, and no fault of the broker's.
func testSilentEndpoint(t *testing.T, c *cluster.Cluster) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := entrance{cluster.SASLTLS, people{c}.trust(), kafka.SASLConfig{}, []kafka.ProxyOption{oauth.WithClientCredentials(
		oauth.ClientCredentials{TokenURL: "http://" + l.Addr().String(), ClientID: "billing", ClientSecret: kafka.NewSecret(wrong)})}}
	for _, call := range every {
		t.Run(call.name, func(t *testing.T) {
			cfg := e.config(c, kafka.TopicConfig{Name: notes.Name})
			cfg.ConnectTimeout = 2 * time.Second
			err := call.make(within(t, 500*time.Millisecond), newProxy(t, &safeBuffer{}, cfg, e.opts...))
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the token endpoint that makes the credentials has not answered yet") {
				t.Errorf("%v", err)
			}
		})
	}
}

// What is as declared is no difference, what is not is told with the line that changes it, and nothing is changed.
func testEnsure(t *testing.T, c *cluster.Cluster) {
	ctx := within(t, time.Minute)
	declared := kafka.TopicConfig{Name: "declared", Partitions: 3, ReplicationFactor: 1, Configs: map[string]string{
		"retention.ms": "86400000", "cleanup.policy": "compact,delete", "min.insync.replicas": "1"}}
	for range 2 { // the second time it is there
		if err := anyone().proxy(t, c, declared).EnsureTopics(ctx); err != nil {
			t.Fatal(err)
		}
	}
	same := declared
	same.Configs = map[string]string{"cleanup.policy": "delete, compact", "retention.ms": "8.64e7", "max.message.bytes": "1048588"}
	if err := anyone().proxy(t, c, same).EnsureTopics(ctx); err != nil {
		t.Errorf("what is the same differs: %v", err)
	}
	other := kafka.TopicConfig{Name: "declared", Partitions: 5, ReplicationFactor: 3, Configs: map[string]string{
		"retention.ms": "1000", "cleanup.policy": "compact", "min.insync.replicas": "1", "retension.ms": "1"}}
	fresh := kafka.TopicConfig{Name: "fresh", Configs: map[string]string{"retention.ms": "5000"}}
	err := anyone().proxy(t, c, other, fresh).EnsureTopics(ctx)
	if err == nil {
		t.Fatal("nothing differs")
	}
	tool := " --bootstrap-server " + c.Bootstrap()[0] + " "
	for _, want := range []string{
		"has 3 partitions, the configuration declares 5", "kafka-topics.sh" + tool + "--alter --topic declared --partitions 5",
		"has replication factor 1, the configuration declares 3", "kafka-reassign-partitions.sh",
		"has retention.ms=86400000, the configuration declares 1000", "kafka-configs.sh" + tool + "--alter --entity-type topics --entity-name declared --add-config retention.ms=1000",
		"has cleanup.policy=compact,delete, the configuration declares compact", "can have no config retension.ms", "do you mean retention.ms?",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "min.insync.replicas") || strings.Contains(err.Error(), "fresh") {
		t.Errorf("what is as declared is told: %v", err)
	}
	o := newOperator(t, c)
	described, err := o.DescribeTopicConfigs(ctx, "declared", "fresh")
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]string{"declared": "86400000", "fresh": "5000"} {
		r, _ := described.On(topic, nil)
		for _, entry := range r.Configs {
			if entry.Key == "retention.ms" && entry.MaybeValue() != want {
				t.Errorf("%s has retention.ms=%s, want %s", topic, entry.MaybeValue(), want)
			}
		}
	}
	fewer := kafka.TopicConfig{Name: "declared", Partitions: 2}
	if err := anyone().proxy(t, c, fewer).EnsureTopics(ctx); err == nil || !strings.Contains(err.Error(), "Kafka takes no partition away") {
		t.Error(err)
	}
	bad := kafka.TopicConfig{Name: "bad", Configs: map[string]string{"retention.ms": "7d"}}
	if err := anyone().proxy(t, c, bad).EnsureTopics(ctx); !errors.Is(err, kerr.InvalidConfig) || !strings.Contains(err.Error(), "retention.ms") {
		t.Error(err)
	}
	testOtherPartitions(t, c, fewer)
}

// A partition count that differs from the declared one is no error of anything else.
func testOtherPartitions(t *testing.T, c *cluster.Cluster, declared kafka.TopicConfig) {
	t.Helper()
	declared.Alias, declared.Group = notes.Name, "differs"
	p, ctx := anyone().proxy(t, c, declared), within(t, 30*time.Second)
	producer, err := kafka.NewProducer(p, kafka.Topic[note]{Name: notes.Name, Key: func(n note) []byte { return []byte(n.Text) }})
	if err == nil {
		_, err = producer.Produce(ctx, note{Text: payload})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := retrieve(ctx, p); err != nil {
		t.Error(err)
	}
}
