package kafkaprom_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// dashboard has what the tests ask of dashboard.json.
type dashboard struct {
	UID        string
	Panels     []panel
	Templating struct {
		List []struct {
			Name, Type string
			Query      json.RawMessage
			Definition string
			AllValue   string
		}
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Datasource               struct{ UID string }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []target
}

type target struct {
	RefID, Expr, LegendFormat string
	Instant                   bool
}

func loadDashboard(t *testing.T) dashboard {
	t.Helper()
	data, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Every query can be parsed, and asks for metrics and labels that are gathered where all happens that there is a metric for; every
// metric of ours is in a panel.
func TestDashboardUsesWhatExists(t *testing.T) {
	t.Parallel()
	s := busy(t)
	there := s.gathered(t)
	asked := map[string]bool{}
	for _, p := range loadDashboard(t).Panels {
		for _, target := range p.Targets {
			var kept []string
			for _, q := range parse(t, p.Title, target.Expr) {
				kept = append(kept, q.grouping...)
				for _, name := range checkQuery(t, p.Title, q, there) {
					asked[name] = true
				}
			}
			for _, label := range legendLabels(target.LegendFormat) {
				if !slices.Contains(kept, label) {
					t.Errorf("%s: the legend has %q, and the query does not keep it: %s", p.Title, label, target.Expr)
				}
			}
		}
	}
	for name := range there {
		if !asked[name] {
			t.Errorf("%s is in no panel", name)
		}
	}
}

// A query is a selector of one expression, and the labels that the expression groups by.
type query struct {
	selector *parser.VectorSelector
	grouping []string
}

// variables are what Grafana fills in where a duration stands.
var variables = strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h")

func parse(t *testing.T, title, expr string) (all []query) {
	t.Helper()
	e, err := parser.ParseExpr(variables.Replace(expr))
	if err != nil {
		t.Errorf("%s: %s: %v", title, expr, err)
		return nil
	}
	parser.Inspect(e, func(node parser.Node, path []parser.Node) error {
		if selector, is := node.(*parser.VectorSelector); is {
			q := query{selector: selector}
			for _, above := range path {
				if aggregation, is := above.(*parser.AggregateExpr); is {
					q.grouping = append(q.grouping, aggregation.Grouping...)
				}
			}
			all = append(all, q)
		}
		return nil
	})
	if len(all) == 0 {
		t.Errorf("%s: %s asks for no metric", title, expr)
	}
	return all
}

// givenByScrape are the labels that Prometheus adds.
var givenByScrape = []string{"job", "instance"}

// checkQuery gives the families that a selector asks for.
func checkQuery(t *testing.T, where string, q query, there map[string]*dto.MetricFamily) (names []string) {
	t.Helper()
	var wanted []string
	for _, m := range q.selector.LabelMatchers {
		if m.Name != model.MetricNameLabel {
			wanted = append(wanted, m.Name)
			continue
		}
		for name, f := range there {
			if slices.ContainsFunc(seriesNames(f), m.Matches) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		t.Errorf("%s: no metric is %s", where, q.selector)
	}
	for _, name := range names {
		has := labelsOf(there[name])
		for _, l := range append(wanted, q.grouping...) {
			if !slices.Contains(has, l) && !slices.Contains(givenByScrape, l) {
				t.Errorf("%s: %s has no label %s", where, name, l)
			}
		}
	}
	return names
}

// seriesNames are the names that a family's series have in Prometheus.
func seriesNames(f *dto.MetricFamily) []string {
	if f.GetType() != dto.MetricType_HISTOGRAM {
		return []string{f.GetName()}
	}
	return []string{f.GetName() + "_bucket", f.GetName() + "_sum", f.GetName() + "_count"}
}

func labelsOf(f *dto.MetricFamily) []string {
	all := map[string]bool{}
	for _, one := range seriesOf(f) {
		for l := range one.labels {
			all[l] = true
		}
	}
	if f.GetType() == dto.MetricType_HISTOGRAM {
		all["le"] = true
	}
	return slices.Collect(maps.Keys(all))
}

func legendLabels(legend string) (all []string) {
	for _, m := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(legend, -1) {
		all = append(all, m[1])
	}
	return all
}

// What the variables choose from exists too, and every variable that a query has is one.
func TestDashboardVariables(t *testing.T) {
	t.Parallel()
	there, d := busy(t).gathered(t), loadDashboard(t)
	known := map[string]bool{"__rate_interval": true, "__range": true}
	for _, v := range d.Templating.List {
		known[v.Name] = true
		if v.Type != "query" {
			continue
		}
		choice := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`).FindStringSubmatch(v.Definition)
		if choice == nil || !strings.Contains(string(v.Query), strings.ReplaceAll(v.Definition, `"`, `\"`)) {
			t.Errorf("$%s is %s and %s", v.Name, v.Query, v.Definition)
			continue
		}
		for _, q := range parse(t, "$"+v.Name, choice[1]) {
			q.grouping = []string{choice[2]}
			checkQuery(t, "$"+v.Name, q, there)
		}
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			for _, m := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !known[m[1]] {
					t.Errorf("%s: nobody sets $%s", p.Title, m[1])
				}
			}
		}
	}
}

// A person can read it: each panel says what it shows and in what unit, and none lies on another.
func TestDashboardCanBeRead(t *testing.T) {
	t.Parallel()
	d := loadDashboard(t)
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: the id %d is there twice", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, is := taken[at]; is {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s is beyond the right edge", p.Title)
		}
		if p.Type != "row" && (p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0) {
			t.Errorf("%s says too little of itself: %+v", p.Title, p)
		}
	}
	if d.UID == "" || len(d.Panels) < 20 {
		t.Errorf("it has %d panels", len(d.Panels))
	}
}

// Grafana's own types have every field of it, and of that type. What is missing Grafana fills in.
func TestDashboardIsGrafanas(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	known := cog.NewRuntime()
	known.RegisterPanelcfgVariant(stat.VariantConfig())
	known.RegisterPanelcfgVariant(timeseries.VariantConfig())
	known.RegisterDataqueryVariant(prometheus.VariantConfig())
	var d grafana.Dashboard //nolint:staticcheck // that of files; its successor is a resource of the API
	var faults cog.BuildErrors
	if err := d.UnmarshalJSONStrict(data); err != nil && !errors.As(err, &faults) {
		t.Fatal(err)
	}
	for _, fault := range faults {
		if !strings.HasSuffix(fault.Error(), ": required field is missing from input") {
			t.Error(fault)
		}
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	for _, p := range loadDashboard(t).Panels {
		if !slices.Contains([]string{"row", "stat", "timeseries"}, p.Type) {
			t.Errorf("%s is a %s, whose options were not checked", p.Title, p.Type)
		}
	}
}

// The documents name metrics that exist, as far as they spell them out.
func TestDocumentsNameWhatExists(t *testing.T) {
	t.Parallel()
	there := busy(t).gathered(t)
	for _, file := range []string{"doc.go", "../README.md", "../CHANGELOG.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`typedkafka_[a-z_0-9]+`).FindAllString(string(text), -1) {
			known := there[name] != nil
			if strings.HasSuffix(name, "_") { // the beginning of several
				known = slices.ContainsFunc(slices.Collect(maps.Keys(there)), func(full string) bool { return strings.HasPrefix(full, name) })
			}
			if !known {
				t.Errorf("%s names %s", file, name)
			}
		}
	}
}
