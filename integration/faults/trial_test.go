package faults_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
	"github.com/typedkafka/kafka/integration/gate"
)

// A row is one line of the table.
type row struct {
	name       string
	short      bool // belongs to the short form
	load       load
	spec       spec
	members    int // in this process
	partitions int32
	replicas   []int             // the brokers that have the topic; all by default
	configs    map[string]string // of the topic
	buffered   int               // the most messages that the load has under way
	excuse     excuse
	crashes    int // how many members end without a last commit; what is processed again is bounded by them; 0: any number
	// prepare runs before members start.
	prepare func(*trial)
	// early waits for the first member before anything is sent, for those that begin at the end of the log.
	early bool
	// fault runs when a quarter of the load is acknowledged, and returns when all is as it was.
	fault func(*trial)
	// check looks at more than the counts.
	check func(*trial, counts)
	// caught turns the verdict round: the contender must be found guilty.
	caught func(counts) bool
}

func (r row) withDefaults() row {
	r.load.messages = cmp.Or(r.load.messages, 20_000)
	r.load.over = cmp.Or(r.load.over, 15*time.Second)
	r.load.keys = cmp.Or(r.load.keys, 200)
	r.partitions = cmp.Or(r.partitions, 6)
	s := &r.spec
	s.Contender = cmp.Or(s.Contender, *contenderFlag)
	s.Session = cmp.Or(s.Session, 6*time.Second)
	s.CommitEvery = cmp.Or(s.CommitEvery, 200*time.Millisecond)
	s.MaxUnacked = cmp.Or(s.MaxUnacked, 100)
	s.Concurrency = cmp.Or(s.Concurrency, 8)
	if s.Handler.Delay == 0 { // as uneven as handlers are: what was begun last often ends first
		s.Handler.Delay = 2 * time.Millisecond
	}
	if s.Handler.SlowEvery == 0 {
		s.Handler.SlowEvery, s.Handler.Slow = 20, 40*time.Millisecond
	}
	return r
}

// A trial is a row while it runs.
type trial struct {
	*testing.T
	row
	cluster *cluster.Cluster
	watch   *observer
	ledger  *ledger
	crew    crew
	proxy   *kafka.Proxy // the load's
	gate    *gate.Gate   // what members and the load dial through
	began   time.Time
	commits map[int32]int64 // where the offsets topic ended before the trial
	past    []topicLog      // of lives of the topic that are over
	names   atomic.Int32
	stops   []func()           // ends each of the members that were there from the beginning
	quit    context.CancelFunc // ends all members
	ctx     context.Context    // of the members
	life    context.Context    // of all that waits: it ends with the test, and where a member fails
}

const (
	stall   = 45 * time.Second // with nothing done for as long, a trial is over
	healing = 2 * time.Minute  // for a broker to come back, and for what a trial waits for otherwise
	look    = 200 * time.Millisecond
)

// run runs a row and enters it into the table.
func (r row) run(t *testing.T, c *cluster.Cluster, table *table) {
	r = r.withDefaults()
	tr := &trial{T: t, row: r, cluster: c, ledger: newLedger(), gate: gate.New(), began: time.Now()}
	defer tr.gate.Close()
	tr.ctx, tr.quit = context.WithCancel(context.Background())
	defer tr.quit()
	tr.life, tr.crew.failed = context.WithCancelCause(t.Context())
	defer tr.crew.failed(nil)
	tr.setUp()
	defer tr.watch.close()
	if r.prepare != nil {
		r.prepare(tr)
	}
	for range r.members {
		tr.stops = append(tr.stops, tr.join())
	}
	if r.early {
		tr.awaitHeard("partitions assigned")
	}
	sent := tr.sendLoad(r.load)
	tr.must(tr.ledger.awaitAcked(tr.within(healing), r.load.messages/4))
	if r.fault != nil {
		r.fault(tr)
	}
	tr.must(<-sent)
	tr.awaitDrained()
	tr.quit()
	tr.must(tr.crew.end())
	tr.must(tr.proxy.Disconnect(tr.within(healing)))
	tr.conclude(table)
}

func (tr *trial) must(err error) {
	tr.Helper()
	if err != nil {
		tr.quit()
		tr.tellWhatWasSaid()
		tr.Fatal(err)
	}
}

func (tr *trial) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(tr.life, d)
	tr.Cleanup(cancel)
	return ctx
}

