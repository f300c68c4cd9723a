// Package secured_test connects our Proxy to the secured and the broken listeners of a real Kafka.
package secured_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
)

type note struct {
	Text string `json:"text"`
}

// An entrance is a way to come to the cluster.
type entrance struct {
	listener cluster.Listener
	tls      kafka.TLSConfig
	sasl     kafka.SASLConfig
	opts     []kafka.ProxyOption
}

// config is a configuration for an entrance.
func (e entrance) config(c *cluster.Cluster, topics ...kafka.TopicConfig) kafka.Config {
	return kafka.Config{Brokers: c.Addrs(e.listener), Group: "notes", TLS: e.tls, SASL: e.sasl, Topics: topics, ConnectTimeout: 20 * time.Second}
}

func (e entrance) proxy(t *testing.T, c *cluster.Cluster, topics ...kafka.TopicConfig) *kafka.Proxy {
	t.Helper()
	return e.logging(t, io.Discard, c, topics...)
}

// logging is a proxy that logs to w.
func (e entrance) logging(t *testing.T, w io.Writer, c *cluster.Cluster, topics ...kafka.TopicConfig) *kafka.Proxy {
	t.Helper()
	return newProxy(t, w, e.config(c, topics...), e.opts...)
}

func newProxy(t *testing.T, w io.Writer, cfg kafka.Config, opts ...kafka.ProxyOption) *kafka.Proxy {
	t.Helper()
	p, err := kafka.NewProxy(cfg, append(opts, kafka.WithLogger(slog.New(slog.NewTextHandler(w, nil))))...)
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

// people are the ways in to a cluster.
type people struct{ c *cluster.Cluster }

func (p people) trust() kafka.TLSConfig { return kafka.TLSConfig{CAFile: p.c.Certs().CA} }

func (p people) certified(k cluster.KeyPair) kafka.TLSConfig {
	return kafka.TLSConfig{CAFile: p.c.Certs().CA, CertFile: k.Cert, KeyFile: k.Key}
}

func (p people) login(mechanism, user string) kafka.SASLConfig {
	return kafka.SASLConfig{Mechanism: mechanism, User: user, Password: kafka.NewSecret(p.c.Password(user))}
}

// over is somebody who comes over TLS with a password.
func (p people) over(user string) entrance {
	return entrance{listener: cluster.SASLTLS, tls: p.trust(), sasl: p.login("SCRAM-SHA-512", user)}
}

// anyone comes by the plain listener, as a super user.
func anyone() entrance { return entrance{listener: cluster.Plain} }

// token is an unsigned token, as the brokers here take it, that expires after some time.
func token(subject string, expires time.Duration) string {
	now := time.Now()
	return jwt(map[string]any{"sub": subject, "iat": now.Add(-time.Hour).Unix(), "exp": now.Add(expires).Unix()})
}

func jwt(claims map[string]any) string {
	text, _ := json.Marshal(claims) // of texts and numbers
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none"}`)) + "." + b64(text) + "."
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// file writes a file of a test's own.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	put(t, path, content)
	return path
}

// put replaces a file as Kubernetes does: whole.
func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
