package kafka_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

const injects = "it injects a broker's answer"

// Which of the broker's answers say for sure that a message was not written. The others leave it open.
func TestTheBrokersAnswerSaysWhetherAMessageMayBeWritten(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, injects)
	p := c.proxy(t)
	for _, test := range []struct {
		code      *kerr.Error
		refusal   bool
		temporary bool
	}{
		{kerr.MessageTooLarge, true, false},
		{kerr.RecordListTooLarge, true, false},
		{kerr.InvalidRecord, true, false},
		{kerr.InvalidTimestamp, true, false},
		{kerr.CorruptMessage, true, true},
		{kerr.PolicyViolation, true, false},
		{kerr.UnsupportedCompressionType, true, false},
		{kerr.UnsupportedForMessageFormat, true, false},
		{kerr.UnsupportedVersion, true, false},
		{kerr.InvalidRequiredAcks, true, false},
		{kerr.InvalidTopicException, true, false},
		{kerr.TopicAuthorizationFailed, true, false},
		{kerr.ClusterAuthorizationFailed, true, false},
		{kerr.TransactionalIDAuthorizationFailed, true, false},
		{kerr.UnknownServerError, false, true},
		{kerr.ProducerFenced, false, true},
		{kerr.InvalidTxnState, false, true},
		{kerr.InvalidRequest, false, true},
		{kerr.SecurityDisabled, false, true},
	} {
		t.Run(test.code.Message, func(t *testing.T) {
			topic := c.topic(t, 1)
			producer := newProducer(t, p, topic)
			c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: test.code, Count: -1})
			_, err := producer.Produce(within(t, patience), order{})
			wantError(t, err, test.code, topic)
			if unknown := errors.Is(err, kafka.ErrOutcomeUnknown); unknown == test.refusal {
				t.Errorf("error %v, want unknown: %v", err, !test.refusal)
			}
			if got := kafka.Temporary(err); got != test.temporary {
				t.Errorf("Temporary(%v) is %v", err, got)
			}
		})
	}
}

// Answers that may heal are tried again, and end as unknown at the delivery timeout.
func TestAnswersThatMayHealAreTriedAgainUntilTheDeliveryTimeout(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, injects)
	p := c.proxy(t)
	for _, code := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut,
		kerr.KafkaStorageError, kerr.OutOfOrderSequenceNumber, kerr.InvalidProducerEpoch, kerr.UnknownProducerID,
	} {
		t.Run(code.Message, func(t *testing.T) {
			t.Parallel()
			topic := c.topic(t, 1)
			producer := newProducer(t, p, topic, kafka.WithDeliveryTimeout(2*time.Second))
			produce(t, producer, order{})
			fault := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: code, Count: 1})
			if _, err := producer.Produce(within(t, patience), order{}); err != nil && !errors.Is(err, kafka.ErrOutcomeUnknown) {
				t.Errorf("after one %s: %v", code.Message, err)
			}
			fault.Remove()
			fault = c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: code, Count: -1})
			defer fault.Remove()
			wantWithin(t, 10*time.Second, func() {
				_, err := producer.Produce(within(t, patience), order{})
				wantError(t, err, kafka.ErrOutcomeUnknown, topic)
			})
		})
	}
}

// The broker takes the message, the connection is lost with its answer, and the repeat is refused: it is written all the same.
func TestARefusalAfterALostConnectionLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	c, n := newEmbedded(t, injects), newLines()
	topic := c.topic(t, 1)
	producer := newProducer(t, c.proxy(t, n.option()), topic)
	produce(t, producer, order{})
	thaw := n.freeze()
	result := make(chan error, 1)
	producer.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { result <- err })
	eventually(t, "the broker has written it", func() bool { return c.written(t, topic) == 2 })
	c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
	n.refuse(everyAddress) // cuts what is open
	thaw()
	n.refuse(noAddress)
	err := <-result
	wantError(t, err, kafka.ErrOutcomeUnknown, topic)
	wantError(t, err, kerr.TopicAuthorizationFailed)
	if _, err := producer.Produce(within(t, patience), order{}); errors.Is(err, kafka.ErrOutcomeUnknown) {
		t.Errorf("a later message was never on a lost connection: %v", err)
	}
}

// leftOpenCodes are the answers to a message that the broker has written, or may have, and that is therefore sent again.
var leftOpenCodes = []*kerr.Error{kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut}

// answerFirst makes the broker answer the first message to a topic with one code, and all that follow with another.
func (c *cluster) answerFirst(topic string, first, then *kerr.Error) {
	c.fake.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: first, Count: 1},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: then, Count: -1},
	)
}

