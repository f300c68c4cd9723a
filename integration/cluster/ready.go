package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	readyTimeout = 3 * time.Minute // a container on a loaded machine; two seconds are usual
	probeEvery   = 25 * time.Millisecond
)

var errDied = errors.New("the broker ended")

// awaitReady asks a broker until it knows all brokers and gives out producer ids, which is when a first message can be sent without
// a wait. It gives up when the broker dies.
func awaitReady(ctx context.Context, addr string, brokers int, died <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return err
	}
	defer client.Close()
	var last error
	// A foreign process gives no event to wait for: it is asked again and again.
	for ticker := time.NewTicker(probeEvery); ; {
		if last = probe(ctx, client.SeedBrokers()[0], brokers); last == nil {
			return nil
		}
		select {
		case <-died:
			return errDied
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w; last answer: %w", addr, ctx.Err(), last)
		case <-ticker.C:
		}
	}
}

func probe(ctx context.Context, broker *kgo.Broker, brokers int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	metadata, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, requestor{broker})
	if err != nil {
		return err
	}
	if n := len(metadata.Brokers); n < brokers {
		return fmt.Errorf("it knows %d of %d brokers", n, brokers)
	}
	id, err := kmsg.NewPtrInitProducerIDRequest().RequestWith(ctx, requestor{broker})
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(id.ErrorCode)
}

// requestor has one broker answer, and no other.
type requestor struct{ broker *kgo.Broker }

func (r requestor) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	return r.broker.Request(ctx, req)
}
