package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/internal/wire"
)

// A ConnectError is why a broker can't be used: returned, wrapped, by Ping, by the first use of anything that needs a connection, and
// beside the error of a context that ends while a broker can't be reached. Compare what it wraps with errors.Is and errors.As, such as
// kerr.SaslAuthenticationFailed or x509.UnknownAuthorityError.
type ConnectError struct {
	Address   string   // host:port that was dialled
	Protocol  string   // how, in Kafka's words: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL
	Mechanism string   // of SASL; empty without
	User      string   // who authenticated, or a token's subject; empty where that is not known
	Offered   []string // the mechanisms that the listener offers, where it does not offer this one
	Remedy    string   // the setting to change, or what else to look at; empty where nothing certain can be said
	Err       error    // the broker's or the socket's own words
}

func (e *ConnectError) Error() string {
	how := e.Protocol
	if e.Mechanism != "" {
		how += ", " + e.Mechanism
	}
	if e.User != "" {
		how += fmt.Sprintf(" as %q", e.User)
	}
	if how != "" {
		how = " (" + how + ")"
	}
	text := fmt.Sprintf("broker %s%s: %s", e.Address, how, inSentence(e.Err))
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

func (e *ConnectError) Unwrap() error { return e.Err }

// inSentence is an error within a sentence of ours. franz-go's guesses at a closed connection are questions, and know less than we do.
func inSentence(err error) string {
	var firstRead *kgo.ErrFirstReadEOF
	if errors.As(err, &firstRead) {
		return "it closed the connection at once (" + io.EOF.Error() + ")"
	}
	return strings.TrimRight(err.Error(), ".?")
}

// connectError explains what came of dialling or asking an address.
func (a *access) connectError(addr string, err error) *ConnectError {
	var already *ConnectError
	if errors.As(err, &already) {
		return already
	}
	if a == nil { // before the first dial
		return &ConnectError{Address: addr, Err: err}
	}
	return &ConnectError{
		Address: addr, Protocol: a.protocol(), Mechanism: a.mechanismName(), User: a.identity().name, Err: a.redact(err), Remedy: a.remedy(err),
	}
}

// errNoAnswer is what happened where nothing did.
var errNoAnswer = errors.New("no answer yet")

// noAnswer is the error of an opening that nothing is known of.
func (a *access) noAnswer() error {
	if a == nil {
		return errNoAnswer
	}
	e := a.connectError(strings.Join(a.cfg.Brokers, ", "), errNoAnswer)
	e.Remedy = "check brokers (KAFKA_BROKERS) and the network, or allow more time than this"
	if a.asking.Load() > 0 {
		e.Remedy = noCredentialsYet
	}
	return e
}

// remedy is what to look at for a connection error; empty where nothing certain can be said.
func (a *access) remedy(err error) string {
	var dns *net.DNSError
	var credentials *credentialsError
	var setting *settingFault
	switch {
	case errors.As(err, &setting): // it says itself
		return ""
	case errors.As(err, &credentials) && a.mechanismName() == gssapi:
		return "check the principal, its key, the service's name (the brokers' sasl.kerberos.service.name), and the key distribution center" +
			" that krb5.conf names"
	case errors.As(err, &credentials):
		return "see to the function or the token endpoint that makes them"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check brokers (KAFKA_BROKERS), and that the broker runs"
	case errors.As(err, &dns):
		return "check the host name in brokers (KAFKA_BROKERS), or in the brokers' advertised.listeners"
	}
	for _, find := range []func(error) string{a.saslRemedy, a.tlsRemedy, a.protocolRemedy} {
		if text := find(err); text != "" {
			return text
		}
	}
	switch {
	case !timedOut(err):
		return ""
	case a.asking.Load() > 0:
		return noCredentialsYet
	}
	return "the address takes connections or packets but does not answer: check that tls.enabled (KAFKA_TLS_ENABLED) fits the listener," +
		" and the network"
}

// noCredentialsYet is what to look at where the broker is not what is waited for.
const noCredentialsYet = "the function or the token endpoint that makes the credentials has not answered yet: see to it"

// saslRemedy is for what the broker says of SASL.
func (a *access) saslRemedy(err error) string {
	var token *tokenError
	switch {
	case errors.As(err, &token) && a.cfg.SASL.Mechanism == "":
		return "see to the function of WithSASL, and that the clocks of this machine, of the token's issuer and of the broker agree"
	case errors.As(err, &token):
		return fmt.Sprintf("renew %s (%s), and check that the clocks of this machine, of the token's issuer and of the broker agree",
			a.cfg.SASL.tokenKey(), variable(a.cfg.SASL.tokenKey()))
	case errors.Is(err, kerr.SaslAuthenticationFailed) && a.cfg.SASL.Mechanism == "":
		return "see to the credentials of WithSASL"
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		key := a.cfg.SASL.passwordKey()
		return fmt.Sprintf("check sasl.user and %s (%s, %s)", key, variable("sasl.user"), variable(key))
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return "check sasl.mechanism (KAFKA_SASL_MECHANISM): this listener does not offer it"
	case errors.Is(err, kerr.IllegalSaslState):
		return "this listener wants no SASL: leave sasl.mechanism (KAFKA_SASL_MECHANISM) empty, or use the port of the SASL listener"
	}
	return ""
}

// tlsRemedy is for what either side has against the other's certificate.
func (a *access) tlsRemedy(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &authority) && a.cfg.TLS.CAFile == "" && a.cfg.TLS.CA == "":
		return "the system does not know the authority that signed the broker's certificate: name its file in tls.ca_file" +
			" (KAFKA_TLS_CA_FILE)"
	case errors.As(err, &authority):
		key := a.cfg.TLS.caKey()
		return fmt.Sprintf("%s (%s) lacks the authority that signed the broker's certificate", key, variable(key))
	case errors.As(err, &host):
		return "use a host name of the certificate in brokers (KAFKA_BROKERS), or set tls.server_name (KAFKA_TLS_SERVER_NAME) to one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the broker's certificate must be renewed; else check this machine's clock"
	case errors.As(err, &certificate):
		return "check tls.ca_file (KAFKA_TLS_CA_FILE) and tls.server_name (KAFKA_TLS_SERVER_NAME)"
	case refusedCertificate(err):
		return a.clientCertificateRemedy(time.Now())
	}
	return ""
}

