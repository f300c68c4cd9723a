package faults_test

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/typedkafka/kafka/integration/gate"
)

// naiveRows show that the table can tell: these consumers lose messages, and must be caught.
func naiveRows() []row {
	return []row{
		{
			name: "the naive loop under joins and leaves", short: true, members: 2, fault: comeAndGo(15),
			load: load{over: 10 * time.Second}, spec: spec{Contender: "naive", Handler: uneven},
			caught: func(n counts) bool { return n.lost > 0 && n.disorder+n.beside > 0 && n.past > 0 },
		},
		{
			name: "naive commits under joins and leaves", members: 2, fault: comeAndGo(15),
			load: load{messages: 6000, over: 10 * time.Second}, spec: spec{Contender: "naive commits", Handler: uneven},
			caught: func(n counts) bool { return n.rewound > 0 },
		},
	}
}

// memberRows break members and their connections.
func memberRows() []row {
	return []row{
		{name: "nothing happens", members: 3},
		{
			name: "members join and leave every second for a minute", short: true, members: 2, fault: comeAndGo(60),
			load: load{over: 60 * time.Second},
		},
		{
			name: "partitions move away from handlers that do not end", members: 2, fault: comeAndGo(20), load: load{over: 20 * time.Second},
			spec: spec{Drain: 200 * time.Millisecond, Handler: behaviour{SlowEvery: 300, Slow: 4 * time.Second, Stubborn: true}},
		},
		{
			name: "a member is frozen past its session and thawed", short: true, members: 1, crashes: 1, fault: freezeMember,
			load: load{over: 25 * time.Second}, spec: spec{CommitEvery: 2 * time.Second, Handler: behaviour{Delay: 10 * time.Millisecond}},
		},
		{
			name: "a process is killed 20 times", short: true, crashes: 20, fault: killProcesses,
			load: load{over: 40 * time.Second}, spec: spec{Session: 2 * time.Second},
		},
		{
			name: "handlers take longer than the session", members: 3, check: wantNoneLost,
			load: load{over: 25 * time.Second}, spec: spec{Concurrency: 16, Handler: behaviour{SlowEvery: 1000, Slow: 9 * time.Second}},
		},
		{
			name: "connections are cut, slow, half open and frozen", short: true, members: 3, crashes: 6, fault: breakLines,
			load: load{over: 40 * time.Second},
		},
	}
}

// uneven is a handler that takes a while, and sometimes a longer one: what works side by side ends in another order.
var uneven = behaviour{Delay: 10 * time.Millisecond, SlowEvery: 20, Slow: 30 * time.Millisecond}

// wantNoneLost checks that nobody was thrown out of the group.
func wantNoneLost(tr *trial, _ counts) {
	if tr.heard("partitions lost") {
		tr.Error("a member was thrown out of the group")
	}
}

// breakLines breaks all that is between this process and the brokers, the load's connections too.
func breakLines(tr *trial) {
	for range 8 {
		tr.gate.Cut()
		rest(tr.Context(), time.Duration(rand.IntN(500))*time.Millisecond)
	}
	tr.gate.Slow(gate.Slowness{Delay: 20 * time.Millisecond, Piece: 4 << 10})
	rest(tr.Context(), 4*time.Second)
	tr.gate.Slow(gate.Slowness{})
	tr.gate.HalfOpen()
	rest(tr.Context(), 3*time.Second)
	thaw := tr.gate.Freeze()
	rest(tr.Context(), tr.spec.Session+2*time.Second)
	thaw()
	tr.gate.Refuse(true)
	rest(tr.Context(), 3*time.Second)
	tr.gate.Refuse(false)
}

// comeAndGo has a member join or leave every second.
func comeAndGo(seconds int) func(*trial) {
	return func(tr *trial) {
		var stops []func()
		for ticker := time.NewTicker(time.Second); seconds > 0; seconds-- {
			if len(stops) < 2 || len(stops) < 5 && rand.IntN(2) == 0 {
				stops = append(stops, tr.join())
			} else {
				i := rand.IntN(len(stops))
				go stops[i]()
				stops = append(stops[:i], stops[i+1:]...)
			}
			<-ticker.C
		}
	}
}

// freezeMember stops a process that has work in hand, until others have its partitions, and lets it go on.
func freezeMember(tr *trial) {
	p := tr.process()
	tr.must(tr.ledger.awaitWork(tr.within(healing), p.name, 300))
	tr.must(p.signal(syscall.SIGSTOP))
	tr.eventually("the group goes on without it", func(ctx context.Context) bool {
		groups, err := tr.watch.adm.DescribeGroups(ctx, tr.spec.Group)
		return err == nil && groups[tr.spec.Group].State == "Stable" && len(groups[tr.spec.Group].Members) == 1
	})
	tr.must(tr.ledger.awaitProcessed(tr.within(healing), tr.processed()+1000))
	tr.must(p.signal(syscall.SIGCONT))
	tr.must(tr.ledger.awaitWork(tr.within(healing), p.name, 300))
	tr.must(p.stop())
}

func (tr *trial) processed() int {
	tr.ledger.mu.Lock()
	defer tr.ledger.mu.Unlock()
	return len(tr.ledger.completions)
}

// killProcesses kills one of two members at random moments, over and over, and starts another one. Between two kills something must
// get done: a group whose members die faster than it notices does nothing.
func killProcesses(tr *trial) {
	running := []*process{tr.process(), tr.process()}
	for range 20 {
		tr.must(tr.ledger.awaitProcessed(tr.within(healing), tr.processed()+rand.IntN(500)))
		rest(tr.Context(), time.Duration(rand.IntN(300))*time.Millisecond)
		i := rand.IntN(len(running))
		running[i].kill()
		running[i] = tr.process()
	}
	tr.awaitDrained()
	for _, p := range running {
		tr.must(p.stop())
	}
}
