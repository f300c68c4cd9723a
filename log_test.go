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

// wantLines checks that lines are in the log once each.
func (j *journal) wantLines(t *testing.T, all ...[]string) {
	t.Helper()
	for _, words := range all {
		if n := j.count(words...); n != 1 {
			t.Errorf("the log has %q %d times:\n%s", words, n, j)
		}
	}
}

// A consumer's life is one line for each of its steps.
func TestLogOfAConsumersLife(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	log, logger := newJournal()
	p := c.proxy(t, kafka.WithLogger(logger))
	consumer := newConsumer(t, p, topic)
	consumer.Pause()
	consumer.Resume()
	expectOrders(t, consumer, 0, 1)
	consumer.Pause(0)
	consumer.Pause(0) // which changes nothing
	consumer.Resume(0)
	disconnect(t, consumer)
	if _, err := newProducer(t, p, topic).Produce(within(t, patience), order{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	disconnect(t, p)
	ours := "topic=" + topic + " group=" + c.cfg.Group
	log.wantLines(t, []string{"level=INFO", "kafka: connected", ours, "client=consumer"}, []string{"level=INFO", "joined the group", ours},
		[]string{"level=INFO", "partitions assigned", ours, "partitions=[0]"}, []string{"kafka: paused", "partitions=all"},
		[]string{"kafka: resumed", "partitions=all"}, []string{"kafka: paused", ours, "partitions=[0]"},
		[]string{"kafka: resumed", ours, "partitions=[0]"}, []string{"level=INFO", "partitions revoked", ours, "partitions=[0]"},
		[]string{"level=INFO", "left the group", ours}, []string{"kafka: disconnected", ours, "client=consumer"},
		[]string{"kafka: connected", "client=producers"}, []string{"kafka: disconnected", "client=producers"})
	if n := log.count("level="); n != 12 {
		t.Errorf("the log has %d lines, want 12:\n%s", n, log)
	}
}

// An outage is told once for each connection, and its end once, however often the client tries meanwhile.
func TestLogTellsAnOutageOnce(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "its one broker makes the lines countable")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	var n network
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, n.option(), quick(), kafka.WithLogger(logger)), topic)
	expectOrders(t, consumer, 0, 1)
	before := n.dials.Load()
	n.setCut(true)
	eventually(t, "the client has tried often", func() bool { return n.dials.Load() > before+20 })
	n.setCut(false)
	c.writeOrders(t, topic, 0, 1, 2)
	expectOrders(t, consumer, 1, 2)
	log.await(t, "a broker answers again")
	log.wantLines(t, []string{"level=WARN", "a broker can't be reached", "client=consumer", "broker=" + c.cfg.Brokers[0], "error="},
		[]string{"level=INFO", "a broker answers again", "broker=" + c.cfg.Brokers[0]})
	if n := log.count("level=WARN"); n > 3 { // with the partition that was lost
		t.Errorf("%d warnings:\n%s", n, log)
	}
}

// A fault that heals by itself is told once, however often it comes, and so is its end.
func TestLogTellsAFaultOnce(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real broker answers few codes at will")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	log, logger := newJournal()
	const times = 5
	broken := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Group: c.cfg.Group, Err: kerr.UnknownServerError, Count: times})
	expectOrders(t, newConsumer(t, c.proxy(t, quick(), kafka.WithLogger(logger)), topic), 0, 1)
	if broken.Hits() != times {
		t.Errorf("%d tries to join failed, want %d", broken.Hits(), times)
	}
	log.await(t, "receiving again")
	log.wantLines(t, []string{"level=WARN", "can't receive; trying again", "UNKNOWN_SERVER_ERROR"}, []string{"can't receive"},
		[]string{"level=INFO", "receiving again"}, []string{"joined the group"})
}

// A partition that can't be read is told once, also while another one goes on, and so is its end.
func TestLogTellsARefusalOnce(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real broker forbids no single partition")
	topic := c.topic(t, 2)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, quick(), kafka.WithLogger(logger)), topic)
	c.writeOrders(t, topic, 1, 0, 1)
	expectOrders(t, consumer, 0, 1)
	denied := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Partitions: []int32{0}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	for i := 1; i < 4; {
		_, err := consumer.Retrieve(within(t, patience))
		if !errors.Is(err, kerr.TopicAuthorizationFailed) {
			t.Fatalf("got %v, want that partition 0 is forbidden", err)
		}
		c.writeOrders(t, topic, 1, i, i+1)
		for received := false; !received; {
			m, err := consumer.Retrieve(within(t, patience))
			if received = err == nil; received && m.Value.Qty != i {
				t.Fatalf("received %d", m.Value.Qty)
			}
		}
		i++
	}
	log.wantLines(t, []string{"level=ERROR", "can't receive", "not allowed the operation Read"})
	denied.Remove()
	c.writeOrders(t, topic, 0, 0, 1)
	log.await(t, "level=INFO", "receiving again")
	log.wantLines(t, []string{"can't receive"}, []string{"receiving again"})
}

