package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

// keyPair writes a certificate of its own authority and its key, and returns the files.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
}

// valid is a configuration for a test to spoil.
func valid() kafka.Config { return kafka.Config{Brokers: []string{"localhost:9092"}} }

func TestTheLeastIsValid(t *testing.T) {
	t.Parallel()
	if err := valid().Validate(); err != nil {
		t.Error(err)
	}
	wantFaults(t, kafka.Config{}.Validate(), "brokers (in code, Config.Brokers): names no broker: write the host:port of at least one")
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"localhost:9092", "10.0.0.1:1", "[::1]:65535", "[fe80::1%eth0]:9092", "kafka-0.kafka.svc:9092", "a_b:9092"} {
		if err := (kafka.Config{Brokers: []string{good}}).Validate(); err != nil {
			t.Error(err)
		}
	}
	for bad, says := range map[string]string{
		"":                          "is empty",
		"  ":                        "is empty",
		" a:1":                      "has space around it",
		"a:1,b:2":                   "holds several addresses",
		"kafka://a:1":               "has a scheme",
		"SASL_SSL://u:hunter2@a:1":  `"****@a:1" has a scheme`,
		"u:hunter2@a:1":             `"****@a:1" is more than an address`,
		"a:1/path":                  "is more than an address",
		"a b:1":                     "is more than an address",
		"localhost":                 "has no port",
		"localhost:":                "has no port",
		":9092":                     "has no host",
		"a:0":                       "has no such port",
		"a:65536":                   "has no such port",
		"a:-1":                      "has no such port",
		"a:kafka":                   "has no such port",
		"::1":                       "in brackets",
		"a:1:2":                     "in brackets",
		"[::1]":                     "has no port",
		"localhost\x00:" + "\xff:1": "in brackets",
	} {
		err := kafka.Config{Brokers: []string{"ok:1", bad}}.Validate()
		wantFaults(t, err, "brokers[1] (in code, Config.Brokers[1]): ")
		if err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%q: want %q: %v", bad, says, err)
		}
	}
}

