package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A KeyPair names the PEM files of a certificate and its key.
type KeyPair struct{ Cert, Key string }

// Certs name PEM files, made at start and gone after Stop. A client that trusts CA and shows Client is let in by [MTLS].
type Certs struct {
	CA            string  // signed the brokers' certificates, and Client and ExpiredClient
	ForeignCA     string  // signed ForeignClient, and is unknown to the brokers
	Client        KeyPair // CN=client
	ExpiredClient KeyPair // CN=client, expired in 2020
	ForeignClient KeyPair // CN=client, signed by ForeignCA
}

// The key stores of the brokers, in the same directory: a PKCS#8 key and its certificate in one PEM file, as Kafka reads it.
const (
	storeCA        = "ca.pem"
	storeServer    = "server.pem"
	storeWrongHost = "wrong-host.pem"
	storeExpired   = "expired.pem"
)

var stores = []string{storeCA, storeServer, storeWrongHost, storeExpired}

// makeCerts writes all certificates into dir.
func makeCerts(dir string) (Certs, error) {
	f := &forge{dir: dir, now: time.Now()}
	ca, foreign := f.authority("ca"), f.authority("foreign-ca")
	here := []string{"localhost"}
	f.store(storeServer, f.leaf(ca, "server", here, false))
	f.store(storeWrongHost, f.leaf(ca, "server", []string{"kafka.example.com"}, false))
	f.store(storeExpired, f.leaf(ca, "server", here, true))
	return Certs{
		CA:            f.path(storeCA),
		ForeignCA:     f.path("foreign-ca.pem"),
		Client:        f.pair("client", f.leaf(ca, "client", nil, false)),
		ExpiredClient: f.pair("expired-client", f.leaf(ca, "client", nil, true)),
		ForeignClient: f.pair("foreign-client", f.leaf(foreign, "client", nil, false)),
	}, f.err
}

// forge makes certificates until the first error, which it keeps.
type forge struct {
	dir string
	now time.Time
	err error
}

type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (f *forge) path(name string) string { return filepath.Join(f.dir, name) }

func (f *forge) authority(name string) identity {
	id := f.sign(identity{}, &x509.Certificate{
		Subject:  pkix.Name{CommonName: name},
		NotAfter: f.now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	})
	f.write(name+".pem", f.certPEM(id))
	return id
}

// leaf signs a certificate for both ends of TLS, by ca, for the DNS names and the loopback address if there are any.
func (f *forge) leaf(ca identity, cn string, dns []string, expired bool) identity {
	t := &x509.Certificate{
		Subject:     pkix.Name{CommonName: cn},
		NotAfter:    f.now.Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    dns,
	}
	if len(dns) > 0 && dns[0] == "localhost" {
		t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	if expired {
		t.NotAfter = time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	}
	return f.sign(ca, t)
}

// sign fills in what all certificates share. An empty parent signs itself.
func (f *forge) sign(parent identity, t *x509.Certificate) identity {
	key, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	serial, serialErr := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if f.err = errors.Join(f.err, keyErr, serialErr); f.err != nil {
		return identity{}
	}
	t.SerialNumber, t.NotBefore = serial, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if parent.cert == nil {
		parent = identity{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent.cert, &key.PublicKey, parent.key)
	if err != nil {
		f.err = err
		return identity{}
	}
	cert, err := x509.ParseCertificate(der)
	f.err = err
	return identity{cert, key}
}

func (f *forge) certPEM(id identity) []byte {
	if f.err != nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.cert.Raw})
}

func (f *forge) keyPEM(id identity) []byte {
	if f.err != nil {
		return nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(id.key)
	f.err = err
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func (f *forge) store(name string, id identity) {
	f.write(name, append(f.keyPEM(id), f.certPEM(id)...))
}

func (f *forge) pair(name string, id identity) KeyPair {
	f.write(name+".crt", f.certPEM(id))
	f.write(name+".key", f.keyPEM(id))
	return KeyPair{Cert: f.path(name + ".crt"), Key: f.path(name + ".key")}
}

func (f *forge) write(name string, data []byte) {
	if f.err == nil {
		f.err = os.WriteFile(f.path(name), data, 0o600)
	}
}
