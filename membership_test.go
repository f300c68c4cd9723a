package kafka_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/typedkafka/kafka"
)

// written counts the requests of each kind that a proxy's clients write.
type written struct {
	mu    sync.Mutex
	count map[int16]int
}

func (w *written) option() kafka.ProxyOption {
	w.count = make(map[int16]int)
	return kafka.WithClientOptions(kgo.WithHooks(w))
}

func (w *written) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count[key]++
}

func (w *written) of(keys ...kmsg.Key) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		n += w.count[k.Int16()]
	}
	return n
}

// All that can't be met of a membership is told by the constructor, at once.
func TestMembershipsThatCantBe(t *testing.T) {
	t.Parallel()
	p := newProxy(t, kafka.Config{Brokers: []string{"127.0.0.1:1"}, Group: "g"})
	for name, test := range map[string]struct {
		opts  []kafka.ConsumerOption
		words []string
	}{
		"static and server-side": {
			[]kafka.ConsumerOption{kafka.WithInstanceID("a"), kafka.WithServerSideBalancer()}, []string{"can't be combined", "session"},
		},
		"no id":           {[]kafka.ConsumerOption{kafka.WithInstanceID("")}, []string{"WithInstanceID needs an id"}},
		"an id that":      {[]kafka.ConsumerOption{kafka.WithInstanceID("a b")}, []string{"a b", "letters"}},
		"no interval":     {[]kafka.ConsumerOption{kafka.WithCommitInterval(0)}, []string{"WithCommitInterval(0s)", "WithSyncCommit"}},
		"no partitions":   {[]kafka.ConsumerOption{kafka.WithPartitions()}, []string{"WithPartitions names none"}},
		"below 0, twice":  {[]kafka.ConsumerOption{kafka.WithPartitions(-1, 3, 3)}, []string{"WithPartitions(-1)", "names 3 twice"}},
		"a group, direct": {[]kafka.ConsumerOption{kafka.WithPartitions(0), kafka.WithGroup("g")}, []string{"WithGroup"}},
		"much, direct": {
			[]kafka.ConsumerOption{
				kafka.WithPartitions(0), kafka.WithInstanceID("a"), kafka.WithServerSideBalancer(), kafka.WithSyncCommit(),
				kafka.WithCommitInterval(time.Second),
			},
			[]string{"WithInstanceID", "WithServerSideBalancer", "WithSyncCommit", "WithCommitInterval", "without a group"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := kafka.NewConsumer(p, orders("orders"), test.opts...)
			wantWords(t, err, test.words...)
		})
	}
	none := newProxy(t, kafka.Config{Brokers: []string{"127.0.0.1:1"}})
	_, err := kafka.NewConsumer(none, orders("orders"))
	wantWords(t, err, "no consumer group", "WithGroup", "WithPartitions")
}

// With a server-side balancer the coordinator divides the partitions (KIP-848): no member ever joins the classic way, all is received
// once by one or the other, and who leaves hands over at once.
func TestAServerSideBalancer(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	const partitions, each = 4, 20
	topic := c.topic(t, partitions)
	var w written
	p := c.proxy(t, w.option())
	var members []*kafka.Consumer[order]
	var streams []<-chan *kafka.Message[order]
	var stops []func()
	for range 2 {
		consumer := newConsumer(t, p, topic, kafka.WithServerSideBalancer())
		received, stop := inBackground(t, consumer)
		defer stop()
		members, streams, stops = append(members, consumer), append(streams, received), append(stops, stop)
	}
	owned := func() []int {
		return []int{len(members[0].Status().Partitions), len(members[1].Status().Partitions)}
	}
	eventually(t, "each has its half", func() bool { return slices.Equal(owned(), []int{2, 2}) })
	for q := range int32(partitions) {
		c.writeOrders(t, topic, q, 0, each)
	}
	offsets := make(map[int32]int64)
	for range partitions * each {
		var m *kafka.Message[order]
		select {
		case m = <-streams[0]:
		case m = <-streams[1]:
		case <-within(t, patience).Done():
			t.Fatalf("received %v", offsets)
		}
		if m.Offset != offsets[m.Partition] {
			t.Errorf("received offset %d of partition %d, want %d", m.Offset, m.Partition, offsets[m.Partition])
		}
		offsets[m.Partition]++
	}
	for _, m := range members {
		commit(t, m)
	}
	stops[0]()
	disconnect(t, members[0])
	eventually(t, "the other one has all", func() bool { return len(members[1].Status().Partitions) == partitions })
	for q := range int32(partitions) {
		c.writeOrders(t, topic, q, each, each+1)
	}
	for left := partitions; left > 0; {
		m := receivedNext(t, streams[1])
		if m.Offset == each {
			left--
		} else if m.Offset != each-1 { // which the first one may have had in hand
			t.Errorf("received offset %d again", m.Offset)
		}
	}
	if n := w.of(kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat); n > 0 {
		t.Errorf("%d requests of the classic protocol", n)
	}
	if w.of(kmsg.ConsumerGroupHeartbeat) == 0 {
		t.Error("no request of KIP-848: the test proves nothing")
	}
}

