package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// WithServerSideBalancer lets the group's coordinator divide the partitions (KIP-848, group.protocol=consumer in Java) instead of the
// members (classic, cooperative-sticky), which rebalances without a pause of the whole group. It needs Kafka 4.0, and 4.3 for commits
// that no rebalance refuses; against a broker that lacks it, connecting is an error. Members of both kinds may share a group while it
// is moved from one to the other. The session timeout is then the group's own (group.consumer.session.timeout.ms, or
// consumer.session.timeout.ms of the group's configs) and not consumer.session_timeout. It can't be combined with WithInstanceID.
func WithServerSideBalancer() ConsumerOption {
	return func(o *consumerOptions) { o.serverSide = true }
}

// WithInstanceID makes the consumer a static member of its group (KIP-345, group.instance.id): Disconnect does not leave the group, and
// one with the same id that comes back within the session timeout has the partitions of before, without a rebalance; where it leads the
// group, which the oldest member does, the members join once more and keep what they have. Nobody else reads them meanwhile. The id must
// be unique in the group and stay the same over restarts, such as the name of a pod in a StatefulSet; of two with one id the older is
// fenced, which is an error that ends it. By default members are dynamic.
func WithInstanceID(id string) ConsumerOption {
	return func(o *consumerOptions) { o.instanceID = &id }
}

// checkMembership finds what can't be met of how the consumer is to read its partitions.
func (o consumerOptions) checkMembership() error {
	if o.direct {
		return o.checkDirect()
	}
	var refused objections
	refused.when(o.group == "", "no consumer group: set group in the configuration (KAFKA_GROUP) or in the topic's entry,"+
		" use WithGroup, or read WithPartitions, without a group")
	if o.instanceID == nil {
		return refused.err()
	}
	// franz-go v1.22.2 leaves without the id, which Kafka 4.3 refuses; then it refuses the restart for the whole session.
	refused.when(o.serverSide, "WithInstanceID and WithServerSideBalancer can't be combined: the client can't leave such a group"+
		" in a way that lets the same id come back before its session ends; take one of the two")
	if *o.instanceID == "" {
		refused.when(true, "WithInstanceID needs an id: give each member its own, which stays the same over restarts")
	} else if err := checkTopicName(*o.instanceID); err != nil { // Kafka has the same rules for both
		refused.when(true, "WithInstanceID: the id %w", err)
	}
	return refused.err()
}

// membership are the client's options that say how it is a member of the group.
func (r *reader) membership() []kgo.Opt {
	opts := []kgo.Opt{kgo.ConsumerGroup(r.group), kgo.Balancers(kgo.CooperativeStickyBalancer())}
	if r.options.serverSide { // the balancer says which assignor the coordinator is to use; with another one franz-go stays classic
		opts = append(opts, kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))
	}
	if r.options.instanceID != nil {
		opts = append(opts, kgo.InstanceID(*r.options.instanceID))
	}
	return opts
}

// needServerSide makes sure that the group's coordinator can balance: where it can't, franz-go would join the classic way, and say so
// in its log only. A broker may know the request and still be set to refuse it (group.coordinator.rebalance.protocols), so this sends
// one: the leave of a member that nobody knows changes nothing.
func (r *reader) needServerSide(ctx context.Context, cl *kgo.Client) error {
	const leave, firstStable = -1, 1
	for {
		req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
		req.Group, req.MemberID, req.MemberEpoch = r.group, "nobody", leave
		resp, err := req.RequestWith(ctx, cl)
		if err == nil {
			err = kerr.ErrorForCode(resp.ErrorCode)
		}
		var answer *kerr.Error
		switch known := errors.As(err, &answer); {
		case errors.Is(err, kerr.UnsupportedVersion), err != nil && !known && !Temporary(err):
			return r.lacksServerSide(err)
		case err != nil && !known:
			return err
		case err == nil || !answer.Retriable:
			if req.GetVersion() < firstStable {
				return r.lacksServerSide(kerr.UnsupportedVersion)
			}
			return nil // it knows neither this member nor, perhaps, the group, as it should
		}
		if err := sleep(ctx); err != nil {
			return err
		}
	}
}

func (r *reader) lacksServerSide(cause error) error {
	return fmt.Errorf("WithServerSideBalancer needs brokers with consumer groups of KIP-848 (Kafka 4.0 or later, \"consumer\" in"+
		" group.coordinator.rebalance.protocols), and the coordinator of group %q has none: leave the option out, or upgrade: %w",
		r.group, cause)
}
