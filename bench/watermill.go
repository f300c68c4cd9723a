package main

import (
	"context"
	"errors"

	"github.com/ThreeDotsLabs/watermill"
	wkafka "github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	wmessage "github.com/ThreeDotsLabs/watermill/message"
)

// produceWatermill waits for each message: watermill has nothing else.
func produceWatermill(j *job) (*sending, error) {
	encode := j.message.codecs.std.encode
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{
		Brokers: j.Brokers, Marshaler: wkafka.DefaultMarshaler{}, OverwriteSaramaConfig: saramaConfig(),
	}, watermill.NopLogger{})
	if err != nil {
		return nil, err
	}
	return &sending{
		send: func(context.Context) error {
			raw, err := encode()
			if err != nil {
				return err
			}
			return p.Publish(j.Topic, wmessage.NewMessage(watermill.NewUUID(), raw))
		},
		close: func() { _ = p.Close() },
	}, nil
}

func receiveWatermill(j *job, each func() bool) error {
	s, err := wkafka.NewSubscriber(wkafka.SubscriberConfig{
		Brokers: j.Brokers, Unmarshaler: wkafka.DefaultMarshaler{}, ConsumerGroup: j.Group, OverwriteSaramaConfig: saramaConfig(),
	}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	in, err := s.Subscribe(context.Background(), j.Topic)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	for m := range in {
		if err := j.message.codecs.std.decode(m.Payload); err != nil {
			return errors.Join(err, s.Close())
		}
		m.Ack()
		if !each() {
			break
		}
	}
	return s.Close()
}
