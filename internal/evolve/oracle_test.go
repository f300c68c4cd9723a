package evolve_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/typedkafka/kafka/internal/evolve"
)

// TestOracle compares random schemas with mutations of them, and asks documents whether the answer was right. In plain
// runs it takes a few hundred pairs; EVOLVE_PAIRS=100000 is the long one, and EVOLVE_FROM the
// first seed, to share the work out. Every fourth pair is read leniently.
func TestOracle(t *testing.T) {
	t.Parallel()
	pairs, from := count(t, "EVOLVE_PAIRS", 300), count(t, "EVOLVE_FROM", 0)
	var total tally
	for seed := range pairs {
		total.add(t, uint64(from+seed))
		if t.Failed() {
			return
		}
	}
	t.Log(total.String())
	if undecided := total.undecided; undecided*20 > total.compatible+undecided {
		t.Errorf("%d of %d compatible or undecided directions were not decided, more than 5 %%", undecided, total.compatible+undecided)
	}
}

func count(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// A tally counts directions by verdict. What is neither proven compatible nor refuted by a checked witness is undecided.
type tally struct {
	pairs, compatible, refuted, undecided, documents int
	slowest                                          time.Duration
}

func (n *tally) String() string {
	return fmt.Sprintf("%d pairs of a schema and a single-keyword mutation, both directions: %d compatible (none refuted by %d documents of the oracle), "+
		"%d refuted with a checked witness, %d undecided; slowest comparison %v", n.pairs, n.compatible, n.documents, n.refuted, n.undecided, n.slowest.Round(time.Millisecond))
}

func (n *tally) add(t *testing.T, seed uint64) {
	t.Helper()
	g := &schemaMaker{rng: rand.New(rand.NewPCG(seed, 1))}
	a := g.schema(3)
	b := g.mutate(a)
	draft := []string{"http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"}[g.draft()]
	x, errX := compile(encode(a), draft)
	y, errY := compile(encode(b), draft)
	if errX != nil || errY != nil {
		t.Fatalf("seed %d: %v %v", seed, errX, errY)
	}
	n.pairs++
	n.judge(t, seed, x, y, a, b)
	n.judge(t, seed, y, x, b, a)
}

func (n *tally) judge(t *testing.T, seed uint64, writer, reader *jsonschema.Schema, w, r any) {
	t.Helper()
	start := time.Now()
	lenient := seed%4 == 3
	breaks := evolve.Compare(writer, reader, evolve.Options{Lenient: lenient})
	n.slowest = max(n.slowest, time.Since(start))
	proven := false
	for _, b := range breaks {
		proven = proven || b.Proven
		checkWitness(t, b, writer, reader)
	}
	switch {
	case proven:
		n.refuted++
		return
	case len(breaks) > 0:
		n.undecided++
		if os.Getenv("EVOLVE_SHOW") != "" {
			t.Logf("seed %d: %s is undecided\nwriter %s\nreader %s", seed, breaks[0].Rule, encode(w), encode(r))
		}
		return
	}
	n.compatible++
	sm := evolve.NewSampler(seed, writer, reader)
	for range 60 {
		doc := sm.Document(writer)
		if ok, _ := evolve.Accepts(writer, doc); !ok || lenient && !sm.Writes(writer, doc) {
			continue
		}
		n.documents++
		if ok, sure := evolve.Accepts(reader, doc); !ok && sure {
			t.Errorf("seed %d: called compatible, but %s is refused\nwriter %s\nreader %s", seed, encode(doc), encode(w), encode(r))
			return
		}
	}
}

func checkWitness(t *testing.T, b evolve.Break, writer, reader *jsonschema.Schema) {
	t.Helper()
	if !b.Proven {
		return
	}
	if ok, _ := evolve.Accepts(writer, b.Witness); !ok {
		t.Errorf("the writer refuses the witness %s", encode(b.Witness))
	}
	if ok, _ := evolve.Accepts(reader, b.Witness); ok {
		t.Errorf("the reader accepts the witness %s", encode(b.Witness))
	}
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
