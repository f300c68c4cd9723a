package faults_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// memberVariable has the spec of a member that is a process of its own.
const memberVariable = "FAULTS_MEMBER"

// A process is a member with a life of its own: it can be killed and stopped as any program can.
type process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.Closer
	reader sync.WaitGroup
}

// startProcess starts a member whose book is a pipe to the ledger. What it has written there survives its death.
func startProcess(m *member, l *ledger) (*process, error) {
	raw, err := json.Marshal(m.spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), memberVariable+"="+string(raw))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stdin, err := cmd.StdinPipe() // closes with us, however we end
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{name: m.name, cmd: cmd, stdin: stdin}
	p.reader.Go(func() { p.copyBook(out, l) })
	return p, nil
}

// kill ends it as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.wait() // which tells that it was killed
}

// stop ends it as an operator does, and waits.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait()
}

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

func (p *process) wait() error {
	p.reader.Wait() // before Wait, which closes the pipe
	err := p.cmd.Wait()
	_ = p.stdin.Close()
	return err
}

// copyBook enters what a process wrote into the ledger.
func (p *process) copyBook(from io.Reader, l *ledger) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		what, rest, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "did":
			var c completion
			var nanos int64
			if _, err := fmt.Sscan(rest, &c.generation, &c.key, &c.number, &c.partition, &c.offset, &nanos); err == nil {
				c.at, c.by = time.Unix(0, nanos), p.name
				l.did(c)
			}
		case "said":
			if words, err := strconv.Unquote(rest); err == nil {
				l.say(words)
			}
		}
	}
}

// A pipeBook is a book that another process reads. Each line is one write, done when the call returns.
type pipeBook struct{ mu sync.Mutex }

func (b *pipeBook) line(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = os.Stdout.WriteString(s + "\n")
}

func (b *pipeBook) did(c completion) {
	b.line(fmt.Sprint("did ", c.generation, c.key, c.number, c.partition, c.offset, c.at.UnixNano()))
}

func (b *pipeBook) say(words string)                        { b.line("said " + strconv.Quote(words)) }
func (b *pipeBook) begin(string, event, int32) (end func()) { return func() {} }

// memberProcess is the program of such a member. It ends by SIGTERM in good order, and with its parent at once.
func memberProcess(raw string) int {
	m := &member{name: fmt.Sprint("process ", os.Getpid()), book: &pipeBook{}}
	if err := json.Unmarshal([]byte(raw), &m.spec); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := m.consume(ctx); err != nil {
		m.book.say("error " + err.Error())
		return 1
	}
	return 0
}
