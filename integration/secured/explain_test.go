package secured_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	bearer "github.com/twmb/franz-go/pkg/sasl/oauth"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
	"github.com/typedkafka/kafka/oauth"
)

// soon is how long a call may take to tell what is wrong on a machine that is busy with nothing else: 2 s. Tests share theirs.
const soon = 2 * time.Second

// A fault is one row of the table: what is wrong, and how each call tells it.
type fault struct {
	name   string
	why    string // for people, in docs/errors.md
	do     string
	config func(c *cluster.Cluster) kafka.Config
	opts   []kafka.ProxyOption
	is     []error            // errors.Is finds them
	as     []func(error) bool // errors.As finds these
	says   []string           // stand in the text, beside what every one has
	heals  bool               // Temporary
}

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// A call is one that meets faults. Each is on a proxy of its own, so that all are first uses.
type call struct {
	name string
	make func(ctx context.Context, p *kafka.Proxy) error
}

var notes = kafka.Topic[note]{Name: "notes"}

func produce(ctx context.Context, p *kafka.Proxy) error {
	producer, err := kafka.NewProducer(p, notes)
	if err != nil {
		return err
	}
	_, err = producer.Produce(ctx, note{Text: payload})
	return err
}

func produceAsync(ctx context.Context, p *kafka.Proxy) error {
	producer, err := kafka.NewProducer(p, notes)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	producer.ProduceAsync(ctx, note{Text: payload}, func(_ kafka.Delivery, err error) { done <- err })
	return <-done
}

func produceAll(ctx context.Context, p *kafka.Proxy) error {
	producer, err := kafka.NewProducer(p, notes)
	if err != nil {
		return err
	}
	_, err = producer.ProduceAll(ctx, []note{{Text: payload}, {Text: payload}})
	return err
}

func retrieve(ctx context.Context, p *kafka.Proxy) error {
	consumer, err := kafka.NewConsumer(p, notes)
	if err != nil {
		return err
	}
	_, err = consumer.Retrieve(ctx)
	return err
}

func run(ctx context.Context, p *kafka.Proxy) error {
	consumer, err := kafka.NewConsumer(p, notes)
	if err != nil {
		return err
	}
	return consumer.Run(ctx, func(context.Context, *kafka.Message[note]) error { return nil })
}

func partitions(ctx context.Context, p *kafka.Proxy) error {
	consumer, err := kafka.NewConsumer(p, notes, kafka.WithPartitions(0))
	if err != nil {
		return err
	}
	_, err = consumer.Retrieve(ctx)
	return err
}

var (
	ping   = call{"Ping", func(ctx context.Context, p *kafka.Proxy) error { return p.Ping(ctx) }}
	ensure = call{"EnsureTopics", func(ctx context.Context, p *kafka.Proxy) error { return p.EnsureTopics(ctx) }}
	client = call{"Client", func(ctx context.Context, p *kafka.Proxy) error {
		_, err := p.Client(ctx)
		return err
	}}
	sending   = []call{{"Produce", produce}, {"ProduceAsync", produceAsync}, {"ProduceAll", produceAll}}
	receiving = []call{{"Retrieve", retrieve}, {"Run", run}, {"Retrieve of partitions", partitions}}
	grouped   = receiving[:2]
	every     = append(append([]call{ping, ensure, client}, sending...), receiving...)
)

const (
	payload = "pay10ad-that-nobody-may-see"
	wrong   = "wr0ng-w0rd-that-nobody-may-see"
)

