package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// Every error is of one of few types.
func TestErrorType(t *testing.T) {
	t.Parallel()
	record := kafka.Record{Raw: []byte("{}")}
	for want, err := range map[string]error{
		"":                           nil,
		"invalid_message":            &kafka.MessageError{Record: record, Err: &schema.ValidationError{}},
		"unexpected_tombstone":       &kafka.MessageError{Err: errors.New("the value is null")},
		"other":                      &kafka.MessageError{Record: record, Err: errors.New("no")},
		"batch_too_large":            &kafka.MessageError{Err: &kgo.ErrDecompressTooLarge{}},
		"panic":                      fmt.Errorf("handler: %w", &kafka.PanicError{Value: &schema.ValidationError{}}),
		"outcome_unknown":            fmt.Errorf("%w: %w", kafka.ErrOutcomeUnknown, kerr.RequestTimedOut),
		"buffer_full":                fmt.Errorf("%w: %w", kafka.ErrBufferFull, context.DeadlineExceeded),
		"disconnected":               kafka.ErrDisconnected,
		"TOPIC_AUTHORIZATION_FAILED": fmt.Errorf("produce: %w", &kafka.AccessError{Err: kerr.TopicAuthorizationFailed}),
		"SASL_AUTHENTICATION_FAILED": &kafka.ConnectError{Err: kerr.SaslAuthenticationFailed},
		"UNKNOWN_TOPIC_OR_PARTITION": kafka.ErrUnknownTopic,
		"connection":                 &kafka.ConnectError{Err: io.EOF},
		"timeout":                    context.DeadlineExceeded,
		"canceled":                   kafka.Permanent(context.Canceled),
	} {
		if got := kafka.ErrorType(err); got != want {
			t.Errorf("%v is of type %q, want %q", err, got, want)
		}
	}
	for want, err := range map[string]error{
		"connection": &kafka.ConnectError{Err: context.DeadlineExceeded},
		"timeout":    &kafka.MessageError{Err: context.DeadlineExceeded, Attempts: 1}, // a handler's, of a tombstone
	} {
		if got := kafka.ErrorType(err); got != want {
			t.Errorf("%v is of type %q, want %q", err, got, want)
		}
	}
}
