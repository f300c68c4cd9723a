package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Ping checks that the cluster can be used: it connects to a configured broker, and then to every address that the brokers
// advertise, since those are what producers and consumers dial. It returns at once with the cause of the first that fails, naming
// its address; it always tries, whatever failed before, and leaves no connection behind. It blocks until then, at most until ctx
// ends or Config.ConnectTimeout for each step.
func (p *Proxy) Ping(ctx context.Context) error {
	err := p.briefly(ctx, func(ctx context.Context, cl *kgo.Client) error {
		meta, err := p.brokersOf(ctx, cl)
		if err != nil {
			return err
		}
		for _, b := range meta.Brokers {
			if err := p.pingAdvertised(ctx, cl, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("kafka: ping: %w", err)
	}
	return nil
}

// ask sends the smallest request to a broker and waits for the answer.
func ask(ctx context.Context, b *kgo.Broker) error {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	_, err := b.Request(ctx, req)
	return err
}

// brokersOf returns the cluster's brokers as they advertise themselves.
func (p *Proxy) brokersOf(ctx context.Context, cl *kgo.Client) (*kmsg.MetadataResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.ConnectTimeout)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	return req.RequestWith(ctx, cl)
}
