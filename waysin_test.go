package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/typedkafka/kafka"
)

// What contradicts itself, is missing or can't be used of TLS and SASL is told at once, each fault with its key, and no secret.
func TestFaultsOfAccess(t *testing.T) {
	t.Parallel()
	certificate, key := keyPair(t)
	otherCertificate, otherKey := keyPair(t)
	pem := func(file string) string { return content(t, file) }
	secret, empty := kafka.NewSecret(password), write(t, "empty", "\n")
	parameters := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
	for why, tc := range map[string]struct {
		tls    kafka.TLSConfig
		sasl   kafka.SASLConfig
		faults []string
	}{
		"a file and a text for one thing": {tls: kafka.TLSConfig{CAFile: certificate, CA: pem(certificate), CertFile: certificate, Cert: pem(certificate),
			KeyFile: key, Key: kafka.NewSecret(pem(key))}, faults: []string{
			"tls.ca (in code, Config.TLS.CA): and tls.ca_file are both given", "tls.cert (", "tls.key ("}},
		"texts of the wrong kind": {tls: kafka.TLSConfig{CA: pem(key), Cert: pem(key), Key: kafka.NewSecret(pem(certificate))}, faults: []string{
			`tls.ca (in code, Config.TLS.CA): holds no certificate but "PRIVATE KEY"`, "tls.cert (in code, Config.TLS.Cert): holds no certificate: give one"}},
		"a certificate for a key": {tls: kafka.TLSConfig{Cert: pem(certificate), Key: kafka.NewSecret(pem(certificate))}, faults: []string{
			"tls.key (in code, Config.TLS.Key): holds no private key"}},
		"no PEM at all": {tls: kafka.TLSConfig{CA: "x", Cert: "y", Key: secret}, faults: []string{"tls.ca (in code, Config.TLS.CA): the text holds no PEM", "tls.cert", "tls.key"}},
		"another's key": {tls: kafka.TLSConfig{CertFile: certificate, KeyFile: otherKey}, faults: []string{
			"tls.key_file (in code, Config.TLS.KeyFile): does not go with tls.cert_file"}},
		"another's key as a text": {tls: kafka.TLSConfig{Cert: pem(otherCertificate), Key: kafka.NewSecret(pem(key))}, faults: []string{"does not go with tls.cert ("}},
		"an encrypted key":        {tls: kafka.TLSConfig{Cert: pem(certificate), Key: kafka.NewSecret(strings.ReplaceAll(pem(key), "PRIVATE", "ENCRYPTED PRIVATE"))}, faults: []string{"tls.key (in code, Config.TLS.Key): holds an encrypted key"}},
		"parameters alone":        {tls: kafka.TLSConfig{Cert: pem(certificate), Key: kafka.NewSecret(parameters)}, faults: []string{"holds no private key"}},
		"empty files":             {tls: kafka.TLSConfig{CAFile: empty, CertFile: empty, KeyFile: empty}, faults: []string{"tls.ca_file", "tls.cert_file", "tls.key_file (in code, Config.TLS.KeyFile): \"" + empty + "\" is empty"}},
		"skipping without TLS":    {tls: kafka.TLSConfig{InsecureSkipVerify: true}, faults: []string{"tls.insecure_skip_verify (in code, Config.TLS.InsecureSkipVerify): has no effect without TLS"}},
		"skipping beside an authority": {tls: kafka.TLSConfig{CAFile: certificate, InsecureSkipVerify: true}, faults: []string{
			"tls.insecure_skip_verify (in code, Config.TLS.InsecureSkipVerify): contradicts tls.ca_file"}},
		"a password twice": {sasl: kafka.SASLConfig{Mechanism: "PLAIN", User: "u", Password: secret, PasswordFile: write(t, "p", "x")}, faults: []string{
			"sasl.password (in code, Config.SASL.Password): and sasl.password_file are both given"}},
		"no password file":       {sasl: kafka.SASLConfig{Mechanism: "plain", User: "u", PasswordFile: "/no/such"}, faults: []string{`sasl.password_file (in code, Config.SASL.PasswordFile): can't read "/no/such"`}},
		"a folder for a file":    {sasl: kafka.SASLConfig{Mechanism: "plain", User: "u", PasswordFile: t.TempDir()}, faults: []string{"is a directory"}},
		"an empty password file": {sasl: kafka.SASLConfig{Mechanism: "plain", User: "u", PasswordFile: empty}, faults: []string{"is empty: write the secret into it"}},
		"a file without end":     {sasl: kafka.SASLConfig{Mechanism: "plain", User: "u", PasswordFile: "/dev/zero"}, faults: []string{"is larger than"}},
		"a token for PLAIN":      {sasl: kafka.SASLConfig{Mechanism: "plain", User: "u", Password: secret, Token: secret}, faults: []string{"sasl.token (in code, Config.SASL.Token): has no effect: PLAIN has no token"}},
		"a user for a token": {sasl: kafka.SASLConfig{Mechanism: "oauthbearer", User: "u", Password: secret, Token: secret}, faults: []string{
			"sasl.user (in code, Config.SASL.User): has no effect: OAUTHBEARER takes a token", "sasl.password ("}},
		"no token":             {sasl: kafka.SASLConfig{Mechanism: "OAuthBearer"}, faults: []string{"sasl.token (in code, Config.SASL.Token): is missing"}},
		"a token twice":        {sasl: kafka.SASLConfig{Mechanism: "OAUTHBEARER", Token: secret, TokenFile: empty}, faults: []string{"sasl.token (", "sasl.token_file (in code, Config.SASL.TokenFile): \"" + empty + "\" is empty"}},
		"a token file alone":   {sasl: kafka.SASLConfig{TokenFile: empty}, faults: []string{"sasl.mechanism (in code, Config.SASL.Mechanism): is missing", "sasl.token_file"}},
		"AWS without anything": {sasl: kafka.SASLConfig{Mechanism: "aws_msk_iam"}, faults: []string{"tls.enabled (in code, Config.TLS.Enabled): is false", "sasl.user", "sasl.password"}},
		"Kerberos":             {sasl: kafka.SASLConfig{Mechanism: "gssapi"}, faults: []string{"in code give WithSASL what franz-go's module pkg/sasl/kerberos makes"}},
		"a word for another":   {sasl: kafka.SASLConfig{Mechanism: "oauth"}, faults: []string{"do you mean OAUTHBEARER?"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.TLS, c.SASL = tc.tls, tc.sasl
			err := c.Validate()
			wantFaults(t, err, tc.faults...)
			if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "BggqhkjO")) {
				t.Errorf("it shows a secret: %v", err)
			}
		})
	}
}

func TestSkippingVerificationIsTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := valid()
	c.TLS = kafka.TLSConfig{Enabled: true, InsecureSkipVerify: true}
	if _, err := kafka.NewProxy(c, kafka.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "tls.insecure_skip_verify") {
		t.Errorf("the log has %q", log.String())
	}
}

// Credentials of code and of the configuration are a contradiction.
func TestWithSASLBesideConfig(t *testing.T) {
	t.Parallel()
	c := valid()
	c.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: "u", Password: kafka.NewSecret(password)}
	m := plain.Auth{User: "u", Pass: password}.AsMechanism()
	if _, err := kafka.NewProxy(c, kafka.WithSASL(m)); err == nil || !strings.Contains(err.Error(), "beside WithSASL") {
		t.Error(err)
	}
	if _, err := kafka.NewProxy(valid(), kafka.WithSASL(m), kafka.WithSASL(nil)); err != nil {
		t.Error(err)
	}
}

// closing is a mechanism that is to be closed, as franz-go's of Kerberos.
type closing struct {
	sasl.Mechanism
	closed atomic.Int32
}

func (c *closing) Close() { c.closed.Add(1) }

// A mechanism belongs to the proxy: none of its clients, some of which live for a moment only, closes it for the others.
func TestAMechanismIsClosedWithTheProxy(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "the real one has no listener with SASL", kfake.EnableSASL(), kfake.Superuser("PLAIN", "admin", password),
		kfake.SeedTopics(1, "orders"))
	m := &closing{Mechanism: plain.Auth{User: "admin", Pass: password}.AsMechanism()}
	p, err := kafka.NewProxy(c.cfg, kafka.WithSASL(m), kafka.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ping(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	producer := newProducer(t, p, "orders")
	produce(t, producer, order{ID: "a"})
	disconnect(t, producer)
	if n := m.closed.Load(); n != 0 {
		t.Errorf("it is closed %d times, and the proxy is not", n)
	}
	for range 2 {
		disconnect(t, p)
	}
	if n := m.closed.Load(); n != 1 {
		t.Errorf("it is closed %d times, want once", n)
	}
}

// The error of a function that makes credentials is what the first call returns.
func TestCredentialsFail(t *testing.T) {
	t.Parallel()
	down := errors.New("the token endpoint is down")
	fails := plain.Plain(func(context.Context) (plain.Auth, error) { return plain.Auth{}, down })
	c := newEmbedded(t, "the real one has no listener with SASL", kfake.EnableSASL())
	p, err := kafka.NewProxy(c.cfg, kafka.WithSASL(fails), kafka.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	var at *kafka.ConnectError
	if err := p.Ping(t.Context()); !errors.Is(err, down) || !errors.As(err, &at) || at.Mechanism != "PLAIN" || at.Protocol != "SASL_PLAINTEXT" {
		t.Errorf("%v", err)
	}
}
