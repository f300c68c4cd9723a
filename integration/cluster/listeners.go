package cluster

// A Listener is one of the ports that each broker opens. Their names avoid "SSL://", which the entry script of the image
// apache/kafka takes for a listener whose key store it must check.
type Listener string

// The first is there always, the last with Options.Kerberos, the others with Options.Secure.
const (
	// Plain is plaintext, unauthenticated: what Bootstrap gives.
	Plain Listener = "PLAIN"
	// MTLS wants a client certificate. The principal is CN=client.
	MTLS Listener = "MTLS"
	// SASLTLS authenticates over TLS by PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, or OAUTHBEARER with unsigned tokens.
	SASLTLS Listener = "SASLTLS"
	// SASLPlain authenticates by PLAIN over plaintext.
	SASLPlain Listener = "SASLPLAIN"
	// TLS wants no client certificate.
	TLS Listener = "TLS"
	// WrongHost has a certificate for kafka.example.com.
	WrongHost Listener = "WRONGHOST"
	// Expired has a certificate that expired in 2020.
	Expired Listener = "EXPIRED"
	// BadAdvertised answers, and advertises a host name that does not resolve.
	BadAdvertised Listener = "BADADVERTISED"
	// Refused answers, and advertises a port where nothing listens.
	Refused Listener = "REFUSED"
	// ByKerberos authenticates by GSSAPI over plaintext.
	ByKerberos Listener = "KERBEROS"

	internal   Listener = "INTERNAL"   // between brokers
	controller Listener = "CONTROLLER" // between controllers
)

// protocol is a listener with its entry in listener.security.protocol.map.
type protocol struct {
	listener Listener
	security string
}

// protocols are the listeners of each broker, in the order of its ports.
func protocols(o Options) []protocol {
	ps := []protocol{{Plain, "PLAINTEXT"}, {internal, "PLAINTEXT"}, {controller, "PLAINTEXT"}}
	if o.Kerberos != nil {
		ps = append(ps, protocol{ByKerberos, "SASL_PLAINTEXT"})
	}
	if !o.Secure {
		return ps
	}
	return append(ps,
		protocol{MTLS, "SSL"}, protocol{SASLTLS, "SASL_SSL"}, protocol{SASLPlain, "SASL_PLAINTEXT"}, protocol{TLS, "SSL"},
		protocol{WrongHost, "SSL"}, protocol{Expired, "SSL"}, protocol{BadAdvertised, "PLAINTEXT"}, protocol{Refused, "PLAINTEXT"})
}

// advertised is the host and port that clients of a listener are told.
func (l Listener) advertised(host string, port int) (string, int) {
	switch l {
	case BadAdvertised:
		return "kafka.invalid", 9092 // RFC 2606: .invalid never resolves
	case Refused:
		return "localhost", 1
	default:
		return host, port
	}
}
