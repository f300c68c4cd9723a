package main

import (
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/specimen"
	"github.com/typedkafka/kafka/schema"
)

// A message is what is sent over and over, with its type behind functions.
type message struct {
	name   string
	schema string
	about  string
	value  any // the pointer to it
	fresh  func() any
	codecs codecs
	typed  typedClients
}

// A codec turns the message into bytes, and bytes into a fresh value of its type.
type codec struct {
	encode func() ([]byte, error)
	decode func([]byte) error
}

// codecs are those that need the type to be known: a value behind an interface would cost them an allocation.
type codecs struct{ std, v2 codec }

// leaveOut makes v2 leave out what v1 does, zeros and false too, so that its messages are no longer than the others'.
var leaveOut = jsonv1.OmitEmptyWithLegacySemantics(true)

// messages are what services send, and two that nothing was made for.
var messages = []message{
	newMessage("tiny", "a chat line", specimen.TinySchema, specimen.NewTiny()),
	newMessage("order", "a shop's order: nested, with patterns, formats, enums, bounds", specimen.OrderSchema, specimen.NewOrder()),
	newMessage("report", "84 readings of sensors", specimen.BatchSchema, specimen.NewReport()),
	newMessage("batch", "200 readings of sensors", specimen.BatchSchema, specimen.NewBatch()),
	newMessage("survey", "20 levels deep, most fields left out", specimen.SurveySchema, specimen.NewSurvey()),
	newMessage("article", "long texts with much to escape", specimen.ArticleSchema, specimen.NewArticle()),
}

func (m message) String() string { return m.name }

func newMessage[T any](name, about, text string, v *T) message {
	return message{
		name: name, about: about, schema: text, value: v,
		fresh: func() any { return new(T) },
		codecs: codecs{
			std: codec{
				encode: func() ([]byte, error) { return json.Marshal(v) },
				decode: func(raw []byte) error { return json.Unmarshal(raw, new(T)) },
			},
			v2: codec{
				encode: func() ([]byte, error) { return jsonv2.Marshal(v, leaveOut) },
				decode: func(raw []byte) error { return jsonv2.Unmarshal(raw, new(T)) },
			},
		},
		typed: typedClients{
			produce: func(j *job) (*sending, error) { return produceTyped(j, topicOf[T](j), *v) },
			run:     func(j *job, each func() bool) error { return runTyped(j, topicOf[T](j), each) },
			receive: func(j *job, each func() bool) error { return receiveTyped(j, topicOf[T](j), each) },
		},
	}
}

func topicOf[T any](j *job) kafka.Topic[T] {
	return kafka.Topic[T]{Name: j.Topic, Schema: schema.MustCompile([]byte(j.message.schema))}
}

// raw is what encoding/json makes of the message.
func (m message) raw() ([]byte, error) {
	raw, err := json.Marshal(m.value)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", m.name, err)
	}
	return raw, nil
}
