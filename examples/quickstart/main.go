// Quickstart sends a typed message, receives it, and shows what happens to one that breaks its schema.
//
//	go run ./examples/quickstart                                # on a broker inside this program
//	KAFKA_BROKERS=localhost:9092 go run ./examples/quickstart   # on your Kafka
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
	"github.com/typedkafka/kafka/schema"
)

// An Order is what the messages carry: a plain struct.
type Order struct {
	ID    int    `json:"id"`
	Email string `json:"email"`
}

// orders is the topic's contract, one value for producers, consumers and tests.
var orders = kafka.Topic[Order]{
	Name: "orders",
	Schema: schema.MustCompile([]byte(`{
		"type": "object",
		"required": ["id", "email"],
		"properties": {
			"id": {"type": "integer", "minimum": 1},
			"email": {"type": "string", "format": "email"}
		}
	}`)),
	Key: func(o Order) []byte { return strconv.AppendInt(nil, int64(o.ID), 10) },
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	cfg, stopBroker, err := config()
	if err != nil {
		return err
	}
	defer stopBroker()
	proxy, err := kafka.NewProxy(cfg) // nothing is dialled yet
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect(proxy)) }()

	if err := proxy.EnsureTopics(ctx); err != nil {
		return err
	}
	sent, err := send(ctx, proxy)
	if err != nil {
		return err
	}
	return receive(ctx, proxy, sent)
}

// config is the environment's where KAFKA_BROKERS is set, else that of a broker inside this program.
func config() (cfg kafka.Config, stop func(), err error) {
	where := "a broker inside this program; set KAFKA_BROKERS for another"
	if os.Getenv("KAFKA_BROKERS") == "" {
		cfg, stop, err = kafkatest.Run()
	} else {
		where, stop = "from KAFKA_BROKERS", func() {}
		cfg, err = kafka.LoadConfig("") // or the path of a YAML, TOML or JSON file
	}
	if err != nil {
		return cfg, stop, err
	}
	if len(cfg.Topics) == 0 {
		cfg.Topics = []kafka.TopicConfig{{Alias: "orders", Group: "quickstart"}}
	}
	fmt.Printf("Kafka: %s (%s)\n", strings.Join(cfg.Brokers, ","), where)
	return cfg, stop, nil
}

// send sends one order, and tries one that breaks the schema.
func send(ctx context.Context, proxy *kafka.Proxy) (kafka.Delivery, error) {
	producer, err := kafka.NewProducer(proxy, orders)
	if err != nil {
		return kafka.Delivery{}, err
	}
	sent, err := producer.Produce(ctx, Order{ID: 7, Email: "ada@example.com"})
	if err != nil {
		return kafka.Delivery{}, err
	}
	fmt.Printf("sent to %s, partition %d, offset %d\n", sent.Topic, sent.Partition, sent.Offset)

	_, err = producer.Produce(ctx, Order{ID: 0, Email: "nobody"})
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) {
		return kafka.Delivery{}, fmt.Errorf("an invalid order was not refused: %w", err)
	}
	fmt.Println("refused:", err)
	return sent, nil
}

// receive receives until it has met the message that was sent: on your Kafka others may lie before it.
func receive(ctx context.Context, proxy *kafka.Proxy, sent kafka.Delivery) error {
	consumer, err := kafka.NewConsumer(proxy, orders)
	if err != nil {
		return err
	}
	for m, err := range consumer.Messages(ctx) {
		var invalid *kafka.MessageError
		if errors.As(err, &invalid) { // somebody else's bytes: told, and passed
			fmt.Println("skipped:", err)
			continue
		}
		if err != nil {
			return err
		}
		fmt.Printf("received order %d of %s\n", m.Value.ID, m.Value.Email)
		if m.Partition == sent.Partition && m.Offset == sent.Offset {
			return m.Ack()
		}
	}
	return ctx.Err()
}

// disconnect commits what was acknowledged and closes the connections. It has a context of its own, since the program's may be
// done by now.
func disconnect(proxy *kafka.Proxy) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return proxy.Disconnect(ctx)
}
