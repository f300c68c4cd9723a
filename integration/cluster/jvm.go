package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// quickJVM is for processes that start often and live short: the first compiler only, the simplest collector, no performance file.
var quickJVM = []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true"}

// smallJVM is for several of them beside the tests.
var smallJVM = []string{"-Xms128m", "-Xmx256m", "-XX:MaxDirectMemorySize=128m", "-XX:+ExitOnOutOfMemoryError"}

// log4j sends warnings and worse of a JVM to the named stream.
const log4j = `Configuration:
  Appenders:
    Console: {name: OUT, target: %s, PatternLayout: {pattern: "[%%d] %%p %%m (%%c)%%n"}}
  Loggers:
    Root: {level: WARN, AppenderRef: [{ref: OUT}]}
`

// javaArgs are the arguments of java to run a class of Kafka. The archive of classes is used where it is there.
func (d *dist) javaArgs(logConfig, class string, args ...string) []string {
	jvm := slices.Concat(quickJVM, smallJVM)
	if _, err := os.Stat(d.archive()); err == nil {
		jvm = append(jvm, "-Xshare:auto", "-XX:SharedArchiveFile="+d.archive())
	}
	return append(append(jvm, "-cp", d.classPath, "-Dlog4j2.configurationFile="+logConfig, class), args...)
}

// run runs a class to its end and gives what it wrote to standard output.
func (d *dist) run(ctx context.Context, logConfig string, stdin io.Reader, class string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, d.java, d.javaArgs(logConfig, class, args...)...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w\n%s%s", class, err, tail(out), tail(stderr.Bytes()))
	}
	return out, nil
}

// writeLogConfigs writes the logging of a broker and of a tool.
func writeLogConfigs(dir string) (broker, tool string, err error) {
	broker, tool = filepath.Join(dir, "broker-log4j2.yaml"), filepath.Join(dir, "tool-log4j2.yaml")
	if err := os.WriteFile(broker, fmt.Appendf(nil, log4j, "SYSTEM_OUT"), 0o644); err != nil {
		return "", "", err
	}
	return broker, tool, os.WriteFile(tool, fmt.Appendf(nil, log4j, "SYSTEM_ERR"), 0o644)
}

// makeCheckpoint formats the storage of a throwaway broker and keeps the checkpoint with its feature levels. It holds no cluster or
// node id, so every broker later starts from a copy, which saves a JVM of its own for each start.
func (d *dist) makeCheckpoint(ctx context.Context, target string) error {
	t, err := newThrowaway()
	if err != nil {
		return err
	}
	defer t.janitor.close()
	_, err = d.run(ctx, t.toolLog, nil, "kafka.tools.StorageTool", "format", "-t", t.plan.clusterID, "-c", t.properties)
	if err != nil {
		return err
	}
	return copyFile(filepath.Join(t.data, "bootstrap.checkpoint"), target)
}

// makeArchive runs a throwaway broker until it answers, and has its JVM write the classes that it loaded when it ends.
func (d *dist) makeArchive(ctx context.Context, target string) error {
	t, err := newThrowaway()
	if err != nil {
		return err
	}
	defer t.janitor.close()
	if err := d.format(t.data, t.plan.clusterID, 1); err != nil {
		return err
	}
	args := append([]string{"-XX:ArchiveClassesAtExit=" + target}, d.javaArgs(t.brokerLog, "kafka.Kafka", t.properties)...)
	p, err := startProcess(t.janitor, t.janitor.path("server.log"), d.java, args...)
	if err != nil {
		return err
	}
	if err := awaitReady(ctx, t.plan.addrs(Plain)[0], 1, p.done); err != nil {
		return fmt.Errorf("%w\n%s", err, p.tail())
	}
	return p.end(syscall.SIGTERM)
}

// format does for a broker's data directory what StorageTool does, from the kept checkpoint.
func (d *dist) format(dataDir, clusterID string, id int) error {
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return err
	}
	if err := copyFile(d.checkpoint(), filepath.Join(dataDir, "bootstrap.checkpoint")); err != nil {
		return err
	}
	meta := fmt.Sprintf("version=1\ncluster.id=%s\nnode.id=%d\ndirectory.id=%s\n", clusterID, id, newUUID())
	return os.WriteFile(filepath.Join(dataDir, "meta.properties"), []byte(meta), 0o644)
}

// A throwaway is the configuration of a broker that only serves to prepare others.
type throwaway struct {
	janitor                              *janitor
	plan                                 *plan
	data, properties, brokerLog, toolLog string
}

func newThrowaway() (t *throwaway, err error) {
	t = &throwaway{}
	if t.janitor, err = newJanitor(); err != nil {
		return nil, err
	}
	t.data, t.properties = t.janitor.path("data"), t.janitor.path("server.properties")
	if t.plan, err = newPlan(Options{Brokers: 1}, localhost); err != nil {
		return nil, err
	}
	if t.brokerLog, t.toolLog, err = writeLogConfigs(t.janitor.dir); err != nil {
		return nil, err
	}
	n := node{id: 1, plan: t.plan, dataDir: t.data, bind: loopback}
	return t, os.WriteFile(t.properties, []byte(n.properties()), 0o600)
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
