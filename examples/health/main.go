// Health serves what an orchestrator and a monitoring ask of a service that consumes:
//
//	/healthz   200 as long as the process can answer. It asks for nothing else: a broker that is down must not make Kubernetes restart
//	           the pod, since that heals nothing and costs the group a rebalance
//	/readyz    200 while the consumer has joined its group and gets on, else 503 and why
//	/metrics   Prometheus's, of module prom
//
// Run it, then ask it (it prints how):
//
//	go run -C examples/health .                                            # on a broker inside this program
//	KAFKA_BROKERS=localhost:9092 go run -C examples/health . -addr :8081   # on your Kafka, for Prometheus in a container
//
// Ctrl-C ends it. It has its own go.mod, so that the package's users don't get Prometheus. In Kubernetes:
//
//	livenessProbe:  {httpGet: {path: /healthz, port: 8081}}
//	readinessProbe: {httpGet: {path: /readyz, port: 8081}, periodSeconds: 10, timeoutSeconds: 3}
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/internal/demo"
	kafkaprom "github.com/typedkafka/kafka/prom"
)

// A Reading is what the messages carry.
type Reading struct {
	Celsius float64 `json:"celsius"`
}

var readings = kafka.Topic[Reading]{Name: "readings"}

var (
	addr     = flag.String("addr", "localhost:8081", "where to listen")
	patience = flag.Duration("patience", time.Minute, "how long a partition may stand still; longer than a handler takes with all its retries")
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
	cfg, stopBroker, err := demo.Broker(kafka.TopicConfig{Alias: "readings", Group: "health"})
	if err != nil {
		return err
	}
	defer stopBroker()
	metrics, err := kafkaprom.New(prometheus.DefaultRegisterer)
	if err != nil {
		return err
	}
	proxy, err := kafka.NewProxy(cfg, metrics.Options()...)
	if err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, readings)
	if err != nil {
		return err
	}
	consumer, err := kafka.NewConsumer(proxy, readings)
	if err != nil {
		return err
	}
	server, err := serve(&readiness{status: consumer.Status, ping: proxy.Ping, patience: *patience})
	if err != nil {
		return err
	}
	go measure(ctx, producer)
	err = work(ctx, proxy, consumer)
	fmt.Println("stopped")
	// The probes are answered until all is committed. The closing has a context of its own, since ctx is done.
	closing, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return errors.Join(err, proxy.Disconnect(closing), server.Shutdown(closing))
}

// work handles messages until ctx ends. A Kafka that is not there when the service starts is waited for, as one that is lost later is by
// Run: only what no waiting heals, such as a wrong password, ends the process.
func work(ctx context.Context, proxy *kafka.Proxy, consumer *kafka.Consumer[Reading]) error {
	for {
		err := proxy.EnsureTopics(ctx)
		if err == nil {
			err = consumer.Run(ctx, func(context.Context, *kafka.Message[Reading]) error { return nil })
		}
		if ctx.Err() != nil || !kafka.Temporary(err) {
			return err
		}
		log.Print(err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// measure sends something to handle.
func measure(ctx context.Context, producer *kafka.Producer[Reading]) {
	for second := range time.Tick(time.Second) {
		if ctx.Err() != nil {
			return
		}
		if _, err := producer.Produce(ctx, Reading{Celsius: float64(second.Second())}); err != nil {
			log.Print(err)
		}
	}
}

func serve(ready http.Handler) (*http.Server, error) {
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.Handle("GET /readyz", ready)
	mux.Handle("GET /metrics", promhttp.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends by Shutdown
	fmt.Printf("try: curl -i http://%s/readyz\n", listener.Addr())
	return server, nil
}

// A readiness answers whether the consumer gets on. It is safe for concurrent use.
type readiness struct {
	status   func() kafka.Status
	ping     func(context.Context) error
	patience time.Duration

	mu    sync.Mutex         // guards what follows
	moved map[int32]movement // of the partitions that the last probe found behind
	last  string             // what was answered last
}

// A movement is what a partition has committed, and which probe first found it so.
type movement struct {
	committed int64
	since     time.Time
}

// pingTimeout is shorter than what the orchestrator gives the probe.
const pingTimeout = 2 * time.Second

func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	faults := r.faults(r.status(), time.Now())
	ctx, cancel := context.WithTimeout(req.Context(), pingTimeout)
	defer cancel()
	if err := r.ping(ctx); err != nil {
		faults = append(faults, err.Error()) // it says what to do, and no secret
	}
	answer, code := "ready", http.StatusOK
	if len(faults) > 0 {
		answer, code = "not ready: "+strings.Join(faults, "; "), http.StatusServiceUnavailable
	}
	r.tell(answer)
	w.WriteHeader(code)
	fmt.Fprintln(w, answer)
}

// faults are what keeps the consumer from getting on.
func (r *readiness) faults(s kafka.Status, now time.Time) (all []string) {
	if !s.Joined {
		all = append(all, "the consumer is not in its group")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.moved
	r.moved = make(map[int32]movement)
	for _, p := range s.Partitions {
		if p.Stalled != "" && now.Sub(p.StalledSince) > r.patience {
			all = append(all, fmt.Sprintf("partition %d stands still: %s", p.Partition, p.Stalled))
			continue
		}
		if p.Lag <= 0 || p.Paused {
			continue
		}
		m, known := before[p.Partition]
		if !known || m.committed != p.Committed {
			m = movement{p.Committed, now}
		}
		r.moved[p.Partition] = m
		if still := now.Sub(m.since); still > r.patience {
			all = append(all, fmt.Sprintf("partition %d has %d messages left and nothing was committed for %s",
				p.Partition, p.Lag, still.Round(time.Second)))
		}
	}
	return all
}

// tell prints an answer that is another than the last one.
func (r *readiness) tell(answer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer != r.last {
		fmt.Println(answer)
	}
	r.last = answer
}
