package kafka

import (
	"context"
	"sync/atomic"
	"time"
)

// A term bounds how long the client itself tries to send what its sender has long given up, so that it leaves the send buffer.
// The client's own setting for that, RecordDeliveryTimeout, counts from the record's timestamp and would refuse every message
// that WithTimestamp puts into the past. The records of one second share a context, since one for each would be dear, and it ends
// later than any delivery timeout of theirs, since it takes the younger records of a partition with it.
type term struct {
	length time.Duration
	ctx    context.Context
	until  time.Time // from then on it is too old for another record
}

// termShare is how long records are put into one context.
const termShare = time.Second

// at returns the context of a record that is admitted now. The caller guards it.
func (t *term) at(now time.Time) context.Context {
	if t.ctx == nil || now.After(t.until) {
		ctx, cancel := context.WithTimeout(context.Background(), t.length+termShare)
		context.AfterFunc(ctx, cancel) // nothing ends it sooner
		t.ctx, t.until = ctx, now.Add(termShare)
	}
	return t.ctx
}

// A topicLife counts how often a topic was found to be deleted and made again, over all producers of a proxy.
type topicLife struct {
	count  atomic.Uint64
	ending atomic.Bool
}

// end calls purge if a record that was handed over in a life is the first to tell that it is over. The client goes on with the id
// of the topic that was deleted until it forgets it, and it must forget it once: what is sent afterwards goes to the new topic,
// and a second purge would fail it. A purge waits for the client's goroutines, so it has one of its own.
func (l *topicLife) end(life uint64, purge func()) {
	if l.count.Load() != life || !l.ending.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer l.ending.Store(false)
		if l.count.Load() == life {
			purge()
			l.count.Add(1)
		}
	}()
}

// lifeOf returns the life of a topic, one for all who ask.
func (p *Proxy) lifeOf(topic string) *topicLife {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lives[topic]
	if l == nil {
		l = &topicLife{}
		p.lives[topic] = l
	}
	return l
}
