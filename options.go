package kafka

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const (
	// batchRoom is what a batch of one record may have beside the value: key, headers and framing. With the default
	// max_message_bytes it makes the 1,048,588 bytes that a broker takes by default (message.max.bytes).
	batchRoom = 48_588
	// largestMessage keeps a batch below the 100 MiB that franz-go and brokers (socket.request.max.bytes) take in one request.
	largestMessage = 100<<20 - 2*batchRoom
)

// connectionOptions are the options of every client: where the cluster is, and how to be let in. It reads the files that TLS
// names. It expects a configuration with its defaults and without faults.
func (c Config) connectionOptions() ([]kgo.Opt, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(c.ClientID),
		kgo.DialTimeout(c.ConnectTimeout),
	}
	secured, faults := c.TLS.load()
	if secured != nil {
		opts = append(opts, kgo.DialTLSConfig(secured))
	}
	mechanism, err := c.SASL.mechanism()
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	errs := []error{err}
	for _, f := range faults {
		errs = append(errs, f)
	}
	return opts, errors.Join(errs...)
}

// mechanism returns nil where no authentication is configured.
func (c SASLConfig) mechanism() (sasl.Mechanism, error) {
	switch password := c.Password.Reveal(); strings.ToUpper(c.Mechanism) {
	case "":
		return nil, nil
	case saslPlain:
		return plain.Auth{User: c.User, Pass: password}.AsMechanism(), nil
	case saslScram256:
		return scram.Auth{User: c.User, Pass: password}.AsSha256Mechanism(), nil
	case saslScram512:
		return scram.Auth{User: c.User, Pass: password}.AsSha512Mechanism(), nil
	default:
		return nil, fmt.Errorf("sasl.mechanism: %.40q is unknown", c.Mechanism)
	}
}

// load reads the files and returns nil where TLS is off, and every fault that they have. Nothing of a file's content is in a fault.
func (c TLSConfig) load() (*tls.Config, []*settingFault) {
	var faults []*settingFault
	add := func(key string, err error) {
		if err != nil {
			faults = append(faults, &settingFault{key: key, err: err})
		}
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CAFile != "" {
		var err error
		conf.RootCAs, err = loadAuthorities(c.CAFile)
		add("tls.ca_file", err)
	}
	certificate, err := readPEM(c.CertFile)
	add("tls.cert_file", err)
	key, err := readPEM(c.KeyFile)
	add("tls.key_file", err)
	if certificate != nil && key != nil {
		pair, where, err := loadPair(certificate, key)
		add(where, err)
		conf.Certificates = []tls.Certificate{pair}
	}
	if !c.Enabled && c.CAFile == "" && c.CertFile == "" && c.KeyFile == "" {
		return nil, nil
	}
	return conf, faults
}

// readPEM reads a file that must hold PEM blocks; no file is nil.
func readPEM(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		reason := err
		var at *fs.PathError
		if errors.As(err, &at) {
			reason = at.Err
		}
		return nil, fmt.Errorf("can't read %q: %w: correct the name or the file's permissions", file, reason)
	}
	if block, _ := pem.Decode(content); block == nil {
		return nil, fmt.Errorf("%q holds no PEM: convert it to PEM, which begins with -----BEGIN", file)
	}
	return content, nil
}

func loadAuthorities(file string) (*x509.CertPool, error) {
	content, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	pool, found := x509.NewCertPool(), false
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%q holds a certificate that can't be parsed (%w): export it again", file, err)
		}
		pool.AddCert(certificate)
		found = true
	}
	if !found {
		return nil, fmt.Errorf("%q holds no certificate: name the file of the authority that signed the brokers' certificates", file)
	}
	return pool, nil
}

// loadPair returns the client's certificate with its key, or what is wrong and with the file of which setting.
func loadPair(certificate, key []byte) (tls.Certificate, string, error) {
	switch {
	case !hasBlock(certificate, "CERTIFICATE"):
		return tls.Certificate{}, "tls.cert_file", errors.New("holds no certificate: name the file that begins with -----BEGIN CERTIFICATE-----")
	case hasBlock(key, "ENCRYPTED PRIVATE KEY") || bytes.Contains(key, []byte("Proc-Type: 4,ENCRYPTED")):
		return tls.Certificate{}, "tls.key_file", errors.New("holds an encrypted key: decrypt it (openssl pkey) and protect the file by its permissions")
	case !hasBlock(key, "PRIVATE KEY"):
		return tls.Certificate{}, "tls.key_file", errors.New("holds no private key: name the file that begins with -----BEGIN PRIVATE KEY-----")
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, "tls.key_file", fmt.Errorf("does not go with tls.cert_file (%w): name the key that the certificate was made for", err)
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

// acks is what producer.acks is for franz-go; all but acksAll need DisableIdempotentWrite.
func (c ProducerConfig) acks() kgo.Acks {
	switch c.Acks {
	case acksLeader:
		return kgo.LeaderAck()
	case acksNone:
		return kgo.NoAck()
	default:
		return kgo.AllISRAcks()
	}
}

// compression is what producer.compression is for franz-go.
func (c ProducerConfig) compression() kgo.CompressionCodec {
	switch c.Compression {
	case compressionGzip:
		return kgo.GzipCompression()
	case compressionSnappy:
		return kgo.SnappyCompression()
	case compressionLz4:
		return kgo.Lz4Compression()
	case compressionZstd:
		return kgo.ZstdCompression()
	default:
		return kgo.NoCompression()
	}
}

// maxBatchBytes lets a value of MaxMessageBytes pass, with its key and headers.
func (c ProducerConfig) maxBatchBytes() int32 {
	return int32(min(c.MaxMessageBytes, largestMessage) + batchRoom)
}

// isolation is what consumer.isolation is for franz-go.
func (c ConsumerConfig) isolation() kgo.IsolationLevel {
	if c.Isolation == readUncommitted {
		return kgo.ReadUncommitted()
	}
	return kgo.ReadCommitted()
}
