package kafka

// It tests from inside: what is read of a first message shows only in errors of real brokers.

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

func jwt(claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(claims)) + "."
}

// A new password or token in a file counts at the next login, and one that is gone or empty is an error that names file and setting.
func TestSecretFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	for mechanism, key := range map[string]string{saslPlain: "sasl.password_file", saslOAuth: "sasl.token_file"} {
		file := filepath.Join(t.TempDir(), "secret")
		put := func(text string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := SASLConfig{Mechanism: mechanism, User: "alice", PasswordFile: file}
		if mechanism == saslOAuth {
			c = SASLConfig{Mechanism: mechanism, TokenFile: file}
		}
		m := c.mechanism()
		for _, secret := range []string{"first", "second word"} {
			put(secret + "\r\n")
			_, first, err := m.Authenticate(t.Context(), "a:1")
			if err != nil || !strings.Contains(string(first), secret) || strings.ContainsAny(string(first), "\r\n") {
				t.Errorf("%s sends %q, %v", mechanism, first, err)
			}
		}
		put(" \n")
		if _, _, err := m.Authenticate(t.Context(), "a:1"); err == nil || !strings.Contains(err.Error(), key+`: "`+file+`" is empty: write the secret`) {
			t.Errorf("an empty file: %v", err)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.Authenticate(t.Context(), "a:1"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), key+`: can't read "`+file) {
			t.Errorf("no file: %v", err)
		}
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ mechanism, first, want string }{
		{saslPlain, "\x00alice\x00word\x00with nul", "alice"},
		{saslPlain, "admin\x00alice\x00word", "alice"},
		{saslPlain, "alice", ""},
		{saslScram256, "n,,n=al=2Ci=3Dce,r=abc", "al,i=ce"},
		{saslScram512, "", ""},
		{saslOAuth, "n,,\x01auth=Bearer " + jwt(`{"sub":"svc"}`) + "\x01\x01", "svc"},
		{saslOAuth, "n,,\x01auth=Bearer opaque\x01\x01", ""},
		{saslOAuth, "n,,\x01auth=Bearer a.b.c\x01\x01", ""},
		{saslOAuth, "n,,\x01auth=Bearer " + jwt(`{"sub":7}`) + "\x01\x01", ""},
		{"GSSAPI", "\x00alice\x00word", ""},
	} {
		if got := identify(tt.mechanism, []byte(tt.first)).name; got != tt.want {
			t.Errorf("%s %q is %q", tt.mechanism, tt.first, got)
		}
	}
}

// A refused token says what its own times tell, and never the token, not even where the broker sends it back.
func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	now := time.Now().Unix()
	for name, tt := range map[string]struct{ token, answer, want string }{
		"expired":          {jwt(fmt.Sprintf(`{"sub":"a","exp":%d}`, now-60)), `{"status":"invalid_token"}`, "it expired at "},
		"a clock is wrong": {jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now+600, now+900)), `{"status":"invalid_token"}`, "the clock of this machine or of its issuer is wrong"},
		"not here":         {jwt(fmt.Sprintf(`{"sub":"a","exp":%d}`, now+60)), `{"status":"invalid_token"}`, `with "invalid_token"; by this machine's clock it is valid until `},
		"opaque":           {"opaque-t0ken", `{"status":"opaque-t0ken"}`, "when it is valid can't be read from it"},
		"no JSON":          {"opaque-t0ken", "opaque-t0ken", "the broker refused the token; when"},
		"absurd times":     {jwt(`{"sub":"a","exp":1e300}`), `{}`, "when it is valid"},
	} {
		a := &access{}
		session, _, err := login{oauth.Auth{Token: tt.token}.AsMechanism(), time.Minute, a}.Authenticate(t.Context(), "a:1")
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = session.Challenge([]byte(tt.answer))
		if !errors.Is(err, kerr.SaslAuthenticationFailed) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: want %q: %v", name, tt.want, err)
		}
		if strings.Contains(err.Error(), tt.token) || Temporary(err) {
			t.Errorf("%s: %v", name, err)
		}
		if done, _, err := session.Challenge(nil); !done || err != nil {
			t.Errorf("%s: an empty answer is %v, %v", name, done, err)
		}
	}
}

