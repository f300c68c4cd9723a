package kafka

import (
	"context"
	"sync"
	"time"
)

const (
	// closeTimeout bounds a Disconnect whose context has no deadline.
	closeTimeout = 30 * time.Second
	// lastWords is what a Disconnect whose context is done still takes, to leave the group: without it the next member would
	// wait for the whole session timeout.
	lastWords = 250 * time.Millisecond
)

// A closing is the one run of a Disconnect, shared by all who call it. Its zero value is ready; it is safe for concurrent use.
type closing struct {
	once sync.Once
	done chan struct{}
	err  error // set when done is closed
}

// run runs end once, bounded by the first caller's ctx, and returns its error to every caller. The run never stands under that
// ctx itself: what end does under its own context may go on for lastWords.
func (c *closing) run(ctx context.Context, end func(context.Context) error) error {
	first := false
	c.once.Do(func() {
		first = true
		c.done = make(chan struct{})
		bounded, cancel := bounded(ctx)
		go func() {
			defer close(c.done)
			defer cancel()
			c.err = end(bounded)
		}()
	})
	if first {
		<-c.done // bounded: end does not outlive its ctx by more than lastWords
		return c.err
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// background runs f in a goroutine of its own and returns a channel that is closed when f has returned.
func background(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

// bounded returns a context that ends with ctx and after closeTimeout where ctx has no deadline, and carries none of its values.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(closeTimeout)
	}
	own, cancel := context.WithDeadline(context.Background(), deadline)
	stop := context.AfterFunc(ctx, cancel)
	return own, func() { stop(); cancel() }
}
