// Wrapper shows an application's own layer over the package: one small interface, a generic type that adds what every message of
// this application needs, and a mock for tests that need no broker.
//
//	go run ./examples/wrapper                                # on a broker inside this program
//	KAFKA_BROKERS=localhost:9092 go run ./examples/wrapper   # on your Kafka
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/internal/demo"
)

// A Sender is all that this application knows of sending. *kafka.Producer[T] is one, and so is the mock below.
type Sender[T any] interface {
	Produce(ctx context.Context, value T, opts ...kafka.RecordOption) (kafka.Delivery, error)
}

// Traced adds the trace of the request to every message, and tries again what surely was not sent.
type Traced[T any] struct{ Next Sender[T] }

// Produce is Next's, with the header and up to three tries. An unknown outcome is not tried again: that might write twice.
func (t Traced[T]) Produce(ctx context.Context, value T, opts ...kafka.RecordOption) (d kafka.Delivery, err error) {
	opts = append(opts, kafka.WithHeader("trace", []byte(traceOf(ctx))))
	for range 3 {
		d, err = t.Next.Produce(ctx, value, opts...)
		if !kafka.Temporary(err) || errors.Is(err, kafka.ErrOutcomeUnknown) {
			break
		}
	}
	return d, err
}

// A Mock keeps what would have been sent. Applying the options to a Record shows what they would have done.
type Mock[T any] struct {
	Values  []T
	Records []kafka.Record
}

// Produce keeps the value and never fails.
func (m *Mock[T]) Produce(_ context.Context, value T, opts ...kafka.RecordOption) (kafka.Delivery, error) {
	var r kafka.Record
	for _, opt := range opts {
		opt(&r)
	}
	m.Values, m.Records = append(m.Values, value), append(m.Records, r)
	return kafka.Delivery{Offset: int64(len(m.Values) - 1)}, nil
}

// An Invoice is what this application sends.
type Invoice struct {
	Number string `json:"number"`
	Cents  int    `json:"cents"`
}

var invoices = kafka.Topic[Invoice]{Name: "invoices"}

// bill is the application's own code. It knows neither Kafka nor the mock.
func bill(ctx context.Context, out Sender[Invoice]) error {
	_, err := out.Produce(ctx, Invoice{Number: "2026-001", Cents: 4200})
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx = context.WithValue(ctx, traceKey{}, "4bf92f35")
	err := errors.Join(onMock(ctx), onKafka(ctx))
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// onMock is what the application's unit test does.
func onMock(ctx context.Context) error {
	var mock Mock[Invoice]
	if err := bill(ctx, Traced[Invoice]{&mock}); err != nil {
		return err
	}
	trace, _ := mock.Records[0].Header("trace")
	fmt.Printf("mock:  invoice %s, trace %s\n", mock.Values[0].Number, trace)
	return nil
}

func onKafka(ctx context.Context) (err error) {
	cfg, stopBroker, err := demo.Broker(kafka.TopicConfig{Alias: "invoices", Group: "wrapper"})
	if err != nil {
		return err
	}
	defer stopBroker()
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect(proxy)) }()
	if err := proxy.EnsureTopics(ctx); err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, invoices)
	if err != nil {
		return err
	}
	consumer, err := kafka.NewConsumer(proxy, invoices)
	if err != nil {
		return err
	}
	if err := bill(ctx, Traced[Invoice]{producer}); err != nil {
		return err
	}
	m, err := consumer.Retrieve(ctx)
	if err != nil {
		return err
	}
	trace, _ := m.Header("trace")
	fmt.Printf("kafka: invoice %s, trace %s\n", m.Value.Number, trace)
	return m.Ack()
}

// traceKey is where this application keeps a request's trace.
type traceKey struct{}

func traceOf(ctx context.Context) string {
	trace, _ := ctx.Value(traceKey{}).(string)
	return trace
}

// disconnect has a context of its own, since the program's may be done by now.
func disconnect(proxy *kafka.Proxy) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return proxy.Disconnect(ctx)
}
