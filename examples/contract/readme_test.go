package contract_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/examples/contract"
	"github.com/typedkafka/kafka/schema"
	"github.com/typedkafka/kafka/schema/schematest"
)

// said keeps the failures of a test that is meant to fail.
type said struct {
	testing.TB
	text strings.Builder
}

func (s *said) Helper() {}

func (s *said) Errorf(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n", args...) }

// TestReadme renames a field and holds what the test says against the README.
func TestReadme(t *testing.T) {
	t.Parallel()
	type Order struct {
		ID       string          `json:"id" jsonschema:"minLength=1"`
		Mail     string          `json:"mail"` // was Email
		Lines    []contract.Line `json:"lines,omitempty"`
		Note     string          `json:"note,omitempty"`
		PlacedAt time.Time       `json:"placed_at"`
	}
	s := &said{TB: t}
	schematest.Evolves(s, "testdata/orders", schema.Full, schema.MustFor[Order](), schema.Lenient())
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "```\n" + s.text.String() + "```"
	if !strings.Contains(strings.ReplaceAll(string(readme), "\r\n", "\n"), want) {
		t.Errorf("README.md should show what the test says now:\n%s", want)
	}
}