// A function that makes credentials has a time, even where it does not look at its context.
func TestCredentialsFunction(t *testing.T) {
	t.Parallel()
	down := errors.New("the token endpoint is down")
	fails := plain.Plain(func(context.Context) (plain.Auth, error) { return plain.Auth{}, down })
	_, _, err := login{fails, time.Minute, &access{}}.Authenticate(t.Context(), "a:1")
	if !errors.Is(err, down) || !Temporary(err) {
		t.Errorf("%v", err)
	}
	refused := plain.Plain(func(context.Context) (plain.Auth, error) { return plain.Auth{}, Permanent(down) })
	if _, _, err := (login{refused, time.Minute, &access{}}).Authenticate(t.Context(), "a:1"); !errors.Is(err, down) || Temporary(err) {
		t.Errorf("%v", err)
	}
	waits := plain.Plain(func(ctx context.Context) (plain.Auth, error) { <-ctx.Done(); return plain.Auth{}, ctx.Err() })
	if _, _, err := (login{waits, time.Millisecond, &access{}}).Authenticate(t.Context(), "a:1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	secured := TLSConfig{Enabled: true}
	for want, c := range map[string]Config{
		"User:ANONYMOUS": {TLS: secured},
		"User:alice":     {SASL: SASLConfig{Mechanism: saslScram256, User: "alice", Password: NewSecret("x")}},
		"":               {TLS: secured, SASL: SASLConfig{Mechanism: saslAWS, User: "AKIA", Password: NewSecret("x")}},
	} {
		if got := newAccess(c, nil, nil).principal(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A broker that sends back what it was sent shows no secret, whatever it answers: neither in the error's text nor in what it wraps.
func TestBrokersWordsAreRedacted(t *testing.T) {
	t.Parallel()
	const secret = "hunter22"
	for mechanism, c := range map[string]SASLConfig{
		saslPlain: {User: "alice", Password: NewSecret(secret)},
		saslOAuth: {Token: NewSecret(secret)},
		saslAWS:   {User: "AKIA", Password: NewSecret("only signs"), Token: NewSecret(secret)},
	} {
		c.Mechanism = mechanism
		a := newAccess(Config{Brokers: []string{"a:1"}, SASL: c, ConnectTimeout: time.Minute, TLS: TLSConfig{Enabled: mechanism == saslAWS}}, nil, nil)
		if _, _, err := a.mechanism.Authenticate(t.Context(), "kafka.eu-west-1.amazonaws.com:9098"); err != nil {
			t.Fatal(err)
		}
		for _, code := range []*kerr.Error{kerr.SaslAuthenticationFailed, kerr.UnknownServerError} {
			said := fmt.Errorf("%w: no user alice with %s.", code, secret)
			told := a.connectError("a:1", said)
			if text := a.forbidden(said, need{}).Error(); strings.Contains(text, secret) {
				t.Errorf("%s: %s", mechanism, text)
			}
			if text := told.Error(); strings.Contains(text, secret) || !strings.Contains(text, "alice with ****") {
				t.Errorf("%s: %s", mechanism, text)
			}
			var known *kerr.Error
			if !errors.Is(told, code) || !errors.As(told, &known) || known != code {
				t.Errorf("%s: %v is no %s", mechanism, told, code.Message)
			}
			if errors.Unwrap(told.Err) != nil {
				t.Errorf("%s: what was hidden can be unwrapped", mechanism)
			}
		}
	}
}

// Of the secrets that were sent the newest are known, and of those that are too short to be told from words none.
func TestConfidedSecrets(t *testing.T) {
	t.Parallel()
	var c confided
	for i := range 2 * mostConfided {
		for range 2 {
			c.add(saslPlain, fmt.Appendf(nil, "\x00alice\x00secret%04d", i))
		}
	}
	c.add(saslPlain, []byte("\x00alice\x00abc"))
	c.add(saslPlain, []byte("no message of PLAIN"))
	c.add(saslScram256, []byte("n,,n=alice,r=nonce"))
	if len(c.secrets) != mostConfided {
		t.Errorf("%d are kept", len(c.secrets))
	}
	for text, want := range map[string]string{"secret0031": "****", "secret0016 and secret0031": "**** and ****", "secret0015": "secret0015",
		"abc": "abc", "nonce": "nonce"} {
		if got := c.hide(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
