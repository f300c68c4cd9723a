package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka/internal/nearest"
)

// similarTimeout bounds the look for a similar name, which only serves to explain.
const similarTimeout = time.Second

// offerTopic adds to ErrUnknownTopic the name most like it that the cluster has and shows, if there is one.
func offerTopic(ctx context.Context, cl *kgo.Client, topic string, err error) error {
	if !errors.Is(err, ErrUnknownTopic) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), similarTimeout)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = nil // all
	resp, failed := req.RequestWith(ctx, cl)
	if failed != nil {
		return err
	}
	var names []string
	for _, t := range resp.Topics {
		if t.Topic != nil && *t.Topic != topic && !t.IsInternal {
			names = append(names, *t.Topic)
		}
	}
	for _, name := range nearest.Names(topic, names, 1) {
		return fmt.Errorf("%w; there is a topic %q: do you mean that?", err, name)
	}
	return err
}
