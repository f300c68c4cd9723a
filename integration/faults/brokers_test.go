package faults_test

import (
	"context"
	"time"

	"github.com/typedkafka/kafka"
)

// brokerRows break brokers, one row after another.
func brokerRows() []row {
	return []row{
		{name: "the leader is killed", short: true, members: 3, fault: killLeader},
		{name: "the leader is frozen for 20 s", members: 3, load: load{over: 30 * time.Second}, fault: freezeLeader},
		{name: "each broker is restarted in turn", members: 3, load: load{over: 30 * time.Second}, fault: restartAll},
		{name: "the group's coordinator is killed", members: 3, fault: killCoordinator},
		{
			name: "the only replica is frozen for a minute under a full buffer", members: 1, replicas: []int{1}, buffered: 500, fault: freezeOnly,
			load: load{over: 20 * time.Second}, configs: map[string]string{"min.insync.replicas": "1"}, check: wantUnanswered,
		},
		{
			name: "an unclean election", members: 1, replicas: []int{1, 2}, partitions: 1, fault: electUncleanly, check: wantTruncation,
			excuse: excuse{truncated: true}, load: load{over: 30 * time.Second},
			configs: map[string]string{"min.insync.replicas": "1", "unclean.leader.election.enable": "true"},
		},
	}
}

func killLeader(tr *trial) {
	id, err := tr.watch.leader(tr.Context(), tr.spec.Topic, 0)
	tr.must(err)
	tr.killAndRestart(id)
}

func killCoordinator(tr *trial) {
	id, err := tr.watch.coordinator(tr.Context(), tr.spec.Group)
	tr.must(err)
	tr.killAndRestart(id)
}

// killAndRestart kills a broker, and starts it again when the others have taken over.
func (tr *trial) killAndRestart(id int) {
	tr.Helper()
	tr.must(tr.cluster.Kill(tr.Context(), id))
	tr.awaitOthers(id)
	tr.must(tr.cluster.Restart(tr.Context(), id))
	tr.awaitWhole()
}

// awaitOthers waits until a broker that is down leads nothing any more.
func (tr *trial) awaitOthers(id int) {
	tr.Helper()
	tr.eventually("the others lead", func(ctx context.Context) bool {
		topics, err := tr.watch.adm.ListTopicsWithInternal(ctx)
		if err != nil {
			return false
		}
		for _, topic := range topics {
			for _, p := range topic.Partitions {
				if int(p.Leader) == id || p.Leader < 0 {
					return false
				}
			}
		}
		return true
	})
}

func freezeLeader(tr *trial) {
	id, err := tr.watch.leader(tr.Context(), tr.spec.Topic, 0)
	tr.must(err)
	tr.must(tr.cluster.Pause(tr.Context(), id))
	rest(tr.Context(), 20*time.Second)
	tr.must(tr.cluster.Resume(tr.Context(), id))
	tr.awaitWhole()
}

func restartAll(tr *trial) {
	for id := 1; id <= 3; id++ {
		tr.must(tr.cluster.Restart(tr.Context(), id))
		tr.awaitWhole()
	}
}

// freezeOnly freezes the only broker that has the topic.
func freezeOnly(tr *trial) {
	tr.must(tr.cluster.Pause(tr.Context(), tr.replicas[0]))
	rest(tr.Context(), time.Minute)
	tr.must(tr.cluster.Resume(tr.Context(), tr.replicas[0]))
	tr.awaitWhole()
}

// wantUnanswered checks that messages were given up with an open outcome, and the producer did not stop for ever.
func wantUnanswered(tr *trial, n counts) {
	if n.unknown == 0 {
		tr.Error("every message was answered: the row shows nothing")
	}
}

// electUncleanly kills a follower, lets the leader acknowledge alone, kills that too, and has the follower lead with its short log.
func electUncleanly(tr *trial) {
	leader, follower := tr.replicas[0], tr.replicas[1]
	tr.must(tr.cluster.Kill(tr.Context(), follower))
	tr.eventually("the leader is alone", func(ctx context.Context) bool {
		topics, err := tr.watch.adm.ListTopics(ctx, tr.spec.Topic)
		return err == nil && len(topics[tr.spec.Topic].Partitions[0].ISR) == 1
	})
	tr.must(tr.ledger.awaitProcessed(tr.within(healing), tr.processed()+1000)) // the group is past what the follower has
	tr.must(tr.cluster.Kill(tr.Context(), leader))
	tr.must(tr.cluster.Restart(tr.Context(), follower))
	tr.eventually("the follower leads", func(ctx context.Context) bool {
		now, err := tr.watch.leader(ctx, tr.spec.Topic, 0)
		return err == nil && now == follower
	})
	tr.must(tr.cluster.Restart(tr.Context(), leader))
	tr.awaitWhole()
}

func wantTruncation(tr *trial, _ counts) {
	if !tr.heard(kafka.ErrDataLoss.Error()) {
		tr.Error("nobody said that the log was truncated")
	}
}
