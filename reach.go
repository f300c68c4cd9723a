package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// reachable makes sure that one of the brokers can be used at the address that it advertises: that is where everything goes after the
// first answer. The classic mistake with containers is an address that only the containers can reach: the configured broker answers,
// and everything after that would hang in silence. One that can be reached is enough, since brokers come and go.
func (p *Proxy) reachable(ctx context.Context, cl *kgo.Client, seed string) error {
	meta, err := p.brokersOf(ctx, cl)
	if err != nil {
		return p.access.connectError(seed, err)
	}
	if len(meta.Brokers) == 0 {
		return p.access.connectError(seed, errNoBrokers)
	}
	late := func(b kmsg.MetadataResponseBroker) int { // the one that has just answered comes first
		if hostPort(b.Host, b.Port) == seed {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(meta.Brokers, func(a, b kmsg.MetadataResponseBroker) int { return late(a) - late(b) })
	var errs []error
	untold := 0
	for i, b := range meta.Brokers {
		share, cancel := shareOf(ctx, len(meta.Brokers)-i)
		err := p.pingAdvertised(share, cl, b)
		cancel()
		if err == nil {
			return nil
		}
		if len(errs) < mostTold {
			errs = append(errs, err)
		} else {
			untold++
		}
	}
	if untold > 0 {
		errs = append(errs, fmt.Errorf("and so for %d other brokers", untold))
	}
	return joined(errs)
}

// errNoBrokers is an answer that a broker may give while it starts.
var errNoBrokers = errors.New("it knows of no brokers, not even of itself")

// mostTold is how many brokers that can't be reached are told of: a broker may advertise thousands of addresses.
const mostTold = 5

// hostPort is a broker's address as it is dialled.
func hostPort(host string, port int32) string { return net.JoinHostPort(host, fmt.Sprint(port)) }

// shareOf gives one of several that are tried in turn its part of the time.
func shareOf(ctx context.Context, several int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(several))
}

// joined is errors.Join that leaves a single error as it is.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// pingAdvertised dials the address that a broker advertises.
func (p *Proxy) pingAdvertised(ctx context.Context, cl *kgo.Client, b kmsg.MetadataResponseBroker) error {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.ConnectTimeout)
	defer cancel()
	err := ask(ctx, cl.Broker(int(b.NodeID)))
	if err == nil {
		return nil
	}
	addr := hostPort(b.Host, b.Port)
	told := *p.access.connectError(addr, err)
	var dns *net.DNSError
	if errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) || timedOut(err) {
		told.Remedy = fmt.Sprintf("set advertised.listeners of broker %d to an address that this machine can reach, and check that the"+
			" broker runs; brokers (KAFKA_BROKERS) only serves to find it", b.NodeID)
	}
	return fmt.Errorf("the cluster answers, but broker %d advertises the address %s, which can't be used from here: %w", b.NodeID, addr, &told)
}

// learnOffers adds to the refusal of a mechanism which ones the listener offers: franz-go drops the list, so this asks once more.
func (a *access) learnOffers(ctx context.Context, e *ConnectError) {
	if !errors.Is(e.Err, kerr.UnsupportedSaslMechanism) {
		return
	}
	offered, err := a.offers(ctx, e.Address)
	if err != nil || len(offered) == 0 {
		return // the refusal is told without
	}
	e.Offered = offered
	e.Remedy = fmt.Sprintf("this listener offers %s: set sasl.mechanism (KAFKA_SASL_MECHANISM) to that, or use another listener's port",
		strings.Join(offered, ", "))
}

const (
	offersTimeout = 2 * time.Second
	largestOffer  = 64 << 10 // of an answer that has some names in it
)

// offers asks a listener by a handshake of its own which mechanisms it offers.
func (a *access) offers(ctx context.Context, addr string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, offersTimeout)
	defer cancel()
	conn, err := a.dial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	req := kmsg.NewPtrSASLHandshakeRequest()
	req.Version, req.Mechanism = 1, a.mechanismName()
	if _, err := conn.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID(a.cfg.ClientID)).AppendRequest(nil, req, 1)); err != nil {
		return nil, err
	}
	var head [answerHead]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(head[:])) - (answerHead - 4)
	if size < 0 || size > largestOffer {
		return nil, errors.New("the answer is no handshake's")
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(conn, body); err != nil {
		return nil, err
	}
	resp := kmsg.NewPtrSASLHandshakeResponse()
	resp.Version = 1
	if err := resp.ReadFrom(body); err != nil {
		return nil, err
	}
	return plainNames(resp.SupportedMechanisms), nil
}

// plainNames leaves out what can be no name of a mechanism (RFC 4422, section 3.1; Kafka's have _ too): a broker could write anything.
func plainNames(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return len(name) == 0 || len(name) > 40 || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != ""
	})
}
