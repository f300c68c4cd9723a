package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
	"github.com/typedkafka/kafka/schema"
)

// An Order is what the messages of the examples carry.
type Order struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// Orders is the contract of the examples' topic.
var Orders = kafka.Topic[Order]{
	Name: "orders",
	Schema: schema.MustCompile([]byte(`{
		"type": "object",
		"required": ["id", "email"],
		"properties": {
			"id": {"type": "string", "minLength": 1},
			"email": {"type": "string", "format": "email"}
		}
	}`)),
	Key: func(o Order) []byte { return []byte(o.ID) },
}

// exampleProxy makes a proxy on an embedded broker; a program calls kafka.LoadConfig and kafka.NewProxy.
func exampleProxy() (proxy *kafka.Proxy, disconnect func()) {
	cfg, stop, err := kafkatest.Run("orders")
	if err != nil {
		log.Fatal(err)
	}
	cfg.Group = "billing"
	proxy, err = kafka.NewProxy(cfg, kafka.WithLogger(nil))
	if err != nil {
		log.Fatal(err)
	}
	return proxy, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := proxy.Disconnect(ctx); err != nil {
			log.Fatal(err)
		}
		stop()
	}
}

// The whole path: a proxy, a producer and a consumer on it, one message, and the end.
func Example() {
	ctx := context.Background()
	cfg, stop, err := kafkatest.Run("orders") // or kafka.LoadConfig("kafka.yaml")
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	proxy, err := kafka.NewProxy(cfg, kafka.WithLogger(nil))
	if err != nil {
		log.Fatal(err)
	}
	producer, err := kafka.NewProducer(proxy, Orders)
	if err != nil {
		log.Fatal(err)
	}
	consumer, err := kafka.NewConsumer(proxy, Orders, kafka.WithGroup("billing"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := producer.Produce(ctx, Order{ID: "A-1", Email: "ada@example.com"}); err != nil {
		log.Fatal(err)
	}
	m, err := consumer.Retrieve(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Value.ID, m.Value.Email)
	if err := m.Ack(); err != nil {
		log.Fatal(err)
	}
	closing, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := proxy.Disconnect(closing); err != nil {
		log.Fatal(err)
	}
	// Output: A-1 ada@example.com
}

// What an error of a send says, and what a service that answers requests makes of it.
func ExampleProducer_Produce() {
	proxy, disconnect := exampleProxy()
	defer disconnect()
	producer, err := kafka.NewProducer(proxy, Orders)
	if err != nil {
		log.Fatal(err)
	}
	_, err = producer.Produce(context.Background(), Order{Email: "nobody"})
	var invalid *schema.ValidationError
	switch {
	case err == nil:
		fmt.Println("201 written by all in-sync replicas")
	case errors.As(err, &invalid):
		fmt.Println("422 nothing was sent:")
		for _, fault := range invalid.Faults {
			fmt.Println("   ", fault.InstancePath, fault.Rule)
		}
	case errors.Is(err, kafka.ErrOutcomeUnknown):
		fmt.Println("504 it may be written; repeating may write it twice")
	default:
		fmt.Println("503 surely not written")
	}
	// Output:
	// 422 nothing was sent:
	//     /email format
	//     /id minLength
}

// Many messages at a time, each with a function that is told its end.
func ExampleProducer_ProduceAsync() {
	ctx := context.Background()
	proxy, disconnect := exampleProxy()
	defer disconnect()
	producer, err := kafka.NewProducer(proxy, Orders)
	if err != nil {
		log.Fatal(err)
	}
	var done sync.WaitGroup
	for i := range 3 {
		done.Add(1)
		order := Order{ID: fmt.Sprint("A-", i), Email: "ada@example.com"}
		producer.ProduceAsync(ctx, order, func(d kafka.Delivery, err error) {
			defer done.Done()
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(order.ID, "is at offset", d.Offset)
		})
	}
	done.Wait()
	// Output:
	// A-0 is at offset 0
	// A-1 is at offset 1
	// A-2 is at offset 2
}

// Where one value of several is invalid, none is sent.
func ExampleProducer_ProduceAll() {
	proxy, disconnect := exampleProxy()
	defer disconnect()
	producer, err := kafka.NewProducer(proxy, Orders)
	if err != nil {
		log.Fatal(err)
	}
	_, err = producer.ProduceAll(context.Background(), []Order{
		{ID: "A-1", Email: "ada@example.com"},
		{ID: "A-2", Email: "nobody"},
	})
	var batch *kafka.BatchError
	if errors.As(err, &batch) {
		for i, err := range batch.Errs {
			fmt.Println(i, err == nil)
		}
	}
	// Output:
	// 0 true
	// 1 false
}

// A loop over what arrives. Its next turn acknowledges the message of the last one.
func ExampleConsumer_Messages() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	proxy, disconnect := exampleProxy()
	defer disconnect()
	exampleSend(ctx, proxy, Order{ID: "A-1", Email: "ada@example.com"}, Order{ID: "A-2", Email: "bob@example.com"})
	consumer, err := kafka.NewConsumer(proxy, Orders)
	if err != nil {
		log.Fatal(err)
	}
	for m, err := range consumer.Messages(ctx) {
		var invalid *kafka.MessageError
		switch {
		case err == nil:
			fmt.Println(m.Value.ID)
		case errors.As(err, &invalid):
			fmt.Println("no valid order at offset", invalid.Offset)
		default:
			fmt.Println("it may heal:", err)
		}
		if err == nil && m.Value.ID == "A-2" {
			cancel() // a service ends so at SIGTERM; the range ends without an error
		}
	}
	// Output:
	// A-1
	// A-2
}

// Several goroutines on one consumer, each of which acknowledges its own messages.
func ExampleManualAck() {
	ctx := context.Background()
	proxy, disconnect := exampleProxy()
	defer disconnect()
	exampleSend(ctx, proxy, Order{ID: "A-1", Email: "ada@example.com"}, Order{ID: "A-2", Email: "bob@example.com"})
	consumer, err := kafka.NewConsumer(proxy, Orders, kafka.ManualAck())
	if err != nil {
		log.Fatal(err)
	}
	var pool sync.WaitGroup
	for range 2 {
		pool.Go(func() {
			m, err := consumer.Retrieve(ctx)
			if err != nil {
				log.Fatal(err)
			}
			if err := m.Ack(); err != nil {
				log.Fatal(err)
			}
			fmt.Println(m.Value.ID)
		})
	}
	pool.Wait()
	// Unordered output:
	// A-2
	// A-1
}

// The production path with no broker: what a producer would send, and what a consumer makes of bytes.
func ExampleCodec() {
	codec, err := kafka.NewCodec(Orders)
	if err != nil {
		log.Fatal(err)
	}
	raw, err := codec.Encode(Order{ID: "A-1", Email: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(raw))
	_, err = codec.Decode([]byte(`{"id": "A-1"}`))
	var invalid *schema.ValidationError
	fmt.Println(errors.As(err, &invalid), invalid.Faults[0].Rule)
	// Output:
	// {"id":"A-1","email":"ada@example.com"}
	// true required
}

// A handler is a function of a message, and a literal is a message: its test needs no broker.
func ExampleMessage() {
	handler := func(_ context.Context, m *kafka.Message[Order]) error {
		fmt.Println("invoice for", m.Value.ID)
		return m.Ack() // on a literal it does nothing
	}
	err := handler(context.Background(), &kafka.Message[Order]{Value: Order{ID: "A-1"}})
	fmt.Println(err)
	// Output:
	// invoice for A-1
	// <nil>
}

// An option is a function of a Record, so that a mock of a producer can see what it would do.
func ExampleRecordOption() {
	var r kafka.Record
	for _, opt := range []kafka.RecordOption{kafka.WithKey([]byte("A-1")), kafka.WithHeader("trace", []byte("4bf92f35"))} {
		opt(&r)
	}
	trace, _ := r.Header("trace")
	fmt.Printf("%s %s\n", r.Key, trace)
	// Output: A-1 4bf92f35
}

// What the code calls "orders" has another name in each environment, and EnsureTopics creates what is missing.
func ExampleProxy_EnsureTopics() {
	ctx := context.Background()
	cfg, stop, err := kafkatest.Run()
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	cfg.Topics = []kafka.TopicConfig{{Alias: "orders", Name: "staging.orders", Partitions: 1}}
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		log.Fatal(err)
	}
	if err := proxy.EnsureTopics(ctx); err != nil {
		log.Fatal(err)
	}
	producer, err := kafka.NewProducer(proxy, Orders)
	if err != nil {
		log.Fatal(err)
	}
	d, err := producer.Produce(ctx, Order{ID: "A-1", Email: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Topic)
	if err := proxy.Disconnect(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: staging.orders
}

// exampleSend sends what an example is to receive.
func exampleSend(ctx context.Context, proxy *kafka.Proxy, orders ...Order) {
	producer, err := kafka.NewProducer(proxy, Orders)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := producer.ProduceAll(ctx, orders); err != nil {
		log.Fatal(err)
	}
}
