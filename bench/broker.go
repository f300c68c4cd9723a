package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/typedkafka/kafka/kafkatest"
)

// serveBroker is the whole life of the embedded broker's process: it says where it listens, and ends with in.
func serveBroker(in io.Reader, out io.Writer) error {
	cfg, stop, err := kafkatest.Run()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintln(out, strings.Join(cfg.Brokers, ","))
	_, err = io.Copy(io.Discard, in)
	return err
}

// startBroker starts that process. It ends when stop is called, or this process ends.
func startBroker(ctx context.Context) (brokers []string, stop func() error, err error) {
	cmd, err := again(ctx, roleBroker)
	if err != nil {
		return nil, nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() error {
		_ = in.Close()
		return cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("the embedded broker did not start: %w, %w", err, stop())
	}
	return list(strings.TrimSpace(line)), stop, nil
}

// again is a process of this program, in a role.
func again(ctx context.Context, role string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd, nil
}
