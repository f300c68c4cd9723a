package contract_test

import (
	"testing"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/contract"
	"github.com/typedkafka/kafka/schema"
	"github.com/typedkafka/kafka/schema/schematest"
)

// TestOrders fails in CI when the struct, its schema and what was published drift apart.
func TestOrders(t *testing.T) {
	codec, err := kafka.NewCodec(contract.Orders)
	if err != nil {
		t.Fatal(err)
	}
	// The struct can write what the schema allows, and read it.
	schematest.Conforms(t, codec)
	// The newest version and the one before can read each other (FullTransitive: each and every one). Our writers encode structs, so they emit declared names only: the lenient reading.
	// After a change, go test -update publishes the next version.
	schematest.Evolves(t, "testdata/orders", schema.Full, codec.Schema(), schema.Lenient())
	// Messages that somebody once relied on are still accepted, and broken ones refused.
	schematest.Golden(t, codec.Schema(), "testdata/messages")
	// What is written is what is read.
	schematest.RoundTrip(t, codec)
}