// refusedCertificate reports whether the broker refuses the client's certificate, or wants one. The alert that it sends is a type of
// crypto/tls that has no name.
func refusedCertificate(err error) bool {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return false
	}
	text := remote.Err.Error()
	return strings.Contains(text, "certificate") || strings.Contains(text, "access denied")
}

func (a *access) clientCertificateRemedy(now time.Time) string {
	c := a.shown.Load()
	if c == nil {
		return "this listener wants a client's certificate: set tls.cert_file and tls.key_file (KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE)"
	}
	key := a.cfg.TLS.certKey()
	named := fmt.Sprintf("the certificate of %s (%s), %q", key, variable(key), c.Subject)
	if now.After(c.NotAfter) {
		return fmt.Sprintf("%s, expired at %s: renew it", named, c.NotAfter.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("%s, is signed by %q: use one that an authority of the broker's trust store signed", named, c.Issuer)
}

// protocolRemedy is for two sides that don't speak the same.
func (a *access) protocolRemedy(err error) string {
	var firstRead *kgo.ErrFirstReadEOF
	var header tls.RecordHeaderError
	var lie *wire.Lie
	var stranger *strangerError
	text := err.Error()
	first := errors.As(err, &firstRead)
	switch {
	case errors.As(err, &lie):
		return "check the port in brokers (KAFKA_BROKERS), and what stands on the way to it"
	case errors.As(err, &stranger):
		return "check that the port in brokers (KAFKA_BROKERS) is a broker's and not a controller's; else upgrade this module"
	case errors.As(err, &header), first && a.cfg.TLS.Enabled && strings.Contains(text, "after a dial"):
		return "this listener speaks no TLS: set tls.enabled to false (KAFKA_TLS_ENABLED) and name no certificates, or use the port of" +
			" the TLS listener"
	case first && a.mechanism == nil:
		return "this listener may want a login: set sasl.mechanism (KAFKA_SASL_MECHANISM) and what it needs" + a.tlsToo()
	case first:
		return "the broker closed the connection: check whether the listener wants TLS (tls.enabled, KAFKA_TLS_ENABLED)"
	case strings.Contains(text, "tls alert record"):
		return "this is a TLS listener: set tls.enabled (KAFKA_TLS_ENABLED=true), or use the port of the plaintext listener"
	case strings.Contains(text, "invalid large response size"):
		return "what answers there is no Kafka broker: check the port in brokers (KAFKA_BROKERS)"
	}
	return ""
}

// tlsToo is what else a listener that closes a plaintext connection may want.
func (a *access) tlsToo() string {
	if a.cfg.TLS.Enabled {
		return ""
	}
	return ", or TLS: set tls.enabled (KAFKA_TLS_ENABLED)"
}
