package everything

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/typedkafka/kafka"
)

const user = "alice"

// use makes a call of each kind.
func (j *journey) use(what string, cfg kafka.Config, opts ...kafka.ProxyOption) {
	j.shows(cfg)
	j.shows(&cfg)
	p, done := j.proxy(cfg, opts...)
	defer done()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	producer, err := kafka.NewProducer(p, parcels(source, "k"))
	j.works("a new producer", err)
	consumer := j.consumer(p, source, load{})
	j.fails(what+": ping", p.Ping(ctx))
	_, err = producer.Produce(ctx, parcel{ID: "a"})
	j.fails(what+": produce", err)
	_, err = consumer.Retrieve(ctx)
	j.fails(what+": retrieve", err)
	j.fails(what+": ensure topics", p.EnsureTopics(ctx))
	j.fails(what+": run", consumer.Run(ctx, func(context.Context, *kafka.Message[parcel]) error { return nil }))
	_, err = p.Client(ctx)
	j.fails(what+": client", err)
	j.shows(consumer.Status())
}

// file writes a text to a file of its own.
func (j *journey) file(name, text string) string {
	file := filepath.Join(j.tb.TempDir(), name)
	j.works("write a file", os.WriteFile(file, []byte(text), 0o600))
	return file
}

// passwords logs in with right and wrong ones.
func (j *journey) passwords() {
	right := j.marks.Secret("right password")
	_, cfg := j.cluster(kfake.EnableSASL(), kfake.Superuser("PLAIN", user, right), kfake.Superuser("SCRAM-SHA-256", user, right))
	cfg.Topics = []kafka.TopicConfig{{Name: source}}
	cfg.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: user, Password: kafka.NewSecret(right)}
	p, done := j.proxy(cfg)
	ctx, cancel := j.within()
	defer cancel()
	j.works("ping with the right password", p.Ping(ctx))
	done()
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256"} {
		cfg.SASL = kafka.SASLConfig{Mechanism: mechanism, User: user, Password: kafka.NewSecret(j.marks.Secret("wrong password"))}
		j.use("a wrong password", cfg)
		cfg.SASL.Password = kafka.Secret{}
		cfg.SASL.PasswordFile = j.file("password", j.marks.Secret("password of a file"))
		j.use("a wrong password of a file", cfg)
	}
	cfg.SASL = kafka.SASLConfig{Mechanism: "OAUTHBEARER", Token: kafka.NewSecret(j.marks.Secret("token"))}
	j.use("a mechanism that is not offered", cfg)
}

// liars are brokers that quote what they were sent, with several codes, at the first login and at a later one.
func (j *journey) liars() {
	var always atomic.Bool
	always.Store(true)
	for _, code := range []*kerr.Error{kerr.SaslAuthenticationFailed, kerr.UnknownServerError, kerr.InvalidRequest} {
		for mechanism, c := range map[string]kafka.SASLConfig{
			"PLAIN":       {User: user, Password: kafka.NewSecret(j.marks.Secret("quoted password"))},
			"OAUTHBEARER": {TokenFile: j.file("token", j.marks.Secret("quoted token"))},
		} {
			c.Mechanism = mechanism
			cfg := j.liar(code, &always)
			cfg.SASL = c
			j.use("a liar", cfg)
		}
		cfg := j.liar(code, &always)
		pass := j.marks.Secret("quoted password of code")
		j.use("a liar", cfg, kafka.WithSASL(plain.Auth{User: user, Pass: pass}.AsMechanism()))
	}
	j.laterLie()
}

// liar quotes while it lies, and lets each login pass before, for so short that each request needs another one.
func (j *journey) liar(code *kerr.Error, lies *atomic.Bool) kafka.Config {
	fake, cfg := j.cluster(kfake.SeedTopics(1, source))
	cfg.Topics = []kafka.TopicConfig{{Name: source}}
	fake.ControlKey(int16(kmsg.SASLHandshake), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
		resp.SupportedMechanisms = []string{"PLAIN", "OAUTHBEARER"}
		return resp, nil, true
	})
	fake.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		if !lies.Load() {
			resp.SessionLifetimeMillis = 1000
			return resp, nil, true
		}
		quoted := "you said " + strings.ReplaceAll(string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes), "\x00", " ")
		resp.ErrorCode, resp.ErrorMessage = code.Code, &quoted
		return resp, nil, true
	})
	return cfg
}

// laterLie meets the lie when all is open already.
func (j *journey) laterLie() {
	var lies atomic.Bool
	cfg := j.liar(kerr.UnknownServerError, &lies)
	cfg.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: user, Password: kafka.NewSecret(j.marks.Secret("password quoted later"))}
	cfg.Consumer.CommitInterval = 10 * time.Millisecond
	cfg.Producer.DeliveryTimeout = time.Second
	p, done := j.proxy(cfg)
	defer done()
	ctx, cancel := j.within()
	defer cancel()
	producer, err := kafka.NewProducer(p, parcels(source, "k"))
	j.works("a new producer", err)
	consumer := j.consumer(p, source, load{})
	_, err = producer.Produce(ctx, parcel{ID: "a"})
	j.works("produce before the lie", err)
	_, err = consumer.Retrieve(ctx)
	j.works("retrieve before the lie", err)
	lies.Store(true)
	_, err = producer.Produce(ctx, parcel{ID: "a"})
	j.fails("produce after the lie", err)
	short, end := context.WithTimeout(ctx, 2*time.Second)
	defer end()
	for short.Err() == nil { // long enough for a commit to fail
		if _, err = consumer.Retrieve(short); err != nil {
			j.fails("retrieve after the lie", err)
		}
	}
	j.shows(consumer.Status())
	if err = p.Disconnect(ctx); err != nil { // where something is left
		j.fails("disconnect after the lie", err)
	}
}

// keys has private keys that can't be used, and one that can.
func (j *journey) keys() {
	certificate, key := j.pair()
	_, other := j.pair()
	_, cfg := j.cluster()
	for what, c := range map[string]kafka.TLSConfig{
		"another's key": {Cert: certificate, Key: kafka.NewSecret(other)}, "a broken key": {Cert: certificate, Key: kafka.NewSecret(key[:len(key)/2])},
		"a key for a certificate": {Cert: key, Key: kafka.NewSecret(key)}, "a key for an authority": {CA: key},
		"another's key file": {Cert: certificate, KeyFile: j.file("key", other)}, "a key in place of a file": {Cert: certificate, KeyFile: key},
	} {
		cfg.TLS = c
		_, err := kafka.NewProxy(cfg, j.opts...)
		j.fails(what, err)
		if what != "a key for a certificate" && what != "a key for an authority" && what != "a key in place of a file" {
			j.shows(cfg) // the others are no secrets by where they stand
		}
	}
	cfg.TLS = kafka.TLSConfig{Cert: certificate, Key: kafka.NewSecret(key), CA: certificate}
	cfg.Topics = []kafka.TopicConfig{{Name: source}}
	j.use("TLS where there is none", cfg)
}

// pair makes a certificate and a key that is a mark, line by line.
func (j *journey) pair() (certificate, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	j.works("a key", err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	j.works("a certificate", err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	j.works("a key's text", err)
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	lines := strings.Split(key, "\n")[1:] // before the key it says what it is, after it there is the public one
	j.marks.Add("private key", lines[0][48:])
	j.marks.Add("private key", lines[1][:24])
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), key
}
