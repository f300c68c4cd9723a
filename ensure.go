package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/internal/nearest"
)

// EnsureTopics creates the topics that Config.Topics declares and the cluster lacks, and waits until they can be used. It never
// changes what exists: a partition count, replication factor or config that differs from a declared one is an error that says both,
// and the command that would change it, after all that is missing was created. So is a missing permission, as an [AccessError]. It
// blocks until then or until ctx ends.
func (p *Proxy) EnsureTopics(ctx context.Context) error {
	err := p.briefly(ctx, func(ctx context.Context, cl *kgo.Client) error {
		if len(p.cfg.Topics) == 0 {
			return errors.New("the configuration declares no topics: list them under topics")
		}
		e := ensuring{access: p.access, adm: kadm.NewClient(cl), log: p.log}
		return e.all(ctx, p.cfg.Topics)
	})
	if err != nil {
		return fmt.Errorf("kafka: ensure topics: %w", err)
	}
	return nil
}

// topicName is the name that an entry has in the cluster.
func topicName(t TopicConfig) string { return cmp.Or(t.Name, t.Alias) }

// An ensuring is one call of EnsureTopics.
type ensuring struct {
	access *access
	adm    *kadm.Client
	log    *slog.Logger
}

func (e ensuring) all(ctx context.Context, topics []TopicConfig) error {
	var errs []error
	var created []string
	for _, t := range topics {
		missing, err := e.look(ctx, t)
		if missing {
			if err = e.create(ctx, t); err == nil {
				created = append(created, topicName(t))
			}
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
	return errors.Join(append(errs, awaitLeaders(ctx, e.adm, created))...)
}

// look says whether a topic is missing, or else in what it is not as declared. It asks for one at a time: kadm tells nothing of the
// others where one may not be seen.
func (e ensuring) look(ctx context.Context, t TopicConfig) (missing bool, err error) {
	name := topicName(t)
	have, err := e.adm.ListTopics(ctx, name)
	if err == nil {
		err = have[name].Err
	}
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return true, nil
	case err != nil:
		return false, e.access.forbidden(fmt.Errorf("topic %q: %w", name, err), need{operation: "Describe", topic: name})
	}
	detail := have[name]
	return false, errors.Join(e.differingPartitions(t, detail), e.differingReplicas(t, detail), e.differingConfigs(ctx, t))
}

func (e ensuring) create(ctx context.Context, t TopicConfig) error {
	configs := make(map[string]*string)
	for key, value := range t.Configs {
		configs[key] = &value
	}
	name := topicName(t)
	// -1 is the cluster's default (KIP-464).
	resp, err := e.adm.CreateTopic(ctx, cmp.Or(t.Partitions, -1), cmp.Or(t.ReplicationFactor, -1), configs, name)
	switch {
	case err == nil:
		e.log.Info("kafka: topic created", "topic", name)
		return nil
	case errors.Is(err, kerr.TopicAlreadyExists): // another instance of the application was faster
		return nil
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return e.access.forbidden(err, need{operation: "Create", topic: name, seen: true})
	case errors.Is(err, kerr.InvalidConfig), errors.Is(err, kerr.PolicyViolation), errors.Is(err, kerr.InvalidReplicationFactor):
		return fmt.Errorf("create topic %q: %w (%s): correct its entry in topics", name, err, cmp.Or(resp.ErrMessage, "the broker says no more"))
	}
	return fmt.Errorf("create topic %q: %w", name, err)
}

func (e ensuring) differingPartitions(t TopicConfig, detail kadm.TopicDetail) error {
	have, want := len(detail.Partitions), int(t.Partitions)
	switch {
	case want == 0 || want == have:
		return nil
	case want < have:
		return fmt.Errorf("topic %q has %d partitions, the configuration declares %d: change the declaration, since Kafka takes no partition"+
			" away", detail.Topic, have, want)
	}
	return fmt.Errorf("topic %q has %d partitions, the configuration declares %d: change the declaration, or add partitions, which moves"+
		" keys to others: %s --alter --topic %s --partitions %d", detail.Topic, have, want, e.access.tool("kafka-topics.sh"), detail.Topic, want)
}

func (e ensuring) differingReplicas(t TopicConfig, detail kadm.TopicDetail) error {
	have, want := detail.Partitions.NumReplicas(), int(t.ReplicationFactor)
	if want == 0 || want == have {
		return nil
	}
	return fmt.Errorf("topic %q has replication factor %d, the configuration declares %d: change the declaration, or move replicas: %s"+
		" --execute --reassignment-json-file plan.json", detail.Topic, have, want, e.access.tool("kafka-reassign-partitions.sh"))
}

// differingConfigs compares what is declared, and nothing else, with what the topic has, by itself or by the cluster's default.
func (e ensuring) differingConfigs(ctx context.Context, t TopicConfig) error {
	if len(t.Configs) == 0 {
		return nil
	}
	name := topicName(t)
	described, err := e.adm.DescribeTopicConfigs(ctx, name)
	if err == nil {
		_, err = described.On(name, nil)
	}
	if err == nil {
		err = described[0].Err
	}
	if err != nil {
		return e.access.forbidden(fmt.Errorf("the configs of topic %q: %w", name, err), need{operation: "DescribeConfigs", topic: name, seen: true})
	}
	have := make(map[string]string)
	for _, c := range described[0].Configs {
		have[c.Key] = c.MaybeValue()
	}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(t.Configs)) {
		errs = append(errs, e.differingConfig(name, key, t.Configs[key], have))
	}
	return errors.Join(errs...)
}

func (e ensuring) differingConfig(topic, key, want string, all map[string]string) error {
	have, known := all[key]
	switch {
	case !known:
		offer := "remove it"
		if near := nearest.Names(key, slices.Sorted(maps.Keys(all)), 1); len(near) > 0 {
			offer = "do you mean " + near[0] + "?"
		}
		return fmt.Errorf("topic %q can have no config %s, which the configuration declares: %s", topic, key, offer)
	case same(have, want):
		return nil
	}
	value := want
	if strings.Contains(value, ",") {
		value = "[" + value + "]" // so that the tool takes it as one
	}
	return fmt.Errorf("topic %q has %s=%s, the configuration declares %s: change the declaration, or the topic: %s", topic, key, have, want,
		e.access.configLine(topic, key+"="+value))
}

// same compares two values as Kafka does: lists in any order, numbers by their value.
func same(a, b string) bool {
	items := func(s string) []string {
		list := strings.Split(s, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		slices.Sort(list)
		return list
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y || slices.Equal(items(a), items(b))
}

// awaitPause is the time between two looks at topics that are about to be ready.
const awaitPause = 20 * time.Millisecond

// awaitLeaders waits until every partition has a leader: right after creation a real cluster says for a moment that it does not
// know the topic (28 of 30 tries against Apache Kafka 4.3.1).
func awaitLeaders(ctx context.Context, adm *kadm.Client, names []string) error {
	for len(names) > 0 { // no names would ask for all topics
		topics, err := adm.ListTopics(ctx, names...)
		if err != nil {
			return err
		}
		if ready(topics) {
			return nil
		}
		select {
		case <-time.After(awaitPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ready reports whether every partition of every topic has a leader.
func ready(topics kadm.TopicDetails) bool {
	for _, t := range topics {
		if t.Err != nil {
			return false
		}
		for _, part := range t.Partitions {
			if part.Leader < 0 {
				return false
			}
		}
	}
	return true
}
