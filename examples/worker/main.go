// Worker handles messages one after the other until it is told to stop. It ends as a service does on SIGTERM: what was handled is
// acknowledged and committed, what was not is received by the next one.
//
//	go run ./examples/worker                                # on a broker inside this program, with five readings to handle
//	KAFKA_BROKERS=localhost:9092 go run ./examples/worker   # on your Kafka
//
// Ctrl-C ends it.
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

// A Reading is one measurement of one sensor.
type Reading struct {
	Sensor  string  `json:"sensor"`
	Celsius float64 `json:"celsius"`
}

var readings = kafka.Topic[Reading]{
	Name: "readings",
	Key:  func(r Reading) []byte { return []byte(r.Sensor) }, // one sensor's readings keep their order
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	cfg, stopBroker, err := demo.Broker(kafka.TopicConfig{Alias: "readings", Group: "worker"})
	if err != nil {
		return err
	}
	defer stopBroker()
	proxy, err := kafka.NewProxy(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect(proxy)) }()
	if err := feed(ctx, proxy); err != nil {
		return err
	}
	consumer, err := kafka.NewConsumer(proxy, readings)
	if err != nil {
		return err
	}
	return work(ctx, consumer)
}

// work handles messages until ctx ends, which is no error, or it can't go on. The loop's next turn would acknowledge a message as
// well; Ack does it before the next one is there, so it counts also for the last one.
func work(ctx context.Context, consumer *kafka.Consumer[Reading]) error {
	var last error
	for m, err := range consumer.Messages(ctx) {
		last = err
		var invalid *kafka.MessageError
		switch {
		case err == nil:
			if err := handle(ctx, m); err != nil {
				return err // not acknowledged: whoever runs next receives it again
			}
			err = m.Ack()
		case errors.As(err, &invalid):
			fmt.Println("skipped:", err) // it has the record, to keep it elsewhere
			err = invalid.Ack()
		default:
			fmt.Println("waiting:", err) // it may heal; after an error that can't, the range ends by itself
			continue
		}
		if err != nil && !errors.Is(err, kafka.ErrNotOwned) { // not owned: the partition moved, and its new owner receives it
			return err
		}
	}
	if ctx.Err() != nil {
		fmt.Println("stopping")
		return nil
	}
	return last
}

// handle is a plain function of a message: its test makes one as a literal and needs no broker.
func handle(_ context.Context, m *kafka.Message[Reading]) error {
	if m.Value.Celsius < -273.15 {
		return fmt.Errorf("sensor %s is broken", m.Value.Sensor)
	}
	fmt.Printf("%s: %.1f °C\n", m.Value.Sensor, m.Value.Celsius)
	return nil
}

// feed sends something to handle: four readings, and one of a sender that numbers its sensors, which is no Reading.
func feed(ctx context.Context, proxy *kafka.Proxy) error {
	if err := proxy.EnsureTopics(ctx); err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, readings)
	if err != nil {
		return err
	}
	var values []Reading
	for _, celsius := range []float64{19.5, 20, 20.5, 21} {
		values = append(values, Reading{Sensor: "roof", Celsius: celsius})
	}
	if _, err := producer.ProduceAll(ctx, values); err != nil {
		return err
	}
	type Numbered struct {
		Sensor int `json:"sensor"`
	}
	stray, err := kafka.NewProducer(proxy, kafka.Topic[Numbered]{Name: "readings"})
	if err != nil {
		return err
	}
	_, err = stray.Produce(ctx, Numbered{Sensor: 17})
	return err
}

// disconnect commits what was acknowledged and leaves the group. It has a context of its own: ctx is done by now.
func disconnect(proxy *kafka.Proxy) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return proxy.Disconnect(ctx)
}
