package faults_test

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// topicRows break the topic, or have it be as few are.
func topicRows() []row {
	return []row{
		{
			name: "the topic is deleted and made again", short: true, members: 3, fault: remakeTopic, check: wantRecreated,
			load: load{messages: 10_000, over: 5 * time.Second}, spec: spec{Handler: behaviour{Delay: 15 * time.Millisecond}},
		},
		{name: "partitions are added", members: 3, fault: addPartitions},
		{
			name: "retention deletes ahead of the consumer", members: 1, partitions: 2, fault: retain, check: wantReported,
			load:    load{over: 5 * time.Second, padding: 1000},
			spec:    spec{Concurrency: 4, Handler: behaviour{Delay: 10 * time.Millisecond}},
			configs: map[string]string{"segment.bytes": "1048576"},
		},
		{name: "transactions are aborted up to the end", members: 3, fault: abortTransactions, check: wantNoAborted},
		{
			name: "compaction leaves gaps", members: 1, excuse: excuse{compacted: true}, check: wantCompacted,
			load: load{keys: 50, padding: 200}, spec: spec{Concurrency: 4, Handler: behaviour{Delay: 5 * time.Millisecond}},
			configs: map[string]string{
				"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "1000", "min.compaction.lag.ms": "0",
			},
		},
		{
			name: "Latest at a handover and in added partitions", short: true, members: 1, early: true, fault: handOver,
			spec: spec{Latest: true, CommitEvery: time.Hour},
		},
	}
}

// remakeTopic deletes the topic while the group is busy with it, and fills a new one of its name. What nobody had read of the old one
// is gone, and somebody must say so.
func remakeTopic(tr *trial) {
	tr.must(tr.ledger.awaitAcked(tr.within(healing), tr.load.messages))
	old, err := tr.watch.log(tr.within(healing), tr.spec.Topic)
	tr.must(err)
	tr.past = append(tr.past, old)
	deleted, err := tr.watch.adm.DeleteTopics(tr.Context(), tr.spec.Topic)
	tr.must(err)
	tr.must(deleted.Error())
	tr.eventually("the topic is gone", func(ctx context.Context) bool {
		topics, err := tr.watch.adm.ListTopics(ctx, tr.spec.Topic)
		return err == nil && topics[tr.spec.Topic].Err != nil
	})
	tr.createTopic(tr.spec.Topic, tr.partitions, nil)
	again := tr.load
	again.messages, again.generation = 15_000, 1
	tr.must(<-tr.sendLoad(again))
}

func wantRecreated(tr *trial, _ counts) {
	if !tr.heard(kafka.ErrTopicRecreated.Error()) {
		tr.Error("nobody said that the topic was made again")
	}
}

func addPartitions(tr *trial) {
	added, err := tr.watch.adm.UpdatePartitions(tr.within(healing), int(tr.partitions)+3, tr.spec.Topic)
	tr.must(err)
	tr.must(added.Error())
}

// retain has retention delete what the group has not read, until a loss was told, and then lets it read what is left. It begins when
// the group has begun in each partition: what is deleted before that is nobody's.
func retain(tr *trial) {
	tr.must(tr.ledger.await(tr.within(healing), "the first messages of each partition", func() bool {
		begun := make(map[int32]bool)
		for _, c := range tr.ledger.completions {
			begun[c.partition] = true
		}
		return len(begun) == int(tr.partitions)
	}))
	tr.configure(tr.spec.Topic, "retention.bytes", "1048576")
	tr.awaitHeard(kafka.ErrDataLoss.Error())
	tr.configure(tr.spec.Topic, "retention.bytes", "-1")
}

func (tr *trial) configure(topic, name, value string) {
	tr.Helper()
	_, err := tr.watch.adm.AlterTopicConfigs(tr.within(healing), []kadm.AlterConfig{{Name: name, Value: &value}}, topic)
	tr.must(err)
}

func wantReported(tr *trial, n counts) {
	if n.reported == 0 {
		tr.Error("retention took nothing that was not read: the row shows nothing")
	}
}

// aborted marks the events of transactions that are aborted.
const aborted = 99

// abortTransactions writes transactions beside the load and aborts each, and once more when the load has ended.
func abortTransactions(tr *trial) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(tr.spec.Brokers...), kgo.TransactionalID(tr.spec.Topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	tr.must(err)
	defer cl.Close()
	for range 20 {
		tr.must(abortOne(tr.within(healing), cl, tr.spec.Topic, tr.partitions))
	}
	tr.must(tr.ledger.awaitAcked(tr.within(healing), tr.load.messages))
	tr.must(abortOne(tr.within(healing), cl, tr.spec.Topic, tr.partitions))
}

func abortOne(ctx context.Context, cl *kgo.Client, topic string, partitions int32) error {
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	value := fmt.Appendf(nil, `{"generation":%d,"key":0,"number":0}`, aborted)
	for p := range partitions {
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: p, Value: value}).FirstErr(); err != nil {
			return err
		}
	}
	return cl.EndTransaction(ctx, kgo.TryAbort)
}

func wantNoAborted(tr *trial, _ counts) {
	tr.ledger.mu.Lock()
	defer tr.ledger.mu.Unlock()
	for _, c := range tr.ledger.completions {
		if c.generation == aborted {
			tr.Fatalf("a message of an aborted transaction was processed: offset %d of partition %d", c.offset, c.partition)
		}
	}
}

func wantCompacted(tr *trial, n counts) {
	if n.processed == n.acked {
		tr.Error("compaction took nothing that was not read: the row shows nothing")
	}
	if tr.heard(kafka.ErrDataLoss.Error()) {
		tr.Error("a gap was told to be a loss")
	}
}

// handOver has one member after another come and go before anything was committed, and adds partitions meanwhile.
func handOver(tr *trial) {
	tr.stops[0]()
	rest(tr.Context(), time.Second) // nobody is there
	stop := tr.join()
	addPartitions(tr)
	tr.must(tr.ledger.awaitProcessed(tr.within(healing), tr.processed()+1000))
	stop()
	tr.spec.CommitEvery = look
	tr.join()
}