// The broker may have written the message, asks for it again, and refuses the repeat: that says nothing of the first.
func TestARefusalAfterAnAnswerThatLeavesItOpenLeavesItOpen(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, injects)
	for _, first := range leftOpenCodes {
		for _, refusal := range []*kerr.Error{
			kerr.TopicAuthorizationFailed, kerr.MessageTooLarge, kerr.InvalidTimestamp, kerr.ClusterAuthorizationFailed, kerr.CorruptMessage,
		} {
			t.Run(first.Message+" "+refusal.Message, func(t *testing.T) {
				t.Parallel()
				topic := c.topic(t, 1)
				producer := newProducer(t, c.proxy(t), topic)
				c.answerFirst(topic, first, refusal)
				_, err := producer.Produce(within(t, patience), order{})
				wantError(t, err, kafka.ErrOutcomeUnknown, topic)
				wantError(t, err, refusal)
				_, err = producer.Produce(within(t, patience), order{})
				wantError(t, err, refusal)
				if errors.Is(err, kafka.ErrOutcomeUnknown) {
					t.Errorf("a later message was refused at once: %v", err)
				}
			})
		}
	}
}

// Codes that say the message was not written, and to send it elsewhere, leave nothing open.
func TestARefusalAfterAnAnswerThatWroteNothingIsSure(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, injects)
	for _, first := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.KafkaStorageError} {
		t.Run(first.Message, func(t *testing.T) {
			t.Parallel()
			topic := c.topic(t, 1)
			producer := newProducer(t, c.proxy(t), topic)
			c.answerFirst(topic, first, kerr.MessageTooLarge)
			_, err := producer.Produce(within(t, patience), order{})
			wantError(t, err, kerr.MessageTooLarge)
			if errors.Is(err, kafka.ErrOutcomeUnknown) {
				t.Errorf("it was surely not written: %v", err)
			}
		})
	}
}

// Whatever else is under way, over however many brokers, an ordinary refusal is sure.
func TestARefusalAmidTrafficIsSure(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	p := c.proxy(t)
	strict := newProducer(t, p, c.topic(t, 1, "max.message.bytes=1000"))
	busy := newProducer(t, p, c.topic(t, 6))
	ctx, cancel := context.WithCancel(within(t, patience))
	var traffic sync.WaitGroup
	for range 20 {
		traffic.Go(func() {
			for ctx.Err() == nil {
				_, _ = busy.Produce(ctx, order{ID: "a"})
			}
		})
	}
	for range 200 {
		_, err := strict.Produce(within(t, patience), order{ID: strings.Repeat("a", 2000)})
		wantError(t, err, kerr.MessageTooLarge)
		if errors.Is(err, kafka.ErrOutcomeUnknown) {
			t.Errorf("it was surely not written: %v", err)
		}
	}
	cancel()
	traffic.Wait()
}

// A partition number is wrong for sure whatever else went wrong.
func TestWhatWasNeverSentIsNotLeftOpenByALostConnection(t *testing.T) {
	t.Parallel()
	c, n := newCluster(t), newLines()
	topic := c.topic(t, 1)
	p := c.proxy(t, n.option())
	busy := newProducer(t, p, c.topic(t, 1))
	produce(t, busy, order{})
	producer := newProducer(t, p, topic)
	ctx, cancel := context.WithCancel(within(t, patience))
	lost := make(chan struct{})
	go func() { // loses produce requests all the time
		defer close(lost)
		for ctx.Err() == nil {
			busy.ProduceAsync(ctx, order{}, nil)
			n.refuse(noAddress)
		}
	}()
	for range 50 {
		_, err := producer.Produce(within(t, patience), order{}, kafka.WithPartition(7))
		if err == nil || errors.Is(err, kafka.ErrOutcomeUnknown) {
			t.Errorf("it was never sent, and the error is %v", err)
		}
	}
	cancel()
	<-lost
}

// Without idempotence the client gives up what is under way when the metadata refuse the topic; it is written afterwards.
func TestARefusedTopicLeavesOpenWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, injects)
	topic := c.topic(t, 1)
	cfg := c.cfg
	cfg.Producer.Acks = "leader"
	producer := newProducer(t, newProxy(t, cfg), topic)
	produce(t, producer, order{})

	underWay, refused := make(chan struct{}), make(chan struct{})
	c.fake.ControlKey(kmsg.Produce.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		close(underWay)
		c.fake.SleepControl(func() { <-refused })
		return nil, nil, false
	})
	result := make(chan error, 1)
	producer.ProduceAsync(t.Context(), order{}, func(_ kafka.Delivery, err error) { result <- err })
	<-underWay
	fault := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
	err := <-result
	fault.Remove()
	close(refused)
	wantError(t, err, kafka.ErrOutcomeUnknown, topic)
	wantError(t, err, kerr.TopicAuthorizationFailed)
	eventually(t, "the message that was under way is written", func() bool { return c.written(t, topic) == 2 })
}
