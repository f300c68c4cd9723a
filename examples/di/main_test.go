package main_test

import (
	"path/filepath"
	"testing"

	"github.com/typedkafka/kafka/examples/internal/program"
)

func TestDI(t *testing.T) {
	t.Parallel()
	path := filepath.Join(program.Build(t, "."), "di")
	t.Run("inside", func(t *testing.T) {
		t.Parallel()
		program.CheckLines(t, program.Start(t, path, nil).Wait(), "Kafka: …", "booked p-1: 1250 cents")
	})
	t.Run("KAFKA_BROKERS", func(t *testing.T) {
		t.Parallel()
		target := program.NewTarget(t, "payments")
		program.CheckLines(t, program.Start(t, path, target.Env()).Wait(), "Kafka: …", "booked p-1: 1250 cents")
		target.CheckSettled(t, 1)
	})
}
