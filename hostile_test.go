package kafka_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
	protocol "github.com/typedkafka/kafka/internal/wire"
)

// gibberish is random bytes, the same each time.
func gibberish(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// A hostileCase is a lie of a broker that nothing can be done with: what every call must say of it.
type hostileCase struct {
	name string
	lie  func(t *testing.T) lie
	says string // what is said by the call that meets it
}

// open is what is promised and never comes.
func open(t *testing.T) io.Reader { return silence{t.Context().Done()} }

const announced = 0x7fff_fff0 // elements

// theLies are told in place of every answer, or of those that every call needs.
func theLies() []hostileCase {
	metadata := func(make func(a answered) []byte) func(*testing.T) lie {
		return func(*testing.T) lie { return about(metadataRequest, body(make)) }
	}
	flexible := []byte{0, 0, 0, 0, 0}                                         // the head's tags, the throttle
	broker := []byte("\x00\x00\x00\x01\x0a127.0.0.1\x00\x00\x00\x01\x00\x00") // its id, host and port, no rack, no tags
	return []hostileCase{
		{"a length of 2 GB", func(t *testing.T) lie { return sized(announced, open(t)) }, "invalid large response size"},
		{"a length of 99 MB and silence", func(t *testing.T) lie { return sized(99<<20, open(t)) }, "the answer to ApiVersions has 103809020 bytes"},
		{"a length of 20 MB and silence", func(t *testing.T) lie { return about(metadataRequest, sized(20<<20, open(t))) }, "deadline exceeded; "},
		{"a metadata answer without end", func(*testing.T) lie { return about(metadataRequest, sized(99<<20, zeros{})) }, "the answer to Metadata has"},
		{"a negative length", func(t *testing.T) lie { return sized(-5, open(t)) }, "negative response size"},
		{"no length", func(t *testing.T) lie { return sized(0, open(t)) }, "an answer of 0 bytes"},
		{"a length of 3", func(t *testing.T) lie { return sized(3, open(t)) }, "an answer of 3 bytes"},
		{"another correlation id", func(*testing.T) lie {
			return func(a answered) io.Reader { return bytes.NewReader(framed([]byte{9, 9, 9, 9}, a.body)) }
		}, "correlation"},
		{"another correlation id and 50 MB", func(*testing.T) lie {
			return func(answered) io.Reader {
				return io.MultiReader(bytes.NewReader([]byte{3, 0x20, 0, 0, 9, 9, 9, 9}), zeros{})
			}
		}, "what was not asked"},
		{"cut off", func(*testing.T) lie {
			return func(a answered) io.Reader {
				return io.MultiReader(bytes.NewReader(framed(a.id, a.body)[:9]), failing{})
			}
		}, "EOF"},
		{"noise in place of ApiVersions", func(*testing.T) lie {
			return about(apiVersionsRequest, body(func(answered) []byte { return gibberish(1, 500) }))
		}, ""},
		{"no versions", func(t *testing.T) lie {
			return altered(t, apiVersionsRequest, func(r *kmsg.ApiVersionsResponse) { r.ApiKeys = nil })
		}, ""},
		{"versions of the future", func(t *testing.T) lie {
			return altered(t, apiVersionsRequest, func(r *kmsg.ApiVersionsResponse) {
				for i := range r.ApiKeys {
					r.ApiKeys[i].MinVersion, r.ApiKeys[i].MaxVersion = 30_000, 32_000
				}
			})
		}, "it offers Produce in the versions 30000 to 32000, all newer than those known here"},
		{"versions upside down", func(t *testing.T) lie {
			return altered(t, apiVersionsRequest, func(r *kmsg.ApiVersionsResponse) {
				for i := range r.ApiKeys {
					r.ApiKeys[i].MinVersion, r.ApiKeys[i].MaxVersion = r.ApiKeys[i].MaxVersion, r.ApiKeys[i].MinVersion-1
				}
			})
		}, "offers Produce in the versions 1"},
		{"noise", metadata(func(answered) []byte { return gibberish(2, 100_000) }), ""},
		{"2 billion brokers", metadata(func(answered) []byte {
			return append(bytes.Clone(flexible), 0xf1, 0xff, 0xff, 0xff, 0x07, 1, 2, 3)
		}), "announces 2147483632 elements"},
		{"30 million brokers in 30 MB", func(*testing.T) lie {
			return about(metadataRequest, func(a answered) io.Reader {
				count := bytes.NewReader(append(bytes.Clone(flexible), 0x80, 0x87, 0xa7, 0x0e))
				return sized(30<<20, count, zeros{})(a)
			})
		}, "announces 29999999 elements"},
		{"200,000 true brokers", metadata(func(answered) []byte {
			return append(binary.AppendUvarint(bytes.Clone(flexible), 200_001), bytes.Repeat(broker, 200_000)...)
		}), "announces 200000 elements where no cluster has more"},
		{"tags without end", metadata(func(answered) []byte { return []byte{0xff, 0xff, 0xff, 0xff, 0x0f} }), "tags"},
		{"a drip", func(t *testing.T) lie {
			return about(metadataRequest, func(a answered) io.Reader { return drip{bytes.NewReader(framed(a.id, a.body)), t.Context().Done()} })
		}, "deadline exceeded; "},
		{"3,000 addresses that lead nowhere", func(t *testing.T) lie {
			return altered(t, metadataRequest, func(r *kmsg.MetadataResponse) {
				r.Brokers = manyBrokers(kmsg.MetadataResponseBroker{Host: "127.0.0.1", Port: 1}, 3000)
			})
		}, "127.0.0.1:1"},
		{"an empty answer", metadata(func(answered) []byte { return nil }), ""},
	}
}

// failing ends a connection.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func manyBrokers(like kmsg.MetadataResponseBroker, n int) []kmsg.MetadataResponseBroker {
	all := make([]kmsg.MetadataResponseBroker, n)
	for i := range all {
		all[i] = like
		all[i].NodeID = int32(1000 + i)
	}
	return all
}

