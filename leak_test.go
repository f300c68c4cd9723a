package kafka_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/leak"
	"github.com/typedkafka/kafka/internal/leak/everything"
)

// A wiretap is a handler that keeps every record as its values are, not as a text handler would print them.
type wiretap struct {
	mu   *sync.Mutex // guards what into points to
	into *[]tapped
	with []slog.Attr
}

// A tapped is a line of the log.
type tapped struct {
	level, message string
	attributes     []slog.Attr
}

func newWiretap() wiretap { return wiretap{mu: new(sync.Mutex), into: new([]tapped)} }

func (w wiretap) Enabled(context.Context, slog.Level) bool { return true }
func (w wiretap) WithGroup(string) slog.Handler            { return w }

func (w wiretap) WithAttrs(attrs []slog.Attr) slog.Handler {
	w.with = append(slices.Clone(w.with), attrs...)
	return w
}

func (w wiretap) Handle(_ context.Context, r slog.Record) error {
	line := tapped{r.Level.String(), r.Message, slices.Clone(w.with)}
	r.Attrs(func(a slog.Attr) bool { line.attributes = append(line.attributes, a); return true })
	w.mu.Lock()
	defer w.mu.Unlock()
	*w.into = append(*w.into, line)
	return nil
}

// lines are those so far; clients that are being closed may still write.
func (w wiretap) lines() []tapped {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(*w.into)
}

// ours reports whether a line is this package's, and not franz-go's.
func (l tapped) ours() bool { return strings.HasPrefix(l.message, "kafka: ") }

// marks are those in a line, in the texts of its attributes, and in what errors among them wrap.
func (l tapped) marks(m *leak.Marks) (found []string) {
	found = m.InLog(l.message)
	for _, a := range l.attributes {
		found = append(found, m.InLog(fmt.Sprintf("%s %v %+v %#v", a.Key, a.Value, a.Value.Any(), a.Value.Any()))...)
		if err, ok := a.Value.Any().(error); ok {
			found = append(found, m.InError(err, everything.UsersOwn)...)
		}
	}
	return found
}

// Payloads, keys, headers' values and secrets are in no line of the log, franz-go's at its finest level among them, in no error nor what it
// wraps, and in nothing that is made to be printed. What a handler says is in no line.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	m, tap := leak.New(), newWiretap()
	embeddedOnly.Add(1) // its brokers lie
	seen := everything.Run(t, m, kafka.WithLogger(slog.New(tap)), kafka.WithClientLog(slog.LevelDebug))
	lines := tap.lines()
	written := map[bool]int{}
	for _, l := range lines {
		written[l.ours()]++
		if found := l.marks(m); len(found) > 0 {
			t.Errorf("%q is in the line %+v", found, l)
		}
	}
	for _, err := range seen.Errors {
		if found := m.InError(err, everything.UsersOwn); len(found) > 0 {
			t.Errorf("%q is in the error %v, or what it wraps", found, err)
		}
	}
	for _, text := range seen.Texts {
		if found := m.In(text); len(found) > 0 {
			t.Errorf("%q is in %s", found, text)
		}
	}
	t.Logf("%d lines, %d of franz-go's, %d errors and %d texts were searched", written[true], written[false], len(seen.Errors), len(seen.Texts))
	if written[true] < 100 || written[false] < 1000 || len(seen.Errors) < 100 || len(seen.Texts) < 50 {
		t.Error("that is not everything")
	}
	testDocumented(t, lines)
}

// Faults of a file and of the environment are told without the secrets beside them, whatever the format.
func TestFaultsOfLoadingLeakNothing(t *testing.T) {
	m := leak.New()
	password, token := m.Secret("password"), m.Secret("token")
	for name, doc := range map[string]string{
		"misspelt.yaml": "brokers: a:1\nsasl: {user: u, pasword: PASSWORD, tokens: [TOKEN]}", "list.yaml": "sasl: {password: [PASSWORD], token: {TOKEN: 1}}",
		"cut.yaml": "sasl: {password: \"PASSWORD", "tab.yaml": "sasl:\n\tpassword: PASSWORD", "special.yaml": "sasl: {password: PASSWORD: TOKEN}",
		"anchor.yaml": "sasl: {password: *PASSWORD, token: @TOKEN}", "tag.yaml": "sasl: {password: !!int PASSWORD}",
		"alone.yaml": "PASSWORD", "twice.yaml": "sasl: {password: PASSWORD, password: TOKEN}",
		"list.json": `{"sasl": {"password": ["PASSWORD"], "token": {"a": "TOKEN"}}}`, "cut.json": `{"sasl": {"password": "PASSWORD`,
		"bare.json": `{"sasl": {"password": PASSWORD}}`, "escape.json": `{"sasl": {"password": "PASSWORD\qTOKEN"}}`,
		"bare.toml": "[sasl]\npassword = PASSWORD", "cut.toml": "[sasl]\npassword = \"PASSWORD", "twice.toml": "[sasl]\npassword = 'PASSWORD'\npassword = 'TOKEN'",
		"list.toml": "[sasl]\npassword = ['PASSWORD']\nuser = 'TOKEN' x",
	} {
		file := write(t, name, strings.NewReplacer("PASSWORD", password, "TOKEN", token).Replace(doc))
		c, err := kafka.LoadConfig(file)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if found := m.InError(err, everything.UsersOwn); len(found) > 0 {
			t.Errorf("%s: %q is in the error %v, or what it wraps", name, found, err)
		}
		if found := m.In(fmt.Sprintf("%+v %#v", c, c)); len(found) > 0 {
			t.Errorf("%s: %q is in what was loaded", name, found)
		}
	}
	t.Setenv("KAFKA_SASL_PASSWORD", password)
	t.Setenv("KAFKA_SASL_TOKEN", token)
	t.Setenv("KAFKA_TLS_KEY", password)
	t.Setenv("KAFKA_CONNECT_TIMEOUT", "soon")
	c, err := kafka.LoadConfig("")
	if err == nil {
		t.Fatal("no error")
	}
	if found := append(m.InError(err, everything.UsersOwn), m.In(fmt.Sprintf("%+v %#v", c, c))...); len(found) > 0 {
		t.Errorf("%q is in the error %v, what it wraps, or what was loaded", found, err)
	}
}

// testDocumented checks that lines have the attributes that docs/logs.md says.
func testDocumented(t *testing.T, lines []tapped) {
	t.Helper()
	documented := make(map[string]logLine)
	for _, l := range documentedLines(t) {
		documented[l.message] = l
	}
	for _, l := range lines {
		want, known := documented[l.message]
		if !l.ours() {
			continue
		}
		var names []string
		for _, a := range l.attributes {
			names = append(names, a.Key)
		}
		if !strings.Contains(want.attributes, "topic") { // a connection's may have them, as the page says
			names = slices.DeleteFunc(names, func(name string) bool { return name == "topic" || name == "group" })
		}
		if !known || l.level != want.level || inOrder(names...) != want.attributes {
			t.Errorf("the line %+v is documented as %+v", l, want)
		}
	}
}
