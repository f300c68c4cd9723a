// Package schematest holds a team's contracts in tests, one line each, with no broker:
//
//	var orders = kafka.Topic[Order]{Name: "orders", Schema: schema.MustFor[Order]()}
//
//	func TestOrders(t *testing.T) {
//		codec, err := kafka.NewCodec(orders)
//		if err != nil {
//			t.Fatal(err)
//		}
//		schematest.Conforms(t, codec)                           // the struct and the schema agree
//		schematest.Evolves(t, "testdata/orders", schema.Full,   // old and new versions read each other;
//			codec.Schema(), schema.Lenient())                    // structs write declared names only
//		schematest.Golden(t, codec.Schema(), "testdata/golden") // known messages get the known verdicts
//		schematest.RoundTrip(t, codec)                          // what is written is what is read
//	}
//
// The helpers take what production uses: the codec of the very Topic that producers and consumers are made with. All of them read schemas
// strictly, so a misspelt keyword such as "propertees" fails. A failure says what is wrong, where, with a document that shows it, and
// what to do. They may run in parallel tests, write files only under -update, and need nothing but the files that they are given.
//
// # Updating
//
// With go test -update, Evolves writes the current schema as a new version, and Golden writes verdicts. If the test binary has a flag
// -update of its own, that one counts. A test binary that is started by hand knows the flag only if it defines it.
package schematest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

// A Codec is what the helpers need to know of a contract. *kafka.Codec[T] is one.
type Codec[T any] interface {
	// Encode gives the checked bytes of a value.
	Encode(T) ([]byte, error)
	// Decode checks bytes and reads them into a value.
	Decode([]byte) (T, error)
	// Schema is what both check against.
	Schema() *schema.Schema
}

// Conforms fails t unless T and the codec's schema agree: see [schema.Conform]. Warnings are logged.
func Conforms[T any](t testing.TB, c Codec[T], opts ...schema.ConformOption) {
	t.Helper()
	s := c.Schema()
	if !strict(t, "Conforms", s) {
		return
	}
	report := schema.Conform[T](s, opts...)
	if err := report.Err(); err != nil {
		t.Errorf("schematest.Conforms: %s and its schema have drifted apart: %v", reflect.TypeFor[T](), err)
		return
	}
	if len(report.Findings) > 0 {
		t.Logf("schematest.Conforms: %s", report)
	}
}

// strict fails t if s is nil or has keywords that JSON Schema doesn't know.
func strict(t testing.TB, helper string, s *schema.Schema) bool {
	t.Helper()
	if s == nil {
		t.Errorf("schematest.%s: the schema is nil: make it with schema.Compile or schema.For", helper)
		return false
	}
	_, err := schema.Compile([]byte(s.String()), schema.Strict())
	var refused *schema.CompileError
	if !errors.As(err, &refused) {
		return true
	}
	var unknown []string
	for _, f := range refused.Faults { // other faults come of resources that are not at hand here
		if f.Rule == "unknown" {
			unknown = append(unknown, "\n  "+f.String())
		}
	}
	if len(unknown) > 0 {
		t.Errorf("schematest.%s: the schema has keywords that would be ignored; correct them, or start their names with \"x-\":%s", helper, strings.Join(unknown, ""))
	}
	return len(unknown) == 0
}

// version names a version for people: its number and its file.
func version(number int, path string) string { return fmt.Sprintf("version %d (%s)", number, path) }
