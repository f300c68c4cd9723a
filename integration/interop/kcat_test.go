package interop_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/integration/cluster"
)

// kcat is librdkafka on the command line. Its arguments and its %h end at a zero byte, and it sends with the time of now. Told to
// partition as the Java client does, it does.
func kcat() peer {
	return peer{
		name: "kcat", sendsNow: true, noZeroByte: true,
		setUp: func(*testing.T) string {
			if _, err := exec.LookPath("kcat"); err != nil {
				return "kcat is not installed (on Debian: apt-get install kcat)"
			}
			return ""
		},
		receive: kcatReceive, send: kcatSend,
	}
}

// kcatReceive has lengths before the bytes, so that no byte in them matters. A length of -1 is a null.
func kcatReceive(t *testing.T, c *cluster.Cluster, topic string, n int) []record {
	t.Helper()
	cmd := exec.CommandContext(within(t, time.Minute), "kcat", "-b", strings.Join(c.Bootstrap(), ","), "-C", "-t", topic, "-o", "beginning",
		"-c", strconv.Itoa(n), "-q", "-f", `%K %S %T %p\n%k%s\n%h\n`)
	in := bytes.NewBuffer(output(t, cmd, ""))
	var rs []record
	for in.Len() > 0 {
		var r record
		var key, value int
		if _, err := fmt.Sscanf(line(t, in), "%d %d %d %d", &key, &value, &r.Timestamp, &r.Partition); err != nil {
			t.Fatal(err)
		}
		if key >= 0 {
			r.Key = bytes.Clone(in.Next(key))
			if key == 0 {
				r.Key = []byte{}
			}
		}
		r.Value = bytes.Clone(in.Next(value))
		in.Next(1)
		r.Headers = kcatHeaders(line(t, in))
		rs = append(rs, r)
	}
	return rs
}

// kcatHeaders reads name=value,name=value. A null value is NULL.
func kcatHeaders(s string) []header {
	if s == "" {
		return nil
	}
	var hs []header
	for h := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(h, "=")
		hs = append(hs, header{name, []byte(value)})
		if value == "NULL" {
			hs[len(hs)-1].Value = nil
		}
	}
	return hs
}

// kcatSend starts kcat for each record: it gives all messages of a call the same key and headers. A file is one message.
func kcatSend(t *testing.T, c *cluster.Cluster, topic string, rs []record) {
	t.Helper()
	for i, r := range rs {
		file := filepath.Join(t.TempDir(), strconv.Itoa(i))
		if err := os.WriteFile(file, r.Value, 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"-b", strings.Join(c.Bootstrap(), ","), "-P", "-t", topic, "-X", "topic.partitioner=murmur2_random"}
		if r.Key != nil {
			args = append(args, "-k", string(r.Key))
		}
		for _, h := range r.Headers {
			arg := h.Name + "=" + string(h.Value)
			if h.Value == nil {
				arg = h.Name
			}
			args = append(args, "-H", arg)
		}
		output(t, exec.CommandContext(within(t, time.Minute), "kcat", append(args, file)...), "")
	}
}

func line(t *testing.T, in *bytes.Buffer) string {
	t.Helper()
	s, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(s, "\n")
}