// setUp makes the topic and the proxy that the load is sent by.
func (tr *trial) setUp() {
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(tr.name, " ", "-"), time.Now().UnixNano())
	name = regexp.MustCompile(`[^a-zA-Z0-9-]`).ReplaceAllString(name, "")
	tr.spec.Brokers, tr.spec.Topic, tr.spec.Group = tr.cluster.Bootstrap(), name, name
	var err error
	tr.watch, err = observe(tr.cluster.Bootstrap())
	tr.must(err)
	tr.createTopic(name, tr.partitions, tr.configs)
	tr.commits, err = tr.watch.ends(tr.Context(), offsetsTopic)
	if err != nil {
		tr.commits = nil // it is made by the first group
	}
	tr.proxy, err = kafka.NewProxy(kafka.Config{Brokers: tr.cluster.Bootstrap(), Producer: kafka.ProducerConfig{
		Linger: 5 * time.Millisecond, MaxBufferedRecords: tr.buffered,
	}},
		kafka.WithLogger(slog.New(slog.DiscardHandler)), kafka.WithClientOptions(kgo.Dialer(tr.gate.Dial)))
	tr.must(err)
}

func (tr *trial) createTopic(name string, partitions int32, configs map[string]string) {
	tr.Helper()
	values := make(map[string]*string)
	for k, v := range configs {
		values[k] = &v
	}
	if len(tr.replicas) == 0 {
		_, err := tr.watch.adm.CreateTopic(tr.within(healing), partitions, 3, values, name)
		tr.must(err)
	} else {
		tr.must(tr.watch.createOn(tr.within(healing), name, partitions, tr.replicas, values))
	}
	tr.eventually("the topic has leaders", func(ctx context.Context) bool {
		topics, err := tr.watch.adm.ListTopics(ctx, name)
		return err == nil && topics[name].Err == nil && len(topics[name].Partitions) == int(partitions)
	})
}

// eventually waits for what only asking tells.
func (tr *trial) eventually(what string, holds func(context.Context) bool) {
	tr.Helper()
	ctx := tr.within(healing)
	for ticker := time.NewTicker(look); !holds(ctx); {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			tr.must(fmt.Errorf("it did not come true in %s: %s", healing, what))
		}
	}
}

// join starts a member in this process.
func (tr *trial) join() (stop func()) {
	return tr.crew.start(tr.ctx, tr.member(tr.gate))
}

func (tr *trial) member(g *gate.Gate) *member {
	return &member{spec: tr.spec, name: fmt.Sprint("member ", tr.names.Add(1)), book: tr.ledger, gate: g}
}

// process starts a member as a process.
func (tr *trial) process() *process {
	tr.Helper()
	p, err := startProcess(tr.member(nil), tr.ledger)
	tr.must(err)
	return p
}

// sendLoad sends beside the caller, who gets the error when every outcome is known.
func (tr *trial) sendLoad(w load) <-chan error {
	tr.Helper()
	producer, err := kafka.NewProducer(tr.proxy, eventTopic(tr.spec.Topic))
	tr.must(err)
	sent := make(chan error, 1)
	go func() { sent <- w.send(tr.within(5*time.Minute), producer, tr.ledger) }()
	return sent
}

// awaitDrained waits until the group has committed all there is, or nothing gets done any more.
func (tr *trial) awaitDrained() {
	tr.Helper()
	done, since := tr.ledger.progress(), time.Now()
	lag := int64(-1)
	patience := stall
	if tr.caught != nil {
		patience /= 4
	}
	for ticker := time.NewTicker(look); time.Since(since) < patience; <-ticker.C {
		var err error
		if lag, err = tr.watch.lag(tr.within(stall), tr.spec.Group, tr.spec.Topic); err == nil && lag == 0 {
			return
		}
		if now := tr.ledger.progress(); now != done {
			done, since = now, time.Now()
		}
	}
	if tr.caught == nil {
		tr.Errorf("nothing got done for %s, and the group's lag is %d", stall, lag)
		tr.tellWhatWasSaid()
	}
}

// awaitWhole waits until all brokers are in sync.
func (tr *trial) awaitWhole() {
	tr.Helper()
	tr.eventually("every replica is in sync", tr.watch.whole)
}

