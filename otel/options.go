package kafkaotel

import (
	"runtime/debug"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// scope names this module as what spans and metrics come from.
const scope = "github.com/typedkafka/kafka/otel"

// An Option sets what Observer does differently from its defaults.
type Option func(*settings)

type settings struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
	client     []attribute.KeyValue // of spans alone
	server     []attribute.KeyValue
	keys       bool
	parents    bool
	texts      bool
}

// newSettings takes the global providers where the options give none, as OpenTelemetry's own instrumentations do.
func newSettings(opts []Option) settings {
	s := settings{
		tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider(), propagator: otel.GetTextMapPropagator(),
	}
	for _, o := range opts {
		o(&s)
	}
	return s
}

// WithTracerProvider sets where spans go. Defaults to the global provider.
func WithTracerProvider(p trace.TracerProvider) Option { return func(s *settings) { s.tracers = p } }

// WithMeterProvider sets where metrics go. Defaults to the global provider.
func WithMeterProvider(p metric.MeterProvider) Option { return func(s *settings) { s.meters = p } }

// WithPropagator sets how context crosses the headers. Defaults to the global propagator, which does nothing until a program sets
// one: see otel.SetTextMapPropagator.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(s *settings) { s.propagator = p }
}

// WithClientID sets messaging.client.id of the spans: give it Config.ClientID. By default, and with an empty one, spans have none.
func WithClientID(id string) Option {
	return func(s *settings) {
		if s.client = nil; id != "" {
			s.client = []attribute.KeyValue{semconv.MessagingClientID(id)}
		}
	}
}

// WithServer sets server.address and server.port of spans and metrics: the name under which the cluster is known. By default they have
// neither, since a cluster has many addresses and a message may go to any. Port 0 is left out.
func WithServer(address string, port int) Option {
	return func(s *settings) {
		s.server = []attribute.KeyValue{semconv.ServerAddress(address)}
		if port != 0 {
			s.server = append(s.server, semconv.ServerPort(port))
		}
	}
}

// WithMessageKeys puts the key of each message that is valid UTF-8 into messaging.kafka.message.key of its spans, or of its link in the
// span of a batch. By default no key leaves the program by a span, since keys are payload: names, numbers of accounts.
func WithMessageKeys() Option { return func(s *settings) { s.keys = true } }

// WithMessageAsParent makes the span of the producer the parent of a Run's process span, so that a message is one trace from producer to
// handler and has the sampling decision of its producer. It stays linked as well, and the span that Run was called in, if any, is
// linked too. By default the process span has that span as its parent, else none, and a link to the producer's, which is what the
// semantic conventions ask for. The spans of a RunBatch have links in either case.
func WithMessageAsParent() Option { return func(s *settings) { s.parents = true } }

// WithHandlerErrors puts the text of a handler's error into the status of its process span. By default only error.type says what it
// was, since the text is your program's and may hold payload.
func WithHandlerErrors() Option { return func(s *settings) { s.texts = true } }

// version is this module's version in the program that runs; empty where that does not say.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == scope {
				return m.Version
			}
		}
	}
	return ""
}
