package cluster_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/typedkafka/kafka/integration/cluster"
)

// trust is TLS that trusts an authority and shows a client's certificate, if one is given.
func trust(t *testing.T, ca string, pair cluster.KeyPair) kgo.Opt {
	t.Helper()
	pem, err := os.ReadFile(ca)
	must(t, err)
	cfg := &tls.Config{RootCAs: x509.NewCertPool()}
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in", ca)
	}
	if pair.Cert != "" {
		cert, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
		must(t, err)
		cfg.Certificates = []tls.Certificate{cert}
		// Shown whoever signed it: Go leaves out a certificate of an authority that the server does not list.
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	}
	return kgo.DialTLSConfig(cfg)
}

// token is an unsigned JWT.
func token(subject string) kgo.Opt {
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, subject, now-1, now+60)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
	return kgo.SASL(oauth.Auth{Token: text}.AsMechanism())
}

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func fine(err error) bool { return err == nil }

// Each secured listener lets in whom it should, and answers everybody else with the fault that it is there to give.
func TestSecure(t *testing.T) {
	each(t, func(t *testing.T, r cluster.Runtime) {
		c := cluster.ForTest(t, cluster.Options{Runtime: r, Secure: true})
		certs, nobody := c.Certs(), cluster.KeyPair{}
		tls := func(p cluster.KeyPair) kgo.Opt { return trust(t, certs.CA, p) }
		word := c.Password("alice")
		tests := map[string]struct {
			listener cluster.Listener
			opts     []kgo.Opt
			want     func(error) bool
		}{
			"plain":               {cluster.Plain, nil, fine},
			"tls":                 {cluster.TLS, []kgo.Opt{tls(nobody)}, fine},
			"unknown authority":   {cluster.TLS, []kgo.Opt{trust(t, certs.ForeignCA, nobody)}, as[x509.UnknownAuthorityError]},
			"wrong host":          {cluster.WrongHost, []kgo.Opt{tls(nobody)}, as[x509.HostnameError]},
			"expired":             {cluster.Expired, []kgo.Opt{tls(nobody)}, as[x509.CertificateInvalidError]},
			"mtls":                {cluster.MTLS, []kgo.Opt{tls(certs.Client)}, fine},
			"mtls, none":          {cluster.MTLS, []kgo.Opt{tls(nobody)}, as[*net.OpError]},
			"mtls, expired":       {cluster.MTLS, []kgo.Opt{tls(certs.ExpiredClient)}, as[*net.OpError]},
			"mtls, foreign":       {cluster.MTLS, []kgo.Opt{tls(certs.ForeignClient)}, as[*net.OpError]},
			"PLAIN":               {cluster.SASLTLS, []kgo.Opt{tls(nobody), kgo.SASL(plain.Auth{User: "alice", Pass: word}.AsMechanism())}, fine},
			"SCRAM-SHA-256":       {cluster.SASLTLS, []kgo.Opt{tls(nobody), kgo.SASL(scram.Auth{User: "alice", Pass: word}.AsSha256Mechanism())}, fine},
			"SCRAM-SHA-512":       {cluster.SASLTLS, []kgo.Opt{tls(nobody), kgo.SASL(scram.Auth{User: "alice", Pass: word}.AsSha512Mechanism())}, fine},
			"OAUTHBEARER":         {cluster.SASLTLS, []kgo.Opt{tls(nobody), token("alice")}, fine},
			"PLAIN without TLS":   {cluster.SASLPlain, []kgo.Opt{kgo.SASL(plain.Auth{User: "alice", Pass: word}.AsMechanism())}, fine},
			"wrong password":      {cluster.SASLPlain, []kgo.Opt{kgo.SASL(plain.Auth{User: "alice", Pass: "x"}.AsMechanism())}, is(kerr.SaslAuthenticationFailed)},
			"wrong SCRAM":         {cluster.SASLTLS, []kgo.Opt{tls(nobody), kgo.SASL(scram.Auth{User: "alice", Pass: "x"}.AsSha256Mechanism())}, is(kerr.SaslAuthenticationFailed)},
			"mechanism not there": {cluster.SASLPlain, []kgo.Opt{kgo.SASL(scram.Auth{User: "alice", Pass: word}.AsSha256Mechanism())}, is(kerr.UnsupportedSaslMechanism)},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				cl := client(t, append(tt.opts, kgo.SeedBrokers(c.Addrs(tt.listener)...))...)
				if err := cl.Ping(within(t, 20*time.Second)); !tt.want(err) {
					t.Error(err)
				}
			})
		}
		t.Run("advertised", func(t *testing.T) { testAdvertised(t, c) })
		t.Run("authorizer", func(t *testing.T) { testAuthorizer(t, c) })
	})
}

// The bootstrap address answers, the advertised one does not.
func testAdvertised(t *testing.T, c *cluster.Cluster) {
	for l, want := range map[cluster.Listener]func(error) bool{
		cluster.BadAdvertised: as[*net.DNSError],
		cluster.Refused:       is(syscall.ECONNREFUSED),
	} {
		cl := client(t, kgo.SeedBrokers(c.Addrs(l)...))
		if err := cl.Ping(within(t, 10*time.Second)); err != nil {
			t.Errorf("%s: %v", l, err)
		}
		if _, err := kadm.NewClient(cl).ListBrokers(within(t, 10*time.Second)); err != nil {
			t.Errorf("%s: %v", l, err)
		}
		if _, err := cl.Broker(1).Request(within(t, 10*time.Second), kmsg.NewPtrListGroupsRequest()); !want(err) {
			t.Errorf("%s: %v", l, err)
		}
	}
}

// Bob may do nothing until he is allowed to.
func testAuthorizer(t *testing.T, c *cluster.Cluster) {
	admin := client(t, kgo.SeedBrokers(c.Bootstrap()...))
	createTopic(t, admin, "guarded", 1)
	bob := client(t, kgo.SeedBrokers(c.Addrs(cluster.SASLPlain)...), kgo.DefaultProduceTopic("guarded"),
		kgo.SASL(plain.Auth{User: "bob", Pass: c.Password("bob")}.AsMechanism()))
	send := func(ctx context.Context) error { return bob.ProduceSync(ctx, kgo.StringRecord("x")).FirstErr() }
	if err := send(within(t, 20*time.Second)); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Fatal(err)
	}
	acl := kadm.NewACLs().Allow("User:bob").AllowHosts("*").Topics("guarded").
		Operations(kadm.OpWrite, kadm.OpDescribe).ResourcePatternType(kadm.ACLPatternLiteral)
	_, err := kadm.NewClient(admin).CreateACLs(t.Context(), acl)
	must(t, err)
	must(t, send(within(t, 20*time.Second)))
}

// No listener has an address without Secure, nor a password for a stranger.
func TestNotSecure(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{Runtime: cluster.Processes})
	if a := c.Addrs(cluster.MTLS); a != nil {
		t.Error(a)
	}
	if c.Certs() != (cluster.Certs{}) || c.Password("mallory") != "" {
		t.Error("a plain cluster has certificates, or mallory a password")
	}
}
