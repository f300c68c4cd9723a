package main_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/typedkafka/kafka/examples/internal/program"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	path := filepath.Join(program.Build(t, "."), "health")
	for name, test := range map[string]func(t *testing.T, path string){
		"inside":                          testInside,
		"KAFKA_BROKERS":                   testTarget,
		"an outage":                       testOutage,
		"a broker that hangs":             testHang,
		"a Kafka that comes later":        testLate,
		"a setting that no waiting heals": testRefused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, path)
		})
	}
}

func testInside(t *testing.T, path string) {
	p, url := start(t, path)
	await(t, url, http.StatusOK)
	stop(t, p)
}

func testTarget(t *testing.T, path string) {
	target := program.NewTarget(t, "readings")
	p, url := start(t, path, target.Env()...)
	await(t, url, http.StatusOK)
	checkAlive(t, url)
	checkMetrics(t, url, `typedkafka_consumers_joined{group="`+target.Group+`",topic="`+target.Topic+`"} 1`)
	p.WaitFor("ready")
	stop(t, p)
}

// While the broker is gone the process is alive and not ready; when it is back, it is ready by itself.
func testOutage(t *testing.T, path string) {
	gate := newGate(t)
	p, url := start(t, path, "KAFKA_BROKERS="+gate.Addr().String())
	await(t, url, http.StatusOK)
	gate.close()
	answer := await(t, url, http.StatusServiceUnavailable)
	for _, want := range []string{"not ready: ", gate.Addr().String(), "connection refused"} {
		if !strings.Contains(answer, want) {
			t.Errorf("it does not say %q: %s", want, answer)
		}
	}
	checkAlive(t, url)
	gate.open(t)
	await(t, url, http.StatusOK)
	checkMetrics(t, url, "typedkafka_client_connect_errors_total{")
	output := stop(t, p)
	ready, rest, _ := strings.Cut(output, "\nready\n")
	if strings.Contains(ready, "\nready") || !strings.Contains(rest, "not ready: kafka: ping: ") || !strings.Contains(rest, "\nready\n") {
		t.Errorf("it did not tell of the outage and its end:\n%s", output)
	}
}

// A broker that takes everything and answers nothing is found out within the time of a probe.
func testHang(t *testing.T, path string) {
	gate := newGate(t)
	p, url := start(t, path, "KAFKA_BROKERS="+gate.Addr().String())
	await(t, url, http.StatusOK)
	thaw := gate.freeze()
	defer thaw()
	began := time.Now()
	code, answer := get(t, url+"/readyz")
	if took := time.Since(began); code != http.StatusServiceUnavailable || took > 3*time.Second {
		t.Errorf("after %s it says %d: %s", took, code, answer)
	}
	checkAlive(t, url)
	thaw()
	await(t, url, http.StatusOK)
	stop(t, p)
}

// A service that starts before its Kafka waits for it.
func testLate(t *testing.T, path string) {
	gate := newGate(t)
	gate.close()
	p, url := start(t, path, "KAFKA_BROKERS="+gate.Addr().String())
	if answer := await(t, url, http.StatusServiceUnavailable); !strings.Contains(answer, "not in its group") {
		t.Errorf("it says %s", answer)
	}
	checkAlive(t, url)
	gate.open(t)
	await(t, url, http.StatusOK)
	stop(t, p)
}

// What no waiting heals ends the process, with the reason.
func testRefused(t *testing.T, path string) {
	broker := newGate(t, kfake.EnableSASL()).Addr().String() // it does not take tokens
	p, _ := start(t, path, "KAFKA_BROKERS="+broker, "KAFKA_SASL_MECHANISM=OAUTHBEARER", "KAFKA_SASL_TOKEN=s3cr3t")
	if logged := p.Fails(); !strings.Contains(logged, "sasl.mechanism") || strings.Contains(logged, "s3cr3t") {
		t.Errorf("it does not say what to change, or too much: %s", logged)
	}
}

// start starts the example on a free port and returns where it serves.
func start(t *testing.T, path string, env ...string) (p *program.Program, url string) {
	t.Helper()
	p = program.Start(t, path, env, "-addr", "127.0.0.1:0")
	output := p.WaitFor("/readyz\n")
	_, url, _ = strings.Cut(output, "curl -i ")
	url, _, _ = strings.Cut(url, "/readyz")
	return p, url
}

func stop(t *testing.T, p *program.Program) (output string) {
	t.Helper()
	p.Terminate()
	output = p.Wait()
	program.CheckLines(t, output, "Kafka: …", "stopped")
	return output
}

// await probes, as an orchestrator does, until the answer has a code, and returns the answer.
func await(t *testing.T, url string, want int) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		code, answer := get(t, url+"/readyz")
		if code == want {
			return answer
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s the answer is %d: %s", code, answer)
		}
	}
}

func checkAlive(t *testing.T, url string) {
	t.Helper()
	if code, answer := get(t, url+"/healthz"); code != http.StatusOK || answer != "alive\n" {
		t.Errorf("healthz says %d: %s", code, answer)
	}
}

func checkMetrics(t *testing.T, url string, want string) {
	t.Helper()
	if code, all := get(t, url+"/metrics"); code != http.StatusOK || !strings.Contains(all, "\n"+want) {
		t.Errorf("metrics say %d, and not %q:\n%s", code, want, all)
	}
}

func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// A gate is the port of a broker that goes on behind it. Closed, nobody listens there, and the connections are cut.
type gate struct {
	addr net.Addr

	mu      sync.Mutex // guards what follows
	port    net.Listener
	conns   []net.Conn
	flows   chan struct{} // closed while answers go out
	changed chan struct{} // closed and replaced when the gate opens or is gone
	gone    bool
}

func newGate(t *testing.T, opts ...kfake.Opt) *gate {
	t.Helper()
	g := &gate{changed: make(chan struct{}), flows: make(chan struct{})}
	close(g.flows)
	cluster, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.ListenFn(func(network, addr string) (net.Listener, error) {
		port, err := net.Listen(network, addr)
		if err == nil {
			g.port, g.addr = port, port.Addr()
		}
		return g, err
	}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return g
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.port.Close()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

func (g *gate) open(t *testing.T) {
	t.Helper()
	port, err := net.Listen("tcp", g.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.port = port
	close(g.changed)
	g.changed = make(chan struct{})
}

// freeze keeps the broker's answers back until thaw is called.
func (g *gate) freeze() (thaw func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	flows := make(chan struct{})
	g.flows = flows
	return sync.OnceFunc(func() { close(flows) })
}

// answers is a connection as the broker has it.
type answers struct {
	net.Conn
	gate *gate
}

func (a answers) Write(b []byte) (int, error) {
	a.gate.mu.Lock()
	flows := a.gate.flows
	a.gate.mu.Unlock()
	<-flows
	return a.Conn.Write(b)
}

func (g *gate) Addr() net.Addr { return g.addr }

func (g *gate) Accept() (net.Conn, error) {
	for {
		g.mu.Lock()
		port, changed, gone := g.port, g.changed, g.gone
		g.mu.Unlock()
		if gone {
			return nil, net.ErrClosed
		}
		conn, err := port.Accept()
		if errors.Is(err, net.ErrClosed) {
			<-changed
			continue
		}
		if err == nil {
			g.mu.Lock()
			g.conns = append(g.conns, conn)
			g.mu.Unlock()
			conn = answers{conn, g}
		}
		return conn, err
	}
}

func (g *gate) Close() error {
	g.close()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.gone {
		close(g.changed)
	}
	g.gone = true
	return nil
}
