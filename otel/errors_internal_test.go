package kafkaotel

// It tests from inside, since brokers don't give most of these errors on demand.

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

type ownClass struct{}

func (ownClass) Error() string     { return "own" }
func (ownClass) ErrorType() string { return "card_expired" }

func TestClasses(t *testing.T) {
	t.Parallel()
	invalid := &schema.ValidationError{}
	connect := func(err error) error { return fmt.Errorf("kafka: %w", &kafka.ConnectError{Err: err}) }
	for want, err := range map[string]error{
		"":                           nil,
		"invalid_message":            fmt.Errorf("kafka: produce: %w", invalid),
		"panic":                      &kafka.PanicError{Value: invalid},
		"outcome_unknown":            fmt.Errorf("%w: %w", kafka.ErrOutcomeUnknown, kerr.RequestTimedOut),
		"buffer_full":                fmt.Errorf("%w: %w", kafka.ErrBufferFull, context.DeadlineExceeded),
		"disconnected":               kafka.ErrDisconnected,
		"UNKNOWN_TOPIC_OR_PARTITION": kafka.ErrUnknownTopic,
		"TOPIC_AUTHORIZATION_FAILED": &kafka.AccessError{Err: kerr.TopicAuthorizationFailed},
		"SASL_AUTHENTICATION_FAILED": connect(kerr.SaslAuthenticationFailed),
		"connection":                 connect(io.EOF),
		"batch_too_large":            &kgo.ErrDecompressTooLarge{},
		"timeout":                    fmt.Errorf("the bank: %w", context.DeadlineExceeded),
		"canceled":                   context.Canceled,
		"*errors.errorString":        kafka.Permanent(fmt.Errorf("%w", io.EOF)),
		"card_expired":               kafka.Permanent(&wrapped{ownClass{}}),
		"*kafkaotel.wrapped":         &wrapped{errors.New("x")},
		"MESSAGE_TOO_LARGE":          &kafka.BatchError{Errs: []error{nil, kerr.MessageTooLarge, io.EOF}},
		"*kafka.BatchError":          &kafka.BatchError{},
	} {
		if got := classOf(err); got != want {
			t.Errorf("%v is of class %q, want %q", err, got, want)
		}
	}
}

type wrapped struct{ err error }

func (w *wrapped) Error() string { return "wrapped" }
func (w *wrapped) Unwrap() error { return w.err }

// A message without a value has its own class only where it was no handler that failed.
func TestClassesOfMessages(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]kafka.MessageError{
		"unexpected_tombstone": {Err: errors.New("the value is null")},
		"timeout":              {Err: context.DeadlineExceeded, Attempts: 1},
		"batch_too_large":      {Err: &kgo.ErrDecompressTooLarge{}},
		"invalid_message":      {Err: &schema.ValidationError{}, Record: kafka.Record{Raw: []byte("{}")}},
	} {
		if got := classOf(&m); got != want {
			t.Errorf("%v is of class %q, want %q", m.Err, got, want)
		}
	}
}
