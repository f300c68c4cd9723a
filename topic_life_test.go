package kafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

func (c *cluster) deleteTopic(t *testing.T, topic string) {
	t.Helper()
	if _, err := c.adm.DeleteTopic(within(t, patience), topic); err != nil {
		t.Fatal(err)
	}
}

// makeAgain creates a topic that was deleted: a real cluster refuses that for a moment.
func (c *cluster) makeAgain(t *testing.T, topic string) {
	t.Helper()
	eventually(t, "the topic can be made again", func() bool {
		_, err := c.adm.CreateTopic(within(t, patience), 1, 1, nil, topic)
		return err == nil
	})
}

// recreate deletes a topic and makes it again.
func (c *cluster) recreate(t *testing.T, topic string) {
	t.Helper()
	c.deleteTopic(t, topic)
	c.makeAgain(t, topic)
}

// A topic that stays missing is told within a few seconds, and no hang. One that comes in time is no error.
func TestAMissingTopicIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	name := unique("nowhere")
	consumer := newConsumer(t, c.proxy(t), name)
	begun := time.Now()
	err := retrieveError(t, consumer)
	if !errors.Is(err, kafka.ErrUnknownTopic) || !contains(err, name) || !kafka.Temporary(err) {
		t.Fatalf("got %v, want ErrUnknownTopic that names %s", err, name)
	}
	if took := time.Since(begun); took < 1900*time.Millisecond || took > 8*time.Second {
		t.Errorf("told after %s, want about 2 s", took)
	}
	c.createTopic(t, name, 1) // before the next call has lost patience
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), name) })
	c.writeOrders(t, name, 0, 0, 1)
	expectOrders(t, consumer, 0, 1)
}

func TestATopicThatComesInTimeIsNoError(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	name := unique("soon")
	consumer := newConsumer(t, c.proxy(t), name)
	received := make(chan error, 1)
	go func() {
		_, err := consumer.Retrieve(within(t, patience))
		received <- err
	}()
	c.createTopic(t, name, 1)
	t.Cleanup(func() { _, _ = c.adm.DeleteTopics(context.Background(), name) })
	c.writeOrders(t, name, 0, 0, 1)
	if err := <-received; err != nil {
		t.Error(err)
	}
}

// A topic that is deleted under a running consumer is told as missing, once; made again it is told, once, and read from its start.
func TestATopicThatIsDeletedAndComesBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	consumer := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, consumer, 0, 5)
	c.deleteTopic(t, topic)
	if err := retrieveError(t, consumer); !errors.Is(err, kafka.ErrUnknownTopic) {
		t.Fatalf("got %v, want ErrUnknownTopic", err)
	}
	c.makeAgain(t, topic)
	c.writeOrders(t, topic, 0, 10, 13)
	if err := retrieveError(t, consumer); !errors.Is(err, kafka.ErrTopicRecreated) || !kafka.Temporary(err) {
		t.Fatalf("got %v, want ErrTopicRecreated", err)
	}
	expectOrders(t, consumer, 10, 13)
	commit(t, consumer)
	c.wantCommitted(t, topic, 0, 2)
}

// Made again so soon that nobody saw it missing, it is told all the same, and nothing of the old one is committed on the new one.
func TestATopicThatIsReplaced(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 6000) // more than is polled ahead, so that the poller waits for them to be taken
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic, kafka.ManualAck())
	old := take(t, consumer, 5)
	c.recreate(t, topic)
	c.writeOrders(t, topic, 0, 10, 13)
	log.await(t, "was deleted and made again")
	if err := retrieveError(t, consumer); !errors.Is(err, kafka.ErrTopicRecreated) {
		t.Fatalf("got %v, want ErrTopicRecreated", err)
	}
	if err := old[4].Ack(); !errors.Is(err, kafka.ErrNotOwned) {
		t.Errorf("acknowledging a message of the old topic: %v", err)
	}
	expectOrders(t, consumer, 10, 13)
	commit(t, consumer)
	if got := c.committed(t, c.cfg.Group, topic, 0); got > 0 {
		t.Errorf("offset %d of the old topic is committed on the new one", got)
	}
}

