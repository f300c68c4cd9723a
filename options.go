package kafka

import "github.com/twmb/franz-go/pkg/kgo"

const (
	// batchRoom is what a batch of one record may have beside the value: key, headers and framing. With the default
	// max_message_bytes it makes the 1,048,588 bytes that a broker takes by default (message.max.bytes).
	batchRoom = 48_588
	// largestMessage keeps a batch below the 100 MiB that franz-go and brokers (socket.request.max.bytes) take in one request.
	largestMessage = 100<<20 - 2*batchRoom
)

// connectionOptions are the options of every client but for how it is let in: where the cluster is, and who asks.
func (c Config) connectionOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(c.ClientID),
		kgo.DialTimeout(c.ConnectTimeout),
	}
}

// acks is what producer.acks is for franz-go; all but acksAll need DisableIdempotentWrite.
func (c ProducerConfig) acks() kgo.Acks {
	switch c.Acks {
	case acksLeader:
		return kgo.LeaderAck()
	case acksNone:
		return kgo.NoAck()
	default:
		return kgo.AllISRAcks()
	}
}

// compression is what producer.compression is for franz-go.
func (c ProducerConfig) compression() kgo.CompressionCodec {
	switch c.Compression {
	case compressionGzip:
		return kgo.GzipCompression()
	case compressionSnappy:
		return kgo.SnappyCompression()
	case compressionLz4:
		return kgo.Lz4Compression()
	case compressionZstd:
		return kgo.ZstdCompression()
	default:
		return kgo.NoCompression()
	}
}

// maxBatchBytes lets a value of MaxMessageBytes pass, with its key and headers.
func (c ProducerConfig) maxBatchBytes() int32 {
	return int32(min(c.MaxMessageBytes, largestMessage) + batchRoom)
}

// isolation is what consumer.isolation is for franz-go.
func (c ConsumerConfig) isolation() kgo.IsolationLevel {
	if c.Isolation == readUncommitted {
		return kgo.ReadUncommitted()
	}
	return kgo.ReadCommitted()
}