// hostile is a cluster behind a liar, with a topic and a message in it.
func hostile(t *testing.T) (*cluster, *liar, string) {
	t.Helper()
	c := newEmbedded(t, "a real broker does not lie")
	topic := c.topic(t, 1)
	c.writeOrders(t, topic, 0, 1, 2)
	return c, new(liar), topic
}

// A call is one of those that a lie must not hurt; it returns its error.
type call struct {
	name string
	run  func(ctx context.Context) error
}

// calls are those of a proxy that has done nothing yet.
func calls(t *testing.T, p *kafka.Proxy, topic string) []call {
	t.Helper()
	producer, retriever, runner := newProducer(t, p, topic), newConsumer(t, p, topic, kafka.WithGroup(unique("retrieve"))),
		newConsumer(t, p, topic, kafka.WithGroup(unique("run")))
	return []call{
		{"Ping", p.Ping},
		{"Produce", func(ctx context.Context) error {
			_, err := producer.Produce(ctx, order{ID: "a", Qty: 2})
			return err
		}},
		{"Retrieve", func(ctx context.Context) error {
			_, err := retriever.Retrieve(ctx)
			return err
		}},
		{"Run", func(ctx context.Context) error {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			err := runner.Run(ctx, func(context.Context, *kafka.Message[order]) error {
				cancel(errReceived)
				return nil
			})
			if err == nil && !errors.Is(context.Cause(ctx), errReceived) {
				return context.Cause(ctx)
			}
			return err
		}},
	}
}

var errReceived = errors.New("received")

