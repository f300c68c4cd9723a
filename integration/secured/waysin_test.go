package secured_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	bearer "github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
	"github.com/typedkafka/kafka/oauth"
)

// Every way in leads in, and what changes in a file counts for the next connection.
func TestSecure(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{Secure: true})
	t.Run("ways in", func(t *testing.T) { testWaysIn(t, c) })
	t.Run("files are read again", func(t *testing.T) { testFiles(t, c) })
	t.Run("send and receive", func(t *testing.T) { testSendAndReceive(t, c) })
	t.Run("a token is asked for once", func(t *testing.T) { testTokenEndpoint(t, c) })
}

func testWaysIn(t *testing.T, c *cluster.Cluster) {
	p, certs := people{c}, c.Certs()
	trust, none := p.trust(), kafka.SASLConfig{}
	texts := kafka.TLSConfig{CA: read(t, certs.CA), Cert: read(t, certs.Client.Cert), Key: kafka.NewSecret(read(t, certs.Client.Key))}
	word := file(t, "password", c.Password("alice")+"\n")
	byFunction := kafka.WithSASL(bearer.Oauth(func(context.Context) (bearer.Auth, error) {
		return bearer.Auth{Token: token("alice", time.Minute)}, nil
	}))
	otherFunction := kafka.WithSASL(scram.Sha256(func(context.Context) (scram.Auth, error) {
		return scram.Auth{User: "alice", Pass: c.Password("alice")}, nil
	}))
	for name, e := range map[string]entrance{
		"plaintext":                    anyone(),
		"TLS":                          {cluster.TLS, trust, none, nil},
		"TLS, the authority as a text": {cluster.TLS, kafka.TLSConfig{CA: texts.CA}, none, nil},
		"TLS, the server's name":       {cluster.WrongHost, kafka.TLSConfig{CAFile: certs.CA, ServerName: "kafka.example.com"}, none, nil},
		"TLS without verification":     {cluster.WrongHost, kafka.TLSConfig{Enabled: true, InsecureSkipVerify: true}, none, nil},
		"mutual TLS by files":          {cluster.MTLS, p.certified(certs.Client), none, nil},
		"mutual TLS by texts":          {cluster.MTLS, texts, none, nil},
		"PLAIN over TLS":               {cluster.SASLTLS, trust, p.login("plain", "alice"), nil},
		"PLAIN over plaintext":         {cluster.SASLPlain, kafka.TLSConfig{}, p.login("PLAIN", "alice"), nil},
		"PLAIN, the password in a file": {cluster.SASLTLS, trust,
			kafka.SASLConfig{Mechanism: "PLAIN", User: "alice", PasswordFile: word}, nil},
		"SCRAM-SHA-256": {cluster.SASLTLS, trust, p.login("scram-sha-256", "alice"), nil},
		"SCRAM-SHA-512": {cluster.SASLTLS, trust, p.login("Scram-Sha-512", "alice"), nil},
		"OAUTHBEARER, a token": {cluster.SASLTLS, trust,
			kafka.SASLConfig{Mechanism: "oauthbearer", Token: kafka.NewSecret(token("alice", time.Minute))}, nil},
		"OAUTHBEARER, a token in a file": {cluster.SASLTLS, trust,
			kafka.SASLConfig{Mechanism: "OAUTHBEARER", TokenFile: file(t, "token", token("alice", time.Minute)+"\n")}, nil},
		"OAUTHBEARER, a function": {cluster.SASLTLS, trust, none, []kafka.ProxyOption{byFunction}},
		"SCRAM, a function":       {cluster.SASLTLS, trust, none, []kafka.ProxyOption{otherFunction}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := e.proxy(t, c).Ping(within(t, 30*time.Second)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A proxy goes on with a renewed certificate, password or token without a restart.
func testFiles(t *testing.T, c *cluster.Cluster) {
	p, certs := people{c}, c.Certs()
	cert, key, ca := file(t, "cert", read(t, certs.ExpiredClient.Cert)), file(t, "key", read(t, certs.ExpiredClient.Key)), file(t, "ca", read(t, certs.ForeignCA))
	word, bearer := file(t, "password", "wr0ng"), file(t, "token", token("alice", -time.Minute))
	for name, tt := range map[string]struct {
		entrance
		renew func()
		want  string // before it is renewed
	}{
		"certificate": {entrance{cluster.MTLS, kafka.TLSConfig{CAFile: certs.CA, CertFile: cert, KeyFile: key}, kafka.SASLConfig{}, nil}, func() {
			put(t, cert, read(t, certs.Client.Cert))
			put(t, key, read(t, certs.Client.Key))
		}, "expired at 2020-01-02T00:00:00Z: renew it"},
		"authority": {entrance{cluster.TLS, kafka.TLSConfig{CAFile: ca}, kafka.SASLConfig{}, nil}, func() { put(t, ca, read(t, certs.CA)) },
			"tls.ca_file (KAFKA_TLS_CA_FILE) lacks the authority"},
		"password": {entrance{cluster.SASLTLS, p.trust(), kafka.SASLConfig{Mechanism: "SCRAM-SHA-256", User: "alice", PasswordFile: word}, nil},
			func() { put(t, word, c.Password("alice")) }, "check sasl.user and sasl.password_file (KAFKA_SASL_USER, KAFKA_SASL_PASSWORD_FILE)"},
		"an empty password": {entrance{cluster.SASLPlain, kafka.TLSConfig{}, kafka.SASLConfig{Mechanism: "PLAIN", User: "alice", PasswordFile: word}, nil},
			func() { put(t, word, "\n") }, "SASL_AUTHENTICATION_FAILED"},
		"token": {entrance{cluster.SASLTLS, p.trust(), kafka.SASLConfig{Mechanism: "OAUTHBEARER", TokenFile: bearer}, nil},
			func() { put(t, bearer, token("alice", time.Minute)) }, "renew sasl.token_file (KAFKA_SASL_TOKEN_FILE)"},
	} {
		t.Run(name, func(t *testing.T) {
			put(t, word, "wr0ng") // two share it, in any order
			proxy := tt.proxy(t, c)
			if err := proxy.Ping(within(t, 30*time.Second)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("want %q: %v", tt.want, err)
			}
			tt.renew()
			err := proxy.Ping(within(t, 30*time.Second))
			if name == "an empty password" {
				if err == nil || !strings.Contains(err.Error(), "sasl.password_file: \""+word+"\" is empty") {
					t.Error(err)
				}
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// A message goes out and comes in over each protocol.
func testSendAndReceive(t *testing.T, c *cluster.Cluster) {
	p := people{c}
	for name, e := range map[string]entrance{
		"tls":   {cluster.TLS, p.trust(), kafka.SASLConfig{}, nil},
		"scram": p.over("admin"),
		"token": {cluster.SASLTLS, p.trust(), kafka.SASLConfig{Mechanism: "OAUTHBEARER", Token: kafka.NewSecret(token("admin", time.Hour))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sendAndReceive(t, c, name, e)
		})
	}
}

// sendAndReceive uses one proxy for all: the end of its first consumer leaves the others their way in.
func sendAndReceive(t *testing.T, c *cluster.Cluster, name string, e entrance) {
	t.Helper()
	ctx := within(t, time.Minute)
	notes := kafka.Topic[note]{Name: "notes-" + name}
	proxy := e.proxy(t, c, kafka.TopicConfig{Name: notes.Name, Partitions: 1, Group: "notes-" + name})
	if err := proxy.EnsureTopics(ctx); err != nil {
		t.Fatal(err)
	}
	producer, err := kafka.NewProducer(proxy, notes)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		consumer, err := kafka.NewConsumer(proxy, notes)
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
		if err := consumer.Disconnect(ctx); err != nil {
			t.Error(err)
		}
	}
}

// Client credentials buy a token for several connections, and a refusal says who was asked, as whom, and no secret.
func testTokenEndpoint(t *testing.T, c *cluster.Cluster) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if _, secret, _ := r.BasicAuth(); secret != "r1ght" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`, secret)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":60}`, token("alice", time.Minute))
	}))
	defer server.Close()
	come := func(secret string) entrance {
		return entrance{cluster.SASLTLS, people{c}.trust(), kafka.SASLConfig{}, []kafka.ProxyOption{oauth.WithClientCredentials(
			oauth.ClientCredentials{TokenURL: server.URL, ClientID: "billing", ClientSecret: kafka.NewSecret(secret)})}}
	}
	proxy := come("r1ght").proxy(t, c)
	for range 3 {
		if err := proxy.Ping(within(t, 30*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the endpoint was asked %d times", n)
	}
	var log bytes.Buffer
	err := come("wr0ng").logging(t, &log, c).Ping(within(t, 30*time.Second))
	if err == nil || !strings.Contains(err.Error(), server.URL) || !strings.Contains(err.Error(), `as client "billing": it answers Unauthorized, invalid_client`) ||
		strings.Contains(err.Error()+log.String(), "wr0ng") || kafka.Temporary(err) {
		t.Errorf("%v\n%s", err, log.String())
	}
}