// A topic that goes and comes is told, once each.
func TestLogTellsOfAMissingTopic(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real topic that comes again is another one")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 1)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
	expectOrders(t, consumer, 0, 1)
	missing := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.UnknownTopicOrPartition, Count: -1})
	log.await(t, "level=WARN", "the topic is missing", "topic="+topic)
	missing.Remove()
	log.await(t, "level=INFO", "the topic is there again")
	log.wantLines(t, []string{"the topic is missing"}, []string{"the topic is there again"})
}

// A panic has one line with its stack: not one for each retry, nor for each message of a batch.
func TestLogTellsAPanicOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	thrice := kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: time.Millisecond})
	settle := kafka.OnFailure(func(context.Context, *kafka.MessageError) error { return nil })
	for what, run := range map[string]func(context.Context, *kafka.Consumer[order]) error{
		"one by one": func(ctx context.Context, consumer *kafka.Consumer[order]) error {
			return consumer.Run(ctx, func(_ context.Context, m *kafka.Message[order]) error {
				if m.Value.Qty == 0 {
					panic("at the first")
				}
				return nil
			}, thrice, settle)
		},
		"by the batch": func(ctx context.Context, consumer *kafka.Consumer[order]) error {
			return consumer.RunBatch(ctx, func(context.Context, []*kafka.Message[order]) error { panic("at all") }, thrice, settle)
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			topic := c.topic(t, 1)
			c.writeOrders(t, topic, 0, 0, 3)
			log, logger := newJournal()
			consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic, kafka.WithGroup(unique("group")))
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- run(ctx, consumer) }()
			eventually(t, "all is settled", func() bool {
				s := consumer.Status()
				return len(s.Partitions) == 1 && s.Partitions[0].Committed == 3
			})
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			log.wantLines(t, []string{"level=ERROR", "a handler panicked", "partition=0 offset=0", "log_test.go"})
		})
	}
}

// That messages fail for good is told at the first, and not at each.
func TestLogTellsOfDeadLettersAtTheFirst(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic, dead := c.topic(t, 1), c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 5)
	log, logger := newJournal()
	consumer := newConsumer(t, c.proxy(t, kafka.WithLogger(logger)), topic)
	run := start(t, consumer, func(context.Context, *kafka.Message[order]) error { return errors.New("what the handler says") },
		kafka.Retry(kafka.RetryPolicy{Attempts: 1}), kafka.DeadLetter(dead))
	eventually(t, "all are buried", func() bool { return c.committed(t, c.cfg.Group, topic, 0) == 5 })
	run.wantEnd(t)
	log.wantLines(t, []string{"level=WARN", "messages fail for good", "dead_letters=" + dead, "count=1 ", "partition=0"})
	if log.count("what the handler says") > 0 {
		t.Errorf("the log has the handler's words:\n%s", log)
	}
}

// Without a done nobody else could tell of messages that are lost.
func TestLogTellsOfMessagesThatNobodyIsToldOf(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	log, logger := newJournal()
	n := newLines()
	producer := newProducer(t, c.proxy(t, n.option(), kafka.WithLogger(logger)), topic)
	producer.ProduceAsync(t.Context(), order{ID: "a"}, nil)
	if err := producer.Flush(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	thaw := n.freeze()
	defer thaw()
	for range 3 { // one that is invalid is told at once, the others when they are given up
		producer.ProduceAsync(t.Context(), order{ID: "\xff"}, nil)
		producer.ProduceAsync(t.Context(), order{ID: "b"}, nil)
	}
	const line = "ProduceAsync was given no function to tell"
	log.wantLines(t, []string{"level=ERROR", line, "topic=" + topic, "count=1", "UTF-8"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, producer.Disconnect(ctx), kafka.ErrOutcomeUnknown)
	log.wantLines(t, []string{"level=ERROR", line, "topic=" + topic, "count=5", kafka.ErrOutcomeUnknown.Error()})
	if n := log.count(line); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, log)
	}
}

// A quota is no error; the log says once a minute that it is why everything takes long.
func TestLogTellsOfAQuota(t *testing.T) {
	t.Parallel()
	c, l, topic := hostile(t)
	log, logger := newJournal()
	l.tell(altered(t, produceRequest, func(r *kmsg.ProduceResponse) { r.ThrottleMillis = 3 }))
	producer := newProducer(t, newProxy(t, c.cfg, l.option(), kafka.WithLogger(logger)), topic)
	for range 3 {
		produce(t, producer, order{ID: "a"})
	}
	const line = "a quota of the cluster holds this application back"
	log.wantLines(t, []string{"level=WARN", line, "broker=" + c.cfg.Brokers[0], "wait=3ms"})
	if n := log.count(line); n != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, log)
	}
}
