package kafka

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// refusals are the broker's answers that say for sure that a record was not written. Every other answer leaves it open.
var refusals = []error{
	kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.CorruptMessage, kerr.InvalidTimestamp,
	kerr.PolicyViolation, kerr.UnsupportedCompressionType, kerr.UnsupportedForMessageFormat, kerr.UnsupportedVersion,
	kerr.InvalidRequiredAcks, kerr.InvalidTopicException, kerr.UnknownTopicOrPartition, kerr.UnknownTopicID,
	kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed,
}

// beforeSending are the words of franz-go's errors for a record that no partition could be found for. They have no value to
// compare with; a test fails when the words change.
var beforeSending = []string{"invalid record partitioning choice", "unable to partition record"}

// explainOutcome turns the client's error for a record into ours. lossless says that no produce request was lost since the
// record was handed over: only then is a refusal one of the first try, and not of a repeat whose first try may be written.
func explainOutcome(topic string, err error, lossless bool) error {
	refused := surelyNotWritten(err)
	switch {
	case !refused || !lossless:
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return unknownTopic(topic, err)
	case errors.Is(err, kerr.UnknownTopicID):
		return fmt.Errorf("%w: the message was not written; send it again: %w", ErrTopicRecreated, err)
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		return fmt.Errorf("the broker takes no message of this size: lower the message, or raise max.message.bytes of the topic: %w", err)
	default:
		return err
	}
}

func surelyNotWritten(err error) bool {
	for _, refusal := range refusals {
		if errors.Is(err, refusal) {
			return true
		}
	}
	var kerror *kerr.Error
	if errors.As(err, &kerror) {
		return false
	}
	for _, words := range beforeSending {
		if strings.HasPrefix(err.Error(), words) {
			return true
		}
	}
	return false
}

// unknownTopic is ErrUnknownTopic with the topic's name and what to do.
func unknownTopic(topic string, cause error) error {
	if cause == nil {
		cause = kerr.UnknownTopicOrPartition
	}
	return fmt.Errorf("%w %q: create it (Proxy.EnsureTopics or kafka-topics.sh --create), or correct the name: %w",
		ErrUnknownTopic, topic, cause)
}

// delivered is where an acknowledged record was written.
func delivered(r *kgo.Record) Delivery {
	return Delivery{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp}
}
