package cluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	moby "github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
)

// Images are what containers may run from, in order of preference: KAFKA_TEST_IMAGE if set, the published image, and the stand-in
// that scripts/standin-image builds. They are looked for in the local engine, and never pulled.
func Images() []string {
	return slices.DeleteFunc([]string{os.Getenv("KAFKA_TEST_IMAGE"), "apache/kafka:" + Version, "typedkafka/kafka-standin:" + Version},
		func(s string) bool { return s == "" })
}

// Where things lie in a container of apache/kafka.
const (
	imageData   = "/var/lib/kafka/data"
	imageConfig = "/mnt/shared/config/server.properties" // read in place of the image's own (docker/README of Apache Kafka, file input)
	imageCerts  = "/mnt/certs"
	imageRun    = "/opt/kafka/bin/kafka-run-class.sh"
)

// containers runs each broker in a container. Testcontainers makes them; their lives are led by the docker command, which the
// janitor needs in any case.
type containers struct {
	janitor *janitor
	plan    *plan
	image   string
	prefix  string // of its names, and the name of the network in which the brokers find each other
	made    byBroker[*testcontainers.DockerContainer]
}

func newContainers(ctx context.Context, j *janitor) (backend, error) {
	image, err := findImage(ctx)
	if err != nil {
		return nil, err
	}
	// The janitor does what Ryuk, testcontainers' own, would be pulled for. Read once, at the first use of the library.
	if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", cmp.Or(os.Getenv("TESTCONTAINERS_RYUK_DISABLED"), "true")); err != nil {
		return nil, err
	}
	return &containers{janitor: j, image: image, prefix: path.Base(j.dir)}, nil
}

func findImage(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("docker"); err != nil {
		return "", fmt.Errorf("%w as containers: docker is not installed (on Debian: apt-get install docker.io)", ErrUnavailable)
	}
	if _, err := docker(ctx, nil, "version", "--format", "{{.Server.Version}}"); err != nil {
		return "", fmt.Errorf("%w as containers: no Docker Engine answers (start it, or run dockerd): %w", ErrUnavailable, err)
	}
	if host := os.Getenv("DOCKER_HOST"); host != "" && !strings.HasPrefix(host, "unix://") {
		return "", fmt.Errorf("%w as containers: the Docker Engine is at %s, and brokers are looked for on localhost", ErrUnavailable, host)
	}
	for _, image := range Images() {
		if _, err := docker(ctx, nil, "image", "inspect", "--format", "{{.Id}}", image); err == nil {
			return image, nil
		}
	}
	return "", fmt.Errorf("%w as containers: none of the images %s is here (docker pull apache/kafka:%s, or scripts/standin-image)",
		ErrUnavailable, strings.Join(Images(), ", "), Version)
}

// docker runs a docker command and gives its standard output.
func docker(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("docker %s: %w\n%s%s", args[0], err, tail(out), tail(stderr.Bytes()))
	}
	return out, nil
}

func (b *containers) host(id int) string { return fmt.Sprint("kafka-", id) }
func (b *containers) name(id int) string { return fmt.Sprint(b.prefix, "-", id) }

// create registers what is going to be made, and makes the network.
func (b *containers) create(ctx context.Context, p *plan) error {
	b.plan = p
	for id := 1; id <= p.opts.Brokers; id++ {
		if err := b.janitor.note("container", b.name(id)); err != nil {
			return err
		}
	}
	if err := b.janitor.note("network", b.prefix); err != nil {
		return err
	}
	_, err := docker(ctx, nil, "network", "create", b.prefix)
	return err
}

// start makes a broker's container, or starts the one that was made.
func (b *containers) start(ctx context.Context, id int) (<-chan struct{}, error) {
	if made := b.made.get(id); made != nil {
		if err := made.Start(ctx); err != nil {
			return nil, err
		}
		return b.watch(ctx, id), nil
	}
	files, err := b.files(id)
	if err != nil {
		return nil, err
	}
	made, err := testcontainers.Run(ctx, b.image,
		testcontainers.WithName(b.name(id)),
		b.bind(id),
		testcontainers.WithFiles(files...),
		testcontainers.WithEnv(b.env()),
		network.WithNetworkName([]string{b.host(id)}, b.prefix))
	if err != nil {
		return nil, err
	}
	b.made.set(id, made)
	return b.watch(ctx, id), nil
}

