package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	firstRetry = 100 * time.Millisecond // after the first failed opening, then twice as long each time
	lastRetry  = 5 * time.Second
)

// A connection is a franz-go client that is opened on first use. Any number of goroutines may ask a cold one: they join one
// opening, which runs under the connection's own timeout, so that a caller's context ends only his wait. A failed opening is
// told at once and never kept; the next one comes no sooner than a backoff, so that no loop spins. It is safe for concurrent use.
type connection struct {
	what    string // what it is for, in errors
	timeout time.Duration
	log     func() *slog.Logger
	// build makes the client and proves that it works, under a ctx with the connect timeout. The client must live under base.
	build  func(ctx, base context.Context, f *faults) (*kgo.Client, error)
	shut   func(cl *kgo.Client, stop context.CancelFunc) // closes a client that came too late
	faults faults

	client atomic.Pointer[kgo.Client] // the open client; nil before, after, and between

	mu       sync.Mutex // guards what follows; never held over I/O
	opening  *opening   // the one under way
	failures int        // in a row
	failed   error      // the last one's cause
	failedAt time.Time
	base     context.Context    // what an open client lives under
	stop     context.CancelFunc // ends base
	closed   bool
	closing  chan struct{} // closed with closed
}

// An opening is one try, joined by all who wait.
type opening struct {
	done   chan struct{} // closed when client and err are set
	client *kgo.Client
	err    error
}

func newConnection(what string, timeout time.Duration, log func() *slog.Logger,
	build func(ctx, base context.Context, f *faults) (*kgo.Client, error),
) *connection {
	return &connection{what: what, timeout: timeout, log: log, build: build, shut: closeClient, closing: make(chan struct{})}
}

// patience says what a caller does while a failed opening's backoff runs.
type patience bool

const (
	failFast patience = false // returns the stored cause and its age
	patient  patience = true  // waits and tries again
)

// get returns the open client, opening it if need be. It blocks until that ended or ctx did.
func (c *connection) get(ctx context.Context, p patience) (*kgo.Client, error) {
	return c.getUnless(ctx, nil, p)
}

// getUnless is get for one of several who share the connection: it ends with ErrDisconnected when quit is closed.
func (c *connection) getUnless(ctx context.Context, quit <-chan struct{}, p patience) (*kgo.Client, error) {
	if cl := c.client.Load(); cl != nil {
		return cl, nil
	}
	for {
		o, wait, err := c.join(p)
		if err != nil {
			return nil, err
		}
		var done <-chan struct{}
		var timer <-chan time.Time
		if o != nil {
			done = o.done
		} else {
			timer = time.After(wait)
		}
		select {
		case <-done:
			return o.client, o.err
		case <-timer:
		case <-ctx.Done():
			return nil, c.unopened(ctx)
		case <-quit:
			return nil, ErrDisconnected
		case <-c.closing:
			return nil, ErrDisconnected
		}
	}
}

// join returns the opening to wait for, or how long to wait before the next one may start.
func (c *connection) join(p patience) (o *opening, wait time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch cl := c.client.Load(); {
	case c.closed:
		return nil, 0, ErrDisconnected
	case cl != nil:
		o = &opening{done: make(chan struct{}), client: cl}
		close(o.done)
		return o, 0, nil
	case c.opening != nil:
		return c.opening, 0, nil
	}
	if wait = time.Until(c.failedAt.Add(c.backoff())); wait > 0 {
		if p == failFast {
			return nil, 0, fmt.Errorf("%w (tried %s ago; next try in %s)",
				c.failed, time.Since(c.failedAt).Round(time.Millisecond), wait.Round(time.Millisecond))
		}
		return nil, wait, nil
	}
	return c.start(), 0, nil
}

// backoff is how long after the last failure the next opening may come. The caller holds c.mu.
func (c *connection) backoff() time.Duration {
	if c.failures == 0 {
		return 0
	}
	return min(firstRetry<<min(c.failures-1, 10), lastRetry)
}

// start begins an opening. The caller holds c.mu.
func (c *connection) start() *opening {
	o := &opening{done: make(chan struct{})}
	c.opening = o
	base, stop := context.WithCancel(context.Background())
	c.base, c.stop = base, stop
	go func() {
		ctx, cancel := context.WithTimeout(base, c.timeout)
		defer cancel()
		o.client, o.err = c.build(ctx, base, &c.faults)
		if o.err != nil {
			o.err = c.explain(ctx, o.err)
		}
		c.opened(o, stop)
	}()
	return o
}

