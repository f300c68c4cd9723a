package kafka

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/typedkafka/kafka/internal/readfile"
)

// A dialler makes connections, as net.Dialer.DialContext does.
type dialler func(ctx context.Context, network, addr string) (net.Conn, error)

// over returns a dialler that secures what dial connects, within a time. What the files hold now counts for each connection anew, so
// that a renewed certificate needs no restart; shows is told the client's, nil for none.
func (c TLSConfig) over(dial dialler, timeout time.Duration, shows func(*x509.Certificate)) dialler {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conf, leaf, err := c.config(addr)
		if err != nil {
			return nil, err
		}
		shows(leaf)
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(conn, conf)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = conn.Close() // the handshake's error is the one to tell
			return nil, err
		}
		return secured, nil
	}
}

// config is what a connection to an address begins with, and the certificate that it shows, if there is one.
func (c TLSConfig) config(addr string) (*tls.Config, *x509.Certificate, error) {
	m, faults := c.read()
	if len(faults) > 0 {
		return nil, nil, faults[0] // the others, if there are, follow from it or are told next time
	}
	conf := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: c.ServerName,
		RootCAs:    m.authorities,
		//nolint:gosec // the operator asked for it by this name, and NewProxy warns of it in the log
		InsecureSkipVerify: c.InsecureSkipVerify,
	}
	if conf.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, nil, err
		}
		conf.ServerName = host
	}
	if m.certificate == nil {
		return conf, nil, nil
	}
	// Shown whoever signed it. Go leaves out one whose authority the broker does not list, and the broker would say that there is none.
	conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return m.certificate, nil }
	return conf, m.certificate.Leaf, nil
}

// A material is what the files and texts of a TLSConfig hold.
type material struct {
	authorities *x509.CertPool   // nil: the system's
	certificate *tls.Certificate // nil: none
}

// given reports whether there is any certificate or key.
func (c TLSConfig) given() bool {
	return c.CAFile != "" || c.CA != "" || c.CertFile != "" || c.Cert != "" || c.KeyFile != "" || !c.Key.IsZero()
}

// The keys of the settings that gave something: a file's, or a text's.
func (c TLSConfig) caKey() string   { return eitherKey("tls.ca", c.CAFile) }
func (c TLSConfig) certKey() string { return eitherKey("tls.cert", c.CertFile) }
func (c TLSConfig) keyKey() string  { return eitherKey("tls.key", c.KeyFile) }

func eitherKey(key, file string) string {
	if file != "" {
		return key + "_file"
	}
	return key
}

// read returns what the files and texts hold, and every fault that they have. Nothing of their content is in a fault.
func (c TLSConfig) read() (m material, faults []*settingFault) {
	add := func(key string, err error) {
		if err != nil {
			faults = append(faults, &settingFault{key: key, err: err})
		}
	}
	authorities, err := readPEM(c.CAFile, c.CA)
	if err == nil && authorities != nil {
		m.authorities, err = parseAuthorities(authorities)
	}
	add(c.caKey(), err)
	certificate, err := readPEM(c.CertFile, c.Cert)
	add(c.certKey(), err)
	key, err := readPEM(c.KeyFile, c.Key.Reveal())
	add(c.keyKey(), err)
	if certificate != nil && key != nil {
		pair, where, err := c.parsePair(certificate, key)
		add(where, err)
		m.certificate = &pair
	}
	return m, faults
}

// readPEM returns a file, or a text, that must hold PEM blocks; nil where there is neither.
func readPEM(file, text string) ([]byte, error) {
	content := []byte(text)
	switch {
	case file != "":
		var err error
		if content, err = readSmall(file); err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(content)) == 0 {
			return nil, fmt.Errorf("%q is empty: write the PEM into it", file)
		}
	case text == "":
		return nil, nil
	}
	if block, _ := pem.Decode(content); block == nil {
		return nil, fmt.Errorf("%s no PEM: convert it to PEM, which begins with -----BEGIN", holds(file))
	}
	return content, nil
}

func holds(file string) string {
	if file == "" {
		return "the text holds"
	}
	return fmt.Sprintf("%q holds", file)
}

// largestSecret bounds the files that hold certificates, passwords and tokens: a bundle of all the world's authorities has 250 KB.
const largestSecret = 4 << 20

// readSmall reads a file, and says of one that it can't read which and why.
func readSmall(file string) ([]byte, error) {
	if strings.Contains(file, "-----BEGIN ") { // whose key it is must not be in the error
		return nil, errors.New("holds a PEM text and not a file's name: use the setting without _file for it, or write it into a file")
	}
	content, err := readBounded(file, largestSecret)
	switch {
	case errors.Is(err, readfile.ErrLarger):
		return nil, fmt.Errorf("%q is larger than %d bytes: name the right file", file, largestSecret)
	case err != nil:
		return nil, fmt.Errorf("can't read %q: %w: correct the name or the file's permissions", file, err)
	}
	return content, nil
}

func parseAuthorities(content []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), ""
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			found = block.Type
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("holds a certificate that can't be parsed (%w): export it again", err)
		}
		pool.AddCert(certificate)
	}
	if pool.Equal(x509.NewCertPool()) {
		return nil, fmt.Errorf("holds no certificate but %q: give that of the authority that signed the brokers' certificates", found)
	}
	return pool, nil
}

// parsePair returns the client's certificate with its key, or what is wrong and with which setting.
func (c TLSConfig) parsePair(certificate, key []byte) (tls.Certificate, string, error) {
	switch {
	case !hasBlock(certificate, "CERTIFICATE"):
		return tls.Certificate{}, c.certKey(), errors.New("holds no certificate: give one, which begins with -----BEGIN CERTIFICATE-----")
	case hasBlock(key, "ENCRYPTED PRIVATE KEY") || bytes.Contains(key, []byte("Proc-Type: 4,ENCRYPTED")):
		return tls.Certificate{}, c.keyKey(), errors.New("holds an encrypted key: decrypt it (openssl pkey) and protect the file by its permissions")
	case !hasBlock(key, "PRIVATE KEY"):
		return tls.Certificate{}, c.keyKey(), errors.New("holds no private key: give one, which begins with -----BEGIN PRIVATE KEY-----")
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, c.keyKey(), fmt.Errorf("does not go with %s (%w): give the key that the certificate was made for", c.certKey(), err)
	}
	return pair, "", nil
}

// hasBlock reports whether a PEM file has a block whose type ends so.
func hasBlock(content []byte, kind string) bool {
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, kind) {
			return true
		}
	}
	return false
}
