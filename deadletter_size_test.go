package kafka_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/typedkafka/kafka"
)

func TestAMessageOfMaximumSizeFitsWithItsHeaders(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	big := c.client(t, kgo.ProducerBatchMaxBytes(2<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	text := func(n int) []byte { return hex.AppendEncode(nil, noise(1, n))[:n] }
	fits := func(n int) bool {
		err := big.ProduceSync(within(t, patience), &kgo.Record{Topic: source, Value: text(n)}).FirstErr()
		if err != nil && !errors.Is(err, kerr.MessageTooLarge) {
			t.Fatal(err)
		}
		return err == nil
	}
	most := 1_048_588 - 61 // the batch's own header
	for !fits(most) {
		most--
	}
	if most < 1_048_400 {
		t.Fatalf("the largest value has %d bytes", most)
	}
	var m *kafka.MessageError
	if err := retrieveError(t, newConsumer(t, c.proxy(t), source)); !errors.As(err, &m) || len(m.Raw) != most {
		t.Fatalf("received %v", err)
	}
	d := c.deadLetters(t, c.proxy(t), target, source)
	writeDead(t, d, m)
	rec := c.read(t, target, 1)[0]
	wantSame(t, rec, m)
	if own(rec)["dead-letter-reason"] == "" || d.RefusedAsTooLarge() {
		t.Errorf("its headers are %v, refused at first: %t", own(rec), d.RefusedAsTooLarge())
	}
}

func TestAMessageThatCameCompressedFits(t *testing.T) {
	t.Parallel()
	for name, codec := range map[string]kgo.CompressionCodec{"gzip": kgo.GzipCompression(), "zstd": kgo.ZstdCompression(), "lz4": kgo.Lz4Compression(), "snappy": kgo.SnappyCompression()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			source, target := c.topic(t, 1), c.topic(t, 1)
			value := bytes.Repeat(noise(2, 20_000), 250) // 5 MB
			send(t, c.client(t, kgo.ProducerBatchMaxBytes(8<<20), kgo.ProducerBatchCompression(codec)), source, 0, value)
			var m *kafka.MessageError
			if err := retrieveError(t, newConsumer(t, c.proxy(t), source)); !errors.As(err, &m) || !bytes.Equal(m.Raw, value) {
				t.Fatalf("received %v", err)
			}
			d := c.deadLetters(t, c.proxy(t), target, source)
			writeDead(t, d, m)
			wantSame(t, c.read(t, target, 1)[0], m)
			if d.RefusedAsTooLarge() {
				t.Error("it was refused at first")
			}
		})
	}
}

func TestAMessageThatRepeatsItselfFarApartFits(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	m := failed(source, 1, bytes.Repeat(noise(3, 500_000), 6)) // 3 MB
	writeDead(t, c.deadLetters(t, c.proxy(t), target, source), m)
	wantSame(t, c.read(t, target, 1)[0], m)
}

func TestASmallLimitIsMetByCompressing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1, "max.message.bytes=3000")
	d := c.deadLetters(t, c.proxy(t), target, source)
	for i := range 2 {
		m := failed(source, int64(i), bytes.Repeat([]byte("x"), 20_000))
		writeDead(t, d, m)
		rec := c.read(t, target, i+1)[i]
		wantSame(t, rec, m)
		if own(rec)["dead-letter-reason"] == "" {
			t.Errorf("its headers are %v", own(rec))
		}
	}
}

func TestAnOldBrokerGetsGzip(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "no old Kafka runs here", kfake.MaxVersions(kversion.V2_0_0()))
	source, target := c.topic(t, 1), c.topic(t, 1)
	m := failed(source, 1, bytes.Repeat([]byte("0123456789"), 300_000))
	writeDead(t, c.deadLetters(t, c.proxy(t), target, source), m)
	rec := c.read(t, target, 1)[0]
	wantSame(t, rec, m)
	if codec := rec.Attrs.CompressionType(); codec != 1 {
		t.Errorf("it has codec %d, want gzip", codec)
	}
}

func TestASmallDeadLetterIsCompressedAsTheProxySays(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]uint8{"": 0, "gzip": 1} {
		c := newCluster(t)
		c.cfg.Producer.Compression = word
		source, target := c.topic(t, 1), c.topic(t, 1)
		writeDead(t, c.deadLetters(t, c.proxy(t), target, source), failed(source, 1, bytes.Repeat([]byte("x"), 10_000)))
		if got := c.read(t, target, 1)[0].Attrs.CompressionType(); got != want {
			t.Errorf("with compression %q it has codec %d, want %d", word, got, want)
		}
	}
}

func TestWhatIsTooLargeGoesWithFewerHeaders(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source := c.topic(t, 1, "max.message.bytes=1234567")
	m := failed(source, 7, noise(4, 2000))
	m.Err = errors.New(hex.EncodeToString(noise(5, 500)))
	proxy, seen := c.proxy(t), ""
	var tooSmall string
	for limit := 3600; limit >= 2000; limit -= 50 {
		target := c.topic(t, 1, "max.message.bytes="+strconv.Itoa(limit))
		d := c.deadLetters(t, proxy, target, source)
		var step string
		if err := d.Write(within(t, patience), m); err != nil {
			wantError(t, err, kerr.MessageTooLarge, target, source, fmt.Sprintf("(%d)", limit), "1234567", "max.message.bytes")
			step, tooSmall = "refused", target
		} else {
			rec := c.read(t, target, 1)[0]
			wantSame(t, rec, m)
			step = strings.Join(slices.Sorted(func(yield func(string) bool) {
				for name := range own(rec) {
					if !yield(strings.TrimPrefix(name, "dead-letter-")) {
						return
					}
				}
			}), " ")
		}
		if !strings.HasSuffix(seen, "\n"+step) {
			seen += "\n" + step
		}
		if step == "refused" {
			break
		}
	}
	if want := `
attempts client-id group kind offset partition reason time timestamp topic
attempts client-id group kind offset partition time timestamp topic
kind offset partition topic
refused`; seen != want {
		t.Fatalf("as the limit fell, the headers were:%s\nwant:%s", seen, want)
	}
	d := c.deadLetters(t, proxy, tooSmall, source)
	if _, err := c.adm.AlterTopicConfigs(within(t, patience), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes",
		Value: kadm.StringPtr("100000")}}, tooSmall); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is written once the limit is raised", func() bool { return d.Write(within(t, patience), m) == nil })
}

func TestLargeAndSmallOnesSideBySideAreNeverTooLargeTogether(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	source, target := c.topic(t, 1), c.topic(t, 1)
	d := c.deadLetters(t, c.proxy(t), target, source)
	var wg sync.WaitGroup
	const n = 60
	for i := range n {
		wg.Go(func() {
			size := []int{100, 20_000, 300_000, 700_000, 1_000_000}[i%5]
			if err := d.Write(within(t, patience), failed(source, int64(i), noise(uint64(i), size))); err != nil {
				t.Errorf("message %d of %d bytes: %v", i, size, err)
			}
		})
	}
	wg.Wait()
	if d.RefusedAsTooLarge() {
		t.Error("a batch was too large, and each message would have passed")
	}
	seen := make(map[string]bool)
	for _, rec := range c.read(t, target, n) {
		seen[own(rec)["dead-letter-offset"]] = true
	}
	if len(seen) != n || c.written(t, target) != n {
		t.Errorf("%d of %d messages, in %d records", len(seen), n, c.written(t, target))
	}
}
