package schema_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/typedkafka/kafka/schema"
)

// evolutionCase is one of the published pairs of schemas, with the verdicts that were settled for it.
type evolutionCase struct {
	ID       string          `json:"id"`
	Draft    string          `json:"default_draft"`
	Old      json.RawMessage `json:"old"`
	New      json.RawMessage `json:"new"`
	Backward *bool           `json:"settled_backward"`
	Forward  *bool           `json:"settled_forward"`
	Reliable bool            `json:"confluent_live_reliable"`
	// Lenient is a document of declared names only that old accepts and new refuses, if one was found.
	Lenient      json.RawMessage `json:"oracle_lenient_counterexample"`
	LenientFound bool            `json:"oracle_lenient_found"`
}

func (c evolutionCase) compile(doc []byte) (*schema.Schema, error) {
	switch c.Draft {
	case "http://json-schema.org/draft-07/schema#":
		return schema.Compile(doc, schema.AssumeDraft(schema.Draft7))
	case "http://json-schema.org/draft-04/schema#":
		return schema.Compile(doc, schema.AssumeDraft(schema.Draft4))
	default:
		return schema.Compile(doc)
	}
}

// yardstick counts directions by what is true and what Compatible says.
type yardstick struct {
	breaking, missed                                    int // settled as breaking; of those called compatible
	compatible, otherwise, refuted, undecided, rejected int // settled as compatible; of those called otherwise, and how
	lenient, lenientMissed                              int // disproved in the lenient reading; of those called compatible
	slowest                                             time.Duration
}

// TestCompatibleYardstick measures Compatible on 1,036 published pairs of schemas. Their file is not part of the project.
func TestCompatibleYardstick(t *testing.T) {
	t.Parallel()
	const variable = "KAFKA_TEST_EVOLUTION_CASES"
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("skipped: set %s to the path of evolution-cases.json to measure Compatible on published pairs of schemas", variable)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []evolutionCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	var y yardstick
	for _, c := range cases {
		y.measure(t, c)
		y.measureLenient(t, c)
	}
	t.Logf("breaking directions: %d, called compatible: %d", y.breaking, y.missed)
	t.Logf("compatible directions: %d, called otherwise: %d (%d refuted by a witness that both schemas confirm, %d undecided, %d whose schema Compile refuses)",
		y.compatible, y.otherwise, y.refuted, y.undecided, y.rejected)
	t.Logf("disproved in the lenient reading: %d, called compatible in it: %d", y.lenient, y.lenientMissed)
	t.Logf("slowest comparison: %v", y.slowest.Round(time.Millisecond))
	if y.missed > 0 || y.otherwise > 31 {
		t.Errorf("want no breaking direction called compatible, and at most 31 compatible ones called otherwise")
	}
	if y.slowest > time.Second {
		t.Errorf("the slowest comparison took %v", y.slowest)
	}
}

func (y *yardstick) measure(t *testing.T, c evolutionCase) {
	t.Helper()
	old, errOld := c.compile(c.Old)
	candidate, errNew := c.compile(c.New)
	for _, direction := range []struct {
		mode  schema.Mode
		truth *bool
	}{{schema.Backward, c.Backward}, {schema.Forward, c.Forward}} {
		if direction.truth == nil || !c.Reliable {
			continue
		}
		if errOld != nil || errNew != nil {
			y.count(*direction.truth, schema.Report{Findings: []schema.Finding{{Rule: "compile"}}})
			continue
		}
		start := time.Now()
		report := schema.Compatible(direction.mode, []*schema.Schema{old, candidate})
		y.slowest = max(y.slowest, time.Since(start))
		if report.Err() == nil && !*direction.truth {
			t.Errorf("%s %s: called compatible\nold %s\nnew %s", c.ID, direction.mode, c.Old, c.New)
		}
		if report.Err() != nil && *direction.truth {
			t.Logf("%s %s: called otherwise: %s", c.ID, direction.mode, report.Findings[0].Message)
		}
		writer, reader := old, candidate
		if direction.mode == schema.Forward {
			writer, reader = candidate, old
		}
		checkWitnesses(t, report, writer, reader)
		y.count(*direction.truth, report)
	}
}

func (y *yardstick) measureLenient(t *testing.T, c evolutionCase) {
	t.Helper()
	old, errOld := c.compile(c.Old)
	candidate, errNew := c.compile(c.New)
	if errOld != nil || errNew != nil || !c.LenientFound {
		return
	}
	y.lenient++
	report := schema.Compatible(schema.Backward, []*schema.Schema{old, candidate}, schema.Lenient())
	if checkWitnesses(t, report, old, candidate); report.Err() == nil {
		y.lenientMissed++
		t.Errorf("%s: called compatible in the lenient reading, disproved by %s\nold %s\nnew %s", c.ID, c.Lenient, c.Old, c.New)
	}
}

func (y *yardstick) count(truth bool, report schema.Report) {
	clean := len(report.Findings) == 0
	if !truth {
		y.breaking++
		if clean {
			y.missed++
		}
		return
	}
	y.compatible++
	if clean {
		return
	}
	y.otherwise++
	switch {
	case report.Findings[0].Rule == "compile":
		y.rejected++
	case report.Findings[0].Severity == schema.Error:
		y.refuted++
	default:
		y.undecided++
	}
}

// checkWitnesses holds every witness against both schemas.
func checkWitnesses(t *testing.T, report schema.Report, writer, reader *schema.Schema) {
	t.Helper()
	for _, f := range report.Findings {
		if f.Severity != schema.Error {
			continue
		}
		if err := writer.Validate(f.Witness); err != nil {
			t.Errorf("%s: the writer refuses the witness %s: %v", f.SchemaPath, f.Witness, err)
		}
		if reader.Validate(f.Witness) == nil {
			t.Errorf("%s: the reader accepts the witness %s", f.SchemaPath, f.Witness)
		}
	}
}
