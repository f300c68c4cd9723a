package kafka

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// ourOptions makes a client that never dials with options of ours, to ask it what they come to.
func ourOptions(t *testing.T, opts []kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// A frozen leader costs 12 s, as metadataAge says, only while both ages are set, for producers and for consumers: franz-go's own are
// 5 min and 5 s.
func TestClientsAskAgainWhoLeadsWithinSeconds(t *testing.T) {
	t.Parallel()
	p, err := NewProxy(Config{Brokers: []string{"localhost:1"}})
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(p, "orders", consumerOptions{group: "g"})
	for what, opts := range map[string][]kgo.Opt{"producers": p.producingOptions(), "consumers": r.fetching()} {
		cl := ourOptions(t, opts)
		if got := cl.OptValue(kgo.MetadataMaxAge).(time.Duration); got > 3*time.Second {
			t.Errorf("the client of %s asks again after %s", what, got)
		}
		if got := cl.OptValue(kgo.MetadataMinAge).(time.Duration); got > time.Second {
			t.Errorf("the client of %s asks again after %s where something failed", what, got)
		}
	}
}

// steps notes how a client ends.
type steps []string

func (s *steps) OnClientClosed(*kgo.Client) { *s = append(*s, "closed") }

// What a client has under way is cancelled before it is closed, since franz-go's Close waits for some of that.
func TestAClientIsCancelledBeforeItIsClosed(t *testing.T) {
	t.Parallel()
	p, err := NewProxy(Config{Brokers: []string{"localhost:1"}}, WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(p, "orders", consumerOptions{group: "g"})
	r.loops.start(r.loops.prepare(t.Context()))
	for what, test := range map[string]struct {
		opts []kgo.Opt
		end  func(*kgo.Client, context.CancelFunc)
	}{
		"of producers": {p.producingOptions(), closeClient},
		"of a consumer": {slices.Concat(p.opts, r.grouped(), r.membership()), func(cl *kgo.Client, stop context.CancelFunc) {
			if err := r.leave(t.Context(), cl, stop); err != nil {
				t.Error(err)
			}
		}},
	} {
		var got steps
		base, cancel := context.WithCancel(t.Context())
		cl, err := kgo.NewClient(append(test.opts, kgo.WithContext(base), kgo.WithHooks(&got))...)
		if err != nil {
			t.Fatal(err)
		}
		test.end(cl, func() { got = append(got, "cancelled"); cancel() })
		if want := (steps{"cancelled", "closed"}); !slices.Equal(got, want) {
			t.Errorf("a client %s is %q, want %q", what, got, want)
		}
	}
}
