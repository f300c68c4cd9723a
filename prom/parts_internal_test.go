package kafkaprom

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// The rules of an invalid message are found below what wraps its error, each once.
func TestRulesOf(t *testing.T) {
	t.Parallel()
	invalid := &schema.ValidationError{Faults: []schema.Fault{{Rule: "minimum"}, {Rule: "type"}, {Rule: "minimum"}}}
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