func TestCombinations(t *testing.T) {
	t.Parallel()
	secret := kafka.NewSecret(password)
	for _, tc := range []struct {
		why    string
		spoil  func(c *kafka.Config)
		faults []string
	}{
		{"a certificate without its key", func(c *kafka.Config) { c.TLS.CertFile, _ = keyPair(t) },
			[]string{"tls.key_file (in code, Config.TLS.KeyFile): is missing"}},
		{"a key without its certificate", func(c *kafka.Config) { _, c.TLS.KeyFile = keyPair(t) },
			[]string{"tls.cert_file (in code, Config.TLS.CertFile): is missing"}},
		{"a server name without TLS", func(c *kafka.Config) { c.TLS.ServerName = "x" }, []string{"tls.server_name (in code, Config.TLS.ServerName): has no effect"}},
		{"a mechanism alone", func(c *kafka.Config) { c.SASL.Mechanism = "PLAIN" }, []string{
			"sasl.user (in code, Config.SASL.User): is missing", "sasl.password (in code, Config.SASL.Password): is missing"}},
		{"a user alone", func(c *kafka.Config) { c.SASL.User = "u" }, []string{"sasl.mechanism (in code, Config.SASL.Mechanism): is missing"}},
		{"a password alone", func(c *kafka.Config) { c.SASL.Password = secret }, []string{"sasl.mechanism (in code, Config.SASL.Mechanism): is missing"}},
		{"an unknown mechanism", func(c *kafka.Config) {
			c.SASL = kafka.SASLConfig{Mechanism: "SCRAM-SHA-265", User: "u", Password: secret}
		},
			[]string{`"SCRAM-SHA-265" is unknown: write one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM; do you mean SCRAM-SHA-256?`}},
		{"Java's acks", func(c *kafka.Config) { c.Producer.Acks = "1" }, []string{"do you mean leader?"}},
		{"an unknown compression", func(c *kafka.Config) { c.Producer.Compression = "gzipp" }, []string{"do you mean gzip?"}},
		{"a word with a letter that only looks alike", func(c *kafka.Config) { c.Producer.Compression = "\u017fnappy" }, []string{"is unknown"}},
		{"an unknown isolation", func(c *kafka.Config) { c.Consumer.Isolation = "read-committed" }, []string{"do you mean read_committed?"}},
		{"a linger of minutes", func(c *kafka.Config) { c.Producer.Linger, c.Producer.DeliveryTimeout = 2*time.Minute, time.Hour },
			[]string{"2m0s is too long: write at most 1m"}},
		{"a linger beyond the delivery timeout", func(c *kafka.Config) { c.Producer.Linger = 40 * time.Second },
			[]string{"producer.linger (in code, Config.Producer.Linger): 40s is not less than producer.delivery_timeout, 30s"}},
		{"a delivery timeout below franz-go's", func(c *kafka.Config) { c.Producer.DeliveryTimeout = time.Millisecond }, []string{"write at least 1s"}},
		{"a message larger than a request", func(c *kafka.Config) { c.Producer.MaxMessageBytes = 100 << 20 }, []string{"is too large: write at most 104760424"}},
		{"a batch larger than a number", func(c *kafka.Config) { c.Consumer.MaxDecompressedBytes = 1 << 31 }, []string{"write at most 2147483647"}},
		{"a long client id", func(c *kafka.Config) { c.ClientID = strings.Repeat("x", 257) }, []string{"has 257 bytes: write at most 256"}},
		{"short group timeouts", func(c *kafka.Config) {
			c.Consumer.SessionTimeout, c.Consumer.RebalanceTimeout = time.Millisecond, 1e6*time.Hour
		},
			[]string{"1ms is out of bounds", "consumer.rebalance_timeout (in code, Config.Consumer.RebalanceTimeout): 1000000h0m0s is out of bounds"}},
		{"a number without its unit", func(c *kafka.Config) { c.ConnectTimeout = 10 }, []string{"10ns is shorter than anything can be"}},
		{"an alias twice", topics("a=x", "a=y"), []string{`topics[1].alias (in code, Config.Topics[1].Alias): "a" is that of topics[0]`}},
		{"an alias three times", topics("a=x", "a=y", "a=z"), []string{"topics[1].alias", "topics[2].alias"}},
		{"a name twice without aliases", topics("=x", "=x"), []string{`topics[1].name (in code, Config.Topics[1].Name): "x" is that of topics[0]`}},
		{"an alias that is an earlier name", topics("=x", "x=y"), []string{`topics[1].alias (in code, Config.Topics[1].Alias): "x" is the name of another topic`}},
		{"an alias that is a later name", topics("x=y", "b=x"), []string{`topics[0].alias (in code, Config.Topics[0].Alias): "x" is the name of another topic`}},
		{"aliases that are one variable", topics("orders-eu=x", "Orders.EU=y"), []string{
			`"Orders.EU" and that of topics[0] (in code, Config.Topics[0]), "orders-eu", are one in the environment (KAFKA_TOPICS_ORDERS_EU_…)`}},
		{"neither alias nor name", topics("=", "a="), []string{"topics[0] (in code, Config.Topics[0]): has neither alias nor name"}},
		{"a name that Kafka refuses", topics("a=b/c", "..=", "b="+strings.Repeat("x", 250), "ö="), []string{
			"topics[0].name (in code, Config.Topics[0].Name): \"b/c\" can't be a name in Kafka", `topics[1].alias (in code, Config.Topics[1].Alias): without a name`,
			"has 250 characters: Kafka takes at most 249", `"ö" can't be a name in Kafka: use letters`}},
		{"negative counts of a topic", func(c *kafka.Config) {
			c.Topics = []kafka.TopicConfig{{Name: "a", Partitions: -1, ReplicationFactor: -1}}
		},
			[]string{"topics[0].partitions (in code, Config.Topics[0].Partitions): -1 is negative", "topics[0].replication_factor"}},
		{"negative everything", func(c *kafka.Config) {
			c.ConnectTimeout = -1
			c.Producer = kafka.ProducerConfig{Linger: -1, DeliveryTimeout: -1, MaxMessageBytes: -1, MaxBufferedRecords: -1, MaxBufferedBytes: -1}
			c.Consumer = kafka.ConsumerConfig{MaxMessageBytes: -1, MaxDecompressedBytes: -1, SessionTimeout: -1, RebalanceTimeout: -1, CommitInterval: -1}
		}, []string{"connect_timeout", "producer.linger", "producer.delivery_timeout", "producer.max_message_bytes", "producer.max_buffered_records",
			"producer.max_buffered_bytes", "consumer.max_message_bytes", "consumer.max_decompressed_bytes", "consumer.session_timeout",
			"consumer.rebalance_timeout", "consumer.commit_interval (in code, Config.Consumer.CommitInterval): -1ns is negative"}},
	} {
		t.Run(tc.why, func(t *testing.T) {
			t.Parallel()
			c := valid()
			tc.spoil(&c)
			before := fmt.Sprintf("%#v", c)
			wantFaults(t, c.Validate(), tc.faults...)
			if after := fmt.Sprintf("%#v", c); after != before {
				t.Errorf("it changed the configuration:\n%s\n%s", before, after)
			}
		})
	}
}

