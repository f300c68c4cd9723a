package kafkaprom_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/kafkatest"
)

// mark is in every payload, key, header, error text and secret of a busy site.
const mark = "s3cr3t"

// busy is a site where everything happens that there is a metric for. It goes on until the test ends. A real cluster does not refuse
// commits and hold clients back when a test asks it to, so it is on the embedded broker always.
func busy(t *testing.T) *site {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	s := newSiteOn(t, kafka.Config{Brokers: cluster.ListenAddrs(), ClientID: "billing"}, 1, 1)
	refuseOneCommit(cluster)
	var wire wire
	proxy := s.proxy(t, kafka.WithClientOptions(kgo.Dialer(wire.dial)))
	s.sendSecrets(t, proxy)
	take(t, s.consumer(t, proxy, 0), 6)
	s.runWithSecrets(t, proxy)
	s.failToConnect(t)
	wire.cut()
	eventually(t, "clients meet connections that are cut", func() bool { return s.happened(t, "client_read_errors_total") })
	wire.refuseWrites()
	eventually(t, "clients meet connections that take nothing", func() bool { return s.happened(t, "client_write_errors_total") })
	eventually(t, "all is well again", func() bool { return s.happened(t, "consumers_joined") && s.happened(t, "consumer_end") })
	return s
}

// happened says whether a metric has a value above 0.
func (s *site) happened(t *testing.T, name string) bool {
	t.Helper()
	for _, one := range seriesOf(s.gathered(t)["typedkafka_"+name]) {
		if one.value > 0 {
			return true
		}
	}
	return false
}

func (s *site) sendSecrets(t *testing.T, proxy *kafka.Proxy) {
	t.Helper()
	producer := s.producer(t, proxy, 0)
	header := kafka.WithHeader(mark, []byte(mark))
	for i := range 3 {
		if _, err := producer.Produce(within(t), order{fmt.Sprint(mark, i), 1}, header); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := producer.Produce(within(t), order{mark, -1}, header); err == nil {
		t.Fatal("an order of less than nothing was sent")
	}
	s.write(t, 0, `{"id":"`+mark+`","qty":"`+mark+`"}`, `{"`+mark+`":"`+mark+`",`, `"`+mark+`"`)
}

// runWithSecrets runs a handler whose errors and panics hold payload, until the test ends.
func (s *site) runWithSecrets(t *testing.T, proxy *kafka.Proxy) {
	t.Helper()
	stop := running(t, s.consumer(t, proxy, 0, kafka.WithGroup(unique("run"))), func(_ context.Context, m *kafka.Message[order]) error {
		switch m.Value.ID {
		case mark + "1":
			panic(m.Value.ID)
		case mark + "2":
			return fmt.Errorf("can't bill %s: %w", m.Value.ID, kafka.Permanent(errors.New(mark)))
		}
		return nil
	}, kafka.DeadLetter(s.topics[1]), kafka.Retry(kafka.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	t.Cleanup(stop)
	s.events.await(t, "dead_lettered", 5)
	s.events.await(t, "commit failed", 1)
	s.events.await(t, "commit", 1)
}

// failToConnect meets a broker that is not there, and one that does not take the password.
func (s *site) failToConnect(t *testing.T) {
	t.Helper()
	gone, stop, err := kafkatest.Run()
	if err != nil {
		t.Fatal(err)
	}
	stop()
	nobody, stranger := *s, *s
	nobody.cfg.Brokers = gone.Brokers
	stranger.cfg.SASL = kafka.SASLConfig{Mechanism: "PLAIN", User: "billing", Password: kafka.NewSecret(mark)}
	for _, s := range []*site{&nobody, &stranger} {
		if _, err := s.producer(t, s.proxy(t), 0).Produce(within(t), order{mark, 1}); err == nil {
			t.Fatal("it was sent")
		}
	}
}

// refuseOneCommit refuses the first commit of offsets, and asks the client to wait.
func refuseOneCommit(cluster *kfake.Cluster) {
	cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		req := r.(*kmsg.OffsetCommitRequest)
		resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
		resp.ThrottleMillis = 1
		for _, topic := range req.Topics {
			answer := kmsg.NewOffsetCommitResponseTopic()
			answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				one := kmsg.NewOffsetCommitResponseTopicPartition()
				one.Partition, one.ErrorCode = p.Partition, kerr.UnknownServerError.Code
				answer.Partitions = append(answer.Partitions, one)
			}
			resp.Topics = append(resp.Topics, answer)
		}
		return resp, nil, true
	})
}

// A wire is the network of a proxy.
type wire struct {
	mu      sync.Mutex // guards what follows
	conns   []*cable
	refuses bool
}

type cable struct {
	net.Conn
	wire *wire
}

func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &cable{conn, w}
	w.conns = append(w.conns, c)
	return c, nil
}

// cut cuts all connections, in the middle of what waits for an answer.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
}

// refuseWrites makes the next write fail.
func (w *wire) refuseWrites() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuses = true
}

func (c *cable) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	refuses := c.wire.refuses
	c.wire.refuses = false
	c.wire.mu.Unlock()
	if refuses {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

// No payload, key, header, secret or error text is in what a scrape gets.
func TestNoPayloadIsTold(t *testing.T) {
	t.Parallel()
	s := busy(t)
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		`error="panic"`, `error="invalid_message"`, `error="connection"`, `fate="dead_lettered"`, `rule="type"`, `error="UNKNOWN_SERVER_ERROR"`,
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%s did not happen", line)
		}
	}
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, mark) || strings.Contains(line, "can't bill") {
			t.Errorf("what is marked was told: %s", line)
		}
	}
}