// env is what the image's scripts read.
func (b *containers) env() map[string]string {
	return map[string]string{
		"CLUSTER_ID":                 b.plan.clusterID,
		"KAFKA_HEAP_OPTS":            "-Xms128m -Xmx256m",
		"KAFKA_JVM_PERFORMANCE_OPTS": strings.Join(quickJVM, " "),
		"KAFKA_OPTS":                 strings.Join(b.plan.opts.Kerberos.jvm(imageCerts), " "),
	}
}

// watch gives a channel that closes when the container ends.
func (b *containers) watch(ctx context.Context, id int) <-chan struct{} {
	died := make(chan struct{})
	go func() {
		defer close(died)
		_, _ = docker(context.WithoutCancel(ctx), nil, "wait", b.name(id)) // ends with the container, or with the engine
	}()
	return died
}

// bind gives each listener the same port inside and outside, chosen beforehand: what a broker advertises stays true when its
// container is started again.
func (b *containers) bind(id int) testcontainers.CustomizeRequestOption {
	var exposed []string
	bindings := moby.PortMap{}
	for _, n := range b.plan.ports[id] {
		port := fmt.Sprint(n, "/tcp")
		exposed = append(exposed, port)
		bindings[moby.MustParsePort(port)] = []moby.PortBinding{{HostIP: netip.MustParseAddr(loopback), HostPort: fmt.Sprint(n)}}
	}
	return func(req *testcontainers.GenericContainerRequest) error {
		return errors.Join(testcontainers.WithExposedPorts(exposed...)(req),
			testcontainers.WithHostConfigModifier(func(h *container.HostConfig) { h.PortBindings = bindings })(req))
	}
}

func (b *containers) files(id int) ([]testcontainers.ContainerFile, error) {
	n := node{id: id, plan: b.plan, dataDir: imageData, certDir: imageCerts, bind: "0.0.0.0"}
	files := []testcontainers.ContainerFile{readable(imageConfig, []byte(n.properties()))}
	for _, name := range b.plan.certFiles() {
		data, err := os.ReadFile(b.janitor.path(certsDir, name))
		if err != nil {
			return nil, err
		}
		files = append(files, readable(path.Join(imageCerts, name), data))
	}
	return files, nil
}

// readable is a file that the image's user, who is not root, can read.
func readable(path string, data []byte) testcontainers.ContainerFile {
	return testcontainers.ContainerFile{Reader: bytes.NewReader(data), ContainerFilePath: path, FileMode: 0o644}
}

func (b *containers) do(ctx context.Context, id int, verb ...string) error {
	_, err := docker(ctx, nil, append(verb, b.name(id))...)
	return err
}

func (b *containers) kill(ctx context.Context, id int) error   { return b.do(ctx, id, "kill") }
func (b *containers) pause(ctx context.Context, id int) error  { return b.do(ctx, id, "pause") }
func (b *containers) resume(ctx context.Context, id int) error { return b.do(ctx, id, "unpause") }

// stop ends a broker as an operator does. A paused one would not hear it.
func (b *containers) stop(ctx context.Context, id int) error {
	state, err := docker(ctx, nil, "inspect", "--format", "{{.State.Paused}}", b.name(id))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(state)) == "true" {
		if err := b.resume(ctx, id); err != nil {
			return err
		}
	}
	return b.do(ctx, id, "stop", "--time", "30")
}

func (b *containers) tail(ctx context.Context, id int) string {
	cmd := exec.CommandContext(ctx, "docker", "logs", "--tail", "40", b.name(id))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(string(out))).Error()
	}
	return string(tail(out))
}

func (b *containers) tool(ctx context.Context, stdin io.Reader, class string, args []string) ([]byte, error) {
	return docker(ctx, stdin, append([]string{"exec", "-i", b.name(1), imageRun, class}, args...)...)
}

func (b *containers) toolBootstrap() string {
	var addrs []string
	for id := 1; id <= b.plan.opts.Brokers; id++ {
		addrs = append(addrs, fmt.Sprintf("%s:%d", b.host(id), b.plan.port(id, internal)))
	}
	return strings.Join(addrs, ",")
}

// close removes the containers with their volumes.
func (b *containers) close(ctx context.Context) error {
	var errs []error
	for id := range b.made.all() {
		errs = append(errs, b.do(ctx, id, "rm", "--force", "--volumes"))
	}
	return errors.Join(errs...)
}
