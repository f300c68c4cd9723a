package kafkaotel_test

import (
	"context"
	"fmt"
	"log"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
	kafkaotel "github.com/typedkafka/kafka/otel"
)

// One line makes spans of all that a proxy does.
func Example() {
	ctx := context.Background()
	exporter := tracetest.NewInMemoryExporter() // a program has one that sends, such as otlptracegrpc
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	cfg, stop, err := kafkatest.Run("orders") // or kafka.LoadConfig("kafka.yaml")
	check(err)
	defer stop()

	proxy, err := kafka.NewProxy(cfg, kafka.WithLogger(nil), kafka.WithObserver(kafkaotel.Observer(
		kafkaotel.WithTracerProvider(provider), kafkaotel.WithPropagator(propagation.TraceContext{}))))
	check(err)

	producer, err := kafka.NewProducer(proxy, kafka.Topic[order]{Name: "orders"})
	check(err)
	consumer, err := kafka.NewConsumer(proxy, kafka.Topic[order]{Name: "orders"})
	check(err)
	_, err = producer.Produce(ctx, order{ID: "A-1", Qty: 2})
	check(err)
	m, err := consumer.Retrieve(ctx)
	check(err)
	_, span := provider.Tracer("billing").Start(kafkaotel.Context(ctx, &m.Record, kafkaotel.WithPropagator(propagation.TraceContext{})), "bill")
	span.End()
	check(proxy.Disconnect(ctx))

	spans := exporter.GetSpans()
	for _, s := range spans[:3] {
		fmt.Printf("%s, in the producer's trace: %t, linked to it: %t\n",
			s.Name, s.SpanContext.TraceID() == spans[0].SpanContext.TraceID(), len(s.Links) == 1)
	}
	// Output:
	// send orders, in the producer's trace: true, linked to it: false
	// receive orders, in the producer's trace: false, linked to it: true
	// bill, in the producer's trace: true, linked to it: false
}

// Most programs set the global providers and the propagator once; then the observer needs no option.
func ExampleObserver() {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	cfg := kafka.Config{Brokers: []string{"localhost:9092"}, ClientID: "billing"}
	proxy, err := kafka.NewProxy(cfg, kafka.WithObserver(kafkaotel.Observer(kafkaotel.WithClientID(cfg.ClientID))))
	check(err)
	check(proxy.Disconnect(context.Background()))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
