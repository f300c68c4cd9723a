package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// refusals are the broker's answers that say for sure that a record was not written. Every other answer leaves it open.
var refusals = []error{
	kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.CorruptMessage, kerr.InvalidTimestamp,
	kerr.PolicyViolation, kerr.UnsupportedCompressionType, kerr.UnsupportedForMessageFormat, kerr.UnsupportedVersion,
	kerr.InvalidRequiredAcks, kerr.InvalidTopicException, kerr.UnknownTopicOrPartition,
	kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed,
}

// ofTheTopic are refusals that the client also meets where it asks for the topic's metadata.
var ofTheTopic = []error{kerr.TopicAuthorizationFailed, kerr.InvalidTopicException, kerr.UnknownTopicOrPartition}

// beforeSending are the words of franz-go's errors for a record that no partition could be found for. They have no value to
// compare with; a test fails when the words change.
var beforeSending = []string{"invalid record partitioning choice", "unable to partition record"}

// explainOutcome turns the client's error for a record into ours. since counts the produce requests after the record was handed
// over: where one left open what it wrote, a refusal may be that of a repeat whose first try is written.
func explainOutcome(topic string, err error, since requests, idempotent bool) error {
	switch {
	case errors.Is(err, kgo.ErrMaxBuffered):
		return fmt.Errorf("%w: records that were sent by Proxy.Client fill it: %w", ErrBufferFull, err)
	case neverSent(err):
		return err
	case errors.Is(err, kerr.UnknownTopicID):
		return recreated(err, since)
	case !refused(err), since.doubtful > 0, mayBeUnderWay(err, since, idempotent):
		return leftOpen(err)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return unknownTopic(topic, err)
	case tooLarge(err):
		return fmt.Errorf("the broker takes no message of this size: lower the message, or raise max.message.bytes of the topic: %w", err)
	default:
		return err
	}
}

// idRefused reports whether a record's error is a broker's refusal of a producer id. The client gives that to every later record, for its
// life: it asks again only after what kerr calls retriable (franz-go v1.22.2, doInitProducerID).
func idRefused(cl *kgo.Client, err error) bool {
	var code *kerr.Error
	if !errors.As(err, &code) || isOneOf(err, ofTheTopic) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), knownID)
	defer cancel()
	_, _, refusal := cl.ProducerID(ctx)
	return errors.Is(refusal, code)
}

// knownID is time enough for a client to say what it knows: the one goroutine that tells of records waits for it.
const knownID = 20 * time.Millisecond

// tooLarge reports whether a broker takes no record of this size.
func tooLarge(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}

func refused(err error) bool { return isOneOf(err, refusals) }

func isOneOf(err error, all []error) bool {
	return slices.ContainsFunc(all, func(one error) bool { return errors.Is(err, one) })
}

// mayBeUnderWay reports whether a refusal may be none of the record's own: only an idempotent client waits for the answer to what is
// under way when the metadata refuse the topic.
func mayBeUnderWay(err error, since requests, idempotent bool) bool {
	return !idempotent && since.written > 0 && since.underWay > 0 && isOneOf(err, ofTheTopic)
}

func neverSent(err error) bool {
	return slices.ContainsFunc(beforeSending, func(words string) bool { return strings.HasPrefix(err.Error(), words) })
}

// leftOpen is ErrOutcomeUnknown with the client's reason. The end of a term is told in words: it is no end of a caller's context.
func leftOpen(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: given up behind an older message of its partition, whose delivery timeout passed", ErrOutcomeUnknown)
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// recreated is ErrTopicRecreated. The client says it of everything that it holds when it learns the topic's new id, also of what
// a request has just carried to a broker, and up to Kafka 4.0 that named the topic by its name: it may be in the new one.
func recreated(err error, since requests) error {
	if since.written > 0 {
		return fmt.Errorf("%w: %w: %w", ErrOutcomeUnknown, ErrTopicRecreated, err)
	}
	return fmt.Errorf("%w: the message was not written; send it again: %w", ErrTopicRecreated, err)
}

// unknownTopic is ErrUnknownTopic with the topic's name and what to do.
func unknownTopic(topic string, cause error) error {
	return fmt.Errorf("%w %q: create it (Proxy.EnsureTopics or kafka-topics.sh --create), or correct the name: %w",
		ErrUnknownTopic, topic, cause)
}

// delivered is where an acknowledged record was written.
func delivered(r *kgo.Record) Delivery {
	return Delivery{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp}
}
