package faults_test

import (
	"context"
	"time"
)

// brokerRows break brokers, one row after another.
func brokerRows() []row {
	return []row{
		{name: "the leader is killed", short: true, members: 3, fault: killLeader},
		{name: "the leader is frozen for 20 s", members: 3, load: load{over: 30 * time.Second}, fault: freezeLeader},
		{name: "each broker is restarted in turn", members: 3, load: load{over: 30 * time.Second}, fault: restartAll},
		{name: "the group's coordinator is killed", members: 3, fault: killCoordinator},
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