// A topic that is replaced while the group is away: where the broker has kept the old offsets, that is told once and read from the
// start, and not told again by who comes next, though nothing was acknowledged yet.
func TestATopicThatIsReplacedWhileAway(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	first := newConsumer(t, c.proxy(t), topic)
	expectOrders(t, first, 0, 5)
	disconnect(t, first)
	offsets, err := c.adm.FetchOffsets(within(t, patience), c.cfg.Group)
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := offsets.Lookup(topic, 0)
	if kept.At != 4 {
		t.Fatalf("the group's offset is %d, want 4", kept.At)
	}
	c.recreate(t, topic)
	c.writeOrders(t, topic, 0, 10, 19)
	c.commitAs(t, topic, kept.Offset) // as a broker that does not forget
	second := newConsumer(t, c.proxy(t), topic)
	if err := retrieveError(t, second); !errors.Is(err, kafka.ErrTopicRecreated) {
		t.Fatalf("got %v, want ErrTopicRecreated", err)
	}
	if m := retrieve(t, second); m.Offset != 0 {
		t.Errorf("received offset %d of the new topic, want its first", m.Offset)
	}
	disconnect(t, second)
	c.wantCommitted(t, topic, 0, 0)
	expectOrders(t, newConsumer(t, c.proxy(t), topic), 10, 19)
}

var granted = []kmsg.ACLOperation{kmsg.ACLOperationDescribe, kmsg.ACLOperationRead}

// newGuarded is an embedded broker on which bob may do with the topic and the group only what is listed.
func newGuarded(t *testing.T, topicOps, groupOps []kmsg.ACLOperation) (c *cluster, topic string) {
	t.Helper()
	topic = "guarded"
	allow := func(kind kmsg.ACLResourceType, ops []kmsg.ACLOperation) (acls []kfake.ACL) {
		for _, op := range ops {
			acls = append(acls, kfake.ACL{Resource: kind, Name: "", Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: op, Allow: true})
		}
		return acls
	}
	acls := append(allow(kmsg.ACLResourceTypeTopic, topicOps), allow(kmsg.ACLResourceTypeGroup, groupOps)...)
	c = newEmbedded(t, "the plain cluster has no users", kfake.SeedTopics(1, topic), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.User("PLAIN", "bob", "bob-secret", acls...))
	c.cfg.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: "bob", Password: kafka.NewSecret("bob-secret")}
	return c, topic
}

// What may not be read is an error that says who must change what, it lasts, and it is no hot loop.
func TestADeniedTopicOrGroupIsTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		topicOps, groupOps []kmsg.ACLOperation
		want               error
		word               string
	}{
		"the topic may not be seen":                {nil, granted, kerr.TopicAuthorizationFailed, "kafka-acls.sh"},
		"the topic may be seen and not read":       {granted[:1], granted, kerr.TopicAuthorizationFailed, "kafka-acls.sh"},
		"the group may not be used":                {granted, nil, kerr.GroupAuthorizationFailed, "kafka-acls.sh"},
		"the group may be seen, and not be joined": {granted, granted[:1], kerr.GroupAuthorizationFailed, "kafka-acls.sh"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, topic := newGuarded(t, test.topicOps, test.groupOps)
			requests := c.fake.Fault(kfake.Fault{Observe: true, Count: -1})
			consumer := newConsumer(t, c.proxy(t), topic)
			told := 0
			for begun := time.Now(); time.Since(begun) < time.Second; told++ { // again and again
				err := retrieveError(t, consumer)
				if !errors.Is(err, test.want) || kafka.Temporary(err) || !contains(err, test.word) {
					t.Fatalf("got %v, want %v with %q", err, test.want, test.word)
				}
			}
			if n := requests.Hits(); told > 12 || n > 300 { // longer each time: 100, 200, 400 ms
				t.Errorf("%d errors and %d requests in a second", told, n)
			}
			yielded := 0
			for _, err := range consumer.Messages(within(t, patience)) {
				if yielded++; !errors.Is(err, test.want) {
					t.Errorf("yielded %v", err)
				}
			}
			if yielded != 1 {
				t.Errorf("the range yielded %d times, want the lasting fault, last", yielded)
			}
		})
	}
}

// A member that the group has thrown out joins again: that is no error of Retrieve, and one line in the log.
func TestALostMembershipIsNoErrorOfRetrieve(t *testing.T) {
	t.Parallel()
	c := newRestless(t)
	topic := c.topic(t, 1)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
	received, _ := inBackground(t, consumer)
	c.writeOrders(t, topic, 0, 0, 1)
	<-received
	for range 2 {
		if err := c.throwOut(1).Wait(within(t, patience), 1); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "it has joined again, twice", func() bool { return log.count("partitions lost") >= 2 })
	c.writeOrders(t, topic, 0, 1, 2)
	for m := range received {
		if m.Value.Qty == 1 {
			break
		}
	}
}
