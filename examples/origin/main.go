// Origin is the use that this package comes from: ten messages {"id": i, "text": "Hello i"} go out one at a time, and a loop
// receives them. Each side has a proxy of its own, connects on its first message, and stops by Disconnect.
//
//	go run ./examples/origin                                # on a broker inside this program
//	KAFKA_BROKERS=localhost:9092 go run ./examples/origin   # on your Kafka
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/internal/demo"
)

const count = 10

// A Hello is the body of a message. The topic has no Schema, so it is derived from this struct.
type Hello struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

var hello = kafka.Topic[Hello]{Name: "hello"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	cfg, stopBroker, err := demo.Broker(kafka.TopicConfig{Alias: "hello", Group: "origin"})
	if err != nil {
		return err
	}
	defer stopBroker()
	if err := send(ctx, cfg); err != nil {
		return err
	}
	return receive(ctx, cfg)
}

// send sends ten messages, each acknowledged before the next.
func send(ctx context.Context, cfg kafka.Config) (err error) {
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect(proxy)) }()
	if err := proxy.EnsureTopics(ctx); err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, hello)
	if err != nil {
		return err
	}
	for i := range count {
		m := Hello{ID: i, Text: fmt.Sprintf("Hello %d", i)}
		if _, err := producer.Produce(ctx, m); err != nil {
			return err
		}
		fmt.Println("sent    ", m.ID, m.Text)
	}
	return nil
}

// receive receives ten messages, one at a time. Each Retrieve acknowledges the message before it, and Ack the last one.
func receive(ctx context.Context, cfg kafka.Config) (err error) {
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect(proxy)) }()
	consumer, err := kafka.NewConsumer(proxy, hello)
	if err != nil {
		return err
	}
	var last *kafka.Message[Hello]
	for range count {
		last, err = consumer.Retrieve(ctx)
		if err != nil {
			return err
		}
		fmt.Println("received", last.Value.ID, last.Value.Text)
	}
	return last.Ack()
}

// disconnect has a context of its own: when Ctrl-C ended the program its context is done, and there is still an offset to commit.
func disconnect(proxy *kafka.Proxy) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return proxy.Disconnect(ctx)
}
