package kafka

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// seeds let a client know one of the configured addresses at a time: the one that has answered, and the next when that can't be
// reached any more. It is safe for concurrent use.
//
// franz-go begins with a random one, and comes back to the next after each round over the brokers that it knows: one that takes
// connections and does not answer stopped it for 10 s and more at a time. But a client that knew only one for good would be lost
// where all brokers come back at other addresses.
type seeds struct {
	addrs    []string
	access   *access
	answered *atomic.Int32 // the one of addrs that answered last, for the proxy's next client

	mu     sync.Mutex // guards what follows
	client *kgo.Client
	now    int // the one of addrs that the client knows
}

var _ kgo.HookBrokerConnect = (*seeds)(nil)

func (p *Proxy) newSeeds() *seeds {
	return &seeds{addrs: p.cfg.Brokers, access: p.access, answered: &p.answered, now: int(p.answered.Load())}
}

// reach asks the configured brokers in turn until one answers, and leaves the client that one. Each has its share of ctx's time, so
// that one which swallows packets does not hide the others.
func (s *seeds) reach(ctx context.Context, cl *kgo.Client) error {
	var errs []error
	brokers := cl.SeedBrokers()
	for i, b := range brokers {
		share, cancel := shareOf(ctx, len(brokers)-i)
		err := ask(share, b)
		cancel()
		if err == nil {
			return s.keep(cl, i)
		}
		told := s.access.connectError(s.addrs[i], err)
		s.access.learnOffers(ctx, told)
		errs = append(errs, told)
	}
	return joined(errs)
}

// keep leaves the client the address that has answered.
func (s *seeds) keep(cl *kgo.Client, i int) error {
	s.answered.Store(int32(i))
	if len(s.addrs) == 1 {
		return nil
	}
	s.mu.Lock()
	s.client, s.now = cl, i
	s.mu.Unlock()
	return cl.UpdateSeedBrokers(s.addrs[i])
}

// only makes a client begin with the address that answered another client. It is made by this option, so of tells afterwards which
// client that is.
func (s *seeds) only() kgo.Opt { return kgo.SeedBrokers(s.addrs[s.now]) }

func (s *seeds) of(cl *kgo.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = cl
}

// OnBrokerConnect gives the client the next address when the one that it knows can't be reached.
func (s *seeds) OnBrokerConnect(b kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil || b.NodeID >= 0 || closedByUs(err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil || len(s.addrs) == 1 || !names(s.addrs[s.now], b) {
		return
	}
	s.now = (s.now + 1) % len(s.addrs)
	cl, addr := s.client, s.addrs[s.now]
	go func() { _ = cl.UpdateSeedBrokers(addr) }() // not here: it stops the broker that calls this
}

// names reports whether an address of the configuration is this broker's.
func names(addr string, b kgo.BrokerMetadata) bool {
	host, port, err := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return err == nil && host == b.Host && n == int(b.Port)
}
