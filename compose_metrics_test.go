package kafka_test

import (
	"bytes"
	"fmt"
	"os"
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

// Prometheus reads the file that is mounted, and scrapes this machine where the README has the program serve.
func TestComposePrometheus(t *testing.T) {
	t.Parallel()
	s := loadCompose(t).Services["prometheus"]
	if got := mounted(t, s, "compose/prometheus.yaml"); got != "/etc/prometheus/prometheus.yml" { // where its image looks
		t.Errorf("its configuration is at %s", got)
	}
	var cfg struct {
		Global struct {
			Interval string `yaml:"scrape_interval"`
			Timeout  string `yaml:"scrape_timeout"`
		}
		Scrapes []struct {
			Job    string                       `yaml:"job_name"`
			Static []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	load(t, "compose/prometheus.yaml", &cfg)
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

// Grafana knows that Prometheus, and shows the dashboard at once.
func TestComposeGrafana(t *testing.T) {
	t.Parallel()
	c := loadCompose(t)
	s := c.Services["grafana"]
	if got := s.DependsOn["prometheus"].Condition; got != "service_healthy" {
		t.Errorf("it waits for %q", got)
	}
	var sources struct {
		Version int `yaml:"apiVersion"`
		All     []struct {
			Name, UID, Type, Access, URL string
			Default                      bool           `yaml:"isDefault"`
			JSON                         map[string]any `yaml:"jsonData"`
		} `yaml:"datasources"`
	}
	load(t, "compose/grafana/datasource.yaml", &sources)
	web := port(c.Services["prometheus"].Ports[0])
	if source := sources.All[0]; !source.Default || source.URL != "http://prometheus:"+web || source.Type != "prometheus" {
		t.Errorf("%+v", source)
	}
	var dashboards struct {
		Version   int `yaml:"apiVersion"`
		Providers []struct {
			Name, Type string
			Options    struct{ Path string }
		}
	}
	load(t, "compose/grafana/dashboards.yaml", &dashboards)
	for file, folder := range map[string]string{
		"compose/grafana/datasource.yaml": "/etc/grafana/provisioning/datasources/", // where its image looks
		"compose/grafana/dashboards.yaml": "/etc/grafana/provisioning/dashboards/",
		"prom/dashboard.json":             dashboards.Providers[0].Options.Path + "/",
	} {
		if got := mounted(t, s, file); !strings.HasPrefix(got, folder) {
			t.Errorf("%s is at %s, and is looked for in %s", file, got, folder)
		}
	}
	if home := s.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; home != mounted(t, s, "prom/dashboard.json") {
		t.Errorf("its first page is %s", home)
	}
}
