package kafka

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka/internal/wire"
)

// A question is one kind of request to one broker.
type question struct {
	host string
	port int32
	key  int16
}

func questionOf(b kgo.BrokerMetadata, key int16) question { return question{b.Host, b.Port, key} }

// awaited is what became of a question; with the key connecting, of all to a broker.
type awaited struct {
	open   int       // requests without an answer
	since  time.Time // when the first of them was sent, or the one before was answered
	failed int       // in a row
	err    error     // of the last that failed
	paused time.Time // until when the client waits, since the broker has asked it to
}

// awaitedLocked is what became of a question so far. The caller holds f.mu.
func (f *faults) awaitedLocked(q question) *awaited {
	if f.asked == nil {
		f.asked = make(map[question]*awaited)
	}
	a := f.asked[q]
	if a == nil {
		a = new(awaited)
		f.asked[q] = a
	}
	return a
}

// ask notes a request.
func (f *faults) ask(q question) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.awaitedLocked(q)
	if a.open++; a.open == 1 {
		a.since = time.Now()
	}
}

// pause notes until when nothing is asked.
func (f *faults) pause(q question, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*f.awaitedLocked(q) = awaited{paused: until}
}

// answer notes how a request ended.
func (f *faults) answer(q question, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil { // nothing was asked, since it could not be written
		return
	}
	a := f.awaitedLocked(q)
	a.open, a.since = max(0, a.open-1), time.Now()
	switch {
	case err == nil:
		a.failed = 0
	case !closedByUs(err):
		a.failed++
		a.err = err
	}
}

// forget forgets what is open at a broker, whose connection has ended.
func (f *faults) forget(host string, port int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for q, a := range f.asked {
		if q.host == host && q.port == port {
			a.open = 0
		}
	}
}

// slow is how long an answer may take before that explains anything.
const slow = fetchWait + time.Second

// unanswered finds the question that fails each time, or else waits longest, if one does. A broker may answer all others: so these are
// kept apart from the faults, which another answer heals. It is nothing by itself, a group may wait for its other members: it explains
// a context that has ended.
func (f *faults) unanswered(now time.Time) (q question, remedy string, err error) {
	const again = 2 // once, a broker that restarts fails too
	f.mu.Lock()
	defer f.mu.Unlock()
	var longest time.Duration
	for one, a := range f.asked {
		waits := now.Sub(a.since)
		switch {
		case a.paused.After(now):
			return one, "raise the quota with kafka-configs.sh (producer_byte_rate, consumer_byte_rate, request_percentage), or send less",
				fmt.Errorf("a quota of the cluster holds this client back, for another %s", a.paused.Sub(now).Round(time.Millisecond))
		case a.failed >= again && waits < faultAge:
			return one, lookThere, fmt.Errorf("asked for %s it fails each time, %d times by now: %w", wire.Name(one.key), a.failed, a.err)
		case a.open > 0 && waits >= slow && waits > longest:
			longest, q, remedy = waits, one, one.remedy()
			err = fmt.Errorf("no answer to %s for %s", wire.Name(one.key), waits.Round(time.Millisecond))
		}
	}
	return q, remedy, err
}

const lookThere = "look at the broker's log, and at the network on the way to it"

// remedy is what to look at where a question has no answer.
func (q question) remedy() string {
	if key := kmsg.Key(q.key); key == kmsg.JoinGroup || key == kmsg.SyncGroup {
		return "the group waits for its other members, for consumer.rebalance_timeout (KAFKA_CONSUMER_REBALANCE_TIMEOUT) at most"
	}
	return lookThere
}
