package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// faultAge is how long a fault may explain a context that ends. franz-go tries a broken connection again every few seconds, so
// a fault that stands is younger; one that is older belongs to a broker that nobody needs any more.
const faultAge = time.Minute

// faults keeps, for each broker address, the last connection error that no success followed: what a caller whose context ends
// wants to know. franz-go itself retries in silence and only its hooks tell (franz-go issue #1003). It is safe for concurrent use.
type faults struct {
	mu     sync.Mutex // guards byAddr
	byAddr map[string]fault

	// produceLosses counts produce requests that ended without an answer. A record that was under way at such a moment may be
	// written although its repeat is refused.
	produceLosses atomic.Uint64
}

type fault struct {
	err error
	at  time.Time
}

var (
	_ kgo.HookBrokerConnect = (*faults)(nil)
	_ kgo.HookBrokerE2E     = (*faults)(nil)
)

// OnBrokerConnect notes the end of a dial, TLS and SASL included.
func (f *faults) OnBrokerConnect(b kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	f.note(b, err)
}

// OnBrokerE2E notes the end of a request. "SASL is missing" shows only here: the broker closes what it already accepted.
func (f *faults) OnBrokerE2E(b kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	const produceKey = 0
	err := e2e.Err()
	if err != nil && key == produceKey {
		f.produceLosses.Add(1)
	}
	f.note(b, err)
}

func (f *faults) note(b kgo.BrokerMetadata, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) || errors.Is(err, kgo.ErrClientClosed) {
		return // our own closing, which says nothing about the broker
	}
	addr := net.JoinHostPort(b.Host, fmt.Sprint(b.Port))
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		delete(f.byAddr, addr)
		return
	}
	if f.byAddr == nil {
		f.byAddr = make(map[string]fault)
	}
	f.byAddr[addr] = fault{err: err, at: time.Now()}
}

// last returns the newest fault that still stands, nil if there is none.
func (f *faults) last() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var newest fault
	var addr string
	for a, one := range f.byAddr {
		if time.Since(one.at) < faultAge && one.at.After(newest.at) {
			newest, addr = one, a
		}
	}
	if newest.err == nil {
		return nil
	}
	return &connectError{addr: addr, err: newest.err}
}

// A connectError is a fault of one broker's connection: it names the address, the broker's or the socket's own words, and the
// setting to look at.
type connectError struct {
	addr string
	err  error
}

func (e *connectError) Error() string {
	return fmt.Sprintf("broker %s: %v%s", e.addr, e.err, remedy(e.err))
}

func (e *connectError) Unwrap() error { return e.err }
