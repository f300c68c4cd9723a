package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	ckafka "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/jsonschema"
)

// Confluent's serde wants a registry. Its client has one that lives in the process, mock://, so no request to a real one is in the
// figures; a real one is asked once and then cached.
const registryURL = "mock://bench"

// registryID is the id that a registry gives to its first schema.
const registryID = 1

// frame puts Confluent's wire format before a document: a zero byte and the schema's id.
func frame(raw []byte) []byte { return append([]byte{0, 0, 0, 0, registryID}, raw...) }

// register makes the process's registry know the message's schema.
func register(j *job) (schemaregistry.Client, error) {
	client, err := schemaregistry.NewClient(schemaregistry.NewConfig(registryURL))
	if err != nil {
		return nil, err
	}
	id, err := client.Register(j.Topic+"-value", schemaregistry.SchemaInfo{Schema: j.message.schema, SchemaType: "JSON"}, false)
	if err == nil && id != registryID {
		err = fmt.Errorf("the registry gave the schema the id %d", id)
	}
	return client, err
}

// serializer takes the registered schema. By default the serde would derive another one from the struct, anew for each message.
func serializer(j *job, checking bool) (*jsonschema.Serializer, error) {
	client, err := register(j)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewSerializerConfig()
	c.EnableValidation = checking
	c.AutoRegisterSchemas, c.UseLatestVersion = false, true
	return jsonschema.NewSerializer(client, serde.ValueSerde, c)
}

// produceConfluent sends without waiting for company, but in a stream, where librdkafka's 5 ms make its batches.
func produceConfluent(checking bool) func(*job) (*sending, error) {
	return func(j *job) (*sending, error) {
		s, err := serializer(j, checking)
		if err != nil {
			return nil, err
		}
		conf := bootstrap(j)
		if j.Workload != stream {
			conf["linger.ms"] = 0
		}
		p, err := ckafka.NewProducer(&conf)
		if err != nil {
			return nil, err
		}
		c := &confluentProducer{p, s, j}
		return &sending{send: c.send, stream: c.stream, close: p.Close}, nil
	}
}

func bootstrap(j *job) ckafka.ConfigMap {
	m := ckafka.ConfigMap{}
	for i, b := range j.Brokers {
		if i > 0 {
			b = fmt.Sprint(m["bootstrap.servers"], ",", b)
		}
		m["bootstrap.servers"] = b
	}
	return m
}

type confluentProducer struct {
	*ckafka.Producer
	serializer *jsonschema.Serializer
	job        *job
}

func (c *confluentProducer) message() (*ckafka.Message, error) {
	raw, err := c.serializer.Serialize(c.job.Topic, c.job.message.value)
	if err != nil {
		return nil, err
	}
	return &ckafka.Message{
		TopicPartition: ckafka.TopicPartition{Topic: &c.job.Topic, Partition: ckafka.PartitionAny}, Value: raw,
	}, nil
}

func (c *confluentProducer) send(context.Context) error {
	m, err := c.message()
	if err != nil {
		return err
	}
	told := make(chan ckafka.Event, 1)
	if err := c.Produce(m, told); err != nil {
		return err
	}
	return delivered(<-told)
}

func delivered(e ckafka.Event) error {
	switch e := e.(type) {
	case *ckafka.Message:
		return e.TopicPartition.Error
	case ckafka.Error:
		return e
	}
	return nil // of no interest
}

// stream drains the channel of events as it goes, as librdkafka's users must.
func (c *confluentProducer) stream(_ context.Context, more func() bool) error {
	var failed firstError
	told := make(chan ckafka.Event, 10_000)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for e := range told {
			failed.note(delivered(e))
		}
	}()
	err := c.produceAll(told, more)
	for c.Flush(100) > 0 { // tells how many are left
	}
	close(told)
	<-drained
	return errors.Join(err, failed.err())
}

func (c *confluentProducer) produceAll(told chan ckafka.Event, more func() bool) error {
	for more() {
		m, err := c.message()
		if err != nil {
			return err
		}
		for err = c.Produce(m, told); isFull(err); err = c.Produce(m, told) {
			c.Flush(1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isFull(err error) bool {
	var e ckafka.Error
	return errors.As(err, &e) && e.Code() == ckafka.ErrQueueFull
}

// receiveConfluent does not check: with EnableValidation, v2.11.1 gives the struct itself to jsonschema/v5, which takes none
// (TestConfluentCantCheckAStruct).
func receiveConfluent(j *job, each func() bool) error {
	client, err := register(j)
	if err != nil {
		return err
	}
	d, err := jsonschema.NewDeserializer(client, serde.ValueSerde, jsonschema.NewDeserializerConfig())
	if err != nil {
		return err
	}
	conf := bootstrap(j)
	conf["group.id"], conf["auto.offset.reset"] = j.Group, "earliest"
	c, err := ckafka.NewConsumer(&conf)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Subscribe(j.Topic, nil); err != nil {
		return err
	}
	for more := true; more; more = each() {
		m, err := c.ReadMessage(time.Minute)
		if err != nil {
			return err
		}
		if err := d.DeserializeInto(j.Topic, m.Value, j.message.fresh()); err != nil {
			return err
		}
	}
	return nil
}
