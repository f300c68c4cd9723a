package examples_test

import (
	"strings"
	"testing"

	"github.com/typedkafka/kafka/examples/internal/program"
)

func testRedrive(t *testing.T, path string) {
	t.Parallel()
	source, dead := program.NewTarget(t, "payments"), program.NewTarget(t, "unpaid")
	dead.Brokers = source.Brokers // embedded, each had one of its own
	env := append(source.Env(), dead.Env()...)
	env = append(env, "KAFKA_BROKERS="+source.Brokers)
	output := program.Start(t, path, env).Wait()
	program.CheckLines(t, output, "paid p1", "paid p4", "sent again, to 0/4", "paid p2 (redriven 1×; it was at 0/1)")
	for _, want := range []string{"of 0/1 after 1 calls: handler: the bank is closed", "of 0/2 after 0 calls: schema: "} {
		if !strings.Contains(output, want) {
			t.Errorf("it does not list %q:\n%s", want, output)
		}
	}
	if strings.Contains(output, "0.99") {
		t.Errorf("it shows a value:\n%s", output)
	}
	source.CheckSettled(t, 5)
	dead.CheckWritten(t, 2)

	output = program.Start(t, path, nil, "-kind", "").Wait() // on the broker inside
	program.CheckLines(t, output, "paid p1", "paid p4", "dead letter 0/0, of …", "dead letter 0/1, of …")
	if strings.Contains(output, "sent again") || strings.Contains(output, "paid p2") {
		t.Errorf("it sends what it was only to list:\n%s", output)
	}
}
