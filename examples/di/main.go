// Di builds proxy → producer and consumer in a DI container, uber/fx. The constructors are plain functions that dial nothing, so
// they go into the container as they are; Disconnect is a stop hook.
//
//	go run -C examples/di .                                # on a broker inside this program
//	KAFKA_BROKERS=localhost:9092 go run -C examples/di .   # on your Kafka
//
// It has its own go.mod, so that the package's users don't get fx.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"go.uber.org/fx"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/internal/demo"
)

// A Payment is what the messages carry.
type Payment struct {
	ID    string `json:"id"`
	Cents int    `json:"cents"`
}

// payments is what fx finds Producer and Consumer by: each topic's type is a type of its own to the container.
var payments = kafka.Topic[Payment]{Name: "payments", Key: func(p Payment) []byte { return []byte(p.ID) }}

// Kafka is the module that an application writes once. fx leaves optional parameters, as the constructors' options are, empty.
var Kafka = fx.Module("kafka",
	fx.Supply(payments),
	fx.Provide(
		config,
		newProxy,
		kafka.NewProducer[Payment],
		kafka.NewConsumer[Payment],
	),
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// run is what fx.App.Run does, with its errors told: start, wait for a signal or for Shutdown, stop. Both ends have a bound, and
// stopping has a context of its own.
func run() error {
	app := fx.New(Kafka, fx.Provide(NewTill, NewLedger), fx.Invoke(start), fx.NopLogger)
	starting, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := app.Start(starting); err != nil {
		return err
	}
	end := <-app.Wait()
	stopping, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := app.Stop(stopping); err != nil {
		return err
	}
	if end.ExitCode != 0 {
		return errors.New("the work failed")
	}
	return nil
}

// config finds the broker; an application calls kafka.LoadConfig.
func config(lc fx.Lifecycle) (kafka.Config, error) {
	cfg, stop, err := demo.Broker(kafka.TopicConfig{Alias: "payments", Group: "di"})
	if err == nil {
		lc.Append(fx.StopHook(stop))
	}
	return cfg, err
}

// newProxy ties the proxy to the application's life. Stop hooks run in reverse, so it ends after all that was built on it.
// Disconnect closes the producer and the consumer too.
func newProxy(lc fx.Lifecycle, cfg kafka.Config) (*kafka.Proxy, error) {
	proxy, err := kafka.NewProxy(cfg)
	if err == nil {
		lc.Append(fx.StartStopHook(proxy.EnsureTopics, proxy.Disconnect))
	}
	return proxy, err
}

// A Till takes payments. It is handed its producer.
type Till struct{ out *kafka.Producer[Payment] }

// NewTill makes a till.
func NewTill(out *kafka.Producer[Payment]) *Till { return &Till{out} }

// Pay sends one payment.
func (t *Till) Pay(ctx context.Context, id string, cents int) error {
	_, err := t.out.Produce(ctx, Payment{ID: id, Cents: cents})
	return err
}

// A Ledger books payments. It is handed its consumer.
type Ledger struct{ in *kafka.Consumer[Payment] }

// NewLedger makes a ledger.
func NewLedger(in *kafka.Consumer[Payment]) *Ledger { return &Ledger{in} }

// Book books one payment.
func (l *Ledger) Book(ctx context.Context) error {
	m, err := l.in.Retrieve(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("booked %s: %d cents\n", m.Value.ID, m.Value.Cents)
	return m.Ack()
}

// start runs the application once everything has started, and asks fx to end it; a service would go on until SIGTERM. The work's
// context ends with the application's life.
func start(lc fx.Lifecycle, till *Till, ledger *Ledger, down fx.Shutdowner) {
	ctx, cancel := context.WithCancel(context.Background())
	work := func() {
		code := 0
		if err := errors.Join(till.Pay(ctx, "p-1", 1250), ledger.Book(ctx)); err != nil {
			log.Print(err)
			code = 1
		}
		_ = down.Shutdown(fx.ExitCode(code)) // it fails only where the shutdown runs already
	}
	lc.Append(fx.StartStopHook(func() { go work() }, cancel))
}