// topics makes entries of alias=name.
func topics(entries ...string) func(*kafka.Config) {
	return func(c *kafka.Config) {
		for _, e := range entries {
			alias, name, _ := strings.Cut(e, "=")
			c.Topics = append(c.Topics, kafka.TopicConfig{Alias: alias, Name: name})
		}
	}
}

func TestFilesOfTLS(t *testing.T) {
	t.Parallel()
	certificate, key := keyPair(t)
	otherCertificate, otherKey := keyPair(t)
	noPEM := write(t, "no.pem", "hunter2")
	encrypted := write(t, "enc.pem", string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("hunter2")})))
	broken := write(t, "broken.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("hunter2")})))
	missing := filepath.Join(t.TempDir(), "none.pem")
	unreadable := t.TempDir()
	for _, tc := range []struct {
		why    string
		tls    kafka.TLSConfig
		faults []string
	}{
		{"all fine", kafka.TLSConfig{CAFile: certificate, CertFile: certificate, KeyFile: key, ServerName: "localhost"}, nil},
		{"the system's authorities", kafka.TLSConfig{Enabled: true, ServerName: "localhost"}, nil},
		{"all missing", kafka.TLSConfig{CAFile: missing, CertFile: missing, KeyFile: missing}, []string{
			"tls.ca_file (in code, Config.TLS.CAFile): can't read", "tls.cert_file (in code", "tls.key_file (in code"}},
		{"a folder", kafka.TLSConfig{CAFile: unreadable}, []string{"is a directory: correct the name"}},
		{"no PEM", kafka.TLSConfig{CAFile: noPEM, CertFile: noPEM, KeyFile: noPEM}, []string{"tls.ca_file", "tls.cert_file", "tls.key_file"}},
		{"a key for an authority", kafka.TLSConfig{CAFile: key}, []string{"holds no certificate"}},
		{"a broken authority", kafka.TLSConfig{CAFile: broken}, []string{"holds a certificate that can't be parsed"}},
		{"a broken certificate", kafka.TLSConfig{CertFile: broken, KeyFile: key}, []string{"tls.key_file (in code, Config.TLS.KeyFile): does not go with tls.cert_file"}},
		{"swapped", kafka.TLSConfig{CertFile: key, KeyFile: certificate}, []string{"tls.cert_file (in code, Config.TLS.CertFile): holds no certificate"}},
		{"the certificate twice", kafka.TLSConfig{CertFile: certificate, KeyFile: certificate}, []string{"tls.key_file (in code, Config.TLS.KeyFile): holds no private key"}},
		{"another's key", kafka.TLSConfig{CertFile: certificate, KeyFile: otherKey}, []string{"does not go with tls.cert_file"}},
		{"an encrypted key", kafka.TLSConfig{CertFile: otherCertificate, KeyFile: encrypted}, []string{"holds an encrypted key"}},
	} {
		t.Run(tc.why, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.TLS = tc.tls
			err := c.Validate()
			if len(tc.faults) > 0 {
				wantFaults(t, err, tc.faults...)
			} else if err != nil {
				t.Error(err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it tells a file's content: %v", err)
			}
			if _, proxyErr := kafka.NewProxy(c); (proxyErr == nil) != (err == nil) {
				t.Errorf("NewProxy: %v; Validate: %v", proxyErr, err)
			}
		})
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("it made a file")
	}
}
