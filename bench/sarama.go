package main

import (
	"context"
	"errors"

	"github.com/IBM/sarama"
)

// saramaConfig is sarama's default, but for who must acknowledge a message, and where a new group begins.
func saramaConfig() *sarama.Config {
	c := sarama.NewConfig()
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Return.Successes = true
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	return c
}

func produceSarama(j *job) (*sending, error) {
	encode := j.message.codecs.std.encode
	if j.Workload == stream {
		p, err := sarama.NewAsyncProducer(j.Brokers, saramaConfig())
		if err != nil {
			return nil, err
		}
		return &sending{
			stream: func(_ context.Context, more func() bool) error { return streamSarama(p, j.Topic, encode, more) },
			close:  func() { _ = p.Close() },
		}, nil
	}
	p, err := sarama.NewSyncProducer(j.Brokers, saramaConfig())
	if err != nil {
		return nil, err
	}
	return &sending{
		send: func(context.Context) error {
			raw, err := encode()
			if err != nil {
				return err
			}
			_, _, err = p.SendMessage(&sarama.ProducerMessage{Topic: j.Topic, Value: sarama.ByteEncoder(raw)})
			return err
		},
		close: func() { _ = p.Close() },
	}, nil
}

// streamSarama counts what its channels say until all is there: sarama has no flush.
func streamSarama(p sarama.AsyncProducer, topic string, encode func() ([]byte, error), more func() bool) error {
	sent := make(chan int, 1)
	result := make(chan error, 1)
	go func() { result <- drainSarama(p, sent) }()
	n := 0
	for ; more(); n++ {
		raw, err := encode()
		if err != nil {
			return err
		}
		p.Input() <- &sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(raw)}
	}
	sent <- n
	return <-result
}

// drainSarama takes what is acknowledged or refused, until that is as much as was sent.
func drainSarama(p sarama.AsyncProducer, sent <-chan int) error {
	var errs error
	total := -1
	for n := 0; n != total; {
		select {
		case <-p.Successes():
			n++
		case err := <-p.Errors():
			errs = errors.Join(errs, err)
			n++
		case total = <-sent:
		}
	}
	return errs
}

func receiveSarama(j *job, each func() bool) error {
	group, err := sarama.NewConsumerGroup(j.Brokers, j.Group, saramaConfig())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	h := &saramaHandler{decode: j.message.codecs.std.decode, each: each, stop: stop}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{j.Topic}, h); err != nil {
			return errors.Join(err, group.Close())
		}
	}
	return errors.Join(h.err, group.Close())
}

// A saramaHandler is what sarama calls with the claim of a partition. There is one partition.
type saramaHandler struct {
	decode func([]byte) error
	each   func() bool
	stop   context.CancelFunc
	err    error
}

func (*saramaHandler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*saramaHandler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (h *saramaHandler) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for m := range claim.Messages() {
		if h.err = h.decode(m.Value); h.err != nil {
			break
		}
		s.MarkMessage(m, "")
		if !h.each() {
			break
		}
	}
	h.stop()
	return h.err
}
