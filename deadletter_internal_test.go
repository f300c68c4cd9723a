package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/schema"
)

var errPermanently = Permanent(errors.New("never"))

func TestTheKindOfAFailure(t *testing.T) {
	t.Parallel()
	invalid := func(rules ...string) error {
		e := &schema.ValidationError{}
		for _, r := range rules {
			e.Faults = append(e.Faults, schema.Fault{Rule: r})
		}
		return fmt.Errorf("wrapped: %w", e)
	}
	for _, test := range []struct {
		err        error
		attempts   int
		kind, rule string
	}{
		{invalid("required", "minimum", "required"), 0, "schema", "required minimum"},
		{invalid("duplicate"), 0, "decode", "duplicate"},
		{invalid("size"), 0, "decode", "size"},
		{invalid("decode"), 0, "decode", "decode"},
		{invalid("work"), 0, "schema", "work"},
		{invalid("minimum"), 1, "handler", ""}, // of what the handler wanted to send
		{errTombstone, 0, "tombstone", ""},
		{fmt.Errorf("skipped: %w", &kgo.ErrDecompressTooLarge{}), 0, "batch", ""},
		{errors.New("no"), 3, "handler", ""},
		{fmt.Errorf("no: %w", &PanicError{Value: 1}), 1, "panic", ""},
		{fmt.Errorf("no: %w", &PanicError{Value: errPermanently}), 1, "panic", ""},
		{fmt.Errorf("call: %w", context.DeadlineExceeded), 1, "timeout", ""},
		{Permanent(context.DeadlineExceeded), 1, "permanent", ""},
		{fmt.Errorf("no: %w", Permanent(errors.New("never"))), 1, "permanent", ""},
		{errors.New("no"), 0, "decode", ""},
		{nil, 1, "handler", ""},
	} {
		if kind, rule := kindOfFailure(&MessageError{Err: test.err, Attempts: test.attempts}); kind != test.kind || rule != test.rule {
			t.Errorf("%v after %d attempts: %q, %q; want %q, %q", test.err, test.attempts, kind, rule, test.kind, test.rule)
		}
	}
}

// The real faults of bytes and values have the kinds that are told.
func TestTheKindOfWhatACodecRefuses(t *testing.T) {
	t.Parallel()
	codec, err := NewCodec(Topic[struct {
		N int8 `json:"n"`
	}]{Schema: schema.MustCompile([]byte(`{"required": ["n"], "properties": {"n": {"type": "integer"}}}`))})
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		`no`: "decode syntax", `{"n":1,"n":1}`: "decode duplicate", `{"n":1} 2`: "decode trailing", "{\"n\":1,\"x\":\"\xff\"}": "decode utf8",
		`{"n":300}`: "decode decode", `{}`: "schema required", `{"n":""}`: "schema type", strings.Repeat("[", 70) + strings.Repeat("]", 70): "decode depth",
	} {
		_, err := codec.Decode([]byte(raw))
		if kind, rule := kindOfFailure(&MessageError{Err: err}); kind+" "+rule != want {
			t.Errorf("%.20s: %s %s, want %s (%v)", raw, kind, rule, want, err)
		}
	}
}

func TestTheReasonIsCutAtTheBorderOfACharacter(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "short", strings.Repeat("x", 5000), strings.Repeat("ü", 5000), strings.Repeat("漢", 5000), strings.Repeat("🜚", 5000)} {
		for most := 10; most < 20; most++ {
			got := cut(text, most)
			switch {
			case len(got) > most || !utf8.ValidString(got):
				t.Errorf("%.8q cut at %d is %q", text, most, got)
			case len(text) <= most && got != text:
				t.Errorf("%q became %q", text, got)
			case len(text) > most && (!strings.HasSuffix(got, "…") || len(got) < most-3):
				t.Errorf("%.8q cut at %d is %q", text, most, got)
			}
		}
	}
	if got := cut("a\xffb", 100); got != "a\ufffdb" {
		t.Errorf("%q is no UTF-8", got)
	}
}

type rude struct{ _ int }

func (*rude) Error() string { panic("rude") }

// Whatever a handler's error does, its dead letter can be made.
func TestAnErrorThatPanicsHasAReason(t *testing.T) {
	t.Parallel()
	p, err := NewProxy(Config{Brokers: []string{"127.0.0.1:1"}, ClientID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	d := newDeadLetters(p, "dead", "source", "group")
	for _, err := range []error{&rude{}, (*rude)(nil), nil, errors.New(strings.Repeat("x", 1<<20))} {
		headers := make([]Header, 2, 30)
		m := &MessageError{Record: Record{Topic: "source", Headers: headers[:1]}, Err: err, Attempts: 1}
		rec := d.record(m, everything)
		if reason := rec.Headers[len(rec.Headers)-1]; reason.Key != deadReason || len(reason.Value) == 0 || len(reason.Value) > maxReason {
			t.Errorf("%T: the reason has %d bytes", err, len(reason.Value))
		}
		if len(m.Headers) != 1 || headers[1].Key != "" {
			t.Error("the message's own headers, or what is behind them, were changed")
		}
	}
}
