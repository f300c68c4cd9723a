package cluster

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed pom.xml
var pom []byte

// A dist is what processes run from: java, the jars, and what was prepared from them once for this machine.
type dist struct {
	java      string
	classPath string // sorted: the class archive is good for exactly this text
	dir       string // the cache directory
}

// Its prepared files.
func (d *dist) archive() string    { return filepath.Join(d.dir, "classes.jsa") }
func (d *dist) checkpoint() string { return filepath.Join(d.dir, "bootstrap.checkpoint") }

// openDist finds java and the jars, fetched by Maven on the first call on this machine. Safe beside other processes.
func openDist(ctx context.Context, log io.Writer) (*dist, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("%w as processes: java is not installed (on Debian: apt-get install default-jdk-headless maven)", ErrUnavailable)
	}
	if java, err = filepath.EvalSymlinks(java); err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	// Another pom or another java is another directory.
	key := sha256.Sum256(append([]byte(java+"\n"), pom...))
	d := &dist{java: java, dir: filepath.Join(cache, "typedkafka", fmt.Sprintf("kafka-%s-%x", Version, key[:6]))}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(d.dir, "lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	return d, d.prepare(ctx, log)
}

// lock waits until no other process holds the file.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

func (d *dist) prepare(ctx context.Context, log io.Writer) error {
	for _, step := range []struct {
		what, file string
		do         func(ctx context.Context, target string) error
	}{
		{"fetch the jars of Apache Kafka " + Version, filepath.Join(d.dir, "libs"), fetchJars},
		{"format a metadata log", d.checkpoint(), d.makeCheckpoint},
		{"archive the classes of a running broker", d.archive(), d.makeArchive},
	} {
		if err := once(ctx, log, step.what, step.file, step.do); err != nil {
			return err
		}
		if d.classPath == "" {
			jars, err := filepath.Glob(filepath.Join(d.dir, "libs", "*.jar"))
			if err != nil {
				return err
			}
			d.classPath = strings.Join(jars, string(os.PathListSeparator)) // Glob sorts
		}
	}
	return nil
}

// once makes a file or directory if it is not there, in such a way that it is there whole or not at all.
func once(ctx context.Context, log io.Writer, what, target string, do func(context.Context, string) error) error {
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	start, unfinished := time.Now(), target+".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	fmt.Fprintf(log, "kafka cluster: %s, once for this machine\n", what)
	if err := do(ctx, unfinished); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(log, "kafka cluster: %s: %.1f s\n", what, time.Since(start).Seconds())
	return os.Rename(unfinished, target)
}

func fetchJars(ctx context.Context, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("%w as processes: mvn is not installed (on Debian: apt-get install maven)", ErrUnavailable)
	}
	work, err := os.MkdirTemp("", "kafka-jars-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), pom, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+dir)
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w as processes: mvn could not fetch the jars (%w):\n%s", ErrUnavailable, err, tail(out))
	}
	return nil
}

// tail is the end of a log, enough to show why a program ended.
func tail(log []byte) []byte { return log[max(0, len(log)-3000):] }
