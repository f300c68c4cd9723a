// Package kafkaprom makes Prometheus metrics of what github.com/typedkafka/kafka sends and receives, with franz-go's own beside them. It
// is a module of its own, so that who does without it does without Prometheus.
//
//	metrics, err := kafkaprom.New(prometheus.DefaultRegisterer)
//	…
//	proxy, err := kafka.NewProxy(cfg, metrics.Options()...)
//
// dashboard.json beside this file is a Grafana dashboard of them.
//
// # Sending
//
//   - typedkafka_sent_messages_total{topic}: messages that a broker has acknowledged, dead letters and redriven ones among them
//   - typedkafka_send_failures_total{topic,error}: messages that were not, or of which nobody knows (error="outcome_unknown")
//   - typedkafka_send_duration_seconds{topic}: from the call to the outcome of a valid message
//
// # Receiving
//
//   - typedkafka_consumed_messages_total{topic,group}: messages that were handed out, valid or not, once for each delivery
//   - typedkafka_receive_duration_seconds{topic,group}: of a Retrieve that has returned a message; it waits for one, so on an idle topic
//     it is long
//   - typedkafka_invalid_messages_total{topic,group,operation,rule}: messages sent (operation="send", no group) and received ("receive")
//     that are not valid, once for each rule of the schema ("minimum", "required"), or of JSON ("syntax", "duplicate"), that a message
//     breaks
//
// # Handlers of a Run
//
//   - typedkafka_handler_duration_seconds{topic,group}: of each call, of a batch's too
//   - typedkafka_handler_failures_total{topic,group,error}: calls that have returned an error, panicked or were interrupted
//   - typedkafka_handler_retries_total{topic,group}: messages that were handed to a handler again
//   - typedkafka_failed_messages_total{topic,group,fate}: messages that have failed for good: "dead_lettered", "settled" by OnFailure, or
//     "ends_run"
//
// # Commits
//
//   - typedkafka_commit_duration_seconds{topic,group}: of each commit of offsets, a failed one too
//   - typedkafka_commit_failures_total{topic,group,error}
//
// # Losses and rebalances
//
//   - typedkafka_losses_total{topic,group,kind}: times that messages were gone before they were received: by "retention" (or
//     DeleteRecords), by a "truncation" of the log after an unclean election, or with a topic that was "recreated"
//   - typedkafka_lost_messages_total{topic,group,kind}: how many those were, at most, where that is known: by retention
//   - typedkafka_rebalances_total{topic,group,kind}: times that a consumer got partitions ("assigned"), gave them back ("revoked"; also at
//     its end), or lost them, such as after consumer.session_timeout ("lost")
//
// # Consumers, as Consumer.Status says at the scrape
//
//   - typedkafka_consumers{topic,group}: consumers that are in use, and typedkafka_consumers_joined those of them that are in their group
//   - of each partition that is assigned, {topic,group,partition}: typedkafka_consumer_lag, _position, _committed and _end in offsets,
//     _in_flight_messages and _in_flight_bytes, _paused (1 or 0), and _stalled_seconds: how long nothing of it is handed out although
//     something is there, 0 where it goes on. What is not known (yet) is left out. Where consumers of one program share a partition, which
//     they do for a moment at a handover and with WithPartitions, it is that of the worst of them, and the sum of what is in flight.
//
// # franz-go's, by its plugin kprom
//
//   - typedkafka_client_…{node_id}: connects, connect_errors, disconnects, read_bytes, read_errors, write_bytes, write_errors (all _total),
//     request_duration_e2e_seconds and request_throttled_seconds
//   - typedkafka_client_produce_bytes_total and typedkafka_client_fetch_bytes_total{node_id,topic}, before compression
//   - typedkafka_client_buffered_{produce,fetch}_{records,bytes}: summed over the clients, under names that Prometheus's linter accepts
//
// They count all clients of all proxies together, those that live for a moment too, such as that of a Ping. The node_id of an address in
// Config.Brokers, whose number is not known before it has answered, is "seed_0" and so on.
//
// # Labels
//
// Every label has few values: names of topics and groups, numbers of partitions and brokers, and fixed words. No payload, key, header,
// secret or text of an error is in any. An error is a code of Kafka's, such as TOPIC_AUTHORIZATION_FAILED or UNKNOWN_TOPIC_OR_PARTITION, or
// invalid_message, unexpected_tombstone, batch_too_large, panic, outcome_unknown, buffer_full, disconnected, connection, timeout, canceled,
// or other. Series of the usual errors and of all fates are there from the start, as 0, so that a rate sees the first of them.
//
// Proxies of several clusters in one program get a label each:
//
//	metrics, err := kafkaprom.New(prometheus.WrapRegistererWith(prometheus.Labels{"cluster": "eu"}, prometheus.DefaultRegisterer))
package kafkaprom
