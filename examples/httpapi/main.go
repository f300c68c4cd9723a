// Httpapi is an HTTP service whose handler sends a message. Its status codes follow the error contract of kafka.Producer:
//
//	201 written
//	422 the body breaks the schema: every fault is in the answer, and nothing was sent
//	503 surely not written: the client may repeat
//	504 nobody knows: the message may be written, even later, and repeating may write it twice
//
// Run it, then send it something (it prints how):
//
//	go run ./examples/httpapi                                # on a broker inside this program
//	KAFKA_BROKERS=localhost:9092 go run ./examples/httpapi   # on your Kafka
//
// Ctrl-C ends it: first the requests that run, then the connection to Kafka.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/internal/demo"
	"github.com/typedkafka/kafka/schema"
)

// A Signup is the body of a request and the value of a message.
type Signup struct {
	Email string `json:"email"`
	Plan  string `json:"plan"`
}

var signups = kafka.Topic[Signup]{
	Name: "signups",
	Schema: schema.MustCompile([]byte(`{
		"type": "object",
		"required": ["email", "plan"],
		"properties": {
			"email": {"type": "string", "format": "email"},
			"plan": {"enum": ["free", "team"]}
		}
	}`)),
	Key: func(s Signup) []byte { return []byte(s.Email) },
}

var (
	addr    = flag.String("addr", "localhost:8000", "where to listen")
	timeout = flag.Duration("timeout", 5*time.Second, "how long a request may wait for Kafka")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	cfg, stopBroker, err := demo.Broker(kafka.TopicConfig{Alias: "signups"})
	if err != nil {
		return err
	}
	defer stopBroker()
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		return err
	}
	if err := proxy.EnsureTopics(ctx); err != nil {
		log.Print(err) // the service starts without Kafka, and answers 503 until it is there
	}
	codec, err := kafka.NewCodec(signups)
	if err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, signups)
	if err != nil {
		return err
	}
	return serve(ctx, proxy, &api{codec, producer})
}

// An api has the handlers.
type api struct {
	codec    *kafka.Codec[Signup]
	producer *kafka.Producer[Signup]
}

// create checks the body by the topic's own contract, sends it, and answers when it is written.
func (a *api) create(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10)) //nolint:forbidigo // at most 64 KiB
	if err != nil {
		http.Error(w, "the body can't be read", http.StatusBadRequest)
		return
	}
	signup, err := a.codec.Decode(body)
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), *timeout)
		defer cancel()
		_, err = a.producer.Produce(ctx, signup)
	}
	answer(w, err)
}

// answer turns the error of a send into what an HTTP client can act on.
func answer(w http.ResponseWriter, err error) {
	var invalid *schema.ValidationError
	switch {
	case err == nil:
		w.WriteHeader(http.StatusCreated)
	case errors.As(err, &invalid):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(invalid) // the client is gone if this fails
	case errors.Is(err, kafka.ErrOutcomeUnknown):
		log.Print(err)
		http.Error(w, "it may or may not have been stored", http.StatusGatewayTimeout)
	default:
		log.Print(err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "it was not stored, try again", http.StatusServiceUnavailable)
	}
}

// serve serves until ctx ends. Then the order matters: no new requests, the running ones to their end, and only then the
// connection that they need. All of it has a context of its own, since ctx is done.
func serve(ctx context.Context, proxy *kafka.Proxy, a *api) error {
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /signups", a.create)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Printf("try: curl -i http://%s/signups -d '{\"email\":\"ada@example.com\",\"plan\":\"team\"}'\n", listener.Addr())

	select {
	case err = <-failed:
	case <-ctx.Done():
		fmt.Println("stopping")
	}
	closing, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(closing), proxy.Disconnect(closing))
}
