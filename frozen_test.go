package kafka_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// A freezer stands between a client and its brokers, and holds all that is said in both directions, as a process does that is stopped.
type freezer struct{ mu sync.RWMutex }

func (f *freezer) option() kafka.ProxyOption {
	return kafka.WithClientOptions(kgo.Dialer(func(ctx context.Context, kind, addr string) (net.Conn, error) {
		f.pass()
		conn, err := (&net.Dialer{}).DialContext(ctx, kind, addr)
		if err != nil {
			return nil, err
		}
		return &coldWire{conn, f}, nil
	}))
}

func (f *freezer) pass() {
	f.mu.RLock()
	defer f.mu.RUnlock()
}

type coldWire struct {
	net.Conn
	f *freezer
}

func (w *coldWire) Write(p []byte) (int, error) {
	w.f.pass()
	return w.Conn.Write(p)
}

func (w *coldWire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.f.pass()
	return n, err
}

// A member that is frozen past its session, with messages in hand, loses its partitions; what it acknowledges and commits after it is
// thawed changes nothing of what the other member has committed.
func TestAFrozenMemberChangesNothingWhenItThaws(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	c.cfg = quickly(c.cfg)
	c.cfg.Consumer.CommitInterval = 20 * time.Millisecond
	var f freezer
	log, logger := newJournal()
	frozen := newConsumer(t, c.proxy(t, f.option(), kafka.WithLogger(logger)), topic, kafka.ManualAck())
	late := take(t, frozen, 3)
	f.mu.Lock()
	thaw := sync.OnceFunc(f.mu.Unlock)
	t.Cleanup(thaw)
	other := newConsumer(t, c.proxy(t), topic, kafka.ManualAck())
	got := take(t, other, 6) // when the session of the first one is over
	if got[0].Offset != 0 {
		t.Fatalf("the other member begins at offset %d", got[0].Offset)
	}
	ack(t, got...)
	commit(t, other)
	c.wantCommitted(t, topic, 0, 6)
	ack(t, late[0]) // it does not know yet
	thaw()
	log.await(t, "partitions lost")
	if err := late[1].Ack(); !errors.Is(err, kafka.ErrNotOwned) {
		t.Errorf("a late acknowledgement: %v", err)
	}
	eventually(t, "it is back in the group", func() bool { return frozen.Status().Joined })
	_ = frozen.Commit(within(t, patience)) // it may have nothing to commit
	c.wantCommitted(t, topic, 0, 6)
}

// Who stops at a loss has committed nothing past it: the next consumer is told again.
func TestStoppingAtALossIsSafe(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 0, 10)
	c.commitAs(t, topic, committedAt(2))
	c.deleteBefore(t, topic, 6)
	for range 2 {
		consumer := newConsumer(t, c.proxy(t), topic)
		wantLoss(t, retrieveError(t, consumer), "offsets 2 to 5")
		disconnect(t, consumer)
		c.wantCommitted(t, topic, 0, 2)
	}
}
