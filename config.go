package kafka

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Config says how to reach a cluster and how to behave there. Zero fields take the defaults that their comments name. Load it
// from a file and the environment with [LoadConfig], from your application's own viper with [ConfigFrom], or write it as a
// literal. Its only secret is a [Secret], so a Config may be printed and logged. It is plain data: what it is given to copies it,
// and nobody may change its slices meanwhile.
//
// In a file a field is the key that its tag names, such as producer.linger; in the environment that key in upper case after KAFKA_,
// such as KAFKA_PRODUCER_LINGER. Lists are separated by commas there. Durations have a unit (300ms, 10s), sizes are plain numbers of
// bytes.
type Config struct {
	// Brokers are the host:port addresses to find the cluster by; one that answers is enough. Required.
	Brokers []string `mapstructure:"brokers"`
	// ClientID names this application in the brokers' logs, metrics and quotas. Defaults to the program's name.
	ClientID string `mapstructure:"client_id"`
	// Group is the consumer group of consumers whose topic entry and options name none.
	Group string `mapstructure:"group"`
	// Topics are the topics that this application uses. Where the list is not empty, a Topic whose Name is not in it is refused,
	// so that a typo never becomes a topic.
	Topics []TopicConfig `mapstructure:"topics"`
	// ConnectTimeout bounds the opening of a connection, from the first dial to the first answer. Defaults to 10 s.
	ConnectTimeout time.Duration `mapstructure:"connect_timeout"`
	// TLS secures the connections. The zero value is plaintext.
	TLS TLSConfig `mapstructure:"tls"`
	// SASL says who this application is. The zero value is no authentication.
	SASL SASLConfig `mapstructure:"sasl"`
	// Producer has the settings of everything that this proxy sends.
	Producer ProducerConfig `mapstructure:"producer"`
	// Consumer has the settings of everything that this proxy receives.
	Consumer ConsumerConfig `mapstructure:"consumer"`
}

// A TopicConfig is one topic that the application uses.
type TopicConfig struct {
	// Alias is the name that the code uses, the same in every environment. Empty: the code uses Name.
	Alias string `mapstructure:"alias"`
	// Name is the topic's name in the cluster. Empty: the same as Alias.
	Name string `mapstructure:"name"`
	// Group is the consumer group for this topic. Empty: Config.Group.
	Group string `mapstructure:"group"`
	// Partitions is what EnsureTopics creates. 0: the cluster's default.
	Partitions int32 `mapstructure:"partitions"`
	// ReplicationFactor is what EnsureTopics creates. 0: the cluster's default.
	ReplicationFactor int16 `mapstructure:"replication_factor"`
	// Configs are the topic's own settings that EnsureTopics creates it with, by Kafka's names and in its units, such as retention.ms,
	// cleanup.policy or min.insync.replicas. What is not named is the cluster's default. In the environment they are one text:
	// retention.ms=86400000,cleanup.policy=compact,delete.
	Configs map[string]string `mapstructure:"configs"`
}

// TLSConfig secures connections, with TLS 1.2 or later. Any certificate or key turns TLS on, each by the name of a PEM file or as the
// text of one. Files are read when a Proxy is made and again for each new connection, so that renewed ones take effect without a
// restart; a relative name starts at the working directory.
type TLSConfig struct {
	// Enabled turns TLS on with the system's certificate authorities where none are given.
	Enabled bool `mapstructure:"enabled"`
	// CAFile is a PEM file of the authorities that may sign the brokers' certificates. Without it and CA: the system's.
	CAFile string `mapstructure:"ca_file"`
	// CA is the text of such a file, in its place.
	CA string `mapstructure:"ca"`
	// CertFile is a PEM file of the client's certificate, and its chain, for mutual TLS. It needs KeyFile or Key.
	CertFile string `mapstructure:"cert_file"`
	// Cert is the text of such a file, in its place.
	Cert string `mapstructure:"cert"`
	// KeyFile is a PEM file of the certificate's private key, not encrypted. It needs CertFile or Cert.
	KeyFile string `mapstructure:"key_file"`
	// Key is the text of such a file, in its place. It never prints.
	Key Secret `mapstructure:"key"`
	// ServerName is the name to check the brokers' certificates against. Empty: the host that was dialled.
	ServerName string `mapstructure:"server_name"`
	// InsecureSkipVerify takes any certificate from whoever answers: anybody on the way can read and change everything, passwords
	// included. NewProxy warns of it in the log. For a trial on your own machine; otherwise set CAFile.
	InsecureSkipVerify bool `mapstructure:"insecure_skip_verify"`
}

