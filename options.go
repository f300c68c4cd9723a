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

// fetchBytes is what a broker may answer at once, unless a single batch is larger. All of it is decompressed before the first of its
// messages can be taken; franz-go's 50 MiB are no faster.
const fetchBytes = 16 << 20

// largestAnswer bounds what is read of an answer that holds messages: what was asked for, and a batch that is as large as it may be.
func (c ConsumerConfig) largestAnswer() int32 {
	const most = 1 << 30 // of franz-go
	return int32(min(fetchBytes+max(c.MaxDecompressedBytes, c.MaxMessageBytes+batchRoom), most))
}

// isolation is what consumer.isolation is for franz-go.
func (c ConsumerConfig) isolation() kgo.IsolationLevel {
	if c.Isolation == readUncommitted {
		return kgo.ReadUncommitted()
	}
	return kgo.ReadCommitted()
}
