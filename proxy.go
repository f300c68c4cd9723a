package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"

	"github.com/typedkafka/kafka/schema"
)

// A Proxy is the lazy connection to one cluster, on which any number of producers and consumers stand. It is safe for concurrent
// use.
//
// Making one does no I/O and starts no goroutine. The first call that needs the cluster opens a connection, which is kept and
// reused until Disconnect: the producers of a proxy share one franz-go client, each consumer has its own, since a member of a
// group is a client. Opening runs under Config.ConnectTimeout; many goroutines on a cold proxy join one opening, and a caller's
// context ends only his own wait. An opening that fails is told at once with its cause and never kept: the next try comes no
// sooner than a backoff (100 ms, doubling to 5 s).
type Proxy struct {
	cfg       Config
	log       *slog.Logger
	access    *access
	observers observers
	hooked    bool         // the user has given options to the clients, which may be hooks
	opts      []kgo.Opt    // the user's, then those of cfg
	producing *connection  // shared by the producers
	answered  atomic.Int32 // which of cfg.Brokers did last
	room      *admission   // the send buffer's limits, shared by the producers

	mu       sync.Mutex            // guards what follows
	holders  int                   // of the producing client; it closes with the last
	standing map[disconnecter]rank // everything that stands on this proxy and was used
	lives    map[string]*topicLife // of the topics that are produced to
	closed   bool

	closing closing
	life    context.Context // ends with the proxy
	endLife context.CancelFunc
}

// A disconnecter is what stands on a proxy.
type disconnecter interface{ Disconnect(context.Context) error }

// rank orders the closing: consumers end before producers, since what they still handle may produce.
type rank int

const (
	consumers rank = iota
	producers
)

// A ProxyOption sets what only code can give.
type ProxyOption func(*proxyOptions)

type proxyOptions struct {
	log         *slog.Logger
	clientLevel slog.Leveler // of franz-go's log; nil: none
	opts        []kgo.Opt
	mechanism   sasl.Mechanism
	observers   observers
}

// WithLogger sets where the proxy and all that stands on it log; docs/logs.md lists every line. Payloads, keys and secrets are never
// logged. Defaults to slog.Default(); nil is no log.
func WithLogger(l *slog.Logger) ProxyOption {
	return func(o *proxyOptions) { o.log = l }
}

// WithClientOptions passes options to every franz-go client of this proxy, for what Config has no setting for: a dialler, hooks. They
// are applied before the proxy's own, so they can't undo what its promises rest on; hooks add up, and see several clients, some of
// which live for a moment only. A hook must keep no *kgo.Record that a consumer has fetched: its memory is used again.
func WithClientOptions(opts ...kgo.Opt) ProxyOption {
	return func(o *proxyOptions) { o.opts = append(o.opts, opts...) }
}

// NewProxy makes a proxy for the cluster of cfg, whose zero fields get their defaults. It checks all that needs no network, files
// of certificates included, and returns every fault at once. It does no network I/O.
func NewProxy(cfg Config, opts ...ProxyOption) (*Proxy, error) {
	o := proxyOptions{log: slog.Default()}
	apply(&o, opts)
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	if err := errors.Join(cfg.Validate(), o.contradicts(cfg)); err != nil {
		return nil, fmt.Errorf("kafka: invalid configuration: %w", err)
	}
	cfg = cfg.withDefaults()
	if cfg.TLS.InsecureSkipVerify {
		o.log.Warn("kafka: the brokers' certificates are not verified (tls.insecure_skip_verify): whoever is on the way can read and" +
			" change everything, passwords included; name the authority in tls.ca_file instead")
	}
	access := newAccess(cfg, o.mechanism, o.opts)
	p := &Proxy{
		cfg:       cfg,
		log:       o.log,
		access:    access,
		observers: o.observers,
		hooked:    len(o.opts) > 0,
		opts:      slices.Concat(o.opts, access.options(), o.clientLog(access), []kgo.Opt{kgo.WithHooks(&throttling{log: o.log})}),
		room:      newAdmission(cfg.Producer.MaxBufferedRecords, cfg.Producer.MaxBufferedBytes),
		standing:  make(map[disconnecter]rank),
		lives:     make(map[string]*topicLife),
	}
	p.life, p.endLife = context.WithCancel(context.Background())
	p.producing = newConnection("connect", cfg.ConnectTimeout, func() *slog.Logger { return p.logOf(p.log, "producers") }, p.openProducing)
	return p, nil
}

