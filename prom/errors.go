package kafkaprom

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// The values of the label error that are no code of Kafka's.
const (
	classInvalid      = "invalid_message"
	classTombstone    = "unexpected_tombstone"
	classTooLarge     = "batch_too_large"
	classPanic        = "panic"
	classUnknown      = "outcome_unknown"
	classBufferFull   = "buffer_full"
	classDisconnected = "disconnected"
	classConnection   = "connection"
	classTimeout      = "timeout"
	classCanceled     = "canceled"
	classOther        = "other"
)

// sentinels are errors by their value, the first that holds being the one.
var sentinels = []struct {
	err   error
	class string
}{
	{kafka.ErrOutcomeUnknown, classUnknown},
	{kafka.ErrBufferFull, classBufferFull},
	{kafka.ErrDisconnected, classDisconnected},
	{kafka.ErrUnknownTopic, kerr.UnknownTopicOrPartition.Message},
}

// classOf is one of few words for an error, never a text that could hold payload. It is empty for nil.
func classOf(err error) string {
	if err == nil {
		return ""
	}
	var panicked *kafka.PanicError
	var invalid *schema.ValidationError
	var message *kafka.MessageError
	switch {
	case errors.As(err, &panicked):
		return classPanic
	case errors.As(err, &invalid):
		return classInvalid
	case errors.As(err, &message) && message.Attempts == 0 && message.Raw == nil && classOf(message.Err) == classOther:
		return classTombstone
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.class
		}
	}
	return classOfCause(err)
}

func classOfCause(err error) string {
	var large *kgo.ErrDecompressTooLarge
	var code *kerr.Error
	var connect *kafka.ConnectError
	switch {
	case errors.As(err, &large):
		return classTooLarge
	case errors.As(err, &code):
		return code.Message
	case errors.As(err, &connect):
		return classConnection
	case errors.Is(err, context.DeadlineExceeded):
		return classTimeout
	case errors.Is(err, context.Canceled):
		return classCanceled
	}
	return classOther
}

// rulesOf are the rules that an invalid message breaks, each once. Their number is bounded: they are keywords of JSON Schema and limits
// of package schema.
func rulesOf(err error) []string {
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	var rules []string
	seen := map[string]bool{}
	for _, f := range invalid.Faults {
		if !seen[f.Rule] {
			seen[f.Rule] = true
			rules = append(rules, f.Rule)
		}
	}
	return rules
}
