package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/schema"
)

func TestReportErr(t *testing.T) {
	t.Parallel()
	warning := schema.Finding{Severity: schema.Warning, Path: "Order.ID", Rule: "maximum", Message: "m"}
	unknown := schema.Finding{Severity: schema.NotChecked, Path: "Order.ID", Rule: "marshaler", Message: "m"}
	for name, c := range map[string]struct {
		findings []schema.Finding
		want     string
	}{
		"clean":        {nil, ""},
		"only warning": {[]schema.Finding{warning}, ""},
		"not checked":  {[]schema.Finding{warning, unknown}, "1 not checked:\n  not checked: Order.ID (marshaler)\n    m"},
		"error": {
			[]schema.Finding{{Severity: schema.Error, Path: "Order.Lines[].Qty", SchemaPath: "/properties/qty", Rule: "maximum", Message: "uint8 holds up to 255", Witness: []byte(`{"qty":300}`)}},
			"1 error:\n  error: Order.Lines[].Qty against schema /properties/qty (maximum)\n    uint8 holds up to 255\n    witness: {\"qty\":300}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := (schema.Report{Findings: c.findings}).Err(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestReportStringIsBounded(t *testing.T) {
	t.Parallel()
	if got := (schema.Report{}).String(); got != "no findings" {
		t.Errorf("a clean report says %q", got)
	}
	long := schema.Finding{Severity: schema.Error, Rule: "r", Message: "m", Witness: []byte(strings.Repeat("é", 1000))}
	var r schema.Report
	for range 1000 {
		r.Findings = append(r.Findings, long)
	}
	got := r.String()
	if len(got) > 30_000 || !strings.HasPrefix(got, "1000 errors:") || !strings.HasSuffix(got, "and 950 more") || !strings.Contains(got, "… (2000 bytes)") {
		t.Errorf("%d bytes: %.80s … %s", len(got), got, got[len(got)-80:])
	}
}

func TestFindingJSON(t *testing.T) {
	t.Parallel()
	f := schema.Finding{Severity: schema.NotChecked, Path: "T.A", SchemaPath: "/a", Rule: "r", Message: "m", Witness: []byte(`{"a": 1}`)}
	got, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"severity":"not checked","path":"T.A","schema_path":"/a","rule":"r","message":"m","witness":{"a":1}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	f.Witness = []byte("{")
	if got, err = json.Marshal(f); err != nil || !strings.Contains(string(got), `"witness":"{"`) {
		t.Errorf("a witness that is no JSON: %s, %v", got, err)
	}
}
