package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// WithPartitions reads these partitions of the topic without a group: each from WithStart whenever the consumer connects, whatever
// others read or committed. No group is needed. Ack and the next Retrieve only make room (WithMaxUnacked): nothing is committed, and
// Commit does nothing. A partition that the topic lacks is an error of connecting. Of a topic that is made again the same partitions
// are read, from their start.
func WithPartitions(partitions ...int32) ConsumerOption {
	return func(o *consumerOptions) { o.direct, o.partitions = true, slices.Clone(partitions) }
}

func (o consumerOptions) checkDirect() error {
	var refused objections
	refused.when(len(o.partitions) == 0, "WithPartitions names none: give the partitions to read")
	seen := make(map[int32]bool)
	for _, p := range o.partitions {
		refused.when(p < 0, "WithPartitions(%d): partitions are counted from 0", p)
		refused.when(seen[p], "WithPartitions names %d twice: give each partition once", p)
		seen[p] = true
	}
	without := "WithPartitions reads without a group, so %s does nothing: leave one of the two out"
	refused.when(o.groupGiven, without, "WithGroup")
	refused.when(o.instanceID != nil, without, "WithInstanceID")
	refused.when(o.serverSide, without, "WithServerSideBalancer")
	refused.when(o.syncCommit, without, "WithSyncCommit")
	refused.when(o.commitEvery != nil, without, "WithCommitInterval")
	return refused.err()
}

// findStarts looks up where the partitions that are read without a group begin, and makes sure that there are such.
func (r *reader) findStarts(ctx context.Context, cl *kadm.Client) error {
	listed, err := r.lookUpStart(ctx, cl)
	if err != nil {
		return err
	}
	var errs []error
	starts := make(map[int32]position)
	for _, p := range r.options.partitions {
		at, known := listed.Lookup(r.topic, p)
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("topic %q has no partition %d: it has %d, from 0 on; correct WithPartitions, or add partitions"+
				" (kafka-topics.sh --alter --partitions)", r.topic, p, len(listed[r.topic])))
		case at.Err != nil:
			errs = append(errs, fmt.Errorf("where partition %d begins: %w", p, at.Err))
		}
		starts[p] = position{at.Offset, -1}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.starts = starts
	return errors.Join(errs...)
}

// directly are the client's options for reading partitions without a group.
func (r *reader) directly() []kgo.Opt {
	return []kgo.Opt{kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: r.directOffsets()})}
}

func (r *reader) directOffsets() map[int32]kgo.Offset {
	r.mu.Lock()
	defer r.mu.Unlock()
	offsets := make(map[int32]kgo.Offset)
	for p, at := range r.starts {
		offsets[p] = kgo.NewOffset().At(at.offset)
	}
	return offsets
}

// beginDirectly begins the tracking of partitions that are read without a group, before anything of them is polled.
func (r *reader) beginDirectly(cl *kgo.Client) {
	r.begin(cl, r.options.partitions)
	r.mu.Lock()
	defer r.mu.Unlock()
	for p, at := range r.starts {
		r.assigned[p].polled = at.offset
	}
}

// restartDirectly goes on with the same partitions of a topic that was made again, from their start.
func (r *reader) restartDirectly(cl *kgo.Client) {
	r.mu.Lock()
	for p := range r.starts {
		r.starts[p] = position{}
	}
	r.mu.Unlock()
	r.beginDirectly(cl)
	cl.AddConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: r.directOffsets()})
}
