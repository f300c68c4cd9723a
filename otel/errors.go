package kafkaotel

import (
	"context"
	"errors"
	"reflect"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// The values of error.type that are neither a code of Kafka's, such as TOPIC_AUTHORIZATION_FAILED, nor a type of Go's.
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

// classOf is the error.type of an error: one of few words, never a text that could hold payload. It is empty for nil.
func classOf(err error) string {
	if err == nil {
		return ""
	}
	var message *kafka.MessageError
	var panicked *kafka.PanicError
	var invalid *schema.ValidationError
	var batch *kafka.BatchError
	switch {
	case errors.As(err, &message):
		return classOfMessage(message)
	case errors.As(err, &panicked):
		return classPanic
	case errors.As(err, &batch) && len(batch.Unwrap()) > 0:
		return classOf(batch.Unwrap()[0])
	case errors.As(err, &invalid):
		return classInvalid
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
	return semconv.ErrorType(bare(err)).Value.AsString()
}

// classOfMessage is the error.type of a message that could not be decoded, or that a handler has failed with.
func classOfMessage(m *kafka.MessageError) string {
	if class := classOf(m.Err); m.Raw != nil || m.Attempts > 0 || class == classTooLarge {
		return class
	}
	return classTombstone
}

// bare is what stands below the wrappers of package kafka, such as Permanent's, whose types say nothing of an error.
func bare(err error) error {
	ours := reflect.TypeFor[kafka.Config]().PkgPath()
	for {
		t := reflect.TypeOf(err)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		inner := errors.Unwrap(err)
		if inner == nil || t.PkgPath() != ours && t.PkgPath() != "fmt" {
			return err
		}
		err = inner
	}
}

// tellable is the text of a handler's error that holds no payload; empty where nobody can tell.
func tellable(err error) string {
	var panicked *kafka.PanicError
	var invalid *schema.ValidationError
	switch {
	case errors.As(err, &panicked):
		return panicked.Error()
	case errors.As(err, &invalid):
		return invalid.Error()
	}
	return ""
}

// brokenRules are the rules that a message breaks that is not valid, each once. Their number is bounded: they are keywords of JSON
// Schema, limits of package schema, and two of ours.
func brokenRules(err error) (rules []string) {
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	for _, f := range invalid.Faults {
		rules = appendNew(rules, f.Rule)
	}
	return rules
}

func appendNew(all []string, one string) []string {
	for _, s := range all {
		if s == one {
			return all
		}
	}
	return append(all, one)
}
