package faults_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/typedkafka/kafka"
)

// A load is numbered messages, sent at an even pace so that a fault falls in the middle of them.
type load struct {
	messages   int
	over       time.Duration
	keys       int
	padding    int // bytes in each
	generation int
}

// loadTick is how often the pace is kept.
const loadTick = 20 * time.Millisecond

// send sends the load from one goroutine, key by key in order, and returns when the outcome of each message is in the ledger.
func (w load) send(ctx context.Context, p *kafka.Producer[event], l *ledger) error {
	padding := strings.Repeat("x", w.padding)
	start, sent := time.Now(), 0
	for ticker := time.NewTicker(loadTick); sent < w.messages; {
		due := min(w.messages, int(time.Since(start)*time.Duration(w.messages)/w.over))
		for ; sent < due; sent++ {
			w.sendOne(ctx, p, l, event{w.generation, sent % w.keys, int64(sent / w.keys), padding})
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return p.Flush(ctx)
}

func (w load) sendOne(ctx context.Context, p *kafka.Producer[event], l *ledger, e event) {
	l.write(func() { l.attempted++ })
	p.ProduceAsync(ctx, e, func(d kafka.Delivery, err error) {
		l.write(func() {
			switch {
			case err == nil:
				l.acked = append(l.acked, delivered{e.id(), spot{d.Partition, d.Offset}})
			case errors.Is(err, kafka.ErrOutcomeUnknown):
				l.unknown[e.id()] = err
			default:
				l.refused[e.id()] = err
			}
		})
	})
}
