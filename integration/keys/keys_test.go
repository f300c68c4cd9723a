// Package keys_test computes testdata/java-partitions.json, with the Java client itself, for the root module's tests: equal keys
// must go to equal partitions, whichever language sends them.
package keys_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/integration/cluster"
)

const file = "../../testdata/java-partitions.json"

var update = flag.Bool("update", false, "write "+file)

// golden is what the file holds.
type golden struct {
	Source     string
	Partitions []int
	Keys       []goldenKey
}

// goldenKey is a key in hexadecimal and its partition in topics of each size.
type goldenKey struct {
	Key string
	At  []int
}

// keys are the empty one, texts, binary ones, every length up to 64 (murmur2 takes 4 bytes at a time and treats the rest by
// itself), long ones, and random ones, the same on each run.
func keys() [][]byte {
	ks := [][]byte{{}}
	for _, s := range []string{"a", "order-1", "Zürich", "日本語", "😀", "e\u0301", "\u00e9", "line\nbreak", " ", "null", "0", "-1", "true",
		"550e8400-e29b-41d4-a716-446655440000", `{"id":1}`, "kunde/4711", "müller@example.com", "Ελληνικά", "עברית", "\u0000"} {
		ks = append(ks, []byte(s))
	}
	ks = append(ks, []byte{0xff}, []byte{0xff, 0xfe, 0xfd}, bytes.Repeat([]byte{0x80}, 7), bytes.Repeat([]byte{0}, 4), []byte("\x00\xff\x00\xff"))
	for n := 2; n <= 64; n++ {
		ks = append(ks, []byte(strings.Repeat("abcdefghij", 7)[:n]))
	}
	for _, n := range []int{255, 256, 1000, 4096} {
		ks = append(ks, []byte(strings.Repeat("long key ", n))[:n])
	}
	random := rand.New(rand.NewPCG(4, 3))
	for i := range 160 {
		k := make([]byte, 1+i%40)
		for j := range k {
			k[j] = byte(random.Uint32())
		}
		ks = append(ks, k)
	}
	return ks
}

// compute asks the Java client.
func compute(t *testing.T) golden {
	t.Helper()
	g := golden{
		Source:     "kafka-clients " + cluster.Version + ", BuiltInPartitioner.partitionForKey; written by go -C integration test ./keys -update",
		Partitions: []int{1, 3, 7, 12, 100},
	}
	var in strings.Builder
	for _, k := range keys() {
		g.Keys = append(g.Keys, goldenKey{Key: hex.EncodeToString(k)})
		fmt.Fprintln(&in, g.Keys[len(g.Keys)-1].Key)
	}
	out, err := cluster.Java(t.Context(), strings.NewReader(in.String()), "Partitions.java", strings.Fields(strings.Trim(fmt.Sprint(g.Partitions), "[]"))...)
	if errors.Is(err, cluster.ErrUnavailable) && os.Getenv("KAFKA_TEST_RUNTIME") == "" {
		t.Skip("SKIPPED for want of the Java client:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(g.Keys) {
		t.Fatalf("%d answers for %d keys", len(lines), len(g.Keys))
	}
	for i, line := range lines {
		for s := range strings.FieldsSeq(line) {
			var p int
			if _, err := fmt.Sscan(s, &p); err != nil {
				t.Fatal(err)
			}
			g.Keys[i].At = append(g.Keys[i].At, p)
		}
	}
	return g
}

// The committed table is what the Java client says today.
func TestGoldenTable(t *testing.T) {
	g := compute(t)
	if len(g.Keys) < 200 {
		t.Errorf("%d keys are too few", len(g.Keys))
	}
	want := format(t, g)
	if *update {
		if err := os.MkdirAll("../../testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the Java client says: go -C integration test ./keys -update, and look at the difference", file)
	}
}

// format writes a key a line, so that a difference can be read.
func format(t *testing.T, g golden) []byte {
	t.Helper()
	var b bytes.Buffer
	source, err := json.Marshal(g.Source)
	if err != nil {
		t.Fatal(err)
	}
	partitions, err := json.Marshal(g.Partitions)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "{\n  \"source\": %s,\n  \"partitions\": %s,\n  \"keys\": [\n", source, partitions)
	for i, k := range g.Keys {
		at, err := json.Marshal(k.At)
		if err != nil {
			t.Fatal(err)
		}
		comma := ","
		if i == len(g.Keys)-1 {
			comma = ""
		}
		fmt.Fprintf(&b, "    {\"key\": %q, \"at\": %s}%s\n", k.Key, at, comma)
	}
	b.WriteString("  ]\n}\n")
	return b.Bytes()
}
