package main_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/integration/cluster"
)

// withkafka builds the command, to be run with arguments on the runtime of the test's environment.
func withkafka(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "withkafka")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(bin, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// The command finds a broker where the variable says, its exit code comes through, and the broker is gone afterwards.
func TestRun(t *testing.T) {
	cluster.ForTest(t, cluster.Options{}) // skips where there is none
	cmd := withkafka(t, "--", "sh", "-c", `echo "$KAFKA_TEST_BROKERS"; read -r _; exit 7`)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimSpace(line)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
	} else {
		conn.Close()
	}
	stdin.Close()
	_ = cmd.Wait() // its exit code is what counts
	if code := cmd.ProcessState.ExitCode(); code != 7 {
		t.Errorf("exit code %d, not the command's 7", code)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("the broker outlives the command")
	}
}

// What can't be run is told apart from a command that failed.
func TestBadUse(t *testing.T) {
	for _, args := range [][]string{nil, {"-brokers", "2", "--", "true"}, {"-runtime", "vm", "--", "true"}} {
		cmd := withkafka(t, args...)
		_ = cmd.Run() // its exit code is what counts
		if code := cmd.ProcessState.ExitCode(); code != 125 {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}
