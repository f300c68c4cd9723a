// Redrive looks at the dead letters of a topic and sends those of one kind to it again, for when their cause is mended.
//
//	go run ./examples/redrive                                # on a broker inside this program, with two dead letters to look at
//	go run ./examples/redrive -kind ''                       # only lists
//	KAFKA_BROKERS=localhost:9092 go run ./examples/redrive   # on your Kafka
//
// It begins with a day on which the bank is closed, so that there is something to send again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/examples/internal/demo"
)

// A Payment is what is to be paid.
type Payment struct {
	ID    string `json:"id"`
	Cents int    `json:"cents" jsonschema:"minimum=1"`
}

var (
	payments = kafka.Topic[Payment]{Name: "payments", Key: func(p Payment) []byte { return []byte(p.ID) }}
	dead     = kafka.Topic[Payment]{Name: "unpaid"} // the same messages, so the same type
)

// quiet is how long nothing must come until all dead letters are seen.
const quiet = 5 * time.Second

func main() {
	kind := flag.String("kind", "handler", "send dead letters of this kind again: handler, permanent, timeout, panic, schema, decode; empty: only list")
	flag.Parse()
	if err := run(context.Background(), *kind); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kind string) (err error) {
	cfg, stopBroker, err := demo.Broker(
		kafka.TopicConfig{Alias: "payments", Group: "payments", Partitions: 1},
		kafka.TopicConfig{Alias: "unpaid", Partitions: 1})
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
	if err := work(ctx, proxy, 3, errors.New("the bank is closed")); err != nil {
		return err
	}
	sent, err := redrive(ctx, proxy, kind)
	if err != nil || sent == 0 {
		return err
	}
	return work(ctx, proxy, sent, nil)
}

// redrive lists the dead letters and sends those of a kind again. Each kind has a group, which keeps how far it was sent: what is to be
// sent is acknowledged only after that, so nothing is left out, and nothing is sent again the next time. Listing acknowledges nothing.
func redrive(ctx context.Context, proxy *kafka.Proxy, kind string) (sent int, err error) {
	consumer, err := kafka.NewConsumer(proxy, dead, kafka.ManualAck(), kafka.WithGroup("redrive-"+kind))
	if err != nil {
		return 0, err
	}
	redriver, err := kafka.NewRedriver(proxy, payments)
	if err != nil {
		return 0, err
	}
	for {
		letter, err := next(ctx, consumer)
		if errors.Is(err, context.DeadlineExceeded) {
			return sent, nil
		} else if err != nil {
			return sent, err
		}
		if list(letter) == kind && kind != "" {
			d, err := redriver.Redrive(ctx, letter)
			if err != nil {
				return sent, err // not acknowledged: it is the first one the next time
			}
			fmt.Printf("sent again, to %d/%d\n", d.Partition, d.Offset)
			sent++
		}
		if kind == "" {
			continue
		}
		if err := letter.Ack(); err != nil {
			return sent, err
		}
	}
}

// list prints where a dead letter comes from and why it is there, and returns what kind of failure that was.
func list(letter *kafka.Record) string {
	from, err := kafka.ParseDeadLetter(letter)
	if err != nil {
		fmt.Println(err) // somebody wrote something else there
		return ""
	}
	fmt.Printf("dead letter %d/%d, of %d/%d after %d calls: %s: %s\n",
		letter.Partition, letter.Offset, from.Partition, from.Offset, from.Attempts, from.Kind, from.Reason)
	return from.Kind
}

// next returns the next dead letter. One that is no valid Payment has its bytes and its headers all the same.
func next(ctx context.Context, consumer *kafka.Consumer[Payment]) (*kafka.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	m, err := consumer.Retrieve(ctx)
	var invalid *kafka.MessageError
	switch {
	case errors.As(err, &invalid):
		return &invalid.Record, nil
	case err != nil:
		return nil, err
	}
	return &m.Record, nil
}

// work handles so many payments. What fails becomes a dead letter: p2 does while there is trouble, and p3 is no Payment at all.
func work(ctx context.Context, proxy *kafka.Proxy, calls int, trouble error) error {
	consumer, err := kafka.NewConsumer(proxy, payments)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pay := func(_ context.Context, m *kafka.Message[Payment]) error {
		if calls--; calls == 0 {
			stop() // the Run ends once this call has, and what is under way is settled
		}
		if m.Value.ID == "p2" && trouble != nil {
			return trouble
		}
		again := ""
		if origin, times, ok := kafka.RedrivenFrom(&m.Record); ok { // what must not be paid twice is remembered by its origin
			again = fmt.Sprintf(" (redriven %d×; it was at %d/%d)", times, origin.Partition, origin.Offset)
		}
		fmt.Printf("paid %s%s\n", m.Value.ID, again)
		return nil
	}
	once := kafka.RetryPolicy{Attempts: 1} // a service would try more often
	err = consumer.Run(ctx, pay, kafka.DeadLetter("unpaid"), kafka.Retry(once))
	return errors.Join(err, disconnect(consumer))
}

// feed sends four payments, and one of a sender that counts in another way.
func feed(ctx context.Context, proxy *kafka.Proxy) error {
	if err := proxy.EnsureTopics(ctx); err != nil {
		return err
	}
	producer, err := kafka.NewProducer(proxy, payments)
	if err != nil {
		return err
	}
	type Euros struct {
		ID    string  `json:"id"`
		Cents float64 `json:"cents"`
	}
	stray, err := kafka.NewProducer(proxy, kafka.Topic[Euros]{Name: "payments"})
	if err != nil {
		return err
	}
	if _, err := producer.ProduceAll(ctx, []Payment{{"p1", 100}, {"p2", 250}}); err != nil {
		return err
	}
	if _, err := stray.Produce(ctx, Euros{"p3", 0.99}); err != nil {
		return err
	}
	_, err = producer.Produce(ctx, Payment{"p4", 400})
	return err
}

// disconnect ends what stands on a connection, with a context of its own.
func disconnect(d interface{ Disconnect(context.Context) error }) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return d.Disconnect(ctx)
}
