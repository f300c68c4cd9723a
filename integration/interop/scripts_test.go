package interop_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/integration/cluster"
)

// aiokafka is the client of the Python service that this package follows, with pydantic.
func aiokafka() peer {
	s := &script{folder: "aiokafka", manifest: "requirements.txt", install: func(dir, manifest string) error {
		if err := run("python3", "-m", "venv", dir); err != nil {
			return err
		}
		return run(filepath.Join(dir, "bin", "pip"), "install", "-q", "-r", manifest)
	}}
	s.command = func() []string { return []string{filepath.Join(s.dir, "bin", "python3"), "aiokafka/peer.py"} }
	return peer{name: "aiokafka", setUp: s.setUp, receive: s.receive, send: s.send}
}

func kafkajs() peer {
	s := &script{folder: "kafkajs", manifest: "package.json", install: func(dir, manifest string) error {
		data, err := os.ReadFile(manifest)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "package.json"), data, 0o644); err != nil {
			return err
		}
		return run("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--silent")
	}}
	s.command = func() []string { return []string{"node", "kafkajs/peer.js"} }
	return peer{name: "kafkajs", setUp: s.setUp, receive: s.receive, send: s.send, noNullHeaders: true, groupsHeaders: true}
}

// A script is a peer that speaks in lines of JSON. Its client library is installed once in the user's cache directory.
type script struct {
	folder, manifest string
	install          func(dir, manifest string) error
	command          func() []string
	dir              string // where the library is
}

func (s *script) setUp(t *testing.T) string {
	t.Helper()
	manifest := filepath.Join(s.folder, s.manifest)
	data, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err.Error()
	}
	s.dir = filepath.Join(cache, "typedkafka", fmt.Sprintf("%s-%.6x", s.folder, sha256.Sum256(data)))
	whole := filepath.Join(s.dir, "installed")
	if _, err := os.Stat(whole); err == nil {
		return ""
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return err.Error()
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err.Error()
	}
	if err := s.install(s.dir, manifest); err != nil {
		return fmt.Sprintf("it can't be installed: %v", err)
	}
	if err := os.WriteFile(whole, nil, 0o644); err != nil {
		return err.Error()
	}
	return ""
}

func (s *script) run(t *testing.T, stdin string, args ...string) []byte {
	t.Helper()
	args = append(s.command(), args...)
	cmd := exec.CommandContext(within(t, time.Minute), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "PEER_MODULES="+s.dir)
	return output(t, cmd, stdin)
}

func (s *script) receive(t *testing.T, c *cluster.Cluster, topic string, n int) []record {
	t.Helper()
	out := s.run(t, "", "receive", strings.Join(c.Bootstrap(), ","), topic, strconv.Itoa(n))
	var rs []record
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var r record
		if err := dec.Decode(&r); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		rs = append(rs, r)
	}
	return rs
}

func (s *script) send(t *testing.T, c *cluster.Cluster, topic string, rs []record) {
	t.Helper()
	s.run(t, lines(t, rs), "send", strings.Join(c.Bootstrap(), ","), topic)
}

// output runs a command to its end and gives what it wrote to standard output.
func output(t *testing.T, cmd *exec.Cmd, stdin string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Args[0], err, stderr.Bytes())
	}
	return out
}

// run runs a command to its end; its output is in the error.
func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