// contradicts returns the error of options that don't go with a configuration.
func (o proxyOptions) contradicts(cfg Config) error {
	if c := cfg.SASL; o.mechanism != nil && (c.Mechanism != "" || c.User != "" || c.hasPassword() || c.hasToken()) {
		return errors.New("sasl (Config.SASL): stands in the configuration beside WithSASL in code: remove one of the two")
	}
	return nil
}

// Client returns the franz-go client that the producers share, for what this package does not cover, opening it if need be: it
// blocks as Produce does. The proxy keeps it open until Disconnect. Never Close it, and don't consume with it.
func (p *Proxy) Client(ctx context.Context) (*kgo.Client, error) {
	if err := p.usable(); err != nil {
		return nil, fmt.Errorf("kafka: client: %w", err)
	}
	if err := p.hold(rawClient{p}, producers); err != nil { // first, or the last producer could close what is returned
		return nil, fmt.Errorf("kafka: client: %w", err)
	}
	cl, err := p.producing.get(ctx, failFast)
	if err != nil {
		return nil, fmt.Errorf("kafka: client: %w", err)
	}
	return cl, nil
}

// rawClient is the hold that Client takes, once for each proxy.
type rawClient struct{ p *Proxy }

func (r rawClient) Disconnect(ctx context.Context) error {
	r.p.release(ctx, r)
	return nil
}

// Disconnect closes everything that stands on the proxy, consumers first, and the proxy itself, as their Disconnects do. It
// blocks until that is done or ctx ends, then closes at once and says what was left; without a deadline it takes at most 30 s.
// It may be called twice and beside running calls, which end with their result, ErrDisconnected or ErrOutcomeUnknown. Every
// later call on the proxy and on what stands on it returns ErrDisconnected.
func (p *Proxy) Disconnect(ctx context.Context) error {
	if p == nil || p.producing == nil {
		return errNotMade("Proxy", "NewProxy")
	}
	if w := runnerOf(ctx); w != nil && w.reader.proxy == p { // a handler, for whose end this would wait: its Run ends it
		w.finally(ctx, func(ctx context.Context) error { return p.closing.run(ctx, p.end) })
		return nil
	}
	return p.closing.run(ctx, p.end)
}

func (p *Proxy) end(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	byRank := make(map[rank][]disconnecter)
	for d, r := range p.standing {
		byRank[r] = append(byRank[r], d)
	}
	p.mu.Unlock()
	err := errors.Join(disconnectAll(ctx, byRank[consumers]), disconnectAll(ctx, byRank[producers]))
	p.producing.refuse()
	p.endLife()
	cl, stop := p.producing.take()
	closeWithin(ctx, cl, stop)
	p.access.close()
	return err
}

