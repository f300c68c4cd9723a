package kafkaprom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// Every error is one of few words.
func TestClassOf(t *testing.T) {
	t.Parallel()
	invalid := &schema.ValidationError{Faults: []schema.Fault{{Rule: "minimum"}, {Rule: "type"}, {Rule: "minimum"}}}
	record := kafka.Record{Raw: []byte("{}")}
	for want, err := range map[string]error{
		"":                     nil,
		"invalid_message":      &kafka.MessageError{Record: record, Err: invalid},
		"unexpected_tombstone": &kafka.MessageError{Err: errors.New("the value is null")},
		"other":                &kafka.MessageError{Record: record, Err: errors.New("no")},
		"batch_too_large":      &kafka.MessageError{Err: &kgo.ErrDecompressTooLarge{}},
		"panic":                fmt.Errorf("handler: %w", &kafka.PanicError{}),
		"outcome_unknown":      fmt.Errorf("%w: %w", kafka.ErrOutcomeUnknown, kerr.RequestTimedOut),
		"buffer_full":          fmt.Errorf("%w: %w", kafka.ErrBufferFull, context.DeadlineExceeded),
		"disconnected":         kafka.ErrDisconnected,
		"TOPIC_AUTHORIZATION_FAILED": fmt.Errorf("produce: %w",
			kerr.TopicAuthorizationFailed),
		"UNKNOWN_TOPIC_OR_PARTITION": kafka.ErrUnknownTopic,
		"connection":                 &kafka.ConnectError{Err: context.DeadlineExceeded},
		"timeout":                    context.DeadlineExceeded,
		"canceled":                   kafka.Permanent(context.Canceled),
	} {
		if got := classOf(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	if got := rulesOf(fmt.Errorf("send: %w", invalid)); !slices.Equal(got, []string{"minimum", "type"}) {
		t.Errorf("the rules are %q", got)
	}
}

// Two consumers of a partition are told as one: the worst of both, and the sum of what they hold.
func TestSurvey(t *testing.T) {
	t.Parallel()
	now := time.Now()
	stalled := kafka.PartitionStatus{
		Partition: 3, Position: 7, Committed: -1, End: 9, Lag: 2, InFlight: 1, InFlightBytes: 10, Stalled: "a transaction", StalledSince: now.Add(-time.Minute),
	}
	behind := kafka.PartitionStatus{Partition: 3, Position: 4, Committed: 4, End: 8, Lag: 4, InFlight: 2, InFlightBytes: 20, Paused: true}
	s := survey([]kafka.Status{
		{Topic: "orders", Joined: true, Partitions: []kafka.PartitionStatus{stalled}},
		{Topic: "orders", Partitions: []kafka.PartitionStatus{behind}},
		{Topic: "orders", Group: "billing", Joined: true},
	}, now)
	if g := s.groups[place{"orders", ""}]; g.used != 2 || g.joined != 1 {
		t.Errorf("%+v", g)
	}
	if len(s.groups) != 2 || len(s.partitions) != 1 {
		t.Errorf("%+v", s)
	}
	p := s.partitions[partitionPlace{place{"orders", ""}, 3}]
	if p.Position != 4 || p.Committed != -1 || p.End != 9 || p.Lag != 4 || p.InFlight != 3 || p.InFlightBytes != 30 || !p.Paused || p.stalled != time.Minute {
		t.Errorf("%+v", p)
	}
}

// A clock that is set back makes no time negative, which would leave the gauge out.
func TestStalledInTheFuture(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := kafka.PartitionStatus{Stalled: "a transaction", StalledSince: now.Add(time.Hour)}
	s := survey([]kafka.Status{{Partitions: []kafka.PartitionStatus{p}}}, now)
	if got := s.partitions[partitionPlace{}].stalled; got != 0 {
		t.Errorf("it stands for %s", got)
	}
}