// connectionFaults are met by every call.
func connectionFaults(t *testing.T, c *cluster.Cluster) []fault {
	p, certs := people{c}, c.Certs()
	at := func(e entrance) func(*cluster.Cluster) kafka.Config {
		return func(c *cluster.Cluster) kafka.Config { return e.config(c, kafka.TopicConfig{Name: notes.Name}) }
	}
	nowhere := func(addr string) func(*cluster.Cluster) kafka.Config {
		return func(*cluster.Cluster) kafka.Config {
			return kafka.Config{Brokers: []string{addr}, Group: "notes", Topics: []kafka.TopicConfig{{Name: notes.Name}}}
		}
	}
	none, plaintext := kafka.SASLConfig{}, kafka.TLSConfig{}
	withWord := func(mechanism string) kafka.SASLConfig {
		return kafka.SASLConfig{Mechanism: mechanism, User: "alice", Password: kafka.NewSecret(wrong)}
	}
	expired := token("alice", -time.Minute)
	early := jwt(map[string]any{"sub": "alice", "iat": time.Now().Add(time.Hour).Unix(), "exp": time.Now().Add(2 * time.Hour).Unix()})
	return []fault{
		{name: "port closed", why: "Nothing listens at the address.", do: "Correct `brokers`, or start the broker.",
			config: nowhere(closedPort(t)), is: []error{syscall.ECONNREFUSED}, says: []string{"PLAINTEXT", "KAFKA_BROKERS"}, heals: true},
		{name: "host unknown", why: "The name does not resolve.", do: "Correct the host name in `brokers`.",
			config: nowhere("kafka.invalid:9092"), as: []func(error) bool{as[*net.DNSError]}, says: []string{"kafka.invalid:9092", "KAFKA_BROKERS"}, heals: true},
		{name: "advertised name unknown", why: "The bootstrap address works, but the broker tells clients to come to a name that this machine does not know: the classic mistake with containers.",
			do:     "Set the broker's `advertised.listeners` to an address that clients can reach.",
			config: at(entrance{cluster.BadAdvertised, plaintext, none, nil}), as: []func(error) bool{as[*net.DNSError]}, says: []string{"broker 1 advertises the address kafka.invalid:9092", "advertised.listeners"}, heals: true},
		{name: "advertised port closed", why: "The same, with a port where nothing listens.", do: "The same.",
			config: at(entrance{cluster.Refused, plaintext, none, nil}), is: []error{syscall.ECONNREFUSED}, says: []string{"broker 1 advertises the address localhost:1", "advertised.listeners"}, heals: true},
		{name: "TLS client on a plaintext port", why: "The listener speaks no TLS.", do: "Leave the `tls` settings out, or use the TLS listener's port.",
			config: at(entrance{cluster.Plain, p.trust(), none, nil}), says: []string{"SSL", "KAFKA_TLS_ENABLED"}, heals: true},
		{name: "plaintext client on a TLS port", why: "The listener wants TLS.", do: "Set `tls.enabled: true`, and `tls.ca_file` where its authority is your own.",
			config: at(entrance{cluster.TLS, plaintext, none, nil}), says: []string{"PLAINTEXT", "KAFKA_TLS_ENABLED=true"}},
		{name: "authority not given", why: "An authority of your own signed the broker's certificate; the system does not know it.", do: "Name its file in `tls.ca_file`.",
			config: at(entrance{cluster.TLS, kafka.TLSConfig{Enabled: true}, none, nil}), as: []func(error) bool{as[x509.UnknownAuthorityError]}, says: []string{"KAFKA_TLS_CA_FILE"}},
		{name: "unknown CA", why: "`tls.ca_file` has other authorities than the one that signed.", do: "Name the file of the right one.",
			config: at(entrance{cluster.TLS, kafka.TLSConfig{CAFile: certs.ForeignCA}, none, nil}), as: []func(error) bool{as[x509.UnknownAuthorityError]}, says: []string{"tls.ca_file (KAFKA_TLS_CA_FILE) lacks"}},
		{name: "wrong host name in the certificate", why: "The certificate is for other names than the one dialled.", do: "Dial one of its names, or set `tls.server_name` to one.",
			config: at(entrance{cluster.WrongHost, p.trust(), none, nil}), as: []func(error) bool{as[x509.HostnameError]}, says: []string{"kafka.example.com", "KAFKA_TLS_SERVER_NAME"}},
		{name: "expired certificate", why: "The broker's certificate is past its end, or this machine's clock is.", do: "Renew it.",
			config: at(entrance{cluster.Expired, p.trust(), none, nil}), as: []func(error) bool{as[x509.CertificateInvalidError]}, says: []string{"expired", "must be renewed"}},
		{name: "client certificate missing", why: "The listener wants mutual TLS.", do: "Set `tls.cert_file` and `tls.key_file`.",
			config: at(entrance{cluster.MTLS, p.trust(), none, nil}), as: []func(error) bool{as[*net.OpError]}, says: []string{"KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE"}},
		{name: "client certificate of another authority", why: "The broker's trust store lacks the authority that signed it.", do: "Use one that the broker's authority signed.",
			config: at(entrance{cluster.MTLS, p.certified(certs.ForeignClient), none, nil}), as: []func(error) bool{as[*net.OpError]}, says: []string{`"CN=client"`, `"CN=foreign-ca"`, "tls.cert_file"}},
		{name: "client certificate expired", why: "It is past its end.", do: "Renew it; the new file is read at the next connection.",
			config: at(entrance{cluster.MTLS, p.certified(certs.ExpiredClient), none, nil}), as: []func(error) bool{as[*net.OpError]}, says: []string{"expired at 2020-01-02", "renew it"}},
		{name: "SASL missing", why: "The listener wants a login.", do: "Set `sasl.mechanism` and what it needs.",
			config: at(entrance{cluster.SASLPlain, plaintext, none, nil}), as: []func(error) bool{as[*kgo.ErrFirstReadEOF]}, says: []string{"KAFKA_SASL_MECHANISM"}, heals: true},
		{name: "SASL missing over TLS", why: "The same, over TLS.", do: "The same.",
			config: at(entrance{cluster.SASLTLS, p.trust(), none, nil}), as: []func(error) bool{as[*kgo.ErrFirstReadEOF]}, says: []string{"KAFKA_SASL_MECHANISM"}, heals: true},
		{name: "SASL where there is none", why: "The listener wants no login.", do: "Leave the `sasl` settings out, or use the SASL listener's port.",
			config: at(entrance{cluster.Plain, plaintext, p.login("PLAIN", "alice"), nil}), is: []error{kerr.IllegalSaslState}, says: []string{`PLAIN as "alice"`, "KAFKA_SASL_MECHANISM"}},
		{name: "mechanism not offered", why: "The listener offers others, which the error lists.", do: "Set `sasl.mechanism` to one of them.",
			config: at(entrance{cluster.SASLPlain, plaintext, withWord("SCRAM-SHA-256"), nil}), is: []error{kerr.UnsupportedSaslMechanism}, says: []string{"this listener offers PLAIN: set sasl.mechanism"}},
		{name: "wrong password, PLAIN", why: "The broker does not know this user with this password.", do: "Correct `sasl.user` or `sasl.password`.",
			config: at(entrance{cluster.SASLTLS, p.trust(), withWord("PLAIN"), nil}), is: []error{kerr.SaslAuthenticationFailed}, says: []string{`SASL_SSL, PLAIN as "alice"`, "KAFKA_SASL_USER, KAFKA_SASL_PASSWORD"}},
		{name: "wrong password, SCRAM", why: "The same.", do: "The same.",
			config: at(entrance{cluster.SASLTLS, p.trust(), withWord("SCRAM-SHA-512"), nil}), is: []error{kerr.SaslAuthenticationFailed}, says: []string{`SASL_SSL, SCRAM-SHA-512 as "alice"`, "KAFKA_SASL_USER, KAFKA_SASL_PASSWORD"}},
		{name: "expired token", why: "The token is past its end.", do: "Renew it; a file is read at the next connection, a function is called.",
			config: at(entrance{cluster.SASLTLS, p.trust(), kafka.SASLConfig{Mechanism: "OAUTHBEARER", Token: kafka.NewSecret(expired)}, nil}),
			is:     []error{kerr.SaslAuthenticationFailed}, says: []string{`OAUTHBEARER as "alice"`, "it expired at ", "KAFKA_SASL_TOKEN"}},
		{name: "clock skew", why: "The token is of the future by this machine's clock: one of the clocks is wrong.", do: "Set the clocks of this machine, of the issuer and of the broker.",
			config: at(entrance{cluster.SASLTLS, p.trust(), kafka.SASLConfig{Mechanism: "OAUTHBEARER", Token: kafka.NewSecret(early)}, nil}),
			is:     []error{kerr.SaslAuthenticationFailed}, says: []string{"it is valid only from ", "clock"}},
		{name: "token endpoint down", why: "The endpoint that gives tokens does not answer.", do: "Correct its URL, or start it.",
			config: at(entrance{cluster.SASLTLS, p.trust(), none, nil}), opts: []kafka.ProxyOption{oauth.WithClientCredentials(oauth.ClientCredentials{
				TokenURL: "http://" + closedPort(t) + "/token", ClientID: "billing", ClientSecret: kafka.NewSecret(wrong)})},
			is: []error{syscall.ECONNREFUSED}, says: []string{"OAUTHBEARER", "/token, as client \"billing\"", "connection refused", "token endpoint"}, heals: true},
		{name: "token function fails", why: "The function that was given by `WithSASL` returns an error.", do: "See to the function.",
			config: at(entrance{cluster.SASLTLS, p.trust(), none, nil}), opts: []kafka.ProxyOption{kafka.WithSASL(bearer.Oauth(
				func(context.Context) (bearer.Auth, error) { return bearer.Auth{}, errVault }))},
			is: []error{errVault}, says: []string{"OAUTHBEARER", "the function"}, heals: true},
	}
}