// A broker that lies makes each call fail within its ctx, with an error that says what came, and without memory for what it only
// announced; once the broker tells the truth the same proxy, producer and consumers go on.
func TestHostileBroker(t *testing.T) { // alone, since it measures
	for _, tc := range theLies() {
		t.Run(tc.name, func(t *testing.T) {
			c, l, topic := hostile(t)
			told := tc.lie(t)
			c.cfg.ConnectTimeout = 2 * time.Second
			p := newProxy(t, c.cfg, l.option())
			all := calls(t, p, topic)
			l.tell(told)
			spent := allocated(func() { meet(t, all, tc.says) })
			if l.told.Load() == 0 {
				t.Error("nothing was lied about")
			}
			if spent > 300<<20 {
				t.Errorf("%d MB were allocated", spent>>20)
			}
			t.Logf("%d lies, %d MB allocated", l.told.Load(), spent>>20)
			l.tell(nil)
			for _, one := range all {
				if err := one.run(within(t, patience)); err != nil && one.name != "Produce" {
					t.Errorf("%s of an honest broker: %v", one.name, err)
				} else if err != nil {
					eventually(t, "Produce works", func() bool { return one.run(within(t, patience)) == nil })
				}
			}
		})
	}
}

// The requests that calls need, and which call can't do without an answer. Run goes on in spite of all, which Status tells.
var theAsked = map[int16]string{
	apiVersionsRequest: "Ping Produce Retrieve", metadataRequest: "Ping Produce Retrieve",
	produceRequest: "Produce", initProducerIDRequest: "Produce",
	findCoordinatorRequest: "Retrieve", joinRequest: "Retrieve", syncRequest: "Retrieve",
	offsetFetchRequest: "Retrieve", listOffsetsRequest: "Retrieve", fetchRequest: "Retrieve",
}

// theGarblings are what comes in place of any answer.
func theGarblings() map[string]func(t *testing.T) lie {
	with := func(make func(a answered) []byte) func(*testing.T) lie {
		return func(*testing.T) lie { return body(make) }
	}
	instead := func(l lie) func(*testing.T) lie { return func(*testing.T) lie { return l } }
	return map[string]func(t *testing.T) lie{
		"noise":   with(func(answered) []byte { return gibberish(7, 300) }),
		"nothing": with(func(answered) []byte { return nil }),
		"a half":  with(func(a answered) []byte { return a.body[:len(a.body)/2] }),
		"zeros":   with(func(a answered) []byte { return make([]byte, len(a.body)) }),
		"ones":    with(func(answered) []byte { return bytes.Repeat([]byte{0xff}, 100) }), // all counts are negative, or huge
		"2 GB":    func(t *testing.T) lie { return sized(announced, open(t)) },
		"silence": func(t *testing.T) lie { return func(answered) io.Reader { return open(t) } },
		"the end": instead(func(answered) io.Reader { return failing{} }),
		"another correlation id": instead(func(a answered) io.Reader {
			return bytes.NewReader(framed([]byte{9, 9, 9, 9}, a.body))
		}),
	}
}

// Whatever is wrong with the answers to one request, the call that needs them says more than that its context has ended, nothing is
// asked without a pause, and once the broker tells the truth the same proxy, producer and consumer go on.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for name, garbled := range theGarblings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newEmbedded(t, "a real broker does not lie")
			c.cfg.ConnectTimeout = 2 * time.Second
			var wg sync.WaitGroup
			for key, needs := range theAsked {
				for i, needed := range []string{"Ping", "Produce", "Retrieve"} {
					if !strings.Contains(needs, needed) || name == "zeros" && key == initProducerIDRequest { // which are an id
						continue
					}
					l, topic := new(liar), c.topic(t, 1)
					c.writeOrders(t, topic, 0, 1, 2)
					one := calls(t, newProxy(t, c.cfg, l.option()), topic)[i]
					wg.Go(func() {
						garble(t, l, about(key, garbled(t)), protocol.Name(key), one)
						l.tell(nil)
						if name != "silence" { // which keeps a client waiting for minutes, where it waits for a group
							eventually(t, protocol.Name(key)+", "+one.name+" works", func() bool { return one.run(within(t, patience)) == nil })
						}
					})
				}
			}
			wg.Wait()
		})
	}
}