// Against a broker that has no server-side balancer, by its version or by its settings, connecting is an error that says so, and nobody
// joins the classic way.
func TestABrokerWithoutServerSideBalancer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts []kfake.Opt
		set  func(*cluster)
	}{
		"too old to know of it":  {opts: []kfake.Opt{kfake.MaxVersions(kversion.V2_8_0())}},
		"the early access of it": {opts: []kfake.Opt{kfake.MaxVersions(kversion.V3_9_0())}},
		"set to refuse it": {set: func(c *cluster) {
			c.fake.ControlKey(kmsg.ConsumerGroupHeartbeat.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
				c.fake.KeepControl()
				resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
				resp.ErrorCode = kerr.UnsupportedVersion.Code
				return resp, nil, true
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newEmbedded(t, "a real broker of that version is another one", test.opts...)
			if test.set != nil {
				test.set(c)
			}
			topic := c.topic(t, 1)
			var w written
			consumer := newConsumer(t, c.proxy(t, w.option()), topic, kafka.WithServerSideBalancer())
			err := retrieveError(t, consumer)
			wantWords(t, err, "WithServerSideBalancer", "Kafka 4.0", c.cfg.Group)
			if kafka.Temporary(err) {
				t.Errorf("%v counts as temporary", err)
			}
			if n := w.of(kmsg.JoinGroup); n > 0 {
				t.Errorf("it joined the classic way, %d times", n)
			}
		})
	}
}

// A static member that comes back has its partitions of before, and nobody notices that it was away: its Disconnect commits and does not
// leave the group.
func TestAStaticMemberComesBackWithoutARebalance(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 4)
	c.cfg = quickly(c.cfg)
	var others written
	other := newConsumer(t, c.proxy(t, others.option()), topic, kafka.WithInstanceID("worker-1"))
	_, stopOther := inBackground(t, other)
	defer stopOther()
	static := func(w *written) (*kafka.Consumer[order], <-chan *kafka.Message[order], func()) {
		consumer := newConsumer(t, c.proxy(t, w.option()), topic, kafka.WithInstanceID("worker-0"))
		received, stop := inBackground(t, consumer)
		return consumer, received, stop
	}
	partitions := func(consumer *kafka.Consumer[order]) (all []int32) {
		for _, p := range consumer.Status().Partitions {
			all = append(all, p.Partition)
		}
		return all
	}
	// The first to join leads the group. When a leader comes back all join once more, and keep what they have.
	eventually(t, "the other member leads", func() bool { return len(partitions(other)) == 4 })
	var w written
	first, received, stop := static(&w)
	eventually(t, "each has its half", func() bool { return len(partitions(first)) == 2 && len(partitions(other)) == 2 })
	c.settled(t, 2, 4)
	mine, joins := partitions(first), others.of(kmsg.JoinGroup)
	c.writeOrders(t, topic, mine[0], 0, 3)
	for range 3 {
		receivedNext(t, received)
	}
	stop()
	disconnect(t, first)
	if n := w.of(kmsg.LeaveGroup); n > 0 {
		t.Errorf("it left the group %d times", n)
	}
	c.writeOrders(t, topic, mine[0], 3, 4) // while it is away
	var again written
	second, received, stop := static(&again)
	defer stop()
	eventually(t, "it has its partitions again", func() bool { return slices.Equal(partitions(second), mine) })
	for m := receivedNext(t, received); m.Offset != 3; m = receivedNext(t, received) {
		if m.Partition != mine[0] || m.Offset < 2 { // which it may have had in hand
			t.Errorf("received offset %d of partition %d", m.Offset, m.Partition)
		}
	}
	if n := others.of(kmsg.JoinGroup); n != joins && c.fake == nil { // the embedded broker compares more of a join than Kafka does
		t.Errorf("the other member joined %d times, want the %d of before", n, joins)
	}
}

// settled waits until a classic group of so many members has divided all partitions.
func (c *cluster) settled(t *testing.T, members, partitions int) {
	t.Helper()
	eventually(t, "the group has settled", func() bool {
		groups, err := c.adm.DescribeGroups(within(t, patience), c.cfg.Group)
		g := groups[c.cfg.Group]
		if err != nil || g.State != "Stable" || len(g.Members) != members {
			return false
		}
		assigned := 0
		for _, m := range g.Members {
			if a, ok := m.Assigned.AsConsumer(); ok {
				for _, topic := range a.Topics {
					assigned += len(topic.Partitions)
				}
			}
		}
		return assigned == partitions
	})
}

// Of two members with one id the older is fenced: that is told, it lasts, it ends a range and a Run, and the other one has the partitions.
func TestTheOlderOfTwoWithOneInstanceIDIsFenced(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	c.cfg = quickly(c.cfg)
	older := newConsumer(t, c.proxy(t), topic, kafka.WithInstanceID("worker-0"))
	d := newDiary()
	r := start(t, older, func(context.Context, *kafka.Message[order]) error { d.write("handled"); return nil })
	d.await(t, 1)
	newer := newConsumer(t, c.proxy(t), topic, kafka.WithInstanceID("worker-0"))
	received, stop := inBackground(t, newer)
	defer stop()
	if err := r.result(t); !errors.Is(err, kerr.FencedInstanceID) || kafka.Temporary(err) {
		t.Errorf("Run returned %v, want FENCED_INSTANCE_ID", err)
	}
	if s := older.Status(); !strings.Contains(s.LastError, "FENCED_INSTANCE_ID") {
		t.Errorf("the status is %+v", s)
	}
	c.writeOrders(t, topic, 0, 1, 2)
	for receivedNext(t, received).Value.Qty != 1 {
	}
}

// Where the group's offsets are deleted while it is away, it begins again at its start, as a new group does: nothing is passed over.
func TestAGroupWhoseOffsetsWereDeletedBeginsAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	first := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, first, 0, 4)
	disconnect(t, first)
	c.wantCommitted(t, topic, 0, 3)
	eventually(t, "the group is deleted", func() bool {
		resp, err := c.adm.DeleteGroups(within(t, patience), c.cfg.Group)
		return err == nil && resp.Error() == nil
	})
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 0, 5)
}
