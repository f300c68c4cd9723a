package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka/integration/cluster"
)

// A program that is killed takes its brokers and their files with it.
func TestKilledProgram(t *testing.T) {
	each(t, func(t *testing.T, r cluster.Runtime) {
		cluster.ForTest(t, cluster.Options{Runtime: r}) // skips where it must, and prepares what takes long
		tmp := t.TempDir()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "KAFKA_TEST_VICTIM="+string(r))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
		addr := firstLine(t, out)
		if dirs, _ := filepath.Glob(filepath.Join(tmp, "kafka-cluster-*")); len(dirs) != 1 {
			t.Fatalf("its directories: %q", dirs)
		}
		must(t, cmd.Process.Kill())
		eventually(t, "the broker is gone", func() bool {
			conn, err := net.Dial("tcp", addr)
			if err == nil {
				conn.Close()
			}
			return err != nil
		})
		eventually(t, "its files are gone", func() bool {
			dirs, _ := filepath.Glob(filepath.Join(tmp, "kafka-cluster-*"))
			return len(dirs) == 0
		})
	})
}

// TestMain makes this binary the program that TestKilledProgram kills.
func TestMain(m *testing.M) {
	r := os.Getenv("KAFKA_TEST_VICTIM")
	if r == "" {
		os.Exit(m.Run())
	}
	c, err := cluster.Start(context.Background(), cluster.Options{Runtime: cluster.Runtime(r)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("broker at", c.Bootstrap()[0])
	select {}
}

func firstLine(t *testing.T, out interface{ Read([]byte) (int, error) }) string {
	t.Helper()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if addr, ok := strings.CutPrefix(lines.Text(), "broker at "); ok {
			return addr
		}
	}
	t.Fatal("it ended before its broker was ready")
	return ""
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(20 * time.Millisecond) // another process gives no event
	}
}
