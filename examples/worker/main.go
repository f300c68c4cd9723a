// Worker handles messages until it is told to stop: four at a time, those of one sensor in order. What fails is tried again, and what
// fails for good, or is no reading at all, goes to a dead-letter topic with the reason. It ends as a service does on SIGTERM: what was
// begun is finished and committed, what was not is received by the next one.
//
//	go run ./examples/worker                                # on a broker inside this program, with six messages to handle
//	KAFKA_BROKERS=localhost:9092 go run ./examples/worker   # on your Kafka
//
// Ctrl-C ends it. What is in the dead-letter topic, examples/redrive lists and sends again.
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

// unreadable is the alias of the topic for what can't be handled.
const unreadable = "unreadable-readings"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	cfg, stopBroker, err := demo.Broker(
		kafka.TopicConfig{Alias: "readings", Group: "worker"},
		kafka.TopicConfig{Alias: unreadable})
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
	// Run returns nil when ctx ends and all that it had begun is settled.
	err = consumer.Run(ctx, handle,
		kafka.Concurrency(4),
		kafka.Retry(kafka.RetryPolicy{Attempts: 3, Backoff: 100 * time.Millisecond}),
		kafka.OnFailure(func(_ context.Context, m *kafka.MessageError) error {
			fmt.Printf("failed after %d attempts: %v\n", m.Attempts, m.Err)
			return m // nil would settle it here; as it is it goes to the dead letters
		}),
		kafka.DeadLetter(unreadable))
	fmt.Println("stopped")
	return err
}

// handle is a plain function of a message: its test makes one as a literal and needs no broker. What it returns decides: nil
// acknowledges the message, an error is tried again, unless it is marked as one that no retry heals.
func handle(_ context.Context, m *kafka.Message[Reading]) error {
	if m.Value.Celsius < -273.15 {
		return kafka.Permanent(fmt.Errorf("sensor %s is broken", m.Value.Sensor))
	}
	if m.Value.Celsius > 100 && m.Attempt == 1 {
		return fmt.Errorf("sensor %s is hot: look again", m.Value.Sensor)
	}
	fmt.Printf("%s: %.1f °C\n", m.Value.Sensor, m.Value.Celsius)
	return nil
}

// feed sends something to handle: five readings, one of them impossible, and one of a sender that numbers its sensors, which is no
// Reading.
func feed(ctx context.Context, proxy *kafka.Proxy) error {
	if err := proxy.EnsureTopics(ctx); err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, readings)
	if err != nil {
		return err
	}
	var values []Reading
	for _, celsius := range []float64{19.5, 20, 120, -300, 21} {
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
