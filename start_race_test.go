package kafka_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// Another member comes, commits and goes between a group's look at the start and its commit: what that one committed holds.
func TestAnotherMembersStartHoldsWhereItWasFaster(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it comes between two requests of one client")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	asked, committed := make(chan struct{}), make(chan struct{})
	var held atomic.Bool
	c.fake.ControlKey(kmsg.OffsetCommit.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if !held.CompareAndSwap(false, true) {
			return nil, nil, false
		}
		close(asked)
		c.fake.SleepControl(func() { <-committed })
		return refuseCommit(req.(*kmsg.OffsetCommitRequest), kerr.UnknownMemberID), nil, true // as a member is there
	})
	consumer := newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest))
	received, _ := inBackground(t, consumer)
	<-asked
	c.commitAs(t, topic, kadm.Offset{At: 2, LeaderEpoch: -1})
	close(committed)
	for i, ctx := 2, within(t, patience); i < 5; i++ {
		select {
		case m := <-received:
			if m.Value.Qty != i {
				t.Errorf("received order %d, want %d", m.Value.Qty, i)
			}
		case <-ctx.Done():
			t.Fatalf("order %d did not come", i)
		}
	}
}

func refuseCommit(req *kmsg.OffsetCommitRequest, code *kerr.Error) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, rt := range req.Topics {
		topic := kmsg.NewOffsetCommitResponseTopic()
		topic.Topic, topic.TopicID = rt.Topic, rt.TopicID
		for _, rp := range rt.Partitions {
			part := kmsg.NewOffsetCommitResponseTopicPartition()
			part.Partition, part.ErrorCode = rp.Partition, code.Code
			topic.Partitions = append(topic.Partitions, part)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}

// liveMember is a member of the group as another program has it, and waits until it is one.
func (c *cluster) liveMember(t *testing.T, topic string) {
	t.Helper()
	c.client(t, kgo.ConsumerGroup(c.cfg.Group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(), kgo.Balancers(kgo.CooperativeStickyBalancer()))
	eventually(t, "the group has a member", func() bool {
		groups, err := c.adm.DescribeGroups(within(t, patience), c.cfg.Group)
		return err == nil && groups[c.cfg.Group].State == "Stable" && len(groups[c.cfg.Group].Members) > 0
	})
}

// Consumers of several topics may share a group: who comes later has a start of his own all the same.
func TestAStartIsFoundBesideMembersOfAnotherTopic(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 2)
	c.liveMember(t, c.topic(t, 1))
	c.writeOrders(t, topic, 0, 0, 3)
	first := newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest))
	received, stop := inBackground(t, first)
	c.began(t, topic, 2)
	stop()
	disconnect(t, first)
	if len(received) > 0 {
		t.Errorf("received order %d, which is older than the consumer", (<-received).Value.Qty)
	}
	c.writeOrders(t, topic, 0, 3, 6) // while nobody reads the topic
	c.writeOrders(t, topic, 1, 6, 7)
	second := newConsumer(t, c.proxy(t), topic, kafka.WithStart(kafka.Latest))
	seen := make(map[int]bool)
	for range 4 {
		seen[retrieve(t, second).Value.Qty] = true
	}
	for i := 3; i < 7; i++ {
		if !seen[i] {
			t.Errorf("order %d got lost between two consumers", i)
		}
	}
}

// Where a member of the same topic has no offsets to show, nobody can say where the group begins: the error says what to do.
func TestAStartThatCannotBeFoundSaysWhatToDo(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.liveMember(t, topic)
	cfg := c.cfg
	cfg.ConnectTimeout = 3 * time.Second // of which a busy machine may take one to connect
	consumer := newConsumer(t, newProxy(t, cfg), topic, kafka.WithStart(kafka.Latest))
	err := retrieveError(t, consumer)
	wantWords(t, err, cfg.Group, topic, "has not committed", "WithStart", "kafka-consumer-groups.sh")
	if !kafka.Temporary(err) {
		t.Errorf("%v heals with the member's first commit", err)
	}
}

// What the end of the context cuts short does not hide what the answer before it said.
func TestAStartThatIsCutShortSaysWhatToDo(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.liveMember(t, topic)
	cfg := c.cfg
	cfg.ConnectTimeout = 4 * time.Second
	var asked written
	n := newLines()
	consumer := newConsumer(t, newProxy(t, cfg, asked.option(), n.option()), topic, kafka.WithStart(kafka.Latest))
	told := make(chan error, 1)
	go func() {
		_, err := consumer.Retrieve(within(t, patience))
		told <- err
	}()
	eventually(t, "the start is looked up again", func() bool { return asked.of(kmsg.ListOffsets) > 1 })
	defer n.freeze()()
	err := <-told
	wantWords(t, err, cfg.Group, topic, "has not committed", "WithStart", "kafka-consumer-groups.sh")
	wantError(t, err, context.DeadlineExceeded)
}
