package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// deadLetters writes what a Run could not handle to its dead-letter topic. It is safe for concurrent use.
//
// A dead letter is the message as it came, value, key, timestamp and headers, and after those the headers that provenance.go names.
// A null value stays null. A stretch of the log that could not be read has neither key nor value: its headers say which offsets.
type deadLetters struct {
	line                  *faithful
	target, source, group string
}

// newDeadLetters makes the writer of a Run, which holds the proxy from now on until close: what still is handled while the proxy
// disconnects its consumers may be written. It does no I/O and connects with the first write; where the proxy is disconnected that one
// says so.
func newDeadLetters(p *Proxy, target, source, group string) *deadLetters {
	d := &deadLetters{line: newFaithful(p, "dead letters", target), target: target, source: source, group: group}
	_ = d.line.sender.hold()
	return d
}

// A letterForm is one way to write a dead letter. The later ones are smaller.
type letterForm struct {
	headers extent
	alone   bool // in its batch, and compressed as far as can be
}

var letterForms = []letterForm{{everything, false}, {everything, true}, {withoutReason, true}, {positionOnly, true}}

// write writes a dead letter, once, and returns nil when all in-sync replicas have it. Where the broker takes none of its size it
// tries again, compressed as far as can be, then with fewer headers of our own. It blocks until the broker has answered, the delivery timeout passes or
// ctx ends; after ErrOutcomeUnknown it may be written, and whoever must be sure writes it again.
func (d *deadLetters) write(ctx context.Context, m *MessageError) error {
	if m.failed.IsZero() {
		m.failed = time.Now()
	}
	var err error
	for _, f := range letterForms {
		if err = d.try(ctx, d.record(m, f.headers), f.alone); !tooLarge(err) {
			return d.explain(m, err)
		}
		d.line.squeeze.hard.Store(true)
	}
	return d.explain(m, fmt.Errorf("%w: %w", d.limits(ctx), err))
}

// try writes a record. A time that the dead-letter topic refuses is in a header as well, so the record gets the time of now.
func (d *deadLetters) try(ctx context.Context, rec kgo.Record, alone bool) error {
	_, err := d.line.send(ctx, rec, alone)
	if errors.Is(err, kerr.InvalidTimestamp) {
		rec.Timestamp = time.Time{}
		_, err = d.line.send(ctx, rec, alone)
	}
	return err
}

// record is the dead letter of a message.
func (d *deadLetters) record(m *MessageError, e extent) kgo.Record {
	headers := append(m.Headers[:len(m.Headers):len(m.Headers)], d.provenance(m, e)...)
	return kgo.Record{
		Topic: d.target, Partition: anyPartition, Timestamp: m.Timestamp, Key: m.Key, Value: m.Raw, Headers: clientHeaders(headers),
	}
}

// explain says whose dead letter could not be written.
func (d *deadLetters) explain(m *MessageError, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, kerr.InvalidRecord) && m.Key == nil {
		err = fmt.Errorf("a compacted topic takes no message without a key: set its cleanup.policy to delete: %w", err)
	}
	return fmt.Errorf("kafka: write the dead letter of %s[%d]@%d to %q: %w", m.Topic, m.Partition, m.Offset, d.target, d.line.explain(err))
}

const (
	maxMessageBytes = "max.message.bytes"
	asking          = 2 * time.Second // for what is only to explain
	headersRoom     = 64 << 10        // what a dead letter may have more than its message
)

// limits says what the dead-letter topic and the source take, as far as the broker lets this principal know.
func (d *deadLetters) limits(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	target, source := "unknown: this principal may not ask", "unknown"
	if cl := d.line.sender.conn.client.Load(); cl != nil {
		configs, _ := kadm.NewClient(cl).DescribeTopicConfigs(ctx, d.target, d.source)
		target, source = limitOf(configs, d.target, target), limitOf(configs, d.source, source)
	}
	return fmt.Errorf("even compressed and without optional headers it is larger than %s of %q (%s) allows; that of %q is %s:"+
		" raise the first %d above the second (%s)", maxMessageBytes, d.target, target, d.source, source, headersRoom,
		d.line.sender.proxy.access.configLine(d.target, maxMessageBytes+"=…"))
}

// limitOf is the topic's own limit, or otherwise.
func limitOf(configs kadm.ResourceConfigs, topic, otherwise string) string {
	config, err := configs.On(topic, nil)
	if err != nil {
		return otherwise
	}
	for _, c := range config.Configs {
		if c.Key == maxMessageBytes && c.Value != nil {
			return *c.Value
		}
	}
	return otherwise
}

// close waits for what is under way, lets go of the proxy and closes the connection. It blocks until that is done or ctx ends; its
// error counts what may or may not be written.
func (d *deadLetters) close(ctx context.Context) error { return d.line.sender.Disconnect(ctx) }
