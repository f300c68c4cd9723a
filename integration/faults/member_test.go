package faults_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/gate"
)

// A spec is what a member of a group is told, on a command line too.
type spec struct {
	Contender   string
	Brokers     []string
	Topic       string
	Group       string
	DeadLetters string        // a topic; "" for none
	Session     time.Duration // of the group
	CommitEvery time.Duration
	MaxUnacked  int
	Concurrency int
	Latest      bool
	Drain       time.Duration // how long handlers may go on when a partition moves away; 0: the default
	Handler     behaviour
}

// A behaviour is how a member's handler goes about an event, and is the same for the same event and attempt.
type behaviour struct {
	Delay      time.Duration // each call takes it
	SlowEvery  int           // one in so many takes Slow as well
	Slow       time.Duration
	FailEvery  int  // one in so many calls fails,
	PanicEvery int  // or panics
	DoomEvery  int  // one in so many events fails whenever it is tried
	Stubborn   bool // it does not look at its context
}

var (
	errFailed = errors.New("the handler failed at random")
	errDoomed = errors.New("the handler fails on this event whenever it is tried")
)

// call does what the behaviour is with one event.
func (b behaviour) call(ctx context.Context, e event, attempt int) error {
	took := b.Delay
	if one(b.SlowEvery, e, 0) {
		took += b.Slow
	}
	if b.Stubborn {
		ctx = context.WithoutCancel(ctx)
	}
	if took > 0 {
		select {
		case <-time.After(took):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	switch {
	case one(b.DoomEvery, e, 0):
		return errDoomed
	case one(b.FailEvery, e, attempt):
		return errFailed
	case one(b.PanicEvery, e, -attempt):
		panic("the handler panicked at random")
	}
	return nil
}

// attempts is how often a message is tried.
const attempts = 3

// hopeless reports whether every attempt at an event fails.
func (b behaviour) hopeless(e event) bool {
	for attempt := 1; attempt <= attempts; attempt++ {
		if !one(b.DoomEvery, e, 0) && !one(b.FailEvery, e, attempt) && !one(b.PanicEvery, e, -attempt) {
			return false
		}
	}
	return true
}

// one picks one in so many events.
func one(in int, e event, salt int) bool {
	if in == 0 {
		return false
	}
	x := uint64(e.Key)<<40 ^ uint64(e.Number)<<8 ^ uint64(salt)
	x = (x ^ x>>31) * 0x9e3779b97f4a7c15 // as in splitmix64
	x = (x ^ x>>29) * 0xbf58476d1ce4e5b9
	return (x^x>>32)%uint64(in) == 0
}

// A member is one consumer of the group while it runs.
type member struct {
	spec
	name string
	book book
	gate *gate.Gate // nil for none
}

// A book is where a member writes down what it does: the ledger, or a pipe to it.
type book interface {
	did(c completion)
	say(words string)
	begin(member string, e event, partition int32) (end func())
}

// handle is the handler around the behaviour: an event is complete when it is in the book.
func (m *member) handle(ctx context.Context, e event, at spot, attempt int) error {
	defer m.book.begin(m.name, e, at.partition)()
	if err := m.Handler.call(ctx, e, attempt); err != nil {
		return err
	}
	m.book.did(completion{e.id(), at, time.Now(), m.name})
	return nil
}

// A contender consumes as one member until ctx ends, and leaves the group in good order.
type contender func(ctx context.Context, m *member) error

var contenders = map[string]contender{
	"naive":         naive,
	"naive commits": naive,
	"Retrieve":      retrieving,
	"Run":           running,
}

func (m *member) consume(ctx context.Context) error {
	run, ok := contenders[m.Contender]
	if !ok {
		return fmt.Errorf("no contender %q", m.Contender)
	}
	return run(ctx, m)
}

func (m *member) config() kafka.Config {
	return kafka.Config{
		Brokers: m.Brokers, Group: m.Group,
		Consumer: kafka.ConsumerConfig{SessionTimeout: m.Session, CommitInterval: m.CommitEvery},
	}
}

func (m *member) clientOptions() []kgo.Opt {
	if m.gate == nil {
		return nil
	}
	return []kgo.Opt{kgo.Dialer(m.gate.Dial)}
}

func (m *member) proxy() (*kafka.Proxy, error) {
	return kafka.NewProxy(m.config(), kafka.WithLogger(slog.New(&scribe{m.book})), kafka.WithClientOptions(m.clientOptions()...))
}

func eventTopic(name string) kafka.Topic[event] {
	return kafka.Topic[event]{Name: name, Key: event.key}
}

func (m *member) consumer(p *kafka.Proxy) (*kafka.Consumer[event], error) {
	opts := []kafka.ConsumerOption{kafka.WithMaxUnacked(m.MaxUnacked)}
	if m.Drain > 0 {
		opts = append(opts, kafka.WithDrainTimeout(m.Drain))
	}
	if m.Latest {
		opts = append(opts, kafka.WithStart(kafka.Latest))
	}
	return kafka.NewConsumer(p, eventTopic(m.Topic), opts...)
}

// A scribe writes log lines into the book.
type scribe struct{ book book }

func (s *scribe) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }
func (s *scribe) WithAttrs([]slog.Attr) slog.Handler           { return s }
func (s *scribe) WithGroup(string) slog.Handler                { return s }

func (s *scribe) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	fmt.Fprintf(&line, "%s %s", r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&line, " %s=%v", a.Key, a.Value)
		return true
	})
	s.book.say(line.String())
	return nil
}
