package faults_test

import "time"

// handlerRows have handlers fail, and dead letters that can't be written.
func handlerRows() []row {
	return []row{
		{
			name: "handlers fail and panic at random", short: true, members: 3, prepare: makeDeadLetters, check: wantDoomedBuried,
			spec: spec{Handler: behaviour{FailEvery: 20, PanicEvery: 50, DoomEvery: 300}},
		},
		{
			name: "the dead-letter topic is missing, unwritable, then there", short: true, members: 3,
			prepare: nameDeadLetters, fault: mendDeadLetters, check: wantDoomedBuried,
			spec: spec{Handler: behaviour{DoomEvery: 300}},
		},
	}
}

// nameDeadLetters has dead letters go to a topic that is not there.
func nameDeadLetters(tr *trial) { tr.spec.DeadLetters = tr.spec.Topic + "-dead" }

// makeDeadLetters has them go to one whose brokers stamp the time of writing.
func makeDeadLetters(tr *trial) {
	nameDeadLetters(tr)
	tr.createTopic(tr.spec.DeadLetters, 2, stamped)
}

var stamped = map[string]string{"message.timestamp.type": "LogAppendTime"}

const standing = "its partition stands" // what a member says of a dead letter that can't be written

// mendDeadLetters makes the dead-letter topic once a partition stands, first one that takes nothing, and then lets it take all.
func mendDeadLetters(tr *trial) {
	tr.awaitHeard(standing)
	rest(tr.Context(), 2*time.Second)
	tr.createTopic(tr.spec.DeadLetters, 2, map[string]string{"message.timestamp.type": "LogAppendTime", "max.message.bytes": "50"})
	rest(tr.Context(), 3*time.Second)
	if n, err := tr.watch.ends(tr.Context(), tr.spec.DeadLetters); err != nil || n[0]+n[1] > 0 {
		tr.Errorf("%v dead letters are in a topic that takes none, %v", n, err)
	}
	tr.configure(tr.spec.DeadLetters, "max.message.bytes", "1048588")
}

// wantDoomedBuried checks that each event that fails whenever it is tried is in the dead-letter topic, and nothing else is.
func wantDoomedBuried(tr *trial, n counts) {
	buried := make(map[id]bool)
	dead, err := tr.watch.deadLetters(tr.within(healing), tr.spec.DeadLetters)
	tr.must(err)
	for _, d := range dead {
		buried[d.id] = true
	}
	tr.ledger.mu.Lock()
	defer tr.ledger.mu.Unlock()
	doomed := 0
	for _, d := range tr.ledger.acked {
		e := event{Generation: d.generation, Key: d.key, Number: d.number}
		hopeless := tr.spec.Handler.hopeless(e)
		if hopeless {
			doomed++
		}
		if hopeless != buried[d.id] {
			tr.Errorf("event %v: in the dead-letter topic: %v, want %v", d.id, buried[d.id], hopeless)
		}
	}
	if doomed == 0 || len(buried) != doomed || n.processed != n.acked-doomed {
		tr.Errorf("%d events had to fail, %d are dead letters, %d of %d were processed", doomed, len(buried), n.processed, n.acked)
	}
}
