package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A Cluster is a running Apache Kafka. Its methods are safe for concurrent use as long as no two of them work on the same broker.
// Brokers have the ids 1, 2 and 3.
type Cluster struct {
	plan    *plan
	backend backend
	janitor *janitor
	certs   Certs
	runtime Runtime
}

// A backend is a way to run brokers: as processes or as containers. Its methods may be called for different brokers at the same time.
type backend interface {
	host(id int) string                                         // where brokers find each other
	create(ctx context.Context, p *plan) error                  // prepares all brokers
	start(ctx context.Context, id int) (<-chan struct{}, error) // the channel closes when the broker dies; nil: unknown
	kill(ctx context.Context, id int) error
	pause(ctx context.Context, id int) error
	resume(ctx context.Context, id int) error
	stop(ctx context.Context, id int) error
	tail(ctx context.Context, id int) string // the end of its log
	tool(ctx context.Context, stdin io.Reader, class string, args []string) ([]byte, error)
	toolBootstrap() string
	close(ctx context.Context) error
}

// ForTest starts a cluster that stops with the test. Where none can be started it skips the test and says why, or fails it where
// KAFKA_TEST_RUNTIME asks for this runtime.
func ForTest(tb testing.TB, o Options) *Cluster {
	tb.Helper()
	if o.Log == nil {
		o.Log = os.Stderr
	}
	c, err := Start(tb.Context(), o)
	if errors.Is(err, ErrUnavailable) && !required(o.Runtime) {
		tb.Skipf("SKIPPED for want of a real Kafka: %v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			tb.Errorf("stop the cluster: %v", err)
		}
	})
	return c
}

// Start starts a cluster and returns when every broker knows all others and accepts messages. The caller must Stop it. A cancelled
// ctx ends the starting, and has no effect later. It returns ErrUnavailable where the runtime can't be had.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("kafka cluster: %w", err)
	}
	c, err := start(ctx, o)
	// Another program can take a port between the choice and the start.
	for tries := 1; err != nil && tries < 3 && strings.Contains(err.Error(), "Address already in use"); tries++ {
		c, err = start(ctx, o)
	}
	if err != nil {
		return nil, fmt.Errorf("kafka cluster: %w", err)
	}
	return c, nil
}

func start(ctx context.Context, o Options) (_ *Cluster, err error) {
	begin := time.Now()
	j, err := newJanitor()
	if err != nil {
		return nil, err
	}
	c := &Cluster{janitor: j}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if c.backend, c.runtime, err = open(ctx, j, o); err != nil {
		return nil, err
	}
	if c.plan, err = newPlan(o, c.backend.host); err != nil {
		return nil, err
	}
	if err := c.setUp(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(o.Log, "kafka cluster: %d broker(s) as %s ready in %.1f s\n", o.Brokers, c.runtime, time.Since(begin).Seconds())
	return c, nil
}

// open picks the runtime.
func open(ctx context.Context, j *janitor, o Options) (backend, Runtime, error) {
	var missing error
	if o.Runtime != Processes {
		b, err := newContainers(ctx, j)
		if o.Runtime == Container || !errors.Is(err, ErrUnavailable) {
			return b, Container, err
		}
		missing = err
	}
	b, err := newProcesses(ctx, j, o)
	if missing != nil && err != nil {
		err = errors.Join(missing, err)
	}
	return b, Processes, err
}

// certsDir is where the key stores are, and what Kerberos needs.
const certsDir = "certs"

func (c *Cluster) prepareFiles() (err error) {
	if err := os.Mkdir(c.janitor.path(certsDir), 0o700); err != nil {
		return err
	}
	if c.plan.opts.Secure {
		if c.certs, err = makeCerts(c.janitor.path(certsDir)); err != nil {
			return fmt.Errorf("make certificates: %w", err)
		}
	}
	for name, from := range c.plan.opts.Kerberos.files() {
		if err := copyFile(from, c.janitor.path(certsDir, name)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) setUp(ctx context.Context) error {
	if err := c.prepareFiles(); err != nil {
		return err
	}
	if err := c.backend.create(ctx, c.plan); err != nil {
		return err
	}
	if err := c.startAll(ctx); err != nil {
		return err
	}
	if c.plan.opts.Secure {
		return c.addScramUsers(ctx)
	}
	return nil
}

func (c *Cluster) startAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for id := 1; id <= c.plan.opts.Brokers; id++ {
		group.Go(func() error { return c.startOne(ctx, id) })
	}
	return group.Wait()
}

func (c *Cluster) startOne(ctx context.Context, id int) error {
	died, err := c.backend.start(ctx, id)
	if err != nil {
		return fmt.Errorf("start broker %d: %w", id, err)
	}
	return c.await(ctx, id, died)
}

func (c *Cluster) await(ctx context.Context, id int, died <-chan struct{}) error {
	addr := fmt.Sprintf("localhost:%d", c.plan.port(id, Plain))
	if err := awaitReady(ctx, addr, c.plan.opts.Brokers, died); err != nil {
		return fmt.Errorf("start broker %d: %w; its log ends with:\n%s", id, err, c.backend.tail(context.WithoutCancel(ctx), id))
	}
	return nil
}

func (c *Cluster) addScramUsers(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...))
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	// A request may name a user once.
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		var upserts []kadm.UpsertSCRAM
		for _, user := range users {
			upserts = append(upserts, kadm.UpsertSCRAM{User: user, Mechanism: m, Iterations: 4096, Password: c.Password(user)})
		}
		altered, err := admin.AlterUserSCRAMs(ctx, nil, upserts)
		if err := errors.Join(err, altered.Error()); err != nil {
			return fmt.Errorf("add SCRAM users: %w", err)
		}
	}
	return nil
}