// garble makes a call of a broker that lies.
func garble(t *testing.T, l *liar, lie lie, request string, one call) {
	l.tell(lie)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	switch err := one.run(ctx); {
	case err == nil:
		t.Errorf("%s, %s: no error", request, one.name)
	case errors.As(err, new(*kafka.ConnectError)), contains(err, "unable to join group session: "): // of the group's coordinator
		t.Logf("%s, %s: %v", request, one.name, err)
	default:
		t.Errorf("%s, %s says only: %v", request, one.name, err)
	}
	if told := l.told.Load(); told == 0 || told > 1500 {
		t.Errorf("%s, %s: %d lies", request, one.name, told)
	}
}

// What comes over an open connection may be anything: with some bytes of every answer changed at random nothing panics or hangs, and
// once the broker tells the truth it can be used.
func TestMutatedAnswers(t *testing.T) {
	t.Parallel()
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("HOSTILE_ROUNDS")); err == nil {
		rounds = n
	}
	for seed := range uint64(rounds) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			c, l, topic := hostile(t)
			c.cfg.ConnectTimeout = 2 * time.Second
			p := newProxy(t, c.cfg, l.option())
			all := calls(t, p, topic)
			for _, one := range all {
				if err := one.run(within(t, patience)); err != nil {
					t.Fatalf("%s: %v", one.name, err)
				}
			}
			l.tell(mutating(seed))
			var wg sync.WaitGroup
			for _, one := range all {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					for ctx.Err() == nil {
						_ = one.run(ctx) // what comes of it is luck
					}
				})
			}
			wg.Wait()
			l.tell(nil)
			if err := p.Ping(within(t, patience)); err != nil {
				t.Errorf("Ping of an honest broker: %v", err)
			}
			// A pause for a quota that is not absurd holds a client for up to a minute, as it must; a new one knows nothing of it.
			p = newProxy(t, c.cfg)
			if err := calls(t, p, topic)[1].run(within(t, patience)); err != nil {
				t.Errorf("Produce by a new proxy: %v", err)
			}
			fresh := newConsumer(t, p, topic, kafka.WithGroup(unique("fresh")))
			expectOrders(t, fresh, 1, 2)
		})
	}
}

// mutating changes some bytes of each second answer.
func mutating(seed uint64) lie {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 2))
	return func(a answered) io.Reader {
		mu.Lock()
		defer mu.Unlock()
		if len(a.body) == 0 || r.IntN(2) == 0 {
			return nil
		}
		changed := framed(a.id, a.body)
		for range 1 + r.IntN(4) {
			changed[8+r.IntN(len(a.body))] = []byte{0, 1, 0x7f, 0x80, 0xff, byte(r.Uint32())}[r.IntN(6)]
		}
		return bytes.NewReader(changed)
	}
}

// meet makes all calls side by side, each of which must fail.
func meet(t *testing.T, all []call, says string) {
	var wg sync.WaitGroup
	for _, one := range all {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := one.run(ctx)
			switch took := time.Since(start); {
			case err == nil:
				t.Errorf("%s: no error", one.name)
			case len(err.Error()) > 5000:
				t.Errorf("%s says all this: %.200s… (%d bytes)", one.name, err, len(err.Error()))
			case took > 5*time.Second:
				t.Errorf("%s took %s", one.name, took)
			case !strings.Contains(err.Error(), says), err.Error() == context.DeadlineExceeded.Error():
				t.Errorf("%s does not say %q: %v", one.name, says, err)
			default:
				t.Logf("%s: %v", one.name, err)
			}
		})
	}
	wg.Wait()
}

// allocated is how many bytes were allocated while do ran, by anybody: the peak is no more.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	debug.FreeOSMemory()
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