// SASLConfig is how the application authenticates. Where it takes a function to make the credentials, and for mechanisms that are not
// listed here, see [WithSASL]. Files are read when a Proxy is made and again for each new connection, so that a renewed password or
// token takes effect without a restart; line ends at a file's end do not count.
type SASLConfig struct {
	// Mechanism is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM, in any case. Empty: no authentication. PLAIN sends
	// the password as it is, OAUTHBEARER the token: use them with TLS. AWS_MSK_IAM finds the region in the broker's name, else in
	// AWS_REGION, and needs TLS.
	Mechanism string `mapstructure:"mechanism"`
	// User is the name to authenticate as; with AWS_MSK_IAM the id of the access key. OAUTHBEARER has none: its token says who it is.
	User string `mapstructure:"user"`
	// Password never prints; with AWS_MSK_IAM it is the secret access key. Keep it out of files that are committed:
	// KAFKA_SASL_PASSWORD.
	Password Secret `mapstructure:"password"`
	// PasswordFile is a file that holds the password and nothing else, as Kubernetes mounts a secret. In place of Password.
	PasswordFile string `mapstructure:"password_file"`
	// Token is the token of OAUTHBEARER, or the session token of AWS_MSK_IAM's temporary credentials. It never prints.
	Token Secret `mapstructure:"token"`
	// TokenFile is a file that holds the token and nothing else, such as a projected service account token. In place of Token.
	TokenFile string `mapstructure:"token_file"`
}

// ProducerConfig has the settings of sending.
type ProducerConfig struct {
	// Acks is who must have a message before it counts as written: "all" in-sync replicas, the "leader" alone (a message can be
	// lost when the leader dies), or "none" (a message can be lost at any time, and a Delivery has no offset). Defaults to all,
	// with idempotent writes; the other two write without idempotence, so a retry may write twice and reorder.
	Acks string `mapstructure:"acks"`
	// Compression is none, gzip, snappy, lz4 or zstd. Defaults to none, which every client of every language can read; the
	// others save network and disk and cost processor time on both sides.
	Compression string `mapstructure:"compression"`
	// Linger is how long a message may wait for company in its batch. Defaults to 0: nothing waits. A few milliseconds make
	// larger batches of ProduceAsync's messages and delay every Produce as much. At most a minute.
	Linger time.Duration `mapstructure:"linger"`
	// DeliveryTimeout bounds the time from a message's admission to its acknowledgement; then its outcome is unknown.
	// Defaults to 30 s.
	DeliveryTimeout time.Duration `mapstructure:"delivery_timeout"`
	// MaxMessageBytes is the largest value that is sent. Defaults to 1,000,000 bytes, which fits the broker's own default
	// (message.max.bytes, 1,048,588 with the batch's overhead).
	MaxMessageBytes int `mapstructure:"max_message_bytes"`
	// MaxBufferedRecords bounds how many messages are sent and not yet acknowledged, over all producers of a proxy. At the bound a
	// sending call waits for room. Defaults to 10,000.
	MaxBufferedRecords int `mapstructure:"max_buffered_records"`
	// MaxBufferedBytes bounds the bytes of those messages likewise. Defaults to 64 MiB.
	MaxBufferedBytes int `mapstructure:"max_buffered_bytes"`
}

