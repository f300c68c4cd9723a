// Package kafkaotel makes OpenTelemetry's spans and metrics of what github.com/typedkafka/kafka sends and receives. It is a module of its
// own, so that who does without it does without OpenTelemetry.
//
//	proxy, err := kafka.NewProxy(cfg, kafka.WithObserver(kafkaotel.Observer(kafkaotel.WithClientID(cfg.ClientID))))
//
// Without options it uses the global providers and the global propagator, as OpenTelemetry's own instrumentations do. Names and
// attributes are those of the semantic conventions 1.43.0, whose part for messaging is still in development: a later version may
// change them, and so may this module then.
//
// # Spans
//
//   - "send orders", PRODUCER: a message, from the call that sends it to its outcome, one for each message of a ProduceAll. Its context
//     goes into the headers (traceparent). Dead letters and redriven messages are sent too: they keep the context that they came with,
//     and their span, then of kind CLIENT, is linked to it. So does a message whose headers have a context that you put there.
//   - "receive orders", CLIENT: a Retrieve that has returned a message, valid or not, from its call. It is linked to the producer's span.
//   - "process orders", CONSUMER: a call of a Run's or RunBatch's handler, whose context it is in, with the producer's baggage where
//     there is but one message. Each attempt has one, with
//     typedkafka.attempt from the second. It is linked to the producer's span; that of a batch to each message's, with the message's
//     offset at the link. [WithMessageAsParent] makes the producer's span the parent of that of one message.
//     OpenTelemetry's SDK keeps 128 links of a span unless its limits say otherwise.
//   - "commit orders", CLIENT: a commit of offsets. messaging.kafka.offset is that of the last message it acknowledges.
//
// A user of Retrieve starts the span of his processing himself, in [Context].
//
// # Metrics
//
// Of the semantic conventions, in seconds with their buckets, and in messages:
//
//   - messaging.client.operation.duration of send, receive and commit
//   - messaging.process.duration
//   - messaging.client.sent.messages, tried ones too, but none that never went to a broker: invalid, buffer full, disconnected
//   - messaging.client.consumed.messages, once for each delivery, by "receive" or "process"
//
// Of our own, in messages but where it says otherwise:
//
//   - typedkafka.consumer.lag and typedkafka.consumer.in_flight of each partition, as Consumer.Status says them, and
//     typedkafka.consumer.stalled, in seconds: for how long nothing of it is handed out although something is there
//   - typedkafka.consumer.retries: messages that were handed to a handler again
//   - typedkafka.consumer.failures: messages that have failed for good, by typedkafka.fate ("dead_lettered", "settled" by OnFailure, or
//     "ends_run") and error.type
//   - typedkafka.invalid.messages: messages sent and received that are not valid, by typedkafka.rule, once for each rule of the schema
//     ("minimum", "required"), or of JSON ("syntax", "duplicate"), that a message breaks
//   - typedkafka.consumer.losses, in losses, and typedkafka.consumer.lost_messages where their number is known, at most: messages that
//     were gone before they were received, by typedkafka.kind: by "retention" (or DeleteRecords), by a "truncation" of the log after an
//     unclean election, or with a topic that was "recreated"
//   - typedkafka.consumer.rebalances, in rebalances: partitions that have come to a consumer ("assigned"), that it gave back ("revoked";
//     also at its end) or lost, such as after consumer.session_timeout ("lost"), by typedkafka.kind
//
// Partitions are an attribute of the metrics of the conventions, which recommend it. A View of the SDK with an attribute filter drops
// it where a topic has too many.
//
// # Errors
//
// error.type is a code of Kafka's, such as TOPIC_AUTHORIZATION_FAILED or UNKNOWN_TOPIC_OR_PARTITION, or invalid_message,
// unexpected_tombstone, batch_too_large, panic, outcome_unknown, buffer_full, disconnected, connection, timeout, canceled. Another error
// of a handler gives what its method ErrorType() string returns, or else its Go type.
//
// # Cost
//
// Of each message, as BenchmarkObserver measures it on a slow core of a server (an AMD EPYC in a virtual machine, the fastest of 20
// runs): with metrics and no tracing 1.7 µs and 5 allocations where it is sent, 3 µs and 12 where a Run handles it; with a span that is
// not sampled 3.3 µs and 10, and 4 µs and 15; with one that is, before any exporter, 5.1 µs and 16, and 9.3 µs and 21. Without an SDK
// it is 0.9 µs and 2 µs. What does not take part in a sampler's decision is put together for sampled spans only.
//
// # Payload
//
// Values and keys of messages, secrets and the texts of handlers' errors are in no span and no metric, unless [WithMessageKeys] or
// [WithHandlerErrors] ask for them. The status of a failed span has the error's text where that is of package kafka, which puts none
// of them into its errors.
package kafkaotel
