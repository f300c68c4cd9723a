package kafka

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
)

// An access is how a proxy comes to its cluster, and as whom. It is safe for concurrent use.
type access struct {
	cfg       Config
	mechanism sasl.Mechanism // nil: none
	plain     func() dialler // dials as the clients do, without TLS
	last      atomic.Pointer[identity]
	shown     atomic.Pointer[x509.Certificate] // the client's, by the last connection; nil: none
	asking    atomic.Int32                     // logins that wait for their credentials
	confided  confided
}

// newAccess makes the access of a configuration with its defaults and without faults. The mechanism of code, if there is one, stands
// in place of the configuration's. user are the options of code: there may be a dialler among them.
func newAccess(cfg Config, byCode sasl.Mechanism, user []kgo.Opt) *access {
	a := &access{cfg: cfg}
	if m := cmp.Or(byCode, cfg.SASL.mechanism()); m != nil {
		a.mechanism = login{m, cfg.ConnectTimeout, a}
	}
	a.plain = sync.OnceValue(func() dialler { return diallerOf(user, cfg.ConnectTimeout) })
	return a
}

// diallerOf finds what a client with some options dials with: a client has no other way to tell.
func diallerOf(opts []kgo.Opt, timeout time.Duration) dialler {
	usual := (&net.Dialer{Timeout: timeout}).DialContext
	if len(opts) == 0 {
		return usual
	}
	cl, err := kgo.NewClient(append(opts[:len(opts):len(opts)], kgo.DialTimeout(timeout))...)
	if err != nil {
		return usual // the clients to come tell it
	}
	defer cl.Close()
	return cl.OptValue(kgo.Dialer).(func(context.Context, string, string) (net.Conn, error))
}

// options are those of every client.
func (a *access) options() []kgo.Opt {
	opts := a.cfg.connectionOptions()
	opts = append(opts, kgo.DialTLSConfig(nil), kgo.Dialer(a.dial)) // dial has TLS in it
	if a.mechanism != nil {
		opts = append(opts, kgo.SASL(a.mechanism))
	}
	return opts
}

// close ends a mechanism that is to be closed, once all clients are.
func (a *access) close() {
	if l, ok := a.mechanism.(login); ok {
		if c, ok := l.Mechanism.(sasl.ClosingMechanism); ok {
			c.Close()
		}
	}
}

// dial connects as the clients do, and guards them against what is answered.
func (a *access) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := a.plain()
	if a.cfg.TLS.Enabled {
		dial = a.cfg.TLS.over(dial, a.cfg.ConnectTimeout, a.shown.Store)
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return guard(conn, a.cfg), nil
}

// protocol is the listener's security.protocol, in Kafka's words.
func (a *access) protocol() string {
	switch {
	case a.mechanism != nil && a.cfg.TLS.Enabled:
		return "SASL_SSL"
	case a.mechanism != nil:
		return "SASL_PLAINTEXT"
	case a.cfg.TLS.Enabled:
		return "SSL"
	default:
		return "PLAINTEXT"
	}
}

// mechanismName is "" for none.
func (a *access) mechanismName() string {
	if a.mechanism == nil {
		return ""
	}
	return a.mechanism.Name()
}

// became notes as whom a session authenticates.
func (a *access) became(who identity) { a.last.Store(&who) }

// identity is as whom the last session authenticated, or would.
func (a *access) identity() identity {
	if who := a.last.Load(); who != nil && who.name != "" {
		return *who
	}
	return identity{name: a.cfg.SASL.User}
}

// principal is who the broker takes us for, by its own rules if nobody has changed them; "" where that is not known.
func (a *access) principal() string {
	name := a.identity().name
	switch {
	case a.mechanism == nil && !a.cfg.TLS.Enabled:
		return "User:ANONYMOUS"
	case a.mechanism == nil:
		if c := a.shown.Load(); c != nil {
			return "User:" + c.Subject.String()
		}
		return "User:ANONYMOUS"
	case name == "" || a.mechanismName() == saslAWS: // to MSK the principal is a role's ARN, which the key's id does not tell
		return ""
	default:
		return "User:" + name
	}
}
