// Package kafka sends and receives typed messages, each checked against a JSON Schema.
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

// A Record is what a message has beside its typed value. It may be copied; copies settle the same message. Its slices belong to
// the caller for good. On a literal, in a user's own handler test, Ack and Nack do nothing.
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
