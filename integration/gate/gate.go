// Package gate stands between a client and its brokers and breaks what is between them: it cuts connections, slows them down, and
// leaves them half open.
//
//	g := gate.New()
//	defer g.Close()
//	proxy, err := kafka.NewProxy(cfg, kafka.WithClientOptions(kgo.Dialer(g.Dial)))
//
// Both ends of the gate are sockets of the operating system, so that deadlines, buffers and closing behave as they do without it.
package gate

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// A Gate is safe for concurrent use. The zero value is of no use: call New.
type Gate struct {
	mu     sync.Mutex // guards what follows
	links  map[*link]struct{}
	shut   bool
	slow   Slowness
	frozen chan struct{} // closed: bytes pass
	dials  int
	wg     sync.WaitGroup
}

// Slowness is what Slow does to the connections.
type Slowness struct {
	Delay time.Duration // before each piece of what a broker sends
	Piece int           // its most bytes; 0: whatever came at once
}

// New gives a gate that lets everything pass.
func New() *Gate {
	g := &Gate{links: make(map[*link]struct{}), frozen: make(chan struct{})}
	close(g.frozen)
	return g
}

// Dial connects to addr through the gate. It has the form that kgo.Dialer takes.
func (g *Gate) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	g.mu.Lock()
	g.dials++
	shut := g.shut
	g.mu.Unlock()
	if shut {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	broker, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	client, inner, err := socketPair(ctx)
	if err != nil {
		return nil, errors.Join(err, broker.Close())
	}
	g.join(&link{gate: g, client: inner, broker: broker, dead: make(chan struct{}), closed: make(chan struct{})})
	return client, nil
}

// socketPair gives two ends of one TCP connection.
func socketPair(ctx context.Context) (dialled, accepted net.Conn, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if dialled, err = new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	if accepted, err = l.Accept(); err != nil {
		return nil, nil, errors.Join(err, dialled.Close())
	}
	return dialled, accepted, nil
}

func (g *Gate) join(l *link) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.links[l] = struct{}{}
	g.wg.Go(func() { l.carry(l.broker, l.client, false) })
	g.wg.Go(func() { l.carry(l.client, l.broker, true) })
}

// Cut closes every connection. New ones can be made.
func (g *Gate) Cut() {
	for _, l := range g.all() {
		l.close()
	}
}

// Refuse cuts every connection and refuses new ones until it is called with false.
func (g *Gate) Refuse(refuse bool) {
	g.mu.Lock()
	g.shut = refuse
	g.mu.Unlock()
	if refuse {
		g.Cut()
	}
}

// HalfOpen leaves every connection as a peer does that vanished: it takes what is written, and nothing ever comes. New ones can be
// made.
func (g *Gate) HalfOpen() {
	for _, l := range g.all() {
		l.die()
	}
}

// Freeze holds back every byte, of new connections too, until the returned function is called.
func (g *Gate) Freeze() (thaw func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	frozen := make(chan struct{})
	g.frozen = frozen
	return sync.OnceFunc(func() { close(frozen) })
}

// Slow delays what brokers send; the zero value ends it.
func (g *Gate) Slow(s Slowness) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.slow = s
}

// Dials counts the calls of Dial.
func (g *Gate) Dials() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dials
}

// Close cuts every connection and waits for all that the gate runs.
func (g *Gate) Close() {
	g.Refuse(true)
	g.wg.Wait()
}

func (g *Gate) all() []*link {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []*link
	for l := range g.links {
		all = append(all, l)
	}
	return all
}

// mood is how bytes pass now.
func (g *Gate) mood() (frozen <-chan struct{}, s Slowness) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.frozen, g.slow
}

// A link is one connection through the gate.
type link struct {
	gate           *Gate
	client, broker net.Conn
	dying, closing sync.Once
	dead, closed   chan struct{}
}

func (l *link) die() { l.dying.Do(func() { close(l.dead) }) }

func (l *link) close() {
	l.closing.Do(func() {
		close(l.closed)
		_ = l.client.Close()
		_ = l.broker.Close()
		l.gate.mu.Lock()
		delete(l.gate.links, l)
		l.gate.mu.Unlock()
	})
}

// carry brings bytes from one end to the other until either is closed.
func (l *link) carry(from, to net.Conn, toBroker bool) {
	defer l.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if err := l.deliver(to, buf[:n], toBroker); err != nil {
			return
		}
	}
}

// deliver passes on what was read, as the gate lets it; on a dead link into the void.
func (l *link) deliver(to net.Conn, read []byte, toBroker bool) error {
	for len(read) > 0 {
		frozen, s := l.gate.mood()
		if toBroker {
			s = Slowness{}
		}
		if s.Delay > 0 {
			wait(l, time.After(s.Delay))
		}
		wait(l, frozen)
		if l.isDead() {
			return nil
		}
		piece := len(read)
		if s.Piece > 0 {
			piece = min(piece, s.Piece)
		}
		if _, err := to.Write(read[:piece]); err != nil {
			return err
		}
		read = read[piece:]
	}
	return nil
}

func (l *link) isDead() bool {
	select {
	case <-l.dead:
		return true
	default:
		return false
	}
}

// wait waits for an event, for the death of the link or for its end.
func wait[T any](l *link, event <-chan T) {
	select {
	case <-event:
	case <-l.dead:
	case <-l.closed:
	}
}
