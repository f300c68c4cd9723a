package examples_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka/examples/internal/program"
	"github.com/typedkafka/kafka/kafkatest"
)

const validSignup = `{"email":"ada@example.com","plan":"team"}`

// testHTTPAPI provokes each status code that the example promises, and its shutdown.
func testHTTPAPI(t *testing.T, path string) {
	for name, test := range map[string]func(t *testing.T, path string){
		"inside":                                   testInside,
		"written and invalid":                      testWrittenAndInvalid,
		"surely not sent":                          testSurelyNotSent,
		"outcome unknown":                          testOutcomeUnknown,
		"a running request survives SIGTERM":       testRunningRequest,
		"a request whose body comes after SIGTERM": testLateBody,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, path)
		})
	}
}

func testInside(t *testing.T, path string) {
	p, url := startAPI(t, path, nil)
	post(t, url, validSignup, http.StatusCreated)
	stopAPI(t, p)
}

func testWrittenAndInvalid(t *testing.T, path string) {
	target := program.NewTarget(t, "signups")
	p, url := startAPI(t, path, target.Env())
	post(t, url, validSignup, http.StatusCreated)
	faults := post(t, url, `{"email":"ada","plan":"gold"}`, http.StatusUnprocessableEntity)
	for _, place := range []string{"/email", "/plan"} {
		if !strings.Contains(faults, place) {
			t.Errorf("the answer does not name %s: %s", place, faults)
		}
	}
	if !json.Valid([]byte(faults)) {
		t.Errorf("the answer is no JSON: %s", faults)
	}
	post(t, url, `{"email":`, http.StatusUnprocessableEntity)
	stopAPI(t, p)
	target.CheckWritten(t, 1)
}

func testSurelyNotSent(t *testing.T, path string) {
	cfg, stop, err := kafkatest.Run()
	if err != nil {
		t.Fatal(err)
	}
	stop() // nobody listens at its address now
	p, url := startAPI(t, path, []string{"KAFKA_BROKERS=" + cfg.Brokers[0]})
	post(t, url, validSignup, http.StatusServiceUnavailable)
	stopAPI(t, p)
}

func testOutcomeUnknown(t *testing.T, path string) {
	addr, _, thaw := frozenBroker(t)
	p, url := startAPI(t, path, []string{"KAFKA_BROKERS=" + addr}, "-timeout", "2s")
	post(t, url, validSignup, http.StatusGatewayTimeout)
	thaw()
	stopAPI(t, p)
}

func testRunningRequest(t *testing.T, path string) {
	addr, asked, thaw := frozenBroker(t)
	p, url := startAPI(t, path, []string{"KAFKA_BROKERS=" + addr}, "-timeout", "30s")
	var request sync.WaitGroup
	request.Go(func() { post(t, url, validSignup, http.StatusCreated) })
	<-asked
	p.Terminate()
	p.WaitFor("stopping")
	thaw()
	request.Wait()
	p.Wait()
}

func testLateBody(t *testing.T, path string) {
	p, url := startAPI(t, path, nil)
	body, answer := slowPost(t, url)
	p.Terminate()
	p.WaitFor("stopping")
	body(validSignup)
	if status := answer(); !strings.Contains(status, " 201 ") {
		t.Errorf("it got %q, want 201: the connection to Kafka must outlive the requests", status)
	}
	p.Wait()
}

// slowPost begins a request and returns when the handler waits for its body. body sends that, and answer reads the status line.
func slowPost(t *testing.T, url string) (body func(string), answer func() string) {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	lines := bufio.NewReader(conn)
	line := func() string {
		text, err := lines.ReadString('\n')
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSpace(text)
	}
	send := func(text string) {
		if _, err := io.WriteString(conn, text); err != nil {
			t.Error(err)
		}
	}
	send(fmt.Sprintf("POST /signups HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", host, len(validSignup)))
	// The server asks for the body when the handler first reads it.
	if status := line(); !strings.Contains(status, " 100 ") {
		t.Fatalf("the server did not ask for the body: %s", status)
	}
	line() // the empty one after the status
	return send, line
}

// startAPI starts the example on a free port and returns the address of its signups.
func startAPI(t *testing.T, path string, env []string, args ...string) (p *program.Program, url string) {
	t.Helper()
	p = program.Start(t, path, env, append(args, "-addr", "127.0.0.1:0")...)
	output := p.WaitFor("/signups -d ")
	_, url, _ = strings.Cut(output, "curl -i ")
	url, _, _ = strings.Cut(url, " ")
	return p, url
}

func stopAPI(t *testing.T, p *program.Program) {
	t.Helper()
	p.Terminate()
	program.CheckLines(t, p.Wait(), "stopping")
}

// post sends a body, checks the status of the answer and returns its body. It may run beside the test's own goroutine.
func post(t *testing.T, url, body string, want int) string {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	if response.StatusCode != want {
		t.Errorf("%s got %s, want %d: %s", body, response.Status, want, answer)
	}
	if retry := response.Header.Get("Retry-After"); (retry != "") != (want == http.StatusServiceUnavailable) {
		t.Errorf("status %d has Retry-After %q", want, retry)
	}
	return string(answer)
}

// frozenBroker starts a broker that receives messages and does not answer until thaw. asked is closed when the first arrives.
func frozenBroker(t *testing.T) (addr string, asked <-chan struct{}, thaw func()) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	thawed, arrived := make(chan struct{}), make(chan struct{})
	thaw = sync.OnceFunc(func() { close(thawed) })
	arrive := sync.OnceFunc(func() { close(arrived) })
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		arrive()
		cluster.SleepControl(func() { <-thawed })
		return nil, nil, false
	})
	t.Cleanup(func() { thaw(); cluster.Close() })
	return cluster.ListenAddrs()[0], arrived, thaw
}
