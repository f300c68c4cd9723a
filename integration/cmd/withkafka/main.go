// Command withkafka starts a real Apache Kafka, runs a command with KAFKA_TEST_BROKERS set to its addresses, and stops it. Its exit
// code is that of the command, or 125 where no Kafka could be started.
//
//	go -C integration run ./cmd/withkafka -- go -C .. test ./...
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/typedkafka/kafka/integration/cluster"
)

const noKafka = 125

func main() { os.Exit(run()) }

func run() int {
	o := cluster.Options{Log: os.Stderr, Props: props{}}
	flag.IntVar(&o.Brokers, "brokers", 1, "how many brokers: 1 or 3")
	flag.StringVar((*string)(&o.Runtime), "runtime", "", "container, processes, or nothing for what is there")
	flag.Var(props(o.Props), "prop", "a broker property, as key=value; may be repeated")
	variable := flag.String("env", "KAFKA_TEST_BROKERS", "the variable that gets the addresses")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "withkafka: what shall I run? withkafka [flags] -- command arguments...")
		flag.PrintDefaults()
		return noKafka
	}
	// The command hears Ctrl-C itself; we outlive it to clean up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := cluster.Start(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withkafka:", err)
		return noKafka
	}
	code := command(ctx, *variable+"="+strings.Join(c.Bootstrap(), ","), flag.Args())
	if err := c.Stop(context.WithoutCancel(ctx)); err != nil {
		fmt.Fprintln(os.Stderr, "withkafka:", err)
		return max(code, 1)
	}
	return code
}

// command runs the command to its end. When ctx ends it is asked to end too.
func command(ctx context.Context, env string, args []string) int {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env)
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "withkafka:", err)
		return 1
	}
	return 0
}

// props collects -prop flags.
type props map[string]string

func (p props) String() string { return "" }

func (p props) Set(s string) error {
	key, value, ok := strings.Cut(s, "=")
	if !ok {
		return errors.New("it is not key=value")
	}
	p[key] = value
	return nil
}
