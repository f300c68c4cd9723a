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

// offerTopic adds to ErrUnknownTopic the name most like it that the cluster has and shows, if there is one. It blocks for the answer, for
// similarTimeout at most.
func offerTopic(ctx context.Context, cl *kgo.Client, topic string, err error) error {
	var once suggestion
	return once.offer(ctx, cl, topic, err)
}

// A suggestion is what a cluster was asked once for several errors. Its zero value is ready; it is for one goroutine.
type suggestion struct {
	asked bool
	name  string // empty: there is none
}

func (s *suggestion) offer(ctx context.Context, cl *kgo.Client, topic string, err error) error {
	if cl == nil || !errors.Is(err, ErrUnknownTopic) {
		return err
	}
	if !s.asked {
		s.asked, s.name = true, similarTopic(ctx, cl, topic)
	}
	if s.name == "" {
		return err
	}
	return fmt.Errorf("%w; there is a topic %q: do you mean that?", err, s.name)
}

// similarTopic asks for the name most like a topic's.
func similarTopic(ctx context.Context, cl *kgo.Client, topic string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), similarTimeout)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = nil // all
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return ""
	}
	var names []string
	for _, t := range resp.Topics {
		if t.Topic != nil && *t.Topic != topic && !t.IsInternal {
			names = append(names, *t.Topic)
		}
	}
	for _, name := range nearest.Names(topic, names, 1) {
		return name
	}
	return ""
}
