package leak_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/leak"
)

// What is searched must be found, in whatever form it comes: a search that finds nothing proves nothing.
func TestMarksAreFound(t *testing.T) {
	t.Parallel()
	m := leak.New()
	text, n, own := m.Secret("secret"), m.Number("number"), m.Own("own")
	for how, printed := range map[string]string{
		"as it is": "x" + text + "y", "upper case": strings.ToUpper(text), "%q": fmt.Sprintf("%q", text), "%x": fmt.Sprintf("%x", text),
		"% x": fmt.Sprintf("% x", text), "hex": hex.EncodeToString([]byte("ab" + text + "c")), "bytes": fmt.Sprint([]byte(`{"` + text + `"}`)),
		"%#v": fmt.Sprintf("%#v", struct{ S string }{text}), "base64": base64.StdEncoding.EncodeToString([]byte(text)),
		"base64, 1 on": base64.StdEncoding.EncodeToString([]byte("a" + text + "b")), "base64, 2 on": base64.URLEncoding.EncodeToString([]byte("ab" + text)),
	} {
		if got := m.In(printed); len(got) != 1 || got[0] != "secret" {
			t.Errorf("%s: found %q in %q", how, got, printed)
		}
	}
	if got := m.In(fmt.Sprintf(`{"qty":%d}`, n)); len(got) != 1 || got[0] != "number" {
		t.Errorf("found %q of a number", got)
	}
	if in, inLog := m.In(own), m.InLog(own); len(in) != 0 || len(inLog) != 1 {
		t.Errorf("what is a user's own: found %q anywhere, %q in a log", in, inLog)
	}
	if got := m.InLog("mark is no mark, nor is own, nor 12345 in " + leak.New().Secret("other")); len(got) > 0 {
		t.Errorf("found %q where nothing is", got)
	}
}

func TestMarksAreFoundInWrappedErrors(t *testing.T) {
	t.Parallel()
	m := leak.New()
	inner := hiding{errors.New(m.Secret("secret"))}
	nobodys := func(error) bool { return false }
	for _, err := range []error{inner, fmt.Errorf("no: %w", inner), errors.Join(errors.New("x"), fmt.Errorf("y: %w", inner))} {
		if got := m.InError(err, nobodys); len(got) == 0 {
			t.Errorf("found nothing in what %q wraps", err)
		}
		if got := m.InError(err, func(err error) bool { _, is := err.(hiding); return is }); len(got) > 0 {
			t.Errorf("found %q in a user's own", got)
		}
	}
}

// A hiding error has a text without what it wraps.
type hiding struct{ err error }

func (hiding) Error() string   { return "hidden" }
func (h hiding) Unwrap() error { return h.err }