// Runtime says how the brokers run: Container or Processes.
func (c *Cluster) Runtime() Runtime { return c.runtime }

// Bootstrap gives the addresses of the plain listener, one for each broker.
func (c *Cluster) Bootstrap() []string { return c.Addrs(Plain) }

// Addrs gives the addresses of a listener, one for each broker; none where the listener is not there.
func (c *Cluster) Addrs(l Listener) []string { return c.plan.addrs(l) }

// Certs gives the certificates of a secured cluster.
func (c *Cluster) Certs() Certs { return c.certs }

// Password gives the password of admin, bob or alice, "" for anybody else.
func (c *Cluster) Password(user string) string { return c.plan.passwords[user] }

// Kill ends a broker at once, as a power cut does.
func (c *Cluster) Kill(ctx context.Context, id int) error {
	return c.on(ctx, "kill", id, c.backend.kill)
}

// Pause freezes a broker: its connections stay open and nothing answers.
func (c *Cluster) Pause(ctx context.Context, id int) error {
	return c.on(ctx, "pause", id, c.backend.pause)
}

// Resume thaws a paused broker.
func (c *Cluster) Resume(ctx context.Context, id int) error {
	return c.on(ctx, "resume", id, c.backend.resume)
}

// Restart ends a broker in good order, if it runs, and starts it again with its data and on its addresses. It returns when the
// broker is ready.
func (c *Cluster) Restart(ctx context.Context, id int) error {
	return c.on(ctx, "restart", id, func(ctx context.Context, id int) error {
		if err := c.backend.stop(ctx, id); err != nil {
			return err
		}
		return c.startOne(ctx, id)
	})
}

func (c *Cluster) on(ctx context.Context, what string, id int, do func(context.Context, int) error) error {
	if id < 1 || id > c.plan.opts.Brokers {
		return fmt.Errorf("kafka cluster: %s broker %d: the brokers are 1 to %d", what, id, c.plan.opts.Brokers)
	}
	if err := do(ctx, id); err != nil {
		return fmt.Errorf("kafka cluster: %s broker %d: %w", what, id, err)
	}
	return nil
}

// ToolBootstrap stands, in the arguments of Tool, for the addresses at which the tool finds the brokers.
const ToolBootstrap = "{bootstrap}"

// Tool runs a tool that comes with Kafka, by its Java class (kafka-topics.sh is org.apache.kafka.tools.TopicCommand), and gives
// what it wrote to standard output. A nil stdin is empty. The error has what it wrote to standard error.
func (c *Cluster) Tool(ctx context.Context, stdin io.Reader, class string, args ...string) ([]byte, error) {
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], ToolBootstrap, c.backend.toolBootstrap())
	}
	return c.backend.tool(ctx, stdin, class, args)
}

// Stop ends all brokers and removes all that they wrote. The Cluster is of no use after it.
func (c *Cluster) Stop(ctx context.Context) error {
	var err error
	if c.backend != nil {
		err = c.backend.close(ctx)
	}
	return errors.Join(err, c.janitor.close())
}
