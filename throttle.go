package kafka

import (
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A throttling tells in the log that brokers hold this application back by a quota: that is no error, but it explains why everything
// takes long. It is safe for concurrent use.
type throttling struct {
	log *slog.Logger

	mu    sync.Mutex // guards times
	times tally
}

var _ kgo.HookBrokerThrottle = (*throttling)(nil)

// OnBrokerThrottle is called for each answer that asks to wait.
func (t *throttling) OnBrokerThrottle(b kgo.BrokerMetadata, interval time.Duration, _ bool) {
	t.mu.Lock()
	due := t.times.add()
	t.mu.Unlock()
	if due > 0 {
		t.log.Warn("kafka: a quota of the cluster holds this application back; raise it with kafka-configs.sh (producer_byte_rate,"+
			" consumer_byte_rate, request_percentage), or send less", "broker", hostPort(b.Host, b.Port), "wait", interval)
	}
}
