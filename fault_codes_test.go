package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// everyCode is every error that a broker may answer.
func everyCode() (all []*kerr.Error) {
	all = append(all, kerr.UnknownServerError)
	const newest = 200 // more than there are
	for code := int16(1); code < newest; code++ {
		var known *kerr.Error
		if errors.As(kerr.ErrorForCode(code), &known) && known.Code == code {
			all = append(all, known)
		}
	}
	return all
}

// A courier sends one order at a time to a Run and waits until it was handled.
type courier struct {
	c     *cluster
	cl    *kgo.Client
	topic string
	sent  int
	d     *diary
	run   *running

	consumer *kafka.Consumer[order]
}

func newCourier(t *testing.T, c *cluster, opts ...kafka.ProxyOption) *courier {
	t.Helper()
	topic := c.topic(t, 1)
	o := &courier{c: c, cl: c.client(t), topic: topic, d: newDiary(), consumer: newConsumer(t, c.proxy(t, opts...), topic)}
	o.begin(t)
	return o
}

// begin begins a Run.
func (o *courier) begin(t *testing.T) {
	t.Helper()
	o.run = start(t, o.consumer, func(_ context.Context, m *kafka.Message[order]) error {
		o.d.write("%d", m.Value.Qty)
		return nil
	})
}

// deliver sends an order and waits until it is handled, also where older ones come again before it.
func (o *courier) deliver(t *testing.T) {
	t.Helper()
	send(t, o.cl, o.topic, 0, orderBytes(o.sent, o.sent+1)...)
	o.sent++
	for n := o.sent; !slices.Contains(o.d.await(t, n), fmt.Sprint(o.sent-1)); n++ {
	}
}

// once checks that each order was handled once, in order.
func (o *courier) once(t *testing.T) {
	t.Helper()
	for i, got := range o.d.read() {
		if got != fmt.Sprint(i) {
			t.Fatalf("handled order %s as number %d", got, i)
		}
	}
}

// quick has a client try again at once what may be tried again.
func quick() kafka.ProxyOption {
	return kafka.WithClientOptions(kgo.RetryBackoffFn(func(int) time.Duration { return time.Millisecond }))
}

// A Run lives through whatever a broker answers to its commits: nothing is handled twice in a membership that goes on, nothing is
// lost, and when the answers are good again all is committed.
func TestFaultCommitErrorsOfEveryCode(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real broker answers few codes at will")
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	o := newCourier(t, c, quick())
	o.deliver(t)
	codes := everyCode()
	for _, code := range codes {
		answers := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Group: c.cfg.Group, Err: code, Count: 1})
		o.deliver(t)
		if err := answers.Wait(within(t, patience), 1); err != nil {
			t.Fatalf("no commit was answered with %s", code.Message)
		}
		eventually(t, "what came before "+code.Message+" is committed after it", func() bool {
			return c.committed(t, c.cfg.Group, o.topic, 0) == int64(o.sent)
		})
	}
	o.once(t)
	o.run.wantEnd(t)
	c.wantCommitted(t, o.topic, 0, int64(len(codes)+1))
}

// forPeople are the codes that no waiting mends, as the documentation of Run says: authentication, permissions, fencing.
var forPeople = []error{
	kerr.SaslAuthenticationFailed, kerr.IllegalSaslState, kerr.UnsupportedSaslMechanism, kerr.TopicAuthorizationFailed,
	kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed,
	kerr.FencedInstanceID, kerr.InconsistentGroupProtocol,
	kerr.UnsupportedVersion, kerr.MessageTooLarge, kerr.InvalidTopicException, kerr.PolicyViolation, kerr.InvalidRecord,
}

// A Run lives through whatever a broker answers to its fetches, but for what only a person can mend: that it returns, and the next Run
// goes on where it ended.
func TestFaultFetchErrorsOfEveryCode(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, "a real broker answers few codes at will")
	c.cfg.Consumer.CommitInterval = 5 * time.Millisecond
	o := newCourier(t, c, quick())
	o.deliver(t)
	for _, code := range everyCode() {
		if code == kerr.OffsetOutOfRange {
			continue // it sends the reader to the log start, and is told: TestAnOffsetBeyondTheLogIsTold
		}
		answers := c.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: o.topic, Err: code, Count: 1})
		if slices.ContainsFunc(forPeople, func(e error) bool { return errors.Is(code, e) }) {
			if err := o.run.result(t); !errors.Is(err, code) {
				t.Fatalf("%s ended the Run with %v", code.Message, err)
			}
			o.begin(t)
		}
		o.deliver(t)
		if err := answers.Wait(within(t, patience), 1); err != nil {
			t.Fatalf("no fetch was answered with %s", code.Message)
		}
		select {
		case err := <-o.run.done:
			t.Fatalf("%s ended the Run: %v", code.Message, err)
		default:
		}
	}
	o.once(t)
	o.run.wantEnd(t)
}
