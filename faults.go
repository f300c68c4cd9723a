package kafka

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/internal/wire"
)

// faultAge is how long a fault may explain a context that ends. franz-go tries a broken connection again every few seconds, so
// a fault that stands is younger; one that is older belongs to a broker that nobody needs any more.
const faultAge = time.Minute

// faults keeps, for each broker address, the last connection error that no success followed: what a caller whose context ends
// wants to know. franz-go itself retries in silence and only its hooks tell (franz-go issue #1003). It is safe for concurrent use.
type faults struct {
	mu     sync.Mutex // guards what follows
	byAddr map[string]fault
	told   map[string]telling // by address; what is in the log
	asked  map[question]*awaited

	log     atomic.Pointer[slog.Logger] // where faults of an open connection are told; nil: nowhere
	produce produceCounts
	access  atomic.Pointer[access] // how the client comes to its brokers; nil before the first dial
}

// produceCounts count a client's produce requests.
type produceCounts struct {
	written  atomic.Uint64 // to a socket, in part at least
	doubtful atomic.Uint64 // ended without an answer, or with one that leaves open whether a record is written
	underWay atomic.Int64  // without an answer yet
}

// requests are the counts at one time, or over some. A record that was under way when a request became doubtful may be written
// although its repeat is refused.
type requests struct {
	written, doubtful uint64
	underWay          int64 // at the end
}

func (f *faults) requests() requests {
	c := &f.produce
	return requests{written: c.written.Load(), doubtful: c.doubtful.Load(), underWay: c.underWay.Load()}
}

// since is how many requests there were after before was counted.
func (f *faults) since(before requests) requests {
	now := f.requests()
	now.written -= before.written
	now.doubtful -= before.doubtful
	return now
}

type fault struct {
	addr string
	err  error
	at   time.Time
	seed bool // of an address in Config.Brokers, not yet known as a broker's
}

var (
	_ kgo.HookBrokerConnect    = (*faults)(nil)
	_ kgo.HookBrokerDisconnect = (*faults)(nil)
	_ kgo.HookBrokerE2E        = (*faults)(nil)
	_ kgo.HookBrokerThrottle   = (*faults)(nil)
	_ kgo.HookBrokerWrite      = (*faults)(nil)
)

// OnBrokerWrite counts the produce requests, also those that only a part of was written, and notes what is asked.
func (f *faults) OnBrokerWrite(b kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if key == produceKey {
		f.produce.written.Add(1)
	}
	if err == nil {
		f.ask(questionOf(b, key))
	}
}

// OnBrokerDisconnect forgets what was asked of a broker: it is asked again on another connection.
func (f *faults) OnBrokerDisconnect(b kgo.BrokerMetadata, _ net.Conn) { f.forget(b.Host, b.Port) }

// OnBrokerConnect notes the end of a dial, TLS and SASL included.
func (f *faults) OnBrokerConnect(b kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	f.note(b, err)
}

// OnBrokerThrottle notes for how long a broker is not asked.
func (f *faults) OnBrokerThrottle(b kgo.BrokerMetadata, interval time.Duration, _ bool) {
	f.pause(questionOf(b, connecting), time.Now().Add(interval))
}

// OnBrokerE2E notes the end of a request. "SASL is missing" shows only here: the broker closes what it already accepted.
func (f *faults) OnBrokerE2E(b kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	err := e2e.Err()
	f.answer(questionOf(b, key), err)
	if err != nil && key == produceKey {
		f.produce.doubtful.Add(1)
	}
	f.noteAnswer(b, key, err)
}

// connecting is no request's key.
const connecting = -1

// closedByUs reports whether an error is our own closing, which says nothing about the broker.
func closedByUs(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) || errors.Is(err, kgo.ErrClientClosed)
}

func (f *faults) note(b kgo.BrokerMetadata, err error) { f.noteAnswer(b, connecting, err) }

// noteAnswer notes what came of a request.
func (f *faults) noteAnswer(b kgo.BrokerMetadata, key int16, err error) {
	if closedByUs(err) {
		return
	}
	if addr := hostPort(b.Host, b.Port); f.keep(addr, key, b.NodeID < 0, err) {
		f.tell(addr, err)
	}
}

// keep notes how a dial or a request ended, and reports whether that is to be told.
func (f *faults) keep(addr string, key int16, seed bool, err error) (tell bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		if len(f.byAddr) > 0 { // else there is nothing to heal, as after most answers
			f.heal(addr)
			delete(f.byAddr, lied(addr, key))
		}
		return f.toldLocked(addr, false)
	}
	if f.byAddr == nil {
		f.byAddr = make(map[string]fault)
	}
	one := fault{addr: addr, err: err, at: time.Now(), seed: seed}
	place := addr
	if lie := new(wire.Lie); errors.As(err, &lie) {
		place, one.seed = lied(addr, key), false
	}
	f.byAddr[place] = one
	return !seed && f.toldLocked(addr, true)
}

// lied is the place of a lie in byAddr: only a true answer to the same request heals it, since the others may all be true.
func lied(addr string, key int16) string { return addr + " " + wire.Name(key) }

// heal forgets the fault of an address that answers, and those of the configured addresses: they only serve to find the cluster,
// and it is found. The caller holds f.mu.
func (f *faults) heal(addr string) {
	for a, one := range f.byAddr {
		if a == addr || one.seed {
			delete(f.byAddr, a)
		}
	}
}

// last returns the newest fault that still stands, else what a broker does not answer; nil if there is neither.
func (f *faults) last() error {
	if _, err := f.lastAt(); err != nil {
		return err
	}
	if q, remedy, err := f.unanswered(time.Now()); err != nil {
		told := f.access.Load().connectError(hostPort(q.host, q.port), err)
		told.Remedy = remedy
		return told
	}
	return nil
}

// lastAt is last, with the time of the fault.
func (f *faults) lastAt() (time.Time, error) {
	addr, newest := f.newest()
	if newest.err == nil {
		return time.Time{}, nil
	}
	return newest.at, f.access.Load().connectError(addr, newest.err) // not under the lock: it takes others
}

func (f *faults) newest() (addr string, newest fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.byAddr {
		if time.Since(one.at) < faultAge && one.at.After(newest.at) {
			newest = one
		}
	}
	return newest.addr, newest
}
