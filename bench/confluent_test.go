package main

import (
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/jsonschema"
)

// TestConfluentCantCheckAStruct: the day it can, the page is to have a row for it.
func TestConfluentCantCheckAStruct(t *testing.T) {
	t.Parallel()
	m, err := byName(messages, "order")
	if err != nil {
		t.Fatal(err)
	}
	j := &job{Topic: "orders", message: m}
	s, err := serializer(j, true)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.Serialize(j.Topic, m.value)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := m.raw()
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != string(frame(plain)) {
		t.Error("the topics that are filled in Confluent's wire format do not have what its serializer writes")
	}
	for _, checking := range []bool{false, true} {
		c := jsonschema.NewDeserializerConfig()
		c.EnableValidation = checking
		d, err := jsonschema.NewDeserializer(s.Client, serde.ValueSerde, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.DeserializeInto(j.Topic, raw, m.fresh()); (err != nil) != checking {
			t.Errorf("checking %v: %v", checking, err)
		} else if checking {
			t.Log(err)
		}
	}
}

// TestConfluentChecks: what the row of checked producing is about.
func TestConfluentChecks(t *testing.T) {
	t.Parallel()
	m, err := byName(messages, "order")
	if err != nil {
		t.Fatal(err)
	}
	for _, checking := range []bool{false, true} {
		s, err := serializer(&job{Topic: "orders", message: m}, checking)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Serialize("orders", m.fresh()); (err != nil) != checking {
			t.Errorf("checking %v, an empty order: %v", checking, err)
		}
	}
}
