package kafka_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
)

// A greedyPool is a user's own. It writes over what it gets back, as the next batch would.
type greedyPool struct{}

func (greedyPool) GetDecompressBytes([]byte, kgo.CompressionCodecType) []byte { return nil }

func (greedyPool) PutDecompressBytes(b []byte) {
	for i := range b {
		b[i] = '!'
	}
}

// What is handed out stays as it is, although the client's memory for records is used again, also where a user's own pool wants the
// bytes back.
func TestWhatIsHandedOutStaysAsItIs(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]kafka.ProxyOption{
		"no pool":       kafka.WithClientOptions(),
		"a user's pool": kafka.WithClientOptions(kgo.WithPools(greedyPool{})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const batches, batch = 20, 300
			c := newCluster(t)
			topic := c.topic(t, 1)
			for i := range batches {
				var recs []*kgo.Record
				for k, value := range orderBytes(i*batch, (i+1)*batch) {
					key := fmt.Append(nil, i*batch+k)
					recs = append(recs, &kgo.Record{Topic: topic, Key: key, Value: value, Headers: []kgo.RecordHeader{{Key: "again", Value: key}}})
				}
				if err := c.client(t).ProduceSync(within(t, patience), recs...).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			got := take(t, newConsumer(t, c.proxy(t, option), topic), batches*batch)
			want := orderBytes(0, batches*batch)
			for i, m := range got {
				key := fmt.Append(nil, i)
				if m.Offset != int64(i) || !bytes.Equal(m.Raw, want[i]) || !bytes.Equal(m.Key, key) || m.Timestamp.IsZero() {
					t.Fatalf("message %d became one of offset %d, key %q, at %s: %s", i, m.Offset, m.Key, m.Timestamp, m.Raw)
				}
				if header, ok := m.Header("again"); !ok || !bytes.Equal(header, key) {
					t.Fatalf("the header of message %d became %q", i, header)
				}
			}
		})
	}
}