var errVault = errors.New("the vault is sealed")

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A safeBuffer takes the log of several goroutines.
type safeBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// meets makes a call and checks how it tells a fault; it returns the error's text.
func (f fault) meets(t *testing.T, c *cluster.Cluster, call call) string {
	t.Helper()
	var log safeBuffer
	p := newProxy(t, &log, f.config(c), f.opts...)
	begun := time.Now()
	err := call.make(within(t, 30*time.Second), p)
	took := time.Since(begun)
	if err == nil {
		t.Fatal("no error")
	}
	met, slowest = met+1, max(slowest, took)
	if took > soon+slack {
		t.Errorf("told after %s: %v", took.Round(time.Millisecond), err)
	}
	f.check(t, err)
	for _, secret := range []string{wrong, payload, c.Password("alice"), c.Password("bob")} {
		if strings.Contains(err.Error()+log.String(), secret) {
			t.Errorf("a secret or payload shows:\n%v\n%s", err, log.String())
		}
	}
	return err.Error()
}

// met counts the cells, and slowest is the time of the one that took longest; the cells are met one after another.
var (
	met     int
	slowest time.Duration
)

// slack is what a machine that runs other things beside may add.
const slack = 2 * time.Second

func (f fault) check(t *testing.T, err error) {
	t.Helper()
	for _, want := range f.is {
		if !errors.Is(err, want) {
			t.Errorf("it is no %v: %v", want, err)
		}
	}
	for i, is := range f.as {
		if !is(err) {
			t.Errorf("errors.As does not find type %d: %v", i, err)
		}
	}
	for _, words := range f.says {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("it does not say %q: %v", words, err)
		}
	}
	if kafka.Temporary(err) != f.heals {
		t.Errorf("temporary is not %v: %v", f.heals, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a deadline is told: %v", err)
	}
}
