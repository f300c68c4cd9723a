package kafka_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// A member that its group has removed, and that learns of it only as it joins again, is given its partition back without a word of
// franz-go that it was lost in between: another member had it, and has gone on. What was received before must not move the group's
// offset any more, and nothing may be missed.
func TestARemovedMemberThatIsBackAtOnceMovesNothingBack(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "it holds back a heartbeat while the group goes on without the member")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	first := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	var old []*kafka.Message[order]
	for range 5 {
		old = append(old, retrieve(t, first))
	}
	beating, goOn := make(chan struct{}), make(chan struct{})
	var held atomic.Bool
	c.fake.ControlKey(kmsg.Heartbeat.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if !held.CompareAndSwap(false, true) {
			c.fake.KeepControl()
			return nil, nil, false
		}
		close(beating)
		c.fake.SleepControl(func() { <-goOn })
		resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
		resp.ErrorCode = kerr.RebalanceInProgress.Code // as for every member while another joins
		return resp, nil, true
	})
	<-beating
	groups, err := c.adm.DescribeGroups(within(t, patience), c.cfg.Group)
	if err != nil {
		t.Fatal(err)
	}
	leave := kmsg.NewPtrLeaveGroupRequest()
	member := kmsg.NewLeaveGroupRequestMember()
	member.MemberID = groups[c.cfg.Group].Members[0].MemberID
	leave.Group, leave.MemberID, leave.Members = c.cfg.Group, member.MemberID, append(leave.Members, member)
	if _, err := leave.RequestWith(within(t, patience), c.client(t)); err != nil {
		t.Fatal(err)
	}
	other := c.client(t, kgo.ConsumerGroup(c.cfg.Group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for n := 0; n < 5; {
		fetches := other.PollFetches(within(t, patience))
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		n += fetches.NumRecords()
	}
	handled := map[string]map[int32]kgo.EpochOffset{topic: {0: {Epoch: -1, Offset: 3}}}
	other.CommitOffsetsSync(within(t, patience), handled, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, _ *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	other.Close()
	close(goOn)

	for _, stale := range old[:4] {
		if err := stale.Ack(); err != nil && !errors.Is(err, kafka.ErrNotOwned) {
			t.Error(err)
		}
		_ = first.Commit(within(t, patience))
		c.wantCommitted(t, topic, 0, 3)
	}
	for i := 3; i < 5; i++ { // where the other one was, though nothing new comes
		m := retrieve(t, first)
		if m.Value.Qty != i {
			t.Fatalf("received order %d, want %d", m.Value.Qty, i)
		}
		if err := m.Ack(); err != nil {
			t.Error(err)
		}
	}
	if err := old[4].Ack(); !errors.Is(err, kafka.ErrNotOwned) {
		t.Errorf("acknowledging what was received before: %v, want ErrNotOwned", err)
	}
	commit(t, first)
	c.wantCommitted(t, topic, 0, 5)
}
