// Package interop_test has clients of other languages read what our package writes, and our package read what they write, on a
// real Apache Kafka. INTEROP_REQUIRED lists the peers that must be there, by comma; the others are skipped aloud where they are
// missing and can't be installed.
package interop_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
)

// A greeting is what goes between the languages.
type greeting struct {
	ID    int64    `json:"id"`
	Text  string   `json:"text"`
	Ratio float64  `json:"ratio"`
	Tags  []string `json:"tags"`
	Note  *string  `json:"note,omitempty"`
}

// A record is one message as any client sees it. A nil slice is null, an empty one is empty.
type record struct {
	Key       []byte    `json:"key"`
	Value     []byte    `json:"value"`
	Headers   []header  `json:"headers"`
	Timestamp int64     `json:"timestamp"` // milliseconds
	Partition int32     `json:"partition"`
	Parsed    *greeting `json:"parsed,omitempty"` // the value as the peer understands it
}

type header struct {
	Name  string `json:"name"`
	Value []byte `json:"value"`
}

// A peer is another client.
type peer struct {
	name string
	// setUp says why the peer can't take part, "" if it can.
	setUp   func(t *testing.T) (missing string)
	receive func(t *testing.T, c *cluster.Cluster, topic string, n int) []record
	send    func(t *testing.T, c *cluster.Cluster, topic string, rs []record)
	// What the peer can't express. The rest must hold byte for byte.
	sendsNow      bool // it sends with the time of now
	sendsText     bool // keys and header values that it sends must be UTF-8
	noNullHeaders bool // it can't send them
	groupsHeaders bool // values of one name come together
	noZeroByte    bool // its keys and headers end at a zero byte
}

var peers = []peer{kcat(), console(), aiokafka(), kafkajs()}

// greetings are the values: all scripts, what encoders escape, the edges of numbers that all languages hold.
func greetings() []greeting {
	note := "a note"
	return []greeting{
		{ID: 1, Text: "Hello", Ratio: 0.1, Tags: []string{}},
		{ID: 1<<53 - 1, Text: "Zürich, 日本語, עברית, 😀, e\u0301", Ratio: -1.5e-7, Tags: []string{"a", ""}, Note: &note},
		{ID: -7, Text: "<b> & \"quoted\" \\ / \t \u2028 \u007f", Ratio: 1e21, Tags: []string{"\u0001"}},
		{ID: 0, Text: "", Ratio: 0, Tags: []string{"x"}},
		{ID: 5, Text: strings.Repeat("long ", 2000), Ratio: 3, Tags: []string{}},
		{ID: 6, Text: "last", Ratio: 123456.789, Tags: []string{}},
	}
}

// records are the greetings with the keys and headers that get lost most easily. Timestamps are near now: a broker deletes what
// looks older than its retention.
func records(t *testing.T, p peer) []record {
	t.Helper()
	codec, err := kafka.NewCodec(topicOf("any"))
	if err != nil {
		t.Fatal(err)
	}
	binary, null := []byte{0x00, 0xff, 0xfe, 0x80}, []byte(nil)
	if p.noZeroByte {
		binary = binary[1:]
	}
	if p.sendsText {
		binary = []byte("✓\x7f")
	}
	keys := [][]byte{nil, {}, []byte("kunde/4711"), binary, []byte("日本"), []byte("k")}
	headers := [][]header{
		nil,
		{{"trace", []byte("abc")}},
		{{"empty", []byte{}}, {"null", null}},
		{{"again", []byte("1")}, {"other", []byte("x")}, {"again", []byte("2")}},
		{{"binary", binary}},
		{{"ünï", []byte("ç")}},
	}
	if p.noNullHeaders {
		headers[2] = headers[2][:1]
	}
	now := time.Now().UnixMilli()
	var rs []record
	for i, g := range greetings() {
		value, err := codec.Encode(g)
		if err != nil {
			t.Fatal(err)
		}
		rs = append(rs, record{Key: keys[i], Value: value, Headers: headers[i], Timestamp: now - int64(i*1000), Parsed: &g})
	}
	return rs
}

func topicOf(name string) kafka.Topic[greeting] { return kafka.Topic[greeting]{Name: name} }

func TestInterop(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{})
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			if missing := p.setUp(t); missing != "" {
				if slices.Contains(strings.Split(os.Getenv("INTEROP_REQUIRED"), ","), p.name) {
					t.Fatal(missing)
				}
				t.Skipf("SKIPPED: interop with %s: %s", p.name, missing)
			}
			t.Run("reads ours", func(t *testing.T) { testReadsOurs(t, c, p) })
			t.Run("writes for us", func(t *testing.T) { testWritesForUs(t, c, p) })
			if !t.Failed() {
				t.Logf("interop: %s reads what we write and writes what we read", p.name)
			}
		})
	}
}

const partitions = 7

func createTopic(t *testing.T, c *cluster.Cluster, name string) string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopic(t.Context(), partitions, 1, nil, name); err != nil {
		t.Fatal(err)
	}
	return name
}

