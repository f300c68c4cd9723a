package faults_test

import (
	"math/rand/v2"
	"syscall"
	"time"
)

// groupRows leave the brokers alone: they break members, connections, topics and handlers. They run side by side.
func groupRows() []row {
	return []row{
		{name: "the naive loop under joins and leaves", short: true, members: 2,
			spec: spec{Contender: "naive", Handler: uneven},
			load: load{over: 10 * time.Second}, fault: comeAndGo(15), caught: func(n counts) bool { return n.lost > 0 && n.disorder+n.beside > 0 && n.past > 0 }},
		{name: "naive commits under joins and leaves", members: 2, spec: spec{Contender: "naive commits", Handler: uneven},
			load: load{over: 10 * time.Second}, fault: comeAndGo(15), caught: func(n counts) bool { return n.rewound > 0 && n.past > 0 }},
		{name: "nothing happens", members: 3},
		{name: "members join and leave every second for a minute", short: true, members: 2, load: load{over: 60 * time.Second}, fault: comeAndGo(60)},
		{name: "a member is frozen past its session and thawed", short: true, load: load{over: 25 * time.Second}, members: 1, fault: freezeMember, crashes: 1},
		{name: "a process is killed 20 times", short: true, load: load{over: 40 * time.Second}, fault: killProcesses, crashes: 20,
			spec: spec{Session: 2 * time.Second}},
	}
}

// uneven is a handler that takes a while, and sometimes a longer one: what works side by side ends in another order.
var uneven = behaviour{Delay: 10 * time.Millisecond, SlowEvery: 20, Slow: 30 * time.Millisecond}

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
	defer func() { tr.must(p.stop()) }()
	tr.awaitSaid("partitions assigned topic=" + tr.spec.Topic)
	tr.must(tr.ledger.awaitProcessed(tr.within(healing), tr.processed()+500))
	tr.must(p.signal(syscall.SIGSTOP))
	rest(tr.Context(), tr.spec.Session+4*time.Second)
	tr.must(tr.ledger.awaitProcessed(tr.within(healing), tr.processed()+500))
	tr.must(p.signal(syscall.SIGCONT))
	tr.must(tr.ledger.awaitProcessed(tr.within(healing), tr.processed()+500))
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