// conclude judges the trial and says so.
func (tr *trial) conclude(table *table) {
	tr.Helper()
	n, lost := tr.evidence().judge()
	line := tr.row.line(n, time.Since(tr.began))
	table.enter(tr.row, n, time.Since(tr.began))
	fmt.Println("fault:", line)
	switch {
	case tr.caught != nil:
		if !tr.caught(n) {
			tr.Error("the harness did not catch it:", line)
		}
		return
	case !n.faultless():
		tr.Error(line)
		tr.Log("lost:", ranges(lost))
	case n.acked == 0 || n.processed == 0:
		tr.Error("nothing was tried:", line)
	case tr.crashes > 0 && n.again > tr.crashes*tr.window():
		tr.Errorf("%d were processed again, more than %d times the window of %d: %s", n.again, tr.crashes, tr.window(), line)
	}
	if tr.check != nil {
		tr.check(tr, n)
	}
	if tr.Failed() {
		tr.tellWhatWasSaid()
	}
}

// ranges writes messages as ranges of offsets.
func ranges(all []delivered) string {
	var text strings.Builder
	slices.SortFunc(all, func(a, b delivered) int {
		return cmp.Or(cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
	})
	for i, d := range all {
		if i > 0 && all[i-1].partition == d.partition && all[i-1].offset == d.offset-1 {
			if i == len(all)-1 || all[i+1].partition != d.partition || all[i+1].offset != d.offset+1 {
				fmt.Fprintf(&text, " to %d", d.offset)
			}
			continue
		}
		fmt.Fprintf(&text, "; partition %d, offset %d", d.partition, d.offset)
	}
	return strings.TrimPrefix(text.String(), "; ")
}

// window is the most that a member that dies leaves to be processed again: what is handed out, and what was acknowledged since the
// last commit, of which a member does some thousands a second when it catches up.
func (tr *trial) window() int {
	const perSecond = 5000
	return int(tr.partitions)*tr.spec.MaxUnacked + int(2*tr.spec.CommitEvery.Seconds()*perSecond)
}

func (tr *trial) evidence() evidence {
	tr.Helper()
	ctx := tr.within(healing)
	now, err := tr.watch.log(ctx, tr.spec.Topic)
	tr.must(err)
	commits, err := tr.watch.commits(ctx, tr.spec.Group, tr.commits)
	tr.must(err)
	dead, err := tr.watch.deadLetters(ctx, tr.spec.DeadLetters)
	tr.must(err)
	l := tr.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	ev := evidence{
		acked: l.acked, unknown: len(l.unknown), attempted: l.attempted, completions: l.completions, settled: l.settled,
		dead: dead, logs: append(tr.past, now), commits: commits, excuse: tr.excuse, beside: l.beside,
	}
	for i := range l.refused {
		ev.refused = append(ev.refused, i)
	}
	for _, words := range l.said {
		ev.reports = append(ev.reports, spansIn(words)...)
		ev.recreated = ev.recreated || strings.Contains(words, kafka.ErrTopicRecreated.Error())
	}
	return ev
}

var spanWords = regexp.MustCompile(`offsets (\d+) to (\d+) of partition (\d+) were deleted`)

// spansIn finds what a member told to be gone.
func spansIn(words string) (spans []span) {
	for _, found := range spanWords.FindAllStringSubmatch(words, -1) {
		var n [3]int64
		var errs [3]error
		for i := range n {
			n[i], errs[i] = strconv.ParseInt(found[i+1], 10, 32)
		}
		if errors.Join(errs[:]...) == nil {
			spans = append(spans, span{int32(n[2]), n[0], n[1]})
		}
	}
	return spans
}

// tellWhatWasSaid logs the end of what members said, and whom the load had trouble with.
func (tr *trial) tellWhatWasSaid() {
	const most = 60
	l := tr.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, words := range l.said[max(0, len(l.said)-most):] {
		tr.Log(words)
	}
	for _, outcomes := range []map[id]error{l.refused, l.unknown} {
		kinds := make(map[string]int)
		for _, err := range outcomes {
			kinds[err.Error()]++
		}
		for kind, n := range kinds {
			tr.Logf("the load was told %d times: %s", n, kind)
		}
	}
}

// awaitHeard waits until a member has said a word.
func (tr *trial) awaitHeard(word string) {
	tr.Helper()
	tr.must(tr.ledger.await(tr.within(healing), word, func() bool { return tr.ledger.holds(word) }))
}

// heard reports whether a member has said a word.
func (tr *trial) heard(word string) bool {
	tr.ledger.mu.Lock()
	defer tr.ledger.mu.Unlock()
	return tr.ledger.holds(word)
}

// holds reports whether anybody has said a word. The caller holds l.mu.
func (l *ledger) holds(word string) bool {
	return slices.ContainsFunc(l.said, func(s string) bool { return strings.Contains(s, word) })
}