// ConsumerConfig has the settings of receiving.
type ConsumerConfig struct {
	// Isolation is read_committed or read_uncommitted. Defaults to read_committed: messages of aborted transactions are not
	// delivered, and those of an open one wait until it ends.
	Isolation string `mapstructure:"isolation"`
	// MaxMessageBytes is the largest value that is decoded; a larger one is a MessageError. Defaults to 1,048,588 bytes, the
	// broker's own default for a batch.
	MaxMessageBytes int `mapstructure:"max_message_bytes"`
	// MaxDecompressedBytes bounds one batch after decompression; a larger one is a MessageError with its offset range.
	// Defaults to 64 MiB.
	MaxDecompressedBytes int `mapstructure:"max_decompressed_bytes"`
	// SessionTimeout is how long the group waits for a silent member before it gives its partitions away. Defaults to 45 s.
	SessionTimeout time.Duration `mapstructure:"session_timeout"`
	// RebalanceTimeout is how long a member may take to hand over its partitions. Defaults to 60 s.
	RebalanceTimeout time.Duration `mapstructure:"rebalance_timeout"`
	// CommitInterval is how often acknowledged offsets are committed. Defaults to 1 s. Longer: fewer requests, more
	// redelivered messages after a crash.
	CommitInterval time.Duration `mapstructure:"commit_interval"`
}

// The defaults of the fields that Config's comments name.
const (
	defaultConnectTimeout       = 10 * time.Second
	defaultDeliveryTimeout      = 30 * time.Second
	defaultProducedBytes        = 1_000_000
	defaultBufferedRecords      = 10_000
	defaultBufferedBytes        = 64 << 20
	defaultConsumedBytes        = 1_048_588
	defaultMaxDecompressedBytes = 64 << 20
	defaultSessionTimeout       = 45 * time.Second
	defaultRebalanceTimeout     = 60 * time.Second
	defaultCommitInterval       = time.Second
)

// The words of the settings that are one of a few.
const (
	acksAll    = "all"
	acksLeader = "leader"
	acksNone   = "none"

	compressionNone   = "none"
	compressionGzip   = "gzip"
	compressionSnappy = "snappy"
	compressionLz4    = "lz4"
	compressionZstd   = "zstd"

	readCommitted   = "read_committed"
	readUncommitted = "read_uncommitted"

	saslPlain    = "PLAIN"
	saslScram256 = "SCRAM-SHA-256"
	saslScram512 = "SCRAM-SHA-512"
	saslOAuth    = "OAUTHBEARER"
	saslAWS      = "AWS_MSK_IAM"
)

// withDefaults returns a copy in which each zero field has its default, and each word its one spelling. The slices are shared.
func (c Config) withDefaults() Config {
	c.ClientID = cmp.Or(c.ClientID, programName())
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, defaultConnectTimeout)
	c.TLS.Enabled = c.TLS.Enabled || c.TLS.given()
	c.SASL.Mechanism = strings.ToUpper(c.SASL.Mechanism)

	p := &c.Producer
	p.Acks = strings.ToLower(cmp.Or(p.Acks, acksAll))
	p.Compression = strings.ToLower(cmp.Or(p.Compression, compressionNone))
	p.DeliveryTimeout = cmp.Or(p.DeliveryTimeout, defaultDeliveryTimeout)
	p.MaxMessageBytes = cmp.Or(p.MaxMessageBytes, defaultProducedBytes)
	p.MaxBufferedRecords = cmp.Or(p.MaxBufferedRecords, defaultBufferedRecords)
	p.MaxBufferedBytes = cmp.Or(p.MaxBufferedBytes, defaultBufferedBytes)

	r := &c.Consumer
	r.Isolation = strings.ToLower(cmp.Or(r.Isolation, readCommitted))
	r.MaxMessageBytes = cmp.Or(r.MaxMessageBytes, defaultConsumedBytes)
	r.MaxDecompressedBytes = cmp.Or(r.MaxDecompressedBytes, defaultMaxDecompressedBytes)
	r.SessionTimeout = cmp.Or(r.SessionTimeout, defaultSessionTimeout)
	r.RebalanceTimeout = cmp.Or(r.RebalanceTimeout, defaultRebalanceTimeout)
	r.CommitInterval = cmp.Or(r.CommitInterval, defaultCommitInterval)
	return c
}

// programName is what the program's file is called.
func programName() string {
	if len(os.Args) == 0 {
		return ""
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}
