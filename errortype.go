package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/schema"
)

// The words of ErrorType that are no code of Kafka's.
const (
	typeInvalid      = "invalid_message"
	typeTombstone    = "unexpected_tombstone"
	typeTooLarge     = "batch_too_large"
	typePanic        = "panic"
	typeUnknown      = "outcome_unknown"
	typeBufferFull   = "buffer_full"
	typeDisconnected = "disconnected"
	typeConnection   = "connection"
	typeTimeout      = "timeout"
	typeCanceled     = "canceled"
	typeOther        = "other"
)

// ErrorType says of what type an error is, for the labels of metrics and the attributes of traces: in one of few words, and never in a
// text that could hold payload. It is empty for nil. The words are Kafka's name of an error that a broker answered, such as
// TOPIC_AUTHORIZATION_FAILED (for ErrUnknownTopic UNKNOWN_TOPIC_OR_PARTITION), and
//
//   - invalid_message: it breaks its schema; unexpected_tombstone, batch_too_large: what else a *MessageError may say of a message that no
//     handler saw
//   - panic: a *PanicError
//   - outcome_unknown, buffer_full, disconnected: the sentinels of those names
//   - connection: a *ConnectError without an answer of the broker
//   - timeout, canceled: the end of a context
//   - other: everything else, such as a handler's own errors
func ErrorType(err error) string {
	if err == nil {
		return ""
	}
	var panicked *PanicError
	var invalid *schema.ValidationError
	var message *MessageError
	switch {
	case errors.As(err, &panicked):
		return typePanic
	case errors.As(err, &invalid):
		return typeInvalid
	case errors.As(err, &message) && message.Attempts == 0 && message.Raw == nil && ErrorType(message.Err) == typeOther:
		return typeTombstone
	}
	return typeBySentinel(err)
}

func typeBySentinel(err error) string {
	switch {
	case errors.Is(err, ErrOutcomeUnknown): // first: its cause may be any other
		return typeUnknown
	case errors.Is(err, ErrBufferFull):
		return typeBufferFull
	case errors.Is(err, ErrDisconnected):
		return typeDisconnected
	case errors.Is(err, ErrUnknownTopic):
		return kerr.UnknownTopicOrPartition.Message
	}
	return typeOfCause(err)
}

func typeOfCause(err error) string {
	var large *kgo.ErrDecompressTooLarge
	var code *kerr.Error
	var connect *ConnectError
	switch {
	case errors.As(err, &large):
		return typeTooLarge
	case errors.As(err, &code):
		return code.Message
	case errors.As(err, &connect):
		return typeConnection
	case errors.Is(err, context.DeadlineExceeded):
		return typeTimeout
	case errors.Is(err, context.Canceled):
		return typeCanceled
	}
	return typeOther
}
