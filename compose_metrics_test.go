package kafka_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// load reads a configuration. Anything in it that v does not have fails the test, so that a new field is looked at here.
func load(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// mounted is where a file of the repository is in a service's container.
func mounted(t *testing.T, s composeService, file string) string {
	t.Helper()
	for _, v := range s.Volumes {
		if target, is := strings.CutPrefix(v, "./"+file+":"); is {
			return strings.TrimSuffix(target, ":ro")
		}
	}
	t.Errorf("%s is not mounted: %q", file, s.Volumes)
	return ""
}

// Metrics come only where they are asked for, and the broker and its UI always.
func TestComposeProfiles(t *testing.T) {
	t.Parallel()
	for name, s := range loadCompose(t).Services {
		metrics := name == "prometheus" || name == "grafana"
		if got := slices.Equal(s.Profiles, []string{"metrics"}); got != metrics || !metrics && len(s.Profiles) > 0 {
			t.Errorf("%s is in the profiles %q", name, s.Profiles)
		}
		if metrics && (len(s.Healthcheck.Test) == 0 || s.Healthcheck.Retries == 0) {
			t.Errorf("%s: --wait has no health check to wait for", name)
		}
	}
}

// prometheusConfig has what compose/prometheus.yaml says.
type prometheusConfig struct {
	Global struct {
		Interval string `yaml:"scrape_interval"`
		Timeout  string `yaml:"scrape_timeout"`
	}
	Scrapes []struct {
		Job    string                       `yaml:"job_name"`
		Static []struct{ Targets []string } `yaml:"static_configs"`
	} `yaml:"scrape_configs"`
}

func loadPrometheus(t *testing.T) (c prometheusConfig) {
	t.Helper()
	load(t, "compose/prometheus.yaml", &c)
	return c
}

// Prometheus reads the file that is mounted, and scrapes this machine where the README has the program serve.
func TestComposePrometheus(t *testing.T) {
	t.Parallel()
	s := loadCompose(t).Services["prometheus"]
	if got := mounted(t, s, "compose/prometheus.yaml"); got != "/etc/prometheus/prometheus.yml" { // where its image looks
		t.Errorf("its configuration is at %s", got)
	}
	cfg := loadPrometheus(t)
	host, at, _ := strings.Cut(cfg.Scrapes[0].Static[0].Targets[0], ":")
	if !slices.Contains(s.ExtraHosts, host+":host-gateway") {
		t.Errorf("it scrapes %s, and knows %q", host, s.ExtraHosts)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"docker compose --profile metrics up", fmt.Sprintf("go run -C examples/health . -addr :%s", at), "http://localhost:3000",
	} {
		if !strings.Contains(string(readme), want) {
			t.Errorf("README.md does not say %q", want)
		}
	}
}

// grafanaSources has the fields that Grafana documents for the provisioning of data sources, and of their jsonData those of Prometheus:
// https://grafana.com/docs/grafana/latest/administration/provisioning/. It passes over any other in silence.
type grafanaSources struct {
	APIVersion int                 `yaml:"apiVersion"`
	Delete     []grafanaOldSource  `yaml:"deleteDatasources"`
	Prune      bool                `yaml:"prune"`
	All        []grafanaDataSource `yaml:"datasources"`
}

type grafanaOldSource struct {
	Name  string `yaml:"name"`
	OrgID int    `yaml:"orgId"`
}

type grafanaDataSource struct {
	Name            string            `yaml:"name"`
	Type            string            `yaml:"type"`
	Access          string            `yaml:"access"`
	OrgID           int               `yaml:"orgId"`
	UID             string            `yaml:"uid"`
	URL             string            `yaml:"url"`
	User            string            `yaml:"user"`
	Database        string            `yaml:"database"`
	BasicAuth       bool              `yaml:"basicAuth"`
	BasicAuthUser   string            `yaml:"basicAuthUser"`
	WithCredentials bool              `yaml:"withCredentials"`
	IsDefault       bool              `yaml:"isDefault"`
	JSON            grafanaPrometheus `yaml:"jsonData"`
	Secure          map[string]string `yaml:"secureJsonData"`
	Version         int               `yaml:"version"`
	Editable        bool              `yaml:"editable"`
}

type grafanaPrometheus struct {
	HTTPMethod            string `yaml:"httpMethod"`
	TimeInterval          string `yaml:"timeInterval"`
	Timeout               string `yaml:"timeout"`
	CustomQueryParameters string `yaml:"customQueryParameters"`
	ManageAlerts          bool   `yaml:"manageAlerts"`
	PrometheusType        string `yaml:"prometheusType"`
	PrometheusVersion     string `yaml:"prometheusVersion"`
	CacheLevel            string `yaml:"cacheLevel"`
}

// grafanaProviders has those of the provisioning of dashboards.
type grafanaProviders struct {
	APIVersion int               `yaml:"apiVersion"`
	All        []grafanaProvider `yaml:"providers"`
}

type grafanaProvider struct {
	Name                  string `yaml:"name"`
	OrgID                 int    `yaml:"orgId"`
	Folder                string `yaml:"folder"`
	FolderUID             string `yaml:"folderUid"`
	Type                  string `yaml:"type"`
	DisableDeletion       bool   `yaml:"disableDeletion"`
	UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
	AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
	Options               struct {
		Path        string `yaml:"path"`
		FromFolders bool   `yaml:"foldersFromFilesStructure"`
	} `yaml:"options"`
}

// Grafana knows the Prometheus of compose.yaml, and its scrape interval, of which it makes $__rate_interval.
func TestComposeGrafanaSource(t *testing.T) {
	t.Parallel()
	var sources grafanaSources
	load(t, "compose/grafana/datasource.yaml", &sources)
	if sources.APIVersion != 1 || len(sources.All) != 1 {
		t.Fatalf("version %d, %d sources", sources.APIVersion, len(sources.All))
	}
	source := sources.All[0]
	web := port(loadCompose(t).Services["prometheus"].Ports[0])
	want := grafanaDataSource{
		Name: source.Name, UID: source.UID, Type: "prometheus", Access: "proxy", URL: "http://prometheus:" + web, IsDefault: true,
		JSON: grafanaPrometheus{TimeInterval: loadPrometheus(t).Global.Interval},
	}
	if !reflect.DeepEqual(source, want) {
		t.Errorf("the source is %+v, want %+v", source, want)
	}
	if source.Name == "" || !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`).MatchString(source.UID) {
		t.Errorf("its name is %q, its uid %q", source.Name, source.UID)
	}
}

// Grafana finds its provisioning where its image looks, and the dashboard where the provisioning says, under a name that it reads; it
// shows the dashboard at once.
func TestComposeGrafana(t *testing.T) {
	t.Parallel()
	s := loadCompose(t).Services["grafana"]
	if got := s.DependsOn["prometheus"].Condition; got != "service_healthy" {
		t.Errorf("it waits for %q", got)
	}
	var providers grafanaProviders
	load(t, "compose/grafana/dashboards.yaml", &providers)
	if providers.APIVersion != 1 || len(providers.All) != 1 || providers.All[0].Name == "" || providers.All[0].Type != "file" {
		t.Fatalf("%+v", providers)
	}
	home := mounted(t, s, "prom/dashboard.json")
	for got, pattern := range map[string]string{
		mounted(t, s, "compose/grafana/datasource.yaml"): "/etc/grafana/provisioning/datasources/*.yaml",
		mounted(t, s, "compose/grafana/dashboards.yaml"): "/etc/grafana/provisioning/dashboards/*.yaml",
		home: providers.All[0].Options.Path + "/*.json",
	} {
		if is, err := path.Match(pattern, got); err != nil || !is {
			t.Errorf("%s is not looked for: %s is (%v)", got, pattern, err)
		}
	}
	if first := s.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; first != home {
		t.Errorf("its first page is %s", first)
	}
}

// What a file of dashboards must be to be provisioned: with a title and a uid, which links name, without the id of another database, and
// without inputs, which only an import by hand asks for.
func TestComposeGrafanaDashboard(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("prom/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	uid, _ := d["uid"].(string)
	if title, _ := d["title"].(string); title == "" || !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`).MatchString(uid) {
		t.Errorf("its title is %q, its uid %q", title, uid)
	}
	for _, field := range []string{"id", "__inputs", "__requires", "dashboard"} {
		if _, is := d[field]; is {
			t.Errorf("it has the field %q", field)
		}
	}
}
