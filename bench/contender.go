package main

import (
	"context"
	"fmt"
)

// A workload is what is measured.
type workload string

const (
	one      workload = "sync"     // one message after another, each acknowledged before the next
	stream   workload = "async"    // as many as go, and all acknowledged in the end
	parallel workload = "parallel" // 64 goroutines, each as in one
	consume  workload = "consume"
)

var workloads = []workload{one, stream, parallel, consume}

func (w workload) String() string { return string(w) }

// A job is one measurement of one contender: what its process is told.
type job struct {
	Brokers   []string
	Contender string
	Message   string
	Workload  workload
	Topic     string // to send to, or to receive from
	Group     string
	Budget    int64 // nanoseconds
	Most      int   // records
	Profile   string

	message message
}

// A contender is a client with a codec. One of the two functions may be nil: it has nothing of that kind.
type contender struct {
	name    string
	label   string
	checked string // what it checks against the schema
	framed  bool   // it reads and writes Confluent's wire format
	// produce connects for a workload.
	produce func(*job) (*sending, error)
	// receive joins the job's group, and calls each after every record that it has decoded, until that says false.
	receive func(j *job, each func() bool) error
}

// A sending is a connected producer.
type sending struct {
	// send sends the message and waits for its acknowledgement. It is safe for concurrent use.
	send func(context.Context) error
	// stream sends the message as long as more says so, without waiting for each, and returns when all are acknowledged. Nil: it can't.
	stream func(ctx context.Context, more func() bool) error
	close  func()
}

// The names of contenders that others are compared with.
const (
	rawKgo    = "kgo-raw"
	yardstick = "kgo-json"
	ours      = "typed"
	confluent = "confluent-checked"
)

// contenders are all that take part, ours last.
var contenders = []contender{
	{name: rawKgo, label: "franz-go, bytes (the limit)", checked: "–", produce: produceKgo(rawCodec), receive: receiveKgo(rawCodec)},
	{name: yardstick, label: "franz-go + encoding/json", checked: "–", produce: produceKgo(stdCodec), receive: receiveKgo(stdCodec)},
	{name: "kgo-v2", label: "franz-go + encoding/json/v2", checked: "–", produce: produceKgo(v2Codec), receive: receiveKgo(v2Codec)},
	{
		name: "kgo-naive", label: "franz-go + encoding/json + jsonschema/v5", checked: "both",
		produce: produceKgo(naiveCodec), receive: receiveKgo(naiveCodec),
	},
	{
		name: confluent, label: "confluent-kafka-go, JSON Schema serde, checking", checked: "produce", framed: true,
		produce: produceConfluent(true), receive: nil, // it can't check what is decoded into a struct; see confluent.go
	},
	{
		name: "confluent", label: "confluent-kafka-go, JSON Schema serde", checked: "–", framed: true,
		produce: produceConfluent(false), receive: receiveConfluent,
	},
	{name: "sarama", label: "sarama + encoding/json", checked: "–", produce: produceSarama, receive: receiveSarama},
	{name: "kafka-go", label: "segmentio/kafka-go + encoding/json", checked: "–", produce: produceSegmentio, receive: receiveSegmentio},
	{name: "watermill", label: "watermill-kafka + encoding/json", checked: "–", produce: produceWatermill, receive: receiveWatermill},
	{
		name: ours, label: "**typed: Produce, ProduceAsync, Retrieve**", checked: "both",
		produce: func(j *job) (*sending, error) { return j.message.typed.produce(j) },
		receive: func(j *job, each func() bool) error { return j.message.typed.receive(j, each) },
	},
	{
		name: "typed-run", label: "**typed: Run**", checked: "both",
		receive: func(j *job, each func() bool) error { return j.message.typed.run(j, each) },
	},
}

func (c contender) String() string { return c.name }

// offers reports whether the contender has something to measure in a workload.
func (c contender) offers(w workload) bool {
	if w == consume {
		return c.receive != nil
	}
	return c.produce != nil && (w != stream || c.name != "watermill") // whose Publish waits for each message
}

// byName finds one of a list; what is asked for was checked to be there, but for what another process says.
func byName[T fmt.Stringer](all []T, name string) (T, error) {
	for _, one := range all {
		if one.String() == name {
			return one, nil
		}
	}
	var none T
	return none, fmt.Errorf("there is no %q among %v", name, names(all))
}

func names[T fmt.Stringer](all []T) []string {
	var out []string
	for _, one := range all {
		out = append(out, one.String())
	}
	return out
}
