package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/twmb/franz-go/pkg/kgo"
)

// codecOf makes a codec for a message.
type codecOf func(message) (codec, error)

// rawCodec has nothing to do: the bytes are there already, and nobody wants to read them. No client with a codec can be faster.
func rawCodec(m message) (codec, error) {
	raw, err := m.raw()
	return codec{
		encode: func() ([]byte, error) { return raw, nil },
		decode: func([]byte) error { return nil },
	}, err
}

func stdCodec(m message) (codec, error) { return m.codecs.std, nil }
func v2Codec(m message) (codec, error)  { return m.codecs.v2, nil }

// naiveCodec checks as one does who puts the libraries together: every message is decoded once more, for the validator.
func naiveCodec(m message) (codec, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	if err := compiler.AddResource("message.json", strings.NewReader(m.schema)); err != nil {
		return codec{}, err
	}
	compiled, err := compiler.Compile("message.json")
	check := func(raw []byte) error {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		return compiled.Validate(v)
	}
	return codec{
		encode: func() ([]byte, error) {
			raw, err := m.codecs.std.encode()
			if err != nil {
				return nil, err
			}
			return raw, check(raw)
		},
		decode: func(raw []byte) error {
			if err := check(raw); err != nil {
				return err
			}
			return m.codecs.std.decode(raw)
		},
	}, err
}

// produceKgo sends as this SDK's producer does: idempotent and acknowledged by all, both franz-go's defaults, without compression, and
// without waiting for company.
func produceKgo(of codecOf) func(*job) (*sending, error) {
	return func(j *job) (*sending, error) {
		c, err := of(j.message)
		if err != nil {
			return nil, err
		}
		cl, err := kgo.NewClient(kgo.SeedBrokers(j.Brokers...), kgo.DefaultProduceTopic(j.Topic),
			kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(0))
		if err != nil {
			return nil, err
		}
		return &sending{
			send: func(ctx context.Context) error {
				raw, err := c.encode()
				if err != nil {
					return err
				}
				return cl.ProduceSync(ctx, &kgo.Record{Value: raw}).FirstErr()
			},
			stream: func(ctx context.Context, more func() bool) error { return streamKgo(ctx, cl, c, more) },
			close:  cl.Close,
		}, nil
	}
}

func streamKgo(ctx context.Context, cl *kgo.Client, c codec, more func() bool) error {
	var failed firstError
	done := func(_ *kgo.Record, err error) { failed.note(err) }
	for more() {
		raw, err := c.encode()
		if err != nil {
			return err
		}
		cl.Produce(ctx, &kgo.Record{Value: raw}, done)
	}
	if err := cl.Flush(ctx); err != nil {
		return err
	}
	return failed.err()
}

// receiveKgo polls as a member of a group that commits what was polled every five seconds, which is franz-go's default.
func receiveKgo(of codecOf) func(*job, func() bool) error {
	return func(j *job, each func() bool) error {
		c, err := of(j.message)
		if err != nil {
			return err
		}
		cl, err := kgo.NewClient(kgo.SeedBrokers(j.Brokers...), kgo.ConsumeTopics(j.Topic), kgo.ConsumerGroup(j.Group),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if err != nil {
			return err
		}
		defer cl.Close()
		for {
			fetches := cl.PollFetches(context.Background())
			if errs := fetches.Errors(); len(errs) > 0 {
				return fmt.Errorf("partition %d: %w", errs[0].Partition, errs[0].Err)
			}
			for it := fetches.RecordIter(); !it.Done(); {
				if err := c.decode(it.Next().Value); err != nil {
					return err
				}
				if !each() {
					return nil
				}
			}
		}
	}
}

// A firstError keeps the first of the errors that callbacks are told. It is safe for concurrent use.
type firstError struct {
	mu    sync.Mutex
	first error
}

func (f *firstError) note(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		f.first = err
	}
}

func (f *firstError) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}
