package kafka_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// newSecured gives an embedded broker behind TLS and a password.
func newSecured(t *testing.T) *cluster {
	t.Helper()
	certificate, key := keyPair(t)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}),
		kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "bob", "bob-secret"), kfake.SeedTopics(1, "orders"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	embeddedOnly.Add(1) // a secured real one is the module integration's
	cfg := kafka.Config{
		Brokers: fake.ListenAddrs(), Group: unique("group"),
		TLS:  kafka.TLSConfig{CAFile: certificate, ServerName: "localhost"},
		SASL: kafka.SASLConfig{Mechanism: "SCRAM-SHA-512", User: "bob", Password: kafka.NewSecret("bob-secret")},
	}
	return &cluster{cfg: cfg, fake: fake}
}

// byCode moves what secures the connections from the configuration into an option of code.
func (c *cluster) byCode(t *testing.T) kafka.ProxyOption {
	t.Helper()
	authority, err := os.ReadFile(c.cfg.TLS.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	secure := &tls.Config{RootCAs: pool, ServerName: c.cfg.TLS.ServerName, MinVersion: tls.VersionTLS12}
	c.cfg.TLS = kafka.TLSConfig{}
	return kafka.WithClientOptions(kgo.DialTLSConfig(secure))
}

// Messages go out and come in over TLS and SASL, and what the broker answers in between is understood there too.
func TestADoubtfulAnswerIsUnderstoodOverTLS(t *testing.T) {
	t.Parallel()
	for how, connect := range map[string]func(*testing.T, *cluster) *kafka.Proxy{
		"by configuration": func(t *testing.T, c *cluster) *kafka.Proxy { t.Helper(); return c.proxy(t) },
		"by code":          func(t *testing.T, c *cluster) *kafka.Proxy { opt := c.byCode(t); return c.proxy(t, opt) },
	} {
		for _, first := range leftOpenCodes {
			t.Run(how+" "+first.Message, func(t *testing.T) {
				t.Parallel()
				c := newSecured(t)
				testDoubtfulAnswer(t, c, connect(t, c), first)
			})
		}
	}
}

// testDoubtfulAnswer sends a message that is answered with a doubtful code first, and then refused.
func testDoubtfulAnswer(t *testing.T, c *cluster, p *kafka.Proxy, first *kerr.Error) {
	t.Helper()
	producer := newProducer(t, p, "orders")
	produce(t, producer, order{Qty: 0})
	expectOrders(t, newConsumer(t, p, "orders"), 0, 1)
	c.answerFirst("orders", first, kerr.MessageTooLarge)
	_, err := producer.Produce(within(t, patience), order{})
	wantError(t, err, kafka.ErrOutcomeUnknown, "orders")
	wantError(t, err, kerr.MessageTooLarge)
	_, err = producer.Produce(within(t, patience), order{})
	wantError(t, err, kerr.MessageTooLarge)
	if errors.Is(err, kafka.ErrOutcomeUnknown) {
		t.Errorf("a later message was refused at once: %v", err)
	}
}