// disconnectAll closes side by side what has one rank.
func disconnectAll(ctx context.Context, all []disconnecter) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, d := range all {
		wg.Go(func() { errs[i] = d.Disconnect(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// usable returns the error of a call on a proxy that was not made or is disconnected.
func (p *Proxy) usable() error {
	if p == nil || p.producing == nil {
		return errNotMade("Proxy", "NewProxy")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrDisconnected
	}
	return nil
}

// hold registers d, so that Disconnect closes it; what produces holds the producing client by it. Holding again does nothing.
func (p *Proxy) hold(d disconnecter, r rank) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrDisconnected
	}
	if _, held := p.standing[d]; held {
		return nil
	}
	p.standing[d] = r
	if r == producers {
		p.holders++
	}
	return nil
}

// release undoes hold. The producing client closes with its last holder; a later producer opens it again.
func (p *Proxy) release(ctx context.Context, d disconnecter) {
	cl, stop := p.letGo(d)
	closeWithin(ctx, cl, stop)
}

// letGo takes d off the proxy, and the producing client with its last holder. Both happen in one step: who holds after it opens
// a client of his own, and never sends on one that is about to close.
func (p *Proxy) letGo(d disconnecter) (*kgo.Client, context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, held := p.standing[d]
	delete(p.standing, d)
	if !held || r != producers {
		return nil, nil
	}
	if p.holders--; p.holders > 0 {
		return nil, nil
	}
	return p.producing.take()
}

// closeWithin closes a client, if there is one, whose records were flushed, or given up, by their producers.
func closeWithin(ctx context.Context, cl *kgo.Client, stop context.CancelFunc) {
	if cl == nil {
		return
	}
	select {
	case <-background(func() { closeClient(cl, stop) }):
	case <-ctx.Done(): // it goes on in the background, cancelled
	}
}

// openProducing makes the client that the producers share.
func (p *Proxy) openProducing(ctx, base context.Context, f *faults) (*kgo.Client, error) {
	if p.cfg.Producer.Acks == acksNone {
		return p.dial(ctx, base, f, p.producingOptions()...)
	}
	return p.dialProducing(ctx, base, f, p.producingOptions()...)
}

// dialProducing is dial for a client whose messages are acknowledged: it reads along with what brokers answer.
func (p *Proxy) dialProducing(ctx, base context.Context, f *faults, opts ...kgo.Opt) (*kgo.Client, error) {
	return p.dial(ctx, base, f, append(opts, readAnswers(p.access.dial, &f.produce)...)...)
}

// dial makes a client that lives under base and proves that a broker answers it, also at the address that it advertises.
func (p *Proxy) dial(ctx, base context.Context, f *faults, extra ...kgo.Opt) (*kgo.Client, error) {
	f.access.Store(p.access)
	seeds := p.newSeeds()
	opts := make([]kgo.Opt, 0, len(p.opts)+len(extra)+2)
	opts = append(opts, p.opts...)
	opts = append(opts, kgo.WithContext(base), kgo.WithHooks(f, seeds))
	cl, err := kgo.NewClient(append(opts, extra...)...)
	if err != nil {
		return nil, err
	}
	err = seeds.reach(ctx, cl)
	if err == nil {
		err = p.reachable(ctx, cl, p.cfg.Brokers[p.answered.Load()])
	}
	if err != nil {
		cl.Close()
		return nil, err
	}
	return cl, nil
}

// briefly runs do with a client of its own that is closed afterwards: for the calls that ask and don't stay.
func (p *Proxy) briefly(ctx context.Context, do func(context.Context, *kgo.Client) error) error {
	if err := p.usable(); err != nil {
		return err
	}
	ctx, cancel := p.whileConnected(ctx)
	defer cancel()
	var f faults
	opening, cancelOpening := context.WithTimeout(ctx, p.cfg.ConnectTimeout)
	defer cancelOpening()
	// kadm answers from a cache of this age, also that a topic is missing: at the default EnsureTopics took 5 s to see its own.
	cl, err := p.dial(opening, ctx, &f, kgo.MetadataMinAge(awaitPause))
	if err == nil {
		defer cl.Close()
		p.producing.healed()
		err = do(ctx, cl)
	}
	if err != nil && errors.Is(context.Cause(ctx), ErrDisconnected) {
		return ErrDisconnected
	}
	if err != nil && (ctx.Err() != nil || opening.Err() != nil) {
		if cause := f.last(); cause != nil {
			return &endedError{ctx: p.access.redact(err), cause: cause}
		}
	}
	return p.access.redact(err)
}

// whileConnected returns a context that ends with ctx, and with the cause ErrDisconnected when the proxy is disconnected.
func (p *Proxy) whileConnected(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.life, func() { cancel(ErrDisconnected) })
	return ctx, func() { stop(); cancel(nil) }
}

// limits are the sizes that producers and consumers of this proxy allow.
func (p *Proxy) limits() limits {
	return limits{
		out: schema.Limit{Bytes: p.cfg.Producer.MaxMessageBytes, Owner: "producer.max_message_bytes"},
		in:  schema.Limit{Bytes: p.cfg.Consumer.MaxMessageBytes, Owner: "consumer.max_message_bytes"},
	}
}

// metadataAge bounds how long a client goes on with a picture of the cluster that no longer holds: franz-go retries a broker
// that hangs without asking who leads now, so a frozen leader costs its producers 20 s at the default age, 12 s at this one, and where it
// is the active controller too 9 s more.
// The two ages are set together: an age below the minimum age is refused.
//
// answerTime is how long a broker may take for an answer, beside the time that a request itself allows it. A third of the questions who
// leads now go to the broker that hangs, of three, and cost as much: 10 s by default.
const (
	metadataAge    = 3 * time.Second
	metadataMinAge = time.Second
	answerTime     = 4 * time.Second
)
