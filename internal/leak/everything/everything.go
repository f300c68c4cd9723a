// Package everything sends marked payloads, keys, headers and credentials through all that package kafka does, where it works and where
// it fails. Whoever makes something from that, a log, a span, a metric, runs it and then searches what was made for the marks.
//
//	marks := leak.New()
//	seen := everything.Run(t, marks, kafka.WithObserver(observer))
//	for _, text := range myTexts {
//		if found := marks.InLog(text); len(found) > 0 { … }
//	}
//
// It runs on embedded brokers of its own, takes some seconds, and is for tests only.
package everything

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/leak"
	"github.com/typedkafka/kafka/schema"
)

// Seen is what the calls of a Run gave back.
type Seen struct {
	Errors []error
	Texts  []string // that are made to be printed: a Status, a Config, a Provenance
}

// Run makes marks and sends them through everything. Each proxy gets the options.
func Run(tb testing.TB, m *leak.Marks, opts ...kafka.ProxyOption) Seen {
	tb.Helper()
	j := &journey{tb: tb, marks: m, opts: opts}
	var wg sync.WaitGroup
	for _, part := range []func(){j.messages, j.passwords, j.liars, j.keys} {
		wg.Go(part)
	}
	wg.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.seen
}

// patience bounds what is waited for; none of it is used up where all is well.
const patience = 30 * time.Second

// A journey is one call of Run.
type journey struct {
	tb    testing.TB
	marks *leak.Marks
	opts  []kafka.ProxyOption

	mu   sync.Mutex // guards seen
	seen Seen
}

// fails notes an error that must be there.
func (j *journey) fails(what string, err error) {
	if err == nil {
		j.tb.Errorf("%s: no error", what)
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen.Errors = append(j.seen.Errors, fmt.Errorf("%s: %w", what, err))
}

// works notes that there is no error.
func (j *journey) works(what string, err error) {
	if err != nil {
		j.tb.Errorf("%s: %v", what, err)
	}
}

// shows notes a value that is made to be printed.
func (j *journey) shows(v any) {
	asJSON, _ := json.Marshal(v)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen.Texts = append(j.seen.Texts, fmt.Sprintf("%v %+v %#v %s %x", v, v, v, v, v), string(asJSON))
}

func (j *journey) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// cluster starts a broker.
func (j *journey) cluster(opts ...kfake.Opt) (*kfake.Cluster, kafka.Config) {
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		j.tb.Error(err)
		panic(err)
	}
	j.tb.Cleanup(c.Close)
	return c, kafka.Config{Brokers: c.ListenAddrs(), Group: "everything"}
}

// proxy makes a proxy that is to be disconnected.
func (j *journey) proxy(cfg kafka.Config, opts ...kafka.ProxyOption) (*kafka.Proxy, func()) {
	p, err := kafka.NewProxy(cfg, append(opts, j.opts...)...)
	j.works("a new proxy", err)
	return p, func() {
		ctx, cancel := j.within()
		defer cancel()
		_ = p.Disconnect(ctx)
	}
}

// A parcel is what is sent.
type parcel struct {
	ID   string `json:"id"`
	Note string `json:"note,omitempty"`
	Qty  int    `json:"qty,omitempty"`
	At   picky  `json:"at,omitzero"`
}

// A picky text can refuse what it is, and says it.
type picky struct{ text string }

const refused = "refused "

func (p picky) MarshalJSON() ([]byte, error) { return json.Marshal(p.text) }
func (p *picky) UnmarshalJSON(b []byte) error {
	p.text = string(b)
	return fmt.Errorf("%s%s", refused, b)
}

var contract = schema.MustCompile([]byte(`{"type": "object", "required": ["id"], "properties": {
	"id": {"type": "string", "minLength": 1}, "note": {"type": "string", "maxLength": 64}, "qty": {"type": "integer"}, "at": {"type": "string"},
	"kind": {"enum": ["a", "b"]}, "code": {"pattern": "^[0-9]$"}, "when": {"type": "string", "format": "date-time"}, "fixed": {"const": 1},
	"tags": {"type": "array", "uniqueItems": true, "items": {"type": "string"}}}}`))

const (
	source = "parcels"
	dead   = "parcels.dead"
)

func parcels(name, key string) kafka.Topic[parcel] {
	return kafka.Topic[parcel]{Name: name, Schema: contract, Key: func(parcel) []byte { return []byte(key) }}
}

// send writes records past all checks.
func (j *journey) send(cfg kafka.Config, recs ...*kgo.Record) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...), kgo.ProducerBatchCompression(kgo.GzipCompression()),
		kgo.ProducerBatchMaxBytes(8<<20))
	if err != nil {
		j.tb.Error(err)
		return
	}
	defer cl.Close()
	ctx, cancel := j.within()
	defer cancel()
	j.works("writing", cl.ProduceSync(ctx, recs...).FirstErr())
}

// UsersOwn reports whether an error is a handler's panic, whose value, if that is an error, is the user's own and can be unwrapped.
func UsersOwn(err error) bool {
	_, is := err.(*kafka.PanicError) // this one, and not what it wraps
	return is
}

var errNotYet = errors.New("not yet")
