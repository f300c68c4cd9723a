// Command bench sets this SDK beside the other ways to send JSON over Kafka from Go: what one message costs to produce and to consume, in
// time, processor time, allocations and memory. The yardstick is franz-go with encoding/json, which checks nothing.
//
//	go -C bench run .          # on an embedded broker: the figures, and docs/performance.md
//	go -C bench run . -quick   # proves that everything runs; its figures mean nothing
//	go -C integration run ./cmd/withkafka -- go -C ../bench run .   # on a real Apache Kafka
//
// Each contender runs in a process of its own, and so does the embedded broker. The contenders take turns: a round has each of them once
// on each message, so that a slow minute of the machine is everybody's.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// roleVariable says what a process is that this program has started itself: a broker or a worker. The one that a person starts has none.
const roleVariable = "KAFKA_BENCH_ROLE"

const (
	roleBroker = "broker"
	roleWorker = "worker"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	switch os.Getenv(roleVariable) {
	case roleBroker:
		return serveBroker(os.Stdin, os.Stdout)
	case roleWorker:
		return work(ctx, os.Stdin, os.Stdout)
	}
	s, err := parseSettings(os.Args[1:])
	if err != nil {
		return err
	}
	return direct(ctx, s)
}
