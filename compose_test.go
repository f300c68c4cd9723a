package kafka_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// composeFile has what the tests ask of compose.yaml. Anything else in it fails the parsing, so that a new field is looked at here.
type composeFile struct {
	Services map[string]composeService
	Volumes  map[string]struct{}
}

type composeService struct {
	Image       string
	Hostname    string
	Profiles    []string
	Ports       []string
	ExtraHosts  []string `yaml:"extra_hosts"`
	Environment map[string]string
	Volumes     []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck struct {
		Test        []string
		Interval    string
		Timeout     string
		Retries     int
		StartPeriod string `yaml:"start_period"`
	}
}

func loadCompose(t *testing.T) composeFile {
	t.Helper()
	data, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c composeFile
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// listeners are the host:port of each name in KAFKA_LISTENERS or KAFKA_ADVERTISED_LISTENERS.
func listeners(t *testing.T, list string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for entry := range strings.SplitSeq(list, ",") {
		name, addr, ok := strings.Cut(entry, "://")
		if !ok {
			t.Fatalf("listener %q has no name", entry)
		}
		found[name] = addr
	}
	return found
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// Images are pinned to a release, and the broker is the one that the integration tests start.
func TestComposeImages(t *testing.T) {
	t.Parallel()
	release := regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+\.\d+$`)
	c := loadCompose(t)
	for name, s := range c.Services {
		if !release.MatchString(s.Image) {
			t.Errorf("%s: the image %q is not pinned to a release", name, s.Image)
		}
	}
	pom, err := os.ReadFile("integration/cluster/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`<kafka.version>(.*)</kafka.version>`).FindSubmatch(pom)
	if version == nil || c.Services["kafka"].Image != "apache/kafka:"+string(version[1]) {
		t.Errorf("the broker is %s, and the integration tests run %s", c.Services["kafka"].Image, version)
	}
}

// Every advertised listener is reachable at the address that it advertises, by those for whom it is meant.
func TestComposeListeners(t *testing.T) {
	t.Parallel()
	c := loadCompose(t)
	kafka, ui := c.Services["kafka"], c.Services["kafka-ui"]
	open, told := listeners(t, kafka.Environment["KAFKA_LISTENERS"]), listeners(t, kafka.Environment["KAFKA_ADVERTISED_LISTENERS"])
	for name, addr := range told {
		if port(open[name]) != port(addr) {
			t.Errorf("%s listens at %q and advertises %q", name, open[name], addr)
		}
		if !strings.Contains(kafka.Environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"], name+":PLAINTEXT") {
			t.Errorf("%s has no protocol", name)
		}
	}
	host := port(told["HOST"])
	if !slices.Contains(kafka.Ports, "127.0.0.1:"+host+":"+host) {
		t.Errorf("HOST advertises %s, and the published ports are %q", told["HOST"], kafka.Ports)
	}
	if inside := told["INTERNAL"]; inside != ui.Environment["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"] || !strings.HasPrefix(inside, "kafka:") {
		t.Errorf("the UI looks at %q, INTERNAL advertises %q", ui.Environment["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"], inside)
	}
	if voters := kafka.Environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]; voters != kafka.Environment["KAFKA_NODE_ID"]+"@"+open["CONTROLLER"] {
		t.Errorf("the controllers are %q, and this one listens at %q", voters, open["CONTROLLER"])
	}
	if probe := kafka.Healthcheck.Test; probe[len(probe)-1] != told["HOST"] {
		t.Errorf("the health check asks %q", probe)
	}
}

// Data outlives the container, nothing listens to the network, and the UI waits for a broker that answers.
func TestComposeServices(t *testing.T) {
	t.Parallel()
	c := loadCompose(t)
	for name, s := range c.Services {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %q is open to the network", name, p)
			}
		}
		for _, v := range s.Volumes {
			checkVolume(t, c, name, v)
		}
	}
	kafka := c.Services["kafka"]
	if want := "kafka-data:" + kafka.Environment["KAFKA_LOG_DIRS"]; !slices.Contains(kafka.Volumes, want) {
		t.Errorf("the log is in no volume: %q, not %q", kafka.Volumes, want)
	}
	if got := c.Services["kafka-ui"].DependsOn["kafka"].Condition; got != "service_healthy" {
		t.Errorf("the UI waits for %q", got)
	}
	if kafka.Healthcheck.Retries == 0 || kafka.Healthcheck.Interval == "" {
		t.Error("the broker has no health check")
	}
}

// checkVolume wants a volume that is declared, or a file of this repository that the container can only read.
func checkVolume(t *testing.T, c composeFile, name, volume string) {
	t.Helper()
	source, target, _ := strings.Cut(volume, ":")
	if !strings.HasPrefix(source, "./") {
		if !hasKey(c.Volumes, source) {
			t.Errorf("%s: the volume %q is not declared", name, source)
		}
		return
	}
	if info, err := os.Stat(source); err != nil || !info.Mode().IsRegular() { // the engine would make a folder of it
		t.Errorf("%s: %s is no file here: %v", name, source, err)
	}
	if !strings.HasSuffix(target, ":ro") {
		t.Errorf("%s can write %s", name, source)
	}
}

func hasKey[V any](m map[string]V, key string) bool {
	_, ok := m[key]
	return ok
}

// Wherever the README and the examples say where the broker of compose.yaml is, it is there.
func TestComposeDocuments(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	c := loadCompose(t)
	host := listeners(t, c.Services["kafka"].Environment["KAFKA_ADVERTISED_LISTENERS"])["HOST"]
	ui := "http://localhost:" + strings.Split(c.Services["kafka-ui"].Ports[0], ":")[1]
	for _, want := range []string{"KAFKA_BROKERS=" + host, ui, "docker compose up"} {
		if !strings.Contains(string(readme), want) {
			t.Errorf("README.md does not say %q", want)
		}
	}
	files := map[string][]byte{"README.md": readme}
	err = filepath.WalkDir("examples", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for path, data := range files {
		for _, m := range regexp.MustCompile(`KAFKA_BROKERS=([a-z0-9.-]+:\d+)`).FindAllSubmatch(data, -1) {
			if string(m[1]) != host {
				t.Errorf("%s: %s, and compose.yaml has the broker at %s", path, m[0], host)
			}
		}
	}
}
