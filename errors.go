package kafka

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The errors that a caller tells apart. Each comes wrapped with what was tried and what to do; compare with [errors.Is].
var (
	// ErrDisconnected is returned by every call on a Proxy, Producer or Consumer after its Disconnect, and by calls that
	// Disconnect interrupted before they had any effect. Make a new one to go on.
	ErrDisconnected = errors.New("disconnected")

	// ErrOutcomeUnknown is returned by the sending methods when a message was handed to the client but its acknowledgement did
	// not come in time, or the broker's answer leaves it open. The message may be written, even minutes later; sending it again
	// may write it twice. Repeat only what a reader can tell apart by an id of its own.
	ErrOutcomeUnknown = errors.New("outcome unknown")

	// ErrBufferFull is returned by the sending methods when the caller's context ended while the message waited for room in the
	// proxy's send buffer. It was not sent and it is safe to repeat. Send slower, or raise producer.max_buffered_records or
	// producer.max_buffered_bytes.
	ErrBufferFull = errors.New("send buffer full")

	// ErrUnknownTopic is returned when the cluster does not know the topic, or does not show it to this principal. Create it
	// (Proxy.EnsureTopics, or kafka-topics.sh --create), or correct its name.
	ErrUnknownTopic = errors.New("unknown topic")

	// ErrTopicRecreated is returned once by Retrieve when the topic was deleted and made again. Consuming goes on at the start
	// of the new topic; what was left of the old one is gone.
	ErrTopicRecreated = errors.New("topic was deleted and created again")

	// ErrDataLoss is returned once by Retrieve for each loss: messages that this group had not read yet are gone, since retention
	// or a truncation passed its position. Consuming goes on at the first message that is there. Raise retention.ms, or read faster.
	ErrDataLoss = errors.New("messages were lost")

	// ErrNotOwned is returned by Ack and Nack when the message's partition has moved to another member of the group: that member
	// receives the message again. There is nothing to do.
	ErrNotOwned = errors.New("partition is no longer owned")

	// ErrTooManyUnacked is returned by Retrieve when every assigned partition holds WithMaxUnacked messages that were handed out
	// since its oldest unacknowledged one. Acknowledge the message that the error names, or raise the bound.
	ErrTooManyUnacked = errors.New("too many unacknowledged messages")
)

// A MessageError is a message that could not be delivered: its bytes are no valid JSON, break the schema, or are null. It
// carries the whole record, and it is acknowledged as a message is: by the next Retrieve, or by its Ack where ManualAck is set.
type MessageError struct {
	Record
	Err      error // the cause, often a *schema.ValidationError
	Attempts int   // how many times a handler was called with it: 0 where it could not be decoded

	failed time.Time // when; zero: not told to anybody yet
}

func (e *MessageError) Error() string {
	return fmt.Sprintf("kafka: message %s[%d]@%d: %v", e.Topic, e.Partition, e.Offset, e.Err)
}

func (e *MessageError) Unwrap() error { return e.Err }

// A BatchError is what ProduceAll returns when not every message was delivered.
type BatchError struct {
	// Errs has the error of each message at its index, nil where it was delivered.
	Errs []error
}

func (e *BatchError) failed() bool {
	return slices.ContainsFunc(e.Errs, func(err error) bool { return err != nil })
}

func (e *BatchError) Error() string {
	failed, first := 0, -1
	for i, err := range e.Errs {
		if err == nil {
			continue
		}
		if failed++; first < 0 {
			first = i
		}
	}
	if failed == 0 {
		return "kafka: no message failed"
	}
	return fmt.Sprintf("kafka: %d of %d messages failed; the first is message %d: %s",
		failed, len(e.Errs), first, strings.TrimPrefix(e.Errs[first].Error(), "kafka: "))
}

// Unwrap gives the errors of the messages that failed, in order.
func (e *BatchError) Unwrap() []error {
	var errs []error
	for _, err := range e.Errs {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// errNotMade is the error of a call on nil or on a zero value.
func errNotMade(what, constructor string) error {
	return fmt.Errorf("kafka: this %s was not made by %s", what, constructor)
}
