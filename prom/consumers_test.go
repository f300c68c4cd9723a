package kafkaprom_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/typedkafka/kafka"
)

// The gauges say what the status says, at each scrape anew, until the consumer is gone.
func TestGaugesFollowTheStatus(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	s.cfg.Consumer.CommitInterval = time.Hour
	topic, group := s.topics[0], s.cfg.Group
	proxy := s.proxy(t)
	s.write(t, 0, `{"id":"a","qty":1}`, `{"id":"b","qty":1}`, `{"id":"c","qty":1}`) // on partition 0
	consumer := s.consumer(t, proxy, 0, kafka.ManualAck(), kafka.WithMaxUnacked(2))
	var first *kafka.Message[order]
	for range 2 {
		m, err := consumer.Retrieve(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
		}
	}
	if err := first.Ack(); err != nil {
		t.Fatal(err)
	}
	if err := consumer.Commit(within(t)); err != nil {
		t.Fatal(err)
	}
	at := []string{"topic", topic, "group", group, "partition", "0"}
	eventually(t, "the end is known", func() bool {
		end, found := s.find(t, "consumer_end", at...)
		return found && end.value == 3
	})
	s.check(t, 1, "consumers", at[:4]...)
	s.check(t, 1, "consumers_joined", at[:4]...)
	s.check(t, 2, "consumer_position", at...)
	s.check(t, 1, "consumer_committed", at...)
	s.check(t, 2, "consumer_lag", at...)
	s.check(t, 1, "consumer_in_flight_messages", at...)
	s.check(t, float64(len(first.Key)+len(first.Raw)), "consumer_in_flight_bytes", at...)
	s.check(t, 0, "consumer_paused", at...)
	consumer.Pause(0)
	s.check(t, 1, "consumer_paused", at...)
	if _, found := s.find(t, "consumer_committed", "topic", topic, "group", group, "partition", "1"); found {
		t.Error("an offset that does not exist is told")
	}
	disconnect(t, consumer)
	for name := range s.gathered(t) {
		if strings.HasPrefix(name, "typedkafka_consumer_") {
			t.Errorf("%s is told of a consumer that is gone", name)
		}
	}
	if _, found := s.find(t, "consumers", at[:4]...); found {
		t.Error("a consumer that is gone is in use")
	}
}

// A partition that stands still says for how long.
func TestStalledSeconds(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	s.write(t, 0, `{"id":"a","qty":1}`, `{"id":"b","qty":1}`) // on partition 0
	take(t, s.consumer(t, s.proxy(t), 0, kafka.ManualAck(), kafka.WithMaxUnacked(1)), 1)
	at := []string{"topic", s.topics[0], "group", s.cfg.Group, "partition", "0"}
	var before float64
	eventually(t, "the time grows", func() bool {
		stalled, _ := s.find(t, "consumer_stalled_seconds", at...)
		grew := before > 0 && stalled.value > before
		before = stalled.value
		return grew
	})
	if before > patience.Seconds() {
		t.Errorf("it says that it stands for %v s", before)
	}
	at[5] = "1" // of which nothing is handed out since there is nothing
	s.check(t, 0, "consumer_stalled_seconds", at...)
}

// Two consumers of one partition, which WithPartitions allows, are one series each: a scrape with two would fail as a whole.
func TestConsumersOfOnePartition(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	proxy := s.proxy(t)
	produce(t, s.producer(t, proxy, 0), "a", "b", "c")
	one, other := s.consumer(t, proxy, 0, kafka.WithPartitions(0)), s.consumer(t, s.proxy(t), 0, kafka.WithPartitions(0))
	take(t, one, 1)
	take(t, other, 2)
	topic := s.topics[0]
	s.check(t, 2, "consumers", "topic", topic)
	s.check(t, 2, "consumers_joined", "topic", topic)
	s.check(t, 1, "consumer_position", "topic", topic, "partition", "0")
	s.check(t, 2, "consumer_in_flight_messages", "topic", topic, "partition", "0")
	eventually(t, "the lag is that of the one behind", func() bool {
		lag, _ := s.find(t, "consumer_lag", "topic", topic, "partition", "0")
		return lag.value == 2
	})
	s.check(t, 3, "consumed_messages_total", "topic", topic)
}

// Scrapes come at any time: beside traffic, and beside consumers that come and go.
func TestScrapesBesideTraffic(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	proxy := s.proxy(t)
	ctx, cancel := context.WithCancel(within(t))
	scraped := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			if _, err := s.registry.Gather(); err != nil {
				t.Error(err)
			}
		}
		scraped <- n
	}()
	producer := s.producer(t, proxy, 0)
	for range 5 {
		produce(t, producer, "a", "b", "c", "d")
		consumer := s.consumer(t, proxy, 0)
		take(t, consumer, 4)
		if err := consumer.Commit(within(t)); err != nil {
			t.Fatal(err)
		}
		disconnect(t, consumer)
	}
	cancel()
	if n := <-scraped; n == 0 {
		t.Error("nothing was scraped")
	}
	s.check(t, 20, "sent_messages_total", "topic", s.topics[0])
}
