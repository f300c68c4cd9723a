// Package secured_test connects our Proxy to the secured and the broken listeners of a real Kafka.
package secured_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
)

type note struct {
	Text string `json:"text"`
}

func proxy(t *testing.T, addrs []string, tls kafka.TLSConfig, sasl kafka.SASLConfig, topics ...kafka.TopicConfig) *kafka.Proxy {
	t.Helper()
	p, err := kafka.NewProxy(kafka.Config{Brokers: addrs, Group: "notes", TLS: tls, SASL: sasl, Topics: topics, ConnectTimeout: 20 * time.Second},
		kafka.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disconnect(t, p) })
	return p
}

func disconnect(t *testing.T, p *kafka.Proxy) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := p.Disconnect(ctx); err != nil {
		t.Error(err)
	}
}

// Ping lets a right configuration through, and tells the cause of what is wrong with another, long before anything times out. No
// error has the password.
func TestPing(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{Secure: true})
	certs, word := c.Certs(), c.Password("alice")
	trust := kafka.TLSConfig{CAFile: certs.CA}
	with := func(p cluster.KeyPair) kafka.TLSConfig {
		return kafka.TLSConfig{CAFile: certs.CA, CertFile: p.Cert, KeyFile: p.Key}
	}
	alice := func(mechanism string) kafka.SASLConfig {
		return kafka.SASLConfig{Mechanism: mechanism, User: "alice", Password: kafka.NewSecret(word)}
	}
	wrong := kafka.SASLConfig{Mechanism: "SCRAM-SHA-512", User: "alice", Password: kafka.NewSecret("wr0ng-w0rd")}
	none := kafka.SASLConfig{}
	plaintext := kafka.TLSConfig{}
	tests := map[string]struct {
		listener cluster.Listener
		tls      kafka.TLSConfig
		sasl     kafka.SASLConfig
		want     string // in the error; "" for none
	}{
		"plaintext":                {cluster.Plain, plaintext, none, ""},
		"TLS":                      {cluster.TLS, trust, none, ""},
		"mutual TLS":               {cluster.MTLS, with(certs.Client), none, ""},
		"PLAIN over TLS":           {cluster.SASLTLS, trust, alice("PLAIN"), ""},
		"SCRAM-SHA-256 over TLS":   {cluster.SASLTLS, trust, alice("SCRAM-SHA-256"), ""},
		"SCRAM-SHA-512 over TLS":   {cluster.SASLTLS, trust, alice("scram-sha-512"), ""},
		"PLAIN over plaintext":     {cluster.SASLPlain, plaintext, alice("PLAIN"), ""},
		"the server's name is set": {cluster.WrongHost, kafka.TLSConfig{CAFile: certs.CA, ServerName: "kafka.example.com"}, none, ""},

		"wrong host":                   {cluster.WrongHost, trust, none, "kafka.example.com"},
		"expired":                      {cluster.Expired, trust, none, "expired"},
		"unknown authority":            {cluster.TLS, kafka.TLSConfig{CAFile: certs.ForeignCA}, none, "unknown authority"},
		"the system's authorities":     {cluster.TLS, kafka.TLSConfig{Enabled: true}, none, "unknown authority"},
		"no client certificate":        {cluster.MTLS, trust, none, "certificate"},
		"expired client certificate":   {cluster.MTLS, with(certs.ExpiredClient), none, "certificate"},
		"client of another authority":  {cluster.MTLS, with(certs.ForeignClient), none, "certificate"},
		"wrong password":               {cluster.SASLTLS, trust, wrong, "SASL_AUTHENTICATION_FAILED"},
		"mechanism that is not there":  {cluster.SASLPlain, plaintext, alice("SCRAM-SHA-256"), "UNSUPPORTED_SASL_MECHANISM"},
		"no SASL where there must be":  {cluster.SASLPlain, plaintext, none, "SASL"},
		"plaintext to a TLS listener":  {cluster.TLS, plaintext, none, "tls"},
		"TLS to a plaintext listener":  {cluster.Plain, trust, none, "TLS"},
		"advertised name is unknown":   {cluster.BadAdvertised, plaintext, none, "kafka.invalid:9092"},
		"advertised port is not there": {cluster.Refused, plaintext, none, "localhost:1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := proxy(t, c.Addrs(tt.listener), tt.tls, tt.sasl).Ping(ctx)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("the error does not say %q: %v", tt.want, err)
			}
			if ctx.Err() != nil {
				t.Errorf("told only when time was up: %v", err)
			}
			for _, secret := range []string{word, "wr0ng-w0rd"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error has the password: %v", err)
				}
			}
		})
	}
}

// A message goes out and comes in over TLS, and over TLS with a password.
func TestSendAndReceive(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{Secure: true})
	trust := kafka.TLSConfig{CAFile: c.Certs().CA}
	admin := kafka.SASLConfig{Mechanism: "SCRAM-SHA-512", User: "admin", Password: kafka.NewSecret(c.Password("admin"))}
	t.Run("TLS", func(t *testing.T) { testSendAndReceive(t, c.Addrs(cluster.TLS), trust, kafka.SASLConfig{}) })
	t.Run("SCRAM", func(t *testing.T) { testSendAndReceive(t, c.Addrs(cluster.SASLTLS), trust, admin) })
}

func testSendAndReceive(t *testing.T, addrs []string, tls kafka.TLSConfig, sasl kafka.SASLConfig) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	notes := kafka.Topic[note]{Name: "notes-" + sasl.Mechanism}
	p := proxy(t, addrs, tls, sasl, kafka.TopicConfig{Name: notes.Name, Partitions: 1, Group: "notes-" + sasl.Mechanism})
	if err := p.EnsureTopics(ctx); err != nil {
		t.Fatal(err)
	}
	producer, err := kafka.NewProducer(p, notes)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := kafka.NewConsumer(p, notes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := producer.Produce(ctx, note{Text: "for your eyes only"}); err != nil {
		t.Fatal(err)
	}
	m, err := consumer.Retrieve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if m.Value.Text != "for your eyes only" {
		t.Errorf("received %+v", m.Value)
	}
}