// explain joins to a failed opening what it hides: a timeout has the last connection error as its cause.
func (c *connection) explain(ctx context.Context, err error) error {
	err = c.faults.access.Load().redact(err)
	if cause := c.faults.last(); ctx.Err() != nil && cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%s: no answer within %s: %w", c.what, c.timeout, cause)
	}
	return fmt.Errorf("%s: %w", c.what, err)
}

// opened takes in the result of an opening and lets those who wait go on.
func (c *connection) opened(o *opening, stop context.CancelFunc) {
	defer close(o.done)
	failures, wanted := c.takeIn(o)
	switch {
	case !wanted && o.client != nil:
		go c.shut(o.client, stop)
		o.client, o.err = nil, ErrDisconnected
	case !wanted:
		stop()
		o.err = ErrDisconnected
	case o.err != nil:
		stop()
		if failures == 1 {
			c.log().Warn("kafka: can't connect", "error", o.err)
		}
	default:
		c.log().Info("kafka: connected", "failed_tries", failures)
		c.faults.tellTo(c.log())
	}
}

// takeIn keeps what an opening ended with, if it is still wanted: nobody has disconnected meanwhile. failures counts those in a
// row that ended with this one, or before it.
func (c *connection) takeIn(o *opening) (failures int, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.opening != o {
		return 0, false
	}
	c.opening = nil
	if o.err != nil {
		c.failures++
		c.failed, c.failedAt = o.err, time.Now()
		return c.failures, true
	}
	failures, c.failures = c.failures, 0
	c.stop = c.ending(c.stop)
	c.client.Store(o.client)
	return failures, true
}

// ending is the stop of a client that was open: whoever closes it calls that, under no lock.
func (c *connection) ending(stop context.CancelFunc) context.CancelFunc {
	return sync.OnceFunc(func() {
		c.faults.tellTo(nil)
		stop()
		c.log().Info("kafka: disconnected")
	})
}

// ended is the error of a caller whose ctx ended while he waited for this connection: ctx's own, with the cause where one is known.
func (c *connection) ended(ctx context.Context) error {
	cause := c.faults.last()
	if cause == nil {
		c.mu.Lock()
		if c.failures > 0 {
			cause = c.failed
		}
		c.mu.Unlock()
	}
	if cause == nil {
		return ctx.Err()
	}
	return &endedError{ctx: ctx.Err(), cause: cause}
}

// unopened is the error of a caller whose ctx ended before there was a connection. Its deadline alone would not tell what took so long.
func (c *connection) unopened(ctx context.Context) error {
	err := c.ended(ctx)
	if err == context.DeadlineExceeded { //nolint:errorlint // no other error is meant
		return &endedError{ctx: err, cause: c.faults.access.Load().noAnswer()}
	}
	return err
}

// standing is the newest fault of the connection that no success followed, with its time; nil if there is none.
func (c *connection) standing() (at time.Time, err error) {
	at, err = c.faults.lastAt()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures > 0 && c.failedAt.After(at) {
		err, at = c.failed, c.failedAt
	}
	return at, err
}

// An endedError is a context's end with the connection error that stood then. It is both.
type endedError struct{ ctx, cause error }

func (e *endedError) Error() string {
	return fmt.Sprintf("%v; the last connection error is: %v", e.ctx, e.cause)
}

func (e *endedError) Unwrap() []error { return []error{e.ctx, e.cause} }

// healed forgets a failed opening, so that the next call tries at once.
func (c *connection) healed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = 0
}

// take removes the open client so that the caller can close it, and gives up an opening under way; the connection may be opened
// again.
func (c *connection) take() (*kgo.Client, context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opening != nil {
		c.opening = nil
		c.stop()
	}
	return c.client.Swap(nil), c.stop
}

// discard closes a client that can't go on, unless that has happened; the next call opens another one. What else is under way on it
// ends with ErrOutcomeUnknown.
func (c *connection) discard(failed *kgo.Client) {
	c.mu.Lock()
	stop, is := c.stop, c.client.CompareAndSwap(failed, nil)
	c.mu.Unlock()
	if is {
		go closeClient(failed, stop)
	}
}

// refuse makes every later and waiting call return ErrDisconnected. An open client stays until taken.
func (c *connection) refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	close(c.closing)
	if c.opening != nil {
		c.stop() // the opening ends and closes what it made
	}
}

// closeClient closes a client that no group is to be left by. It cancels first, since Close alone waits for a broker that does not
// answer: 1.0 s instead of 4 ms, for a producer that had nothing under way (franz-go v1.22.2 sends its last metrics).
func closeClient(cl *kgo.Client, stop context.CancelFunc) {
	stop()
	cl.CloseAllowingRebalance()
	// Close leaves the group once more, beside what it waits for, and then polls, which holds up a leaving that comes late for ever.
	cl.AllowRebalance()
}
