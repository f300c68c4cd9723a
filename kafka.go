// Package kafka sends and receives typed messages over Apache Kafka, each checked against a JSON Schema, on the bytes that cross
// the wire, in both directions.
//
//	type Order struct {
//		ID  string `json:"id"`
//		Qty int    `json:"qty" jsonschema:"minimum=1"`
//	}
//
//	var Orders = kafka.Topic[Order]{Name: "orders", Key: func(o Order) []byte { return []byte(o.ID) }}
//
//	proxy, err := kafka.NewProxy(kafka.Config{Brokers: []string{"localhost:9092"}, Group: "billing"})
//	producer, err := kafka.NewProducer(proxy, Orders)
//	delivery, err := producer.Produce(ctx, Order{ID: "1", Qty: 2})
//	consumer, err := kafka.NewConsumer(proxy, Orders)
//	message, err := consumer.Retrieve(ctx)
//
// A [Topic] is the contract: one value, shared by producers, consumers and the tests that guard them. A [Proxy] is the lazy
// connection that they stand on. Constructors check all that needs no network and do no I/O; the first call that needs the cluster
// connects, and [Proxy.Ping] checks on purpose.
//
// # Delivery
//
// [Producer.Produce] returns when every in-sync replica has the message (acks=all, idempotent), so an error of the client's own
// retries never writes twice or reorders. Keys go where the Java client puts them.
//
// [Consumer.Retrieve] delivers at least once. A message is acknowledged by the next Retrieve, or by its Ack: not by having been
// fetched, and not by [Consumer.Disconnect]. Offsets are committed partition by partition, in order of delivery, up to the first
// message that is not acknowledged and never past it; nothing is committed for a partition that has moved to another member.
// Several goroutines share a consumer with [ManualAck].
//
// [Consumer.Run] calls a handler instead: several messages side by side with one key's in order, failed ones again, and those that fail
// for good into a dead-letter topic, after which alone they are acknowledged. When its context ends it finishes what it has begun.
// [Consumer.RunBatch] is the same by the batch.
//
// [Consumer.Status] says where a consumer stands, without I/O, and [Consumer.Pause] holds partitions.
//
// A message that is no JSON or breaks the schema is returned as a [*MessageError], with its bytes and position. It is never
// skipped in silence and never blocks its partition.
//
// # Errors
//
// Each error says what was tried, what happened and what to do. For a send there are three kinds, and a handler that answers a
// request can map them as they are:
//
//	var invalid *schema.ValidationError
//	switch {
//	case errors.As(err, &invalid):               // 422: the value breaks the schema; nothing was sent
//	case errors.Is(err, kafka.ErrOutcomeUnknown): // 504: it may be written; repeating may write it twice
//	default:                                      // 503: surely not written; kafka.Temporary says whether waiting helps
//	}
//
// A context that ends while the connection is broken carries the connection's error, and is still the context's error for
// errors.Is. Payloads, keys and secrets are in no error text and no log line.
//
// # Configuration
//
// [LoadConfig] reads a YAML, TOML or JSON file and the environment (KAFKA_BROKERS, KAFKA_SASL_PASSWORD and so on), [ConfigFrom] the
// application's own viper; a literal [Config] works as well. Every fault is told at once. The topics list maps the aliases that
// code uses to each environment's names and groups.
//
// # Testing
//
// A handler needs no broker: &kafka.Message[Order]{Value: …} is a message, and its Ack does nothing. A [Codec] is the production
// path with no broker, for contract tests. Package kafkatest starts an embedded broker over real TCP in one line. Packages schema
// and schema/schematest check in CI that a struct fits its schema and that a new schema breaks no old message. A user of a producer
// or consumer declares the one-method interface that he needs and mocks that.
//
// # Shutdown
//
// Disconnect of a proxy closes what stands on it: consumers commit and leave their group, producers flush. It is bounded by its
// context, so a program that ends because a context was cancelled gives it a fresh one:
//
//	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
//	defer cancel()
//	err := proxy.Disconnect(ctx)
package kafka

import (
	"time"

	"github.com/typedkafka/kafka/schema"
)

// A Topic is the contract of a Kafka topic: one value, shared by producers, consumers, contract tests and documents. It is
// copied by the constructors and may be a package variable.
type Topic[T any] struct {
	// Name is the topic's name in the cluster, or the alias of an entry in Config.Topics.
	Name string
	// Schema is what every message is checked against. Nil derives it from T, as schema.For does.
	Schema *schema.Schema
	// Key gives a message's key; equal keys go to one partition and keep their order. Nil, or a nil result, is no key. It must
	// be safe for concurrent use.
	Key func(T) []byte
}

// A Header is one name and value beside a record. Kafka allows a name more than once and a nil value.
type Header struct {
	Key   string
	Value []byte
}

// A Message is one received message: its value, checked and decoded, and the record that it came in.
type Message[T any] struct {
	Record
	Value T
	// Attempt counts the calls of a Run's handler with this message, from 1. It is 0 outside of a Run.
	Attempt int
}

// A Delivery says where a message was written.
type Delivery struct {
	Topic     string
	Partition int32
	Offset    int64
	// Timestamp is the time that the producer gave the record. A topic with message.timestamp.type=LogAppendTime stores the
	// broker's time instead, which the broker does not tell the producer's client.
	Timestamp time.Time
}

// A Record is what a message has beside its typed value. It may be copied; copies settle the same message. Its slices may be
// kept for good; nobody should write into them, since what is delivered again, and a dead letter, is made of them. On a literal, in a user's own handler test, Ack and Nack do nothing.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp time.Time
	Key       []byte // nil: no key
	Headers   []Header
	Raw       []byte // the value's bytes as they are on the wire; nil: a null value

	receipt receipt
}

// Header returns the value of the last header with that key, and whether there is one.
func (r *Record) Header(key string) ([]byte, bool) {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value, true
		}
	}
	return nil, false
}
