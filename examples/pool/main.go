// Pool handles messages of one consumer on several goroutines. With ManualAck each acknowledges its own messages, in any order; what
// is committed never passes a message that is still in work.
//
//	go run ./examples/pool                                # on a broker inside this program
//	KAFKA_BROKERS=localhost:9092 go run ./examples/pool   # on your Kafka
//
// Where the order of a key matters, or failures are to be tried again, Consumer.Run does the work of this program.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/internal/demo"
)

const (
	goroutines = 4
	count      = 20
)

// A Job is one piece of work.
type Job struct {
	N int `json:"n"`
}

var jobs = kafka.Topic[Job]{Name: "jobs"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	cfg, stopBroker, err := demo.Broker(kafka.TopicConfig{Alias: "jobs", Group: "pool", Partitions: 2})
	if err != nil {
		return err
	}
	defer stopBroker()
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect(proxy)) }()
	if err := send(ctx, proxy); err != nil {
		return err
	}
	consumer, err := kafka.NewConsumer(proxy, jobs, kafka.ManualAck())
	if err != nil {
		return err
	}
	return handleAll(ctx, consumer)
}

// handleAll runs the pool until as many jobs are done as were sent, ctx ends or a goroutine fails.
func handleAll(ctx context.Context, consumer *kafka.Consumer[Job]) error {
	ctx, finish := context.WithCancel(ctx)
	defer finish()
	var done atomic.Int64
	errs := make([]error, goroutines)
	var pool sync.WaitGroup
	for i := range goroutines {
		pool.Go(func() {
			defer finish() // one that fails ends the others
			errs[i] = work(ctx, consumer, func() {
				if done.Add(1) == count {
					finish()
				}
			})
		})
	}
	pool.Wait()
	fmt.Printf("%d jobs done by %d goroutines\n", done.Load(), goroutines)
	return errors.Join(errs...)
}

// work is one goroutine of the pool: it retrieves, handles and acknowledges until ctx ends.
func work(ctx context.Context, consumer *kafka.Consumer[Job], done func()) error {
	for ctx.Err() == nil {
		m, err := consumer.Retrieve(ctx)
		var invalid *kafka.MessageError
		switch {
		case err == nil:
			fmt.Println("job", m.Value.N)
			err = m.Ack()
			done()
		case errors.As(err, &invalid):
			fmt.Println("skipped:", err)
			err = invalid.Ack() // with ManualAck, a message that can't be read is acknowledged too
		case ctx.Err() != nil:
			err = nil // a Retrieve that ctx ended has taken nothing
		}
		if err != nil && !errors.Is(err, kafka.ErrNotOwned) { // not owned: the partition moved, and its new owner receives it
			return err
		}
	}
	return nil
}

// send gives the pool something to do.
func send(ctx context.Context, proxy *kafka.Proxy) error {
	if err := proxy.EnsureTopics(ctx); err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, jobs)
	if err != nil {
		return err
	}
	values := make([]Job, count)
	for i := range values {
		values[i].N = i
	}
	_, err = producer.ProduceAll(ctx, values)
	return err
}

// disconnect commits what was acknowledged and leaves the group. It has a context of its own: the program's may be done by now.
func disconnect(proxy *kafka.Proxy) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return proxy.Disconnect(ctx)
}
