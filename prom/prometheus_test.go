package kafkaprom_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// prometheusEnv names a Prometheus that scrapes a program with these metrics, as scripts/compose-metrics-check has one.
const prometheusEnv = "KAFKA_TEST_PROMETHEUS"

// quiet are the metrics that have no series, or not surely, where a Run handles valid messages and a broker is away for a moment.
// Whatever else the dashboard asks for must be there.
var quiet = []string{
	"typedkafka_send_failures_total",
	"typedkafka_invalid_messages_total",
	"typedkafka_receive_duration_seconds", // Retrieve's
	"typedkafka_handler_failures_total",
	"typedkafka_failed_messages_total",
	"typedkafka_commit_failures_total",
	"typedkafka_client_write_errors_total",
	"typedkafka_client_request_throttled_seconds", // there is no quota
}

// A realPrometheus answers by its HTTP API: https://prometheus.io/docs/prometheus/latest/querying/api/.
type realPrometheus struct{ url string }

// An answer is what it says to any question.
type answer struct {
	Status, Error, ErrorType string
	Warnings                 []string
	Data                     json.RawMessage
}

// A point is a value at a time.
type point [2]any

// A result is one series of a query's answer: a value of an instant query, values of a range.
type result struct {
	Metric map[string]string
	Value  *point
	Values []point
}

func (p realPrometheus) ask(t *testing.T, path string, params url.Values, data any) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t), http.MethodGet, p.url+path+"?"+params.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = response.Body.Close()
		http.DefaultClient.CloseIdleConnections()
	}()
	var a answer
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		t.Fatalf("%s: %s: %v", path, response.Status, err)
	}
	if a.Status != "success" || len(a.Warnings) > 0 {
		t.Fatalf("%s %v: %s: %s %s %q", path, params, response.Status, a.ErrorType, a.Error, a.Warnings)
	}
	if err := json.Unmarshal(a.Data, data); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// query asks as Grafana does for a panel of an hour, at an instant or over the range, and leaves out what can't be drawn.
func (p realPrometheus) query(t *testing.T, expr string, instant bool) (all []result) {
	t.Helper()
	now := time.Now()
	path, params := "/api/v1/query", url.Values{"query": {expr}, "time": {seconds(now)}}
	if !instant {
		path = "/api/v1/query_range"
		params = url.Values{"query": {expr}, "start": {seconds(now.Add(-time.Hour))}, "end": {seconds(now)}, "step": {"5"}}
	}
	var data struct {
		ResultType string
		Result     []result
	}
	p.ask(t, path, params, &data)
	return slices.DeleteFunc(data.Result, func(r result) bool {
		return (r.Value == nil || !r.Value.finite()) && !slices.ContainsFunc(r.Values, point.finite)
	})
}

func seconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

func (p point) finite() bool {
	text, _ := p[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// filled is what Grafana puts for the variables when the dashboard is opened: all of each choice, the last hour, and four times the
// interval that compose/grafana/datasource.yaml gives.
func filled(d dashboard, expr string) string {
	pairs := []string{"$__rate_interval", "20s", "$__range", "3600s"}
	for _, v := range d.Templating.List {
		pairs = append(pairs, "$"+v.Name, v.AllValue)
	}
	return strings.NewReplacer(pairs...).Replace(expr)
}

// A real Prometheus scrapes the metrics, offers choices for the dashboard's variables, and answers each of its queries, with data for
// all that happens.
func TestDashboardOnPrometheus(t *testing.T) {
	t.Parallel()
	p := realPrometheus{os.Getenv(prometheusEnv)}
	if p.url == "" {
		t.Skipf("set %s to the URL of a Prometheus that scrapes these metrics, or run scripts/compose-metrics-check", prometheusEnv)
	}
	d := loadDashboard(t)
	version := p.version(t)
	p.checkTarget(t)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			p.checkChoices(t, v.Name, filled(d, v.Definition))
		}
	}
	all, told := 0, 0
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			all++
			if p.checkPanel(t, panel.Title, filled(d, target.Expr), target) {
				told++
			}
		}
	}
	fmt.Printf("dashboard: %d queries answered by Prometheus %s, %d of them with data\n", all, version, told)
}

func (p realPrometheus) version(t *testing.T) string {
	t.Helper()
	var build struct{ Version string }
	p.ask(t, "/api/v1/status/buildinfo", nil, &build)
	return build.Version
}

// checkTarget waits for a scrape that succeeds, of all targets.
func (p realPrometheus) checkTarget(t *testing.T) {
	t.Helper()
	type scraped struct{ ScrapeURL, Health, LastError string }
	var found struct{ ActiveTargets []scraped }
	defer func() {
		if t.Failed() {
			t.Logf("the targets: %+v", found.ActiveTargets)
		}
	}()
	eventually(t, "all targets are up", func() bool {
		p.ask(t, "/api/v1/targets", url.Values{"state": {"active"}}, &found)
		return len(found.ActiveTargets) > 0 && !slices.ContainsFunc(found.ActiveTargets, func(one scraped) bool {
			return one.Health != "up" || one.LastError != ""
		})
	})
	eventually(t, "the scrape is stored", func() bool { // a query is of a whole second: at first of the one before
		up := p.query(t, "up", true)
		return len(up) > 0 && !slices.ContainsFunc(up, func(r result) bool { return r.Value[1] != "1" })
	})
}

// checkChoices asks for the values of a variable, as Grafana does for label_values(metric, label).
func (p realPrometheus) checkChoices(t *testing.T, name, definition string) {
	t.Helper()
	choice := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`).FindStringSubmatch(definition)
	if choice == nil {
		t.Errorf("$%s is %s", name, definition)
		return
	}
	eventually(t, fmt.Sprintf("there is a choice for $%s: %s", name, definition), func() bool {
		var values []string
		p.ask(t, "/api/v1/label/"+choice[2]+"/values", url.Values{"match[]": {choice[1]}}, &values)
		return len(values) > 0
	})
}

// checkPanel says whether a query has data. It waits for some if all that it asks for happens. What comes has the labels that the legend
// names.
func (p realPrometheus) checkPanel(t *testing.T, title, expr string, target target) bool {
	t.Helper()
	found := p.query(t, expr, target.Instant)
	if !slices.ContainsFunc(quiet, func(name string) bool { return strings.Contains(expr, name) }) {
		eventually(t, fmt.Sprintf("%s has data: %s", title, expr), func() bool {
			found = p.query(t, expr, target.Instant)
			return len(found) > 0
		})
	}
	for _, r := range found {
		for _, label := range legendLabels(target.LegendFormat) {
			if r.Metric[label] == "" {
				t.Errorf("%s: the legend has %q, and this series does not: %v", title, label, r.Metric)
			}
		}
	}
	return len(found) > 0
}
