// Until config.go brings these: its commit deletes this file.

package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func (c Config) withDefaults() Config {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	c.Producer.Acks = "all"
	d := &c.Producer
	if d.DeliveryTimeout == 0 {
		d.DeliveryTimeout = 30 * time.Second
	}
	if d.MaxMessageBytes == 0 {
		d.MaxMessageBytes = 1000000
	}
	if d.MaxBufferedRecords == 0 {
		d.MaxBufferedRecords = 10000
	}
	if d.MaxBufferedBytes == 0 {
		d.MaxBufferedBytes = 64 << 20
	}
	e := &c.Consumer
	if e.MaxMessageBytes == 0 {
		e.MaxMessageBytes = 1048588
	}
	if e.MaxDecompressedBytes == 0 {
		e.MaxDecompressedBytes = 64 << 20
	}
	if e.SessionTimeout == 0 {
		e.SessionTimeout = 45 * time.Second
	}
	if e.RebalanceTimeout == 0 {
		e.RebalanceTimeout = 60 * time.Second
	}
	if e.CommitInterval == 0 {
		e.CommitInterval = time.Second
	}
	return c
}
func (c Config) Validate() error { return nil }
func (c Config) connectionOptions() ([]kgo.Opt, error) {
	return []kgo.Opt{kgo.SeedBrokers(c.Brokers...)}, nil
}
func (c Config) topic(name string) (TopicConfig, error) { return TopicConfig{Name: name}, nil }

const acksAll = "all"

func (c ProducerConfig) compression() kgo.CompressionCodec { return kgo.NoCompression() }
func (c ProducerConfig) acks() kgo.Acks                    { return kgo.AllISRAcks() }
func (c ProducerConfig) maxBatchBytes() int32              { return 1048500 }
func (c ConsumerConfig) isolation() kgo.IsolationLevel     { return kgo.ReadCommitted() }
