package schematest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// A recorder is a testing.TB that keeps what is said instead of failing.
type recorder struct {
	testing.TB
	errors, logs []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) Logf(format string, args ...any) {
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

// said checks the failures: each of want must stand in one of them; none means that there must be none.
func (r *recorder) said(t *testing.T, want ...string) {
	t.Helper()
	all := strings.Join(r.errors, "\n")
	if len(want) == 0 && len(r.errors) > 0 {
		t.Errorf("want no failure, got:\n%s", all)
	}
	if len(want) > 0 && len(r.errors) == 0 {
		t.Errorf("want a failure that says %q, got none; logged: %q", want, r.logs)
		return
	}
	for _, part := range want {
		if !strings.Contains(all, part) {
			t.Errorf("want a failure that says %q, got:\n%s", part, all)
		}
	}
}

type Order struct {
	ID    string `json:"id"`
	Lines []Line `json:"lines"`
}

type Line struct {
	SKU string `json:"sku"`
	Qty int64  `json:"qty"`
}

const orderSchema = `{"type":"object","required":["id","lines"],"properties":{"id":{"type":"string"},` +
	`"lines":{"type":["array","null"],"items":{"type":"object","required":["sku","qty"],"properties":{"sku":{"type":"string"},"qty":{"type":"integer","minimum":0}}}}}}`

func codecOf[T any](t *testing.T, doc string) *kafka.Codec[T] {
	t.Helper()
	codec, err := kafka.NewCodec(kafka.Topic[T]{Name: "orders", Schema: compile(doc)})
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func compile(doc string) *schema.Schema { return schema.MustCompile([]byte(doc)) }

func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
