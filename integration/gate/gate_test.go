package gate_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/typedkafka/kafka/integration/gate"
)

// echo is a broker that sends back each line.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// A caller sends a line and reads it back.
type caller struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, g *gate.Gate, addr string) caller {
	t.Helper()
	c, err := g.Dial(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return caller{c, t}
}

func (c caller) ask(patience time.Duration) error {
	c.t.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "line\n"); err != nil {
		return err
	}
	_, err := bufio.NewReader(c).ReadString('\n')
	return err
}

const (
	long  = 10 * time.Second
	short = 100 * time.Millisecond
)

func TestBytesPassAndCanBeHeldBack(t *testing.T) {
	t.Parallel()
	addr, g := echo(t), gate.New()
	c := dial(t, g, addr)
	if err := c.ask(long); err != nil {
		t.Fatal(err)
	}
	thaw := g.Freeze()
	if err := c.ask(short); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a frozen connection answered: %v", err)
	}
	thaw()
	if err := c.ask(long); err != nil {
		t.Error("after the thaw:", err)
	}
	g.Slow(gate.Slowness{Delay: 20 * time.Millisecond, Piece: 1})
	start := time.Now()
	if err := c.ask(long); err != nil || time.Since(start) < 80*time.Millisecond {
		t.Errorf("5 slow bytes took %s, %v", time.Since(start), err)
	}
	g.Close()
}

func TestHalfOpenAndCutConnections(t *testing.T) {
	t.Parallel()
	addr, g := echo(t), gate.New()
	c := dial(t, g, addr)
	g.HalfOpen()
	if err := c.ask(short); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a half-open connection answered: %v", err)
	}
	c = dial(t, g, addr)
	if err := c.ask(long); err != nil {
		t.Error("a new connection:", err)
	}
	g.Cut()
	if err := c.ask(long); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a cut connection: %v", err)
	}
	g.Refuse(true)
	if _, err := g.Dial(t.Context(), "tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a shut gate: %v", err)
	}
	g.Refuse(false)
	if err := dial(t, g, addr).ask(long); err != nil {
		t.Error("an open gate:", err)
	}
	if n := g.Dials(); n != 4 {
		t.Errorf("%d dials, want 4", n)
	}
	g.Close()
}
