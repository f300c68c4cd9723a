package cluster

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"slices"
	"sync"
)

// users are who SASL lets in, each with a password made at start.
var users = []string{"admin", "bob", "alice"}

// A plan is what all brokers of a cluster agree on before the first starts.
type plan struct {
	opts      Options
	clusterID string
	passwords map[string]string
	ports     map[int]map[Listener]int // by broker
	host      func(id int) string      // where the other brokers find a broker
}

func newPlan(o Options, host func(id int) string) (*plan, error) {
	p := &plan{opts: o, clusterID: newUUID(), passwords: map[string]string{}, ports: map[int]map[Listener]int{}, host: host}
	for _, u := range users {
		p.passwords[u] = rand.Text()
	}
	ls := protocols(o)
	free, err := FreePorts(o.Brokers * len(ls))
	if err != nil {
		return nil, err
	}
	for i := range o.Brokers {
		p.ports[i+1] = map[Listener]int{}
		for j, l := range ls {
			p.ports[i+1][l.listener] = free[i*len(ls)+j]
		}
	}
	return p, nil
}

// newUUID is a random id in Kafka's form.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[0] &= 0x7f // the text then starts with none of "-" and "_": a dash looks like a flag on a command line
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// certFiles are the names of the files that each broker needs beside its properties.
func (p *plan) certFiles() []string {
	names := slices.Collect(maps.Keys(p.opts.Kerberos.files()))
	if p.opts.Secure {
		names = append(names, stores...)
	}
	return names
}

func (p *plan) port(id int, l Listener) int { return p.ports[id][l] }

// addrs are the addresses of a listener of all brokers, none if it is not there.
func (p *plan) addrs(l Listener) []string {
	var addrs []string
	for id := 1; id <= p.opts.Brokers; id++ {
		if port, ok := p.ports[id][l]; ok {
			addrs = append(addrs, fmt.Sprintf("localhost:%d", port))
		}
	}
	return addrs
}

// Ports are taken below the ranges that Linux (from 32768) and macOS (from 49152) give to outgoing connections: one of those on the
// port of a broker that is down would keep it from coming back.
const (
	firstPort = 18000
	lastPort  = 32000
)

// FreePorts finds n ports of 127.0.0.1 where nothing listens. Another program can take one before the caller does.
func FreePorts(n int) ([]int, error) {
	var found []int
	for tries := 0; len(found) < n; tries++ {
		if tries > 100+10*n {
			return nil, fmt.Errorf("%d free ports between %d and %d could not be found", n, firstPort, lastPort)
		}
		port := firstPort + mathrand.IntN(lastPort-firstPort) //nolint:gosec // any port will do
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		defer l.Close() // held until all are found, so that none is found twice
		found = append(found, port)
	}
	return found, nil
}

// byBroker keeps something for each broker. The zero value is empty.
type byBroker[T any] struct {
	mu sync.Mutex // guards m
	m  map[int]T
}

func (b *byBroker[T]) get(id int) T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.m[id]
}

func (b *byBroker[T]) set(id int, v T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.m == nil {
		b.m = map[int]T{}
	}
	b.m[id] = v
}

func (b *byBroker[T]) all() map[int]T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.m)
}
