package kafka_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// The lines stand between a proxy and its cluster, embedded or real: they count, refuse, freeze and cut connections.
type lines struct {
	dials atomic.Int32
	open  atomic.Int32

	mu      sync.Mutex // guards what follows
	conns   []*line
	refuses func(addr string) bool
	frozen  chan struct{} // closed: what brokers send arrives
}

func newLines() *lines {
	n := &lines{frozen: make(chan struct{})}
	close(n.frozen)
	return n
}

// option puts the lines under a proxy.
func (n *lines) option() kafka.ProxyOption {
	return kafka.WithClientOptions(kgo.Dialer(n.dial))
}

func (n *lines) dial(ctx context.Context, kind, addr string) (net.Conn, error) {
	n.dials.Add(1)
	n.mu.Lock()
	refused := n.refuses != nil && n.refuses(addr)
	n.mu.Unlock()
	if refused {
		return nil, &net.OpError{Op: "dial", Net: kind, Err: syscall.ECONNREFUSED}
	}
	c, err := new(net.Dialer).DialContext(ctx, kind, addr)
	if err != nil {
		return nil, err
	}
	n.open.Add(1)
	w := &line{Conn: c, lines: n, closed: make(chan struct{})}
	n.mu.Lock()
	n.conns = append(n.conns, w)
	n.mu.Unlock()
	return w, nil
}

// freeze holds back what brokers send, as a stopped process does, and returns the function that lets it go on.
func (n *lines) freeze() (thaw func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.frozen = make(chan struct{})
	return sync.OnceFunc(func() { close(n.frozen) })
}

// refuse makes dials fail and cuts what is open.
func (n *lines) refuse(addrs func(string) bool) {
	n.mu.Lock()
	n.refuses = addrs
	conns := slices.Clone(n.conns)
	n.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
}

func everyAddress(string) bool { return true }
func noAddress(string) bool    { return false }

// A line is one connection.
type line struct {
	net.Conn
	lines  *lines
	once   sync.Once
	closed chan struct{}
}

func (w *line) Read(p []byte) (int, error) {
	k, err := w.Conn.Read(p)
	w.lines.mu.Lock()
	frozen := w.lines.frozen
	w.lines.mu.Unlock()
	select {
	case <-frozen:
		return k, err
	case <-w.closed:
		return 0, net.ErrClosed
	}
}

func (w *line) Close() error {
	w.once.Do(func() {
		w.lines.open.Add(-1)
		close(w.closed)
	})
	return w.Conn.Close()
}

// listen gives a listener that accepts and never answers, with the number of connections that it has seen.
func listen(t *testing.T) (addr string, accepted *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted = new(atomic.Int32)
	var conns []net.Conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			conns = append(conns, c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return l.Addr().String(), accepted
}

// nobody is an address where nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// wantError checks what an error is and what it tells.
func wantError(t *testing.T, err, target error, words ...string) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
	wantWords(t, err, words...)
}

func wantWords(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

// wantWithin checks that a call took no longer than a generous bound.
func wantWithin(t *testing.T, most time.Duration, call func()) time.Duration {
	t.Helper()
	start := time.Now()
	call()
	took := time.Since(start)
	if took > most {
		t.Errorf("it took %s, want at most %s", took, most)
	}
	return took
}