func proxy(t *testing.T, c *cluster.Cluster) *kafka.Proxy {
	t.Helper()
	p, err := kafka.NewProxy(kafka.Config{Brokers: c.Bootstrap(), Group: "interop-" + strings.ReplaceAll(t.Name(), "/", "-")},
		kafka.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Disconnect(ctx); err != nil {
			t.Error(err)
		}
	})
	return p
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// testReadsOurs sends with our Producer and has the peer receive.
func testReadsOurs(t *testing.T, c *cluster.Cluster, p peer) {
	topic := createTopic(t, c, p.name+"-reads")
	producer, err := kafka.NewProducer(proxy(t, c), topicOf(topic))
	if err != nil {
		t.Fatal(err)
	}
	want := records(t, peer{noZeroByte: p.noZeroByte})
	for i := range want {
		opts := []kafka.RecordOption{kafka.WithKey(want[i].Key), kafka.WithTimestamp(time.UnixMilli(want[i].Timestamp))}
		for _, h := range want[i].Headers {
			opts = append(opts, kafka.WithHeader(h.Name, h.Value))
		}
		d, err := producer.Produce(within(t, time.Minute), *want[i].Parsed, opts...)
		if err != nil {
			t.Fatal(err)
		}
		want[i].Partition = d.Partition
	}
	compare(t, p, want, p.receive(t, c, topic, len(want)))
}

// testWritesForUs has the peer send and receives with our Consumer.
func testWritesForUs(t *testing.T, c *cluster.Cluster, p peer) {
	topic := createTopic(t, c, p.name+"-writes")
	want := records(t, p)
	start := time.Now().UnixMilli()
	p.send(t, c, topic, want)
	consumer, err := kafka.NewConsumer(proxy(t, c), topicOf(topic))
	if err != nil {
		t.Fatal(err)
	}
	var got []record
	for range want {
		m, err := consumer.Retrieve(within(t, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		r := record{Key: m.Key, Value: m.Raw, Timestamp: m.Timestamp.UnixMilli(), Partition: m.Partition, Parsed: &m.Value}
		for _, h := range m.Headers {
			r.Headers = append(r.Headers, header{h.Key, h.Value})
		}
		got = append(got, r)
	}
	if p.sendsNow {
		checkNow(t, start, got, want)
	}
	placeAsWe(t, c, p, want)
	compare(t, p, want, got)
}

// placeAsWe sends the keys with our Producer too: equal keys go to equal partitions, whoever sends them. Records without a key go
// anywhere.
func placeAsWe(t *testing.T, c *cluster.Cluster, p peer, want []record) {
	t.Helper()
	producer, err := kafka.NewProducer(proxy(t, c), topicOf(createTopic(t, c, p.name+"-keys")))
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		d, err := producer.Produce(within(t, time.Minute), *want[i].Parsed, kafka.WithKey(want[i].Key))
		if err != nil {
			t.Fatal(err)
		}
		want[i].Partition = d.Partition
	}
}

// checkNow checks timestamps that a peer made while it sent, and leaves nothing of them to compare.
func checkNow(t *testing.T, start int64, got, want []record) {
	t.Helper()
	for i := range got {
		if ts := got[i].Timestamp; ts < start || ts > time.Now().UnixMilli() {
			t.Errorf("timestamp %d is not of this test, which began at %d", ts, start)
		}
		got[i].Timestamp = 0
	}
	for i := range want {
		want[i].Timestamp = 0
	}
}

// compare checks records in any order: there are several partitions. Values tell them apart.
func compare(t *testing.T, p peer, want, got []record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, not %d", len(got), len(want))
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(r record) bool { return bytes.Equal(r.Value, w.Value) })
		if i < 0 {
			t.Errorf("value %.80q did not arrive byte for byte", w.Value)
			continue
		}
		compareOne(t, p, w, got[i])
	}
}

func compareOne(t *testing.T, p peer, want, got record) {
	t.Helper()
	if !bytes.Equal(got.Key, want.Key) || (got.Key == nil) != (want.Key == nil) {
		t.Errorf("%.40q: key %#v, not %#v", want.Value, got.Key, want.Key)
	}
	if got.Timestamp != want.Timestamp {
		t.Errorf("%.40q: timestamp %d, not %d", want.Value, got.Timestamp, want.Timestamp)
	}
	if want.Key != nil && got.Partition != want.Partition {
		t.Errorf("%.40q: key %q in partition %d, not %d", want.Value, want.Key, got.Partition, want.Partition)
	}
	if got.Parsed != nil && !reflect.DeepEqual(got.Parsed, want.Parsed) {
		t.Errorf("%.40q: understood as %+v, not %+v", want.Value, got.Parsed, want.Parsed)
	}
	w, g := slices.Clone(want.Headers), slices.Clone(got.Headers)
	if p.groupsHeaders { // order is kept among values of one name only
		byName := func(a, b header) int { return cmp.Compare(a.Name, b.Name) }
		slices.SortStableFunc(w, byName)
		slices.SortStableFunc(g, byName)
	}
	same := slices.EqualFunc(w, g, func(a, b header) bool {
		return a.Name == b.Name && bytes.Equal(a.Value, b.Value) && (a.Value == nil) == (b.Value == nil)
	})
	if !same {
		t.Errorf("%.40q: headers %q, not %q", want.Value, g, w)
	}
}

// lines encodes records as the scripts read them.
func lines(t *testing.T, rs []record) string {
	t.Helper()
	var b strings.Builder
	for _, r := range rs {
		if r.Headers == nil {
			r.Headers = []header{}
		}
		r.Parsed = nil
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}
