// Package examples_test builds the examples and runs them as a person would: on the broker inside them, and on a cluster that
// KAFKA_BROKERS names, which is the one of KAFKA_TEST_BROKERS where that is set.
package examples_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/examples/internal/program"
)

// An example is one program that does its work and ends.
type example struct {
	name, alias string
	messages    int64 // what it sends and settles
	check       func(t *testing.T, output string)
	until       []string // the texts after which it is told to end; none: it ends by itself
}

var examples = []example{
	{name: "quickstart", alias: "orders", messages: 1, check: checkQuickstart},
	{name: "origin", alias: "hello", messages: 10, check: checkOrigin},
	{name: "worker", alias: "readings", messages: 6, check: checkWorker, until: []string{"failed after 0", "roof: 21.0"}},
	{name: "pool", alias: "jobs", messages: 20, check: checkPool},
	{name: "wrapper", alias: "invoices", messages: 1, check: checkWrapper},
}

func TestExamples(t *testing.T) {
	t.Parallel()
	bin := program.Build(t, "./quickstart", "./origin", "./worker", "./pool", "./wrapper", "./httpapi", "./redrive")
	for _, e := range examples {
		t.Run(e.name+"/inside", func(t *testing.T) {
			t.Parallel()
			output := e.run(t, bin, nil)
			if !strings.Contains(output, "(a broker inside this program; set KAFKA_BROKERS for another)") {
				t.Errorf("it does not say on which broker it ran:\n%s", output)
			}
		})
		t.Run(e.name+"/KAFKA_BROKERS", func(t *testing.T) {
			t.Parallel()
			target := program.NewTarget(t, e.alias)
			output := e.run(t, bin, target.Env())
			program.CheckLines(t, output, fmt.Sprintf("Kafka: %s (from KAFKA_BROKERS)", target.Brokers))
			target.CheckSettled(t, e.messages)
		})
	}
	t.Run("redrive", func(t *testing.T) { testRedrive(t, filepath.Join(bin, "redrive")) })
	t.Run("httpapi", func(t *testing.T) { testHTTPAPI(t, filepath.Join(bin, "httpapi")) })
}

func (e example) run(t *testing.T, bin string, env []string) string {
	t.Helper()
	p := program.Start(t, filepath.Join(bin, e.name), env)
	for _, text := range e.until {
		p.WaitFor(text)
	}
	if e.until != nil {
		p.Terminate()
	}
	output := p.Wait()
	e.check(t, output)
	return output
}

func checkQuickstart(t *testing.T, output string) {
	t.Helper()
	program.CheckLines(t, output, "sent to …", "refused: …", "received order 7 of ada@example.com")
	_, refusal, _ := strings.Cut(output, "refused: ")
	refusal, _, _ = strings.Cut(refusal, "\n")
	for _, place := range []string{"/id", "/email"} {
		if !strings.Contains(refusal, place) {
			t.Errorf("the refusal does not explain %s: %s", place, refusal)
		}
	}
	if strings.Contains(refusal, "nobody") {
		t.Errorf("the refusal shows a value: %s", refusal)
	}
}

func checkOrigin(t *testing.T, output string) {
	t.Helper()
	var want []string
	for _, verb := range []string{"sent    ", "received"} {
		for i := range 10 {
			want = append(want, fmt.Sprintf("%s %d Hello %d", verb, i, i))
		}
	}
	if got := strings.Split(strings.TrimSpace(output), "\n")[1:]; !slices.Equal(got, want) {
		t.Errorf("it printed\n%s", output)
	}
}

func checkWorker(t *testing.T, output string) {
	t.Helper()
	program.CheckLines(t, output, "roof: 19.5 °C", "roof: 20.0 °C", "roof: 120.0 °C",
		"failed after 1 attempts: sensor roof is broken", "roof: 21.0 °C", "stopped")
	program.CheckLines(t, output, "failed after 0 attempts: …", "stopped") // the message that is no reading
}

func checkPool(t *testing.T, output string) {
	t.Helper()
	for i := range 20 {
		program.CheckLines(t, output, fmt.Sprint("job ", i))
	}
	program.CheckLines(t, output, "20 jobs done by 4 goroutines")
}

func checkWrapper(t *testing.T, output string) {
	t.Helper()
	program.CheckLines(t, output, "mock:  invoice 2026-001, trace 4bf92f35", "kafka: invoice 2026-001, trace 4bf92f35")
}
