package kafka

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kslog"
)

// WithClientLog writes franz-go's own log to the proxy's logger as well, with the attribute from=franz-go, from a level on that is its
// own: the logger's level does not count for it. A *slog.LevelVar changes it while the program runs. It has no payloads and keys, and
// what a broker quotes of the credentials is hidden.
//
// It is off by default: what an operator acts on has a line of this package's, once, and franz-go's warnings come with each retry,
// some 200 a minute for an idle producer and an idle consumer whose broker is gone; at slog.LevelInfo it tells every step of a group,
// at slog.LevelDebug each request and each answer. Turn it on to look for what this package does not tell.
func WithClientLog(level slog.Leveler) ProxyOption {
	return func(o *proxyOptions) { o.clientLevel = level }
}

// clientLog are the options of clients that log, given where the proxy does and what to hide.
func (o proxyOptions) clientLog(a *access) []kgo.Opt {
	if o.clientLevel == nil {
		return nil
	}
	own := o.log.With("from", "franz-go").Handler()
	return []kgo.Opt{kgo.WithLogger(kslog.New(slog.New(clientHandler{own, o.clientLevel, a})))}
}

// A clientHandler has a level of its own, and hides secrets.
type clientHandler struct {
	slog.Handler
	level  slog.Leveler
	access *access
}

// Enabled does not ask the proxy's handler: it may want less of its own log than of franz-go's.
func (h clientHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle passes on a copy, since a record's attributes can't be changed.
func (h clientHandler) Handle(ctx context.Context, r slog.Record) error {
	shown := slog.NewRecord(r.Time, r.Level, h.access.confided.hide(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		shown.AddAttrs(slog.Attr{Key: a.Key, Value: h.hide(a.Value)})
		return true
	})
	return h.Handler.Handle(ctx, shown)
}

// hide hides secrets in what can quote a broker.
func (h clientHandler) hide(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(h.access.confided.hide(v.String()))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.AnyValue(h.access.redact(err))
		}
	}
	return v
}
