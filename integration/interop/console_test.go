package interop_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/integration/cluster"
)

// console is the pair of tools that come with Kafka, and with them the Java client. The consumer writes bytes as they are; the
// producer reads text.
func console() peer {
	return peer{
		name: "console", sendsNow: true, sendsText: true,
		setUp:   func(*testing.T) string { return "" },
		receive: consoleReceive, send: consoleSend,
	}
}

func consoleReceive(t *testing.T, c *cluster.Cluster, topic string, n int) []record {
	t.Helper()
	args := []string{"--bootstrap-server", cluster.ToolBootstrap, "--topic", topic, "--from-beginning", "--max-messages", strconv.Itoa(n)}
	for _, p := range []string{"print.timestamp=true", "print.partition=true", "print.headers=true", "print.key=true", "null.literal=<null>",
		"key.separator=\x02", "headers.separator=\x03"} {
		args = append(args, "--formatter-property", p)
	}
	out, err := c.Tool(within(t, time.Minute), nil, "org.apache.kafka.tools.consumer.ConsoleConsumer", args...)
	if err != nil {
		t.Fatal(err)
	}
	var rs []record
	for l := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte("\n")), []byte("\n")) {
		f := bytes.Split(l, []byte{2})
		if len(f) != 5 {
			t.Fatalf("%d fields in %q", len(f), l)
		}
		r := record{Key: orNull(f[3]), Value: f[4]}
		if _, err := fmt.Sscanf(string(f[0])+" "+string(f[1]), "CreateTime:%d Partition:%d", &r.Timestamp, &r.Partition); err != nil {
			t.Fatalf("%v in %q", err, l)
		}
		if string(f[2]) != "NO_HEADERS" {
			for h := range bytes.SplitSeq(f[2], []byte{3}) {
				name, value, _ := bytes.Cut(h, []byte(":"))
				r.Headers = append(r.Headers, header{string(name), orNull(value)})
			}
		}
		rs = append(rs, r)
	}
	return rs
}

func orNull(b []byte) []byte {
	if string(b) == "<null>" {
		return nil
	}
	return b
}

func consoleSend(t *testing.T, c *cluster.Cluster, topic string, rs []record) {
	t.Helper()
	args := []string{"--bootstrap-server", cluster.ToolBootstrap, "--topic", topic}
	for _, p := range []string{"parse.headers=true", "parse.key=true", "headers.delimiter=\x02", "headers.separator=\x03",
		"headers.key.separator=:", "key.separator=\x04", "null.marker=<null>"} {
		args = append(args, "--reader-property", p)
	}
	var in strings.Builder
	for _, r := range rs {
		var hs []string
		for _, h := range r.Headers {
			hs = append(hs, h.Name+":"+text(h.Value))
		}
		if hs == nil {
			hs = []string{"<null>"}
		}
		fmt.Fprintf(&in, "%s\x02%s\x04%s\n", strings.Join(hs, "\x03"), text(r.Key), r.Value)
	}
	if _, err := c.Tool(within(t, time.Minute), strings.NewReader(in.String()), "org.apache.kafka.tools.ConsoleProducer", args...); err != nil {
		t.Fatal(err)
	}
}

func text(b []byte) string {
	if b == nil {
		return "<null>"
	}
	return string(b)
}
