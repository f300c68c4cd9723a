package kafka

import (
	"errors"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Every line of the log stands in docs/logs.md, with its level, its attributes and when it comes. Two rules hold for all: what goes on is
// told at its first and its last, not at each retry, and no line has a payload, a key, a header's value, a secret, or the text of an
// error that a handler returned.

// tellEvery is how often what comes and goes is told at most.
const tellEvery = time.Minute

// log is where a reader tells: with its topic and group. It is made for each line, since most readers have few, and many none.
func (r *reader) log() *slog.Logger {
	log := r.proxy.log.With("topic", r.topic)
	if r.group == "" { // WithPartitions
		return log
	}
	return log.With("group", r.group)
}

// clientLog is where a reader's connection tells.
func (r *reader) clientLog() *slog.Logger { return r.proxy.logOf(r.log(), "consumer") }

// logOf is where a connection tells.
func (p *Proxy) logOf(log *slog.Logger, client string) *slog.Logger {
	return log.With("client", client, "brokers", p.cfg.Brokers)
}

// A telling is what the log has of a broker.
type telling struct {
	at       time.Time // of the newest line
	standing bool      // that it can't be reached, and not yet that it answers again
}

// tellTo sets where faults of brokers are told from now on: while a client is open. Before, and after, nobody but the caller has to know.
func (f *faults) tellTo(log *slog.Logger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log.Store(log)
	f.told = make(map[string]telling)
}

// toldLocked takes in what an address is at, and reports whether that is to be told: a fault that stands once, one that comes and goes
// once for each tellEvery, and the end of what was told. The caller holds f.mu.
func (f *faults) toldLocked(addr string, faulty bool) bool {
	t := f.told[addr]
	if f.log.Load() == nil || t.standing == faulty || faulty && time.Since(t.at) < tellEvery {
		return false
	}
	f.told[addr] = telling{time.Now(), faulty}
	return true
}

// tell logs that a broker can't be reached, or, with a nil error, that it answers again.
func (f *faults) tell(addr string, err error) {
	log := f.log.Load()
	switch {
	case log == nil: // closed meanwhile
	case err == nil:
		log.Info("kafka: a broker answers again", "broker", addr)
	default:
		log.Warn("kafka: a broker can't be reached; trying again", "broker", addr, "error", f.access.Load().connectError(addr, err))
	}
}

// troubles are the partitions whose faults are in the log and of which nothing came since; -1 is the topic as a whole.
type troubles map[int32]bool

// first adds a partition, and reports whether it is the only one: then it is to be told.
func (t troubles) first(partition int32) bool {
	first := len(t) == 0
	t[partition] = true
	return first
}

// heal takes out what records came of, and reports whether it was the last.
func (t troubles) heal(fetches kgo.Fetches) bool {
	if len(t) == 0 {
		return false
	}
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) > 0 {
			delete(t, p.Partition)
			delete(t, -1)
		}
	})
	return len(t) == 0
}

// tellLosses tells log and observers of what is gone. The caller holds no lock.
func (r *reader) tellLosses() {
	r.mu.Lock()
	losses := r.losses
	r.losses = nil
	r.mu.Unlock()
	for _, l := range losses {
		if l.Kind == LossRecreated {
			r.log().Warn("kafka: the topic was deleted and made again; reading the new one from its start", "error", l.Err)
		} else {
			r.log().Error("kafka: messages are gone", "error", l.Err)
		}
		r.proxy.observers.lose(l)
	}
}

// stallPatience is how long a partition may stand until that is told: at the bound of unacknowledged messages, and behind an open
// transaction, it may for moments in good health.
const stallPatience = time.Minute

// logStalls tells of partitions that stand, and of those that go on. A dead letter that can't be written is told at once, elsewhere.
func (r *reader) logStalls() {
	type stall struct {
		partition int32
		why       string
		since     time.Time
	}
	var begun, ended []stall
	r.mu.Lock()
	for p, a := range r.assigned {
		why, since := a.stalled()
		stands := why != "" && a.stalls == 0 && time.Since(since) >= stallPatience
		switch {
		case stands && !a.stallTold:
			a.stallTold = true
			begun = append(begun, stall{p, why, since})
		case why == "" && a.stallTold:
			a.stallTold = false
			ended = append(ended, stall{partition: p})
		}
	}
	r.mu.Unlock()
	for _, s := range begun {
		r.log().Warn("kafka: nothing more of a partition is handed out", "partition", s.partition, "reason", s.why, "since", s.since)
	}
	for _, s := range ended {
		r.log().Info("kafka: a partition that stood goes on", "partition", s.partition)
	}
}

// logPanics tells where a handler panicked, once for each message, or for the batch that it was called with.
func (w *runner) logPanics(l *lane) {
	var told *PanicError
	for i := range l.running {
		j := &l.running[i]
		var p *PanicError
		if j.panicked || !errors.As(j.err, &p) {
			continue
		}
		j.panicked = true
		if p != told {
			w.reader.log().Error("kafka: a handler panicked", "partition", j.Partition, "offset", j.Offset, "error", p.Error(),
				"stack", string(p.Stack))
		}
		told = p
	}
}

// A tally counts what is told at its first, and then once for each tellEvery that it goes on. Its owner guards it.
type tally struct {
	told  time.Time
	since int // not told yet
}

// add counts one, and returns how many are to be told now, or 0.
func (t *tally) add() (due int) {
	t.since++
	if time.Since(t.told) < tellEvery {
		return 0
	}
	t.told = time.Now()
	return t.rest()
}

// rest returns how many have not been told, which then they are.
func (t *tally) rest() (left int) {
	left, t.since = t.since, 0
	return left
}

// logBuried tells that messages fail for good, at the first and then once for each tellEvery that they do. Why they do is in their dead
// letters: it is the handler's text, which may hold a payload.
func (w *runner) logBuried(j job) {
	w.reader.mu.Lock()
	n := w.buried.add()
	w.reader.mu.Unlock()
	if n > 0 {
		w.reader.log().Warn("kafka: messages fail for good; their dead letters are written", "dead_letters", *w.options.deadLetter,
			"count", n, "partition", j.Partition, "offset", j.Offset)
	}
}

// logUnheard tells of messages that are not acknowledged and about which nobody asked to be told, so that none is lost in silence. The
// error is that of the newest.
func (s *sender) logUnheard(count int, err error) {
	if count > 0 {
		s.proxy.log.Error("kafka: messages are not acknowledged, and ProduceAsync was given no function to tell", "topic", s.topic,
			"count", count, "error", err)
	}
}
