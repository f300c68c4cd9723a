// Package program builds and runs the examples for their tests, as a person would.
package program

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// limit bounds a program's run, and each wait for a line of it. It is never reached where the program works.
const limit = 60 * time.Second

// Build builds main packages, whose paths are relative to the working directory, and returns the folder of the binaries. The
// folder goes with the test.
func Build(tb testing.TB, packages ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	cmd := exec.CommandContext(tb.Context(), "go", append([]string{"build", "-o", dir + string(filepath.Separator)}, packages...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go build %s: %v\n%s", strings.Join(packages, " "), err, out)
	}
	return dir
}

// A Program is one that runs. Its methods are for the test's own goroutine.
type Program struct {
	tb     testing.TB
	cmd    *exec.Cmd
	output output // what a person reads; logs go to the other stream
	logs   output
	done   chan struct{} // closed once it has ended, with err
	err    error
}

// Start runs a binary with the test's environment less all KAFKA_ variables, plus env. It is killed with its test.
func Start(tb testing.TB, path string, env []string, args ...string) *Program {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	p := &Program{tb: tb, cmd: exec.CommandContext(ctx, path, args...), done: make(chan struct{})}
	p.output.changed, p.logs.changed = make(chan struct{}), make(chan struct{})
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.logs
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "KAFKA_") {
			p.cmd.Env = append(p.cmd.Env, variable)
		}
	}
	p.cmd.Env = append(p.cmd.Env, env...)
	if err := p.cmd.Start(); err != nil {
		cancel()
		tb.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	tb.Cleanup(func() {
		cancel()
		<-p.done
	})
	return p
}

// WaitFor waits until the program has printed text, and returns all its output so far.
func (p *Program) WaitFor(text string) string {
	p.tb.Helper()
	timeout := time.After(limit)
	for {
		all, changed := p.output.read()
		if strings.Contains(all, text) {
			return all
		}
		select {
		case <-changed:
		case <-p.done:
			if all, _ = p.output.read(); strings.Contains(all, text) {
				return all
			}
			p.tb.Fatalf("it ended (%v) and did not print %q; %s", p.err, text, p.transcript())
		case <-timeout:
			p.tb.Fatalf("it did not print %q within %s; %s", text, limit, p.transcript())
		}
	}
}

// Terminate sends SIGTERM, as an orchestrator does.
func (p *Program) Terminate() {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.tb.Fatal(err)
	}
}

// Wait waits until the program has ended, fails the test where it did not end well, and returns its output.
func (p *Program) Wait() string {
	p.tb.Helper()
	<-p.done
	if p.err != nil {
		p.tb.Fatalf("it ended with %v; %s", p.err, p.transcript())
	}
	all, _ := p.output.read()
	return all
}

// Fails waits until the program has ended, fails the test where it ended well, and returns what it logged.
func (p *Program) Fails() string {
	p.tb.Helper()
	<-p.done
	if p.err == nil {
		p.tb.Fatalf("it ended well; %s", p.transcript())
	}
	all, _ := p.logs.read()
	return all
}

func (p *Program) transcript() string {
	printed, _ := p.output.read()
	logged, _ := p.logs.read()
	return fmt.Sprintf("it printed:\n%s\nand logged:\n%s", printed, logged)
}

// output collects what a program prints, and tells when there is more.
type output struct {
	mu      sync.Mutex // guards what follows
	text    bytes.Buffer
	changed chan struct{} // closed and replaced at each write
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(b)
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.changed
}

// CheckLines fails the test for each wanted line that output does not have. A wanted line is the whole line, or its
// beginning where it ends in "…".
func CheckLines(tb testing.TB, output string, want ...string) {
	tb.Helper()
	lines := strings.Split(output, "\n")
	for _, w := range want {
		if !hasLine(lines, w) {
			tb.Errorf("no line %q in:\n%s", w, output)
		}
	}
}

func hasLine(lines []string, want string) bool {
	start, open := strings.CutSuffix(want, "…")
	for _, line := range lines {
		if line == want || open && strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}
