package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const loopback = "127.0.0.1"

func localhost(int) string { return "localhost" }

// processes runs each broker as a JVM process.
type processes struct {
	dist               *dist
	janitor            *janitor
	plan               *plan
	brokerLog, toolLog string
	running            byBroker[*process]
}

func newProcesses(ctx context.Context, j *janitor, o Options) (backend, error) {
	d, err := openDist(ctx, o.Log)
	if err != nil {
		return nil, err
	}
	b := &processes{dist: d, janitor: j}
	b.brokerLog, b.toolLog, err = writeLogConfigs(j.dir)
	return b, err
}

func (b *processes) host(id int) string { return localhost(id) }

// create writes what each broker starts from.
func (b *processes) create(_ context.Context, p *plan) error {
	b.plan = p
	for id := 1; id <= p.opts.Brokers; id++ {
		n := node{id: id, plan: p, dataDir: b.path(id, "data"), certDir: b.janitor.path(certsDir), bind: loopback}
		if err := b.dist.format(n.dataDir, p.clusterID, id); err != nil {
			return err
		}
		if err := os.WriteFile(b.path(id, "server.properties"), []byte(n.properties()), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (b *processes) path(id int, name string) string {
	return b.janitor.path(fmt.Sprint("broker-", id), name)
}

func (b *processes) start(_ context.Context, id int) (<-chan struct{}, error) {
	args := append(b.plan.opts.Kerberos.jvm(b.janitor.path(certsDir)),
		b.dist.javaArgs(b.brokerLog, "kafka.Kafka", b.path(id, "server.properties"))...)
	p, err := startProcess(b.janitor, b.path(id, "server.log"), b.dist.java, args...)
	if err != nil {
		return nil, err
	}
	b.running.set(id, p)
	return p.done, nil
}

func (b *processes) tail(_ context.Context, id int) string {
	if p := b.running.get(id); p != nil {
		return p.tail()
	}
	return ""
}

func (b *processes) kill(_ context.Context, id int) error {
	return b.running.get(id).end(syscall.SIGKILL)
}

// pause returns when the process stands: on a busy machine a thread answers for a while after the signal was sent.
func (b *processes) pause(ctx context.Context, id int) error {
	p := b.running.get(id)
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for !p.stands() {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (b *processes) resume(_ context.Context, id int) error {
	return b.running.get(id).signal(syscall.SIGCONT)
}

// stop ends a broker as an operator does. A paused one would not hear it.
func (b *processes) stop(_ context.Context, id int) error {
	p := b.running.get(id)
	if err := p.signal(syscall.SIGCONT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.end(syscall.SIGTERM)
}

func (b *processes) tool(ctx context.Context, stdin io.Reader, class string, args []string) ([]byte, error) {
	return b.dist.run(ctx, b.toolLog, stdin, class, args...)
}

func (b *processes) toolBootstrap() string { return strings.Join(b.plan.addrs(Plain), ",") }

// close kills the brokers: what they wrote is thrown away, and three that stop in good order take 6 s.
func (b *processes) close(context.Context) error {
	var errs []error
	for _, p := range b.running.all() {
		errs = append(errs, p.end(syscall.SIGKILL))
	}
	return errors.Join(errs...)
}

// A process is a JVM under a janitor's eye.
type process struct {
	cmd  *exec.Cmd
	jan  *janitor
	log  string
	done chan struct{} // closed when it has ended
}

func startProcess(j *janitor, log, name string, args ...string) (*process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &process{cmd: j.command(name, args...), jan: j, log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = f, f
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()                                 // how a broker ended is in its log
		_ = j.note("end", fmt.Sprint(p.cmd.Process.Pid)) // a janitor that is gone has cleaned up
		close(p.done)
	}()
	return p, nil
}

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// stands reports whether every thread is stopped, as far as this system tells.
func (p *process) stands() bool {
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	if err != nil {
		return true
	}
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		state := stat[bytes.LastIndexByte(stat, ')')+1:] // behind the name, which may hold anything (proc_pid_stat(5))
		if !bytes.HasPrefix(state, []byte(" T")) {
			return false
		}
	}
	return true
}

// end sends a signal that ends the process, and waits until it has ended. It is no error if it had.
func (p *process) end(s syscall.Signal) error {
	if err := p.signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.done
	return nil
}

func (p *process) tail() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(tail(data))
}
