package kafka

import (
	"crypto/tls"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

// client makes a client, which dials nobody, so that its options can be looked up.
func client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := Config{SASL: SASLConfig{Mechanism: "scram-sha-256"}, Producer: ProducerConfig{Acks: "LEADER"}, TLS: TLSConfig{CAFile: "x"}}
	d := c.withDefaults()
	if c.ConnectTimeout != 0 || c.TLS.Enabled || c.Producer.Acks != "LEADER" {
		t.Errorf("it changed its receiver: %+v", c)
	}
	want := Config{
		ClientID: strings.TrimSuffix(filepath.Base(programName()), ".exe"), ConnectTimeout: 10 * time.Second,
		TLS: TLSConfig{Enabled: true, CAFile: "x"}, SASL: SASLConfig{Mechanism: "SCRAM-SHA-256"},
		Producer: ProducerConfig{Acks: "leader", Compression: "none", DeliveryTimeout: 30 * time.Second, MaxMessageBytes: 1_000_000,
			MaxBufferedRecords: 10_000, MaxBufferedBytes: 64 << 20},
		Consumer: ConsumerConfig{Isolation: "read_committed", MaxMessageBytes: 1_048_588, MaxDecompressedBytes: 64 << 20,
			SessionTimeout: 45 * time.Second, RebalanceTimeout: time.Minute, CommitInterval: time.Second},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if d.ClientID == "" {
		t.Error("no client id")
	}
	if diff := cmp.Diff(d, d.withDefaults()); diff != "" {
		t.Errorf("a second time it changes more: %s", diff)
	}
}

func TestConnectionOptions(t *testing.T) {
	t.Parallel()
	opts := Config{Brokers: []string{"a:1", "b:2"}, ClientID: "me", ConnectTimeout: 3 * time.Second}.withDefaults().connectionOptions()
	cl := client(t, opts...)
	if got := cl.OptValue(kgo.SeedBrokers).([]string); len(got) != 2 || got[0] != "a:1" || got[1] != "b:2" {
		t.Errorf("brokers %q", got)
	}
	if got := cl.OptValue(kgo.ClientID).(string); got != "me" {
		t.Errorf("client id %q", got)
	}
	if got := cl.OptValue(kgo.DialTimeout).(time.Duration); got != 3*time.Second {
		t.Errorf("dial timeout %s", got)
	}
	if len(opts) != 3 {
		t.Errorf("%d options for the least configuration", len(opts))
	}
}

func TestConfigOfTLS(t *testing.T) {
	t.Parallel()
	got, _, err := TLSConfig{Enabled: true, ServerName: "x"}.config("a:1")
	if err != nil {
		t.Fatal(err)
	}
	if got.MinVersion != tls.VersionTLS12 || got.ServerName != "x" || got.InsecureSkipVerify || got.RootCAs != nil {
		t.Errorf("%+v", got)
	}
	if got, _, err := (TLSConfig{Enabled: true, InsecureSkipVerify: true}).config("a:1"); err != nil || got.ServerName != "a" || !got.InsecureSkipVerify {
		t.Errorf("%+v, %v", got, err)
	}
	if _, _, err := (TLSConfig{CAFile: "/no/such/file"}).config("a:1"); err == nil || !strings.Contains(err.Error(), `tls.ca_file: can't read "/no/such/file"`) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestMechanisms(t *testing.T) {
	t.Parallel()
	for _, name := range saslMechanisms {
		m := SASLConfig{Mechanism: strings.ToLower(name), User: "u", Password: NewSecret("p"), Token: NewSecret("u.u.u")}.mechanism()
		if m == nil || m.Name() != name {
			t.Fatalf("%s: %v", name, m)
		}
		if _, first, err := m.Authenticate(t.Context(), "b-1.x.kafka.eu-west-1.amazonaws.com:1"); err != nil || !strings.Contains(string(first), "u") {
			t.Errorf("%s sends %q first, %v", name, first, err)
		}
	}
	if m := (SASLConfig{}).mechanism(); m != nil {
		t.Errorf("no mechanism is %v", m)
	}
	if m := (SASLConfig{Mechanism: "GSSAPI"}).mechanism(); m != nil {
		t.Error("an unknown mechanism is one")
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]kgo.CompressionCodec{"": kgo.NoCompression(), "none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "LZ4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()} {
		if got := (Config{Producer: ProducerConfig{Compression: word}}).withDefaults().Producer.compression(); got != want {
			t.Errorf("compression %q is %v", word, got)
		}
	}
	for word, want := range map[string]kgo.Acks{"": kgo.AllISRAcks(), "all": kgo.AllISRAcks(), "leader": kgo.LeaderAck(), "NONE": kgo.NoAck()} {
		if got := (Config{Producer: ProducerConfig{Acks: word}}).withDefaults().Producer.acks(); got != want {
			t.Errorf("acks %q is %v", word, got)
		}
	}
	for word, want := range map[string]kgo.IsolationLevel{"": kgo.ReadCommitted(), "read_committed": kgo.ReadCommitted(),
		"read_uncommitted": kgo.ReadUncommitted()} {
		if got := (Config{Consumer: ConsumerConfig{Isolation: word}}).withDefaults().Consumer.isolation(); got != want {
			t.Errorf("isolation %q is %v", word, got)
		}
	}
}

// What Validate lets pass, franz-go must take.
func TestBatchesFit(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 0, 1_000_000, largestMessage} {
		c := Config{Brokers: []string{"a:1"}, Producer: ProducerConfig{MaxMessageBytes: size}}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
		c = c.withDefaults()
		client(t, kgo.SeedBrokers("a:1"), kgo.ProducerBatchMaxBytes(c.Producer.maxBatchBytes()))
	}
	if got := (Config{}).withDefaults().Producer.maxBatchBytes(); got != 1_048_588 {
		t.Errorf("by default a batch has %d bytes; a broker takes 1048588", got)
	}
}

func TestTopicLookup(t *testing.T) {
	t.Parallel()
	listed := Config{Topics: []TopicConfig{
		{Alias: "orders", Name: "orders-v1", Group: "g", Partitions: 3}, {Name: "audit"}, {Alias: "refunds"}, {Alias: "again", Name: "audit", Group: "h"}}}
	for name, want := range map[string]TopicConfig{
		"orders":    listed.Topics[0],
		"orders-v1": listed.Topics[0],
		"audit":     listed.Topics[1],
		"refunds":   {Alias: "refunds", Name: "refunds"},
		"again":     listed.Topics[3],
	} {
		if got, err := listed.topic(name); err != nil || !cmp.Equal(got, want) {
			t.Errorf("topic %q is %+v, %v; want %+v", name, got, err, want)
		}
	}
	for name, says := range map[string]string{
		"ordres": `topic "ordres" is neither alias nor name of a topic in the configuration: do you mean "orders"`, "Orders": `do you mean "orders"`,
		"payments-by-hand": "add it to topics", "": "has no name", "orders-v2": `"orders-v1"`, strings.Repeat("x", 1<<20): "add it to topics",
	} {
		if _, err := listed.topic(name); err == nil || !strings.Contains(err.Error(), says) || len(err.Error()) > 500 {
			t.Errorf("topic %.20q: want %q: %v", name, says, err)
		}
	}
	if got, err := (Config{}).topic("anything.at-all_9"); err != nil || !cmp.Equal(got, TopicConfig{Name: "anything.at-all_9"}) {
		t.Errorf("without a list: %+v, %v", got, err)
	}
	for _, name := range []string{"", "a b", "..", strings.Repeat("x", 250)} {
		if _, err := (Config{}).topic(name); err == nil {
			t.Errorf("without a list %.20q is fine", name)
		}
	}
}
