package oauth

// It tests from inside, since a token shows nowhere but at a broker; the module integration tests it there.

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/oauth2"

	"github.com/typedkafka/kafka"
)

const word = "cl1ent-s3cret"

// endpoint is a token endpoint that answers with a number of its own each time.
func endpoint(t *testing.T, lifetime int) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if err := r.ParseForm(); err != nil || id != "billing" || secret != word || r.Form.Get("grant_type") != "client_credentials" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":"%s is wrong"}`, secret)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d-%s","token_type":"bearer","expires_in":%d}`, asked.Add(1), r.Form.Get("scope"), lifetime)
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

// A token is asked for once and shared, and again when it is about to expire.
func TestTokensAreKept(t *testing.T) {
	t.Parallel()
	for lifetime, want := range map[int]int32{3600: 1, 1: 8} {
		server, asked := endpoint(t, lifetime)
		s := &source{credentials: ClientCredentials{TokenURL: server.URL, ClientID: "billing", ClientSecret: kafka.NewSecret(word), Scopes: []string{"kafka"}}}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if token, err := s.token(t.Context()); err != nil || !strings.HasPrefix(token, "token-") || !strings.HasSuffix(token, "-kafka") {
					t.Errorf("%q, %v", token, err)
				}
			})
		}
		wg.Wait()
		if got := asked.Load(); got != want {
			t.Errorf("asked %d times for tokens of %d s, want %d", got, lifetime, want)
		}
	}
}

func TestSecretFile(t *testing.T) {
	t.Parallel()
	server, _ := endpoint(t, 1)
	file := filepath.Join(t.TempDir(), "secret")
	s := &source{credentials: ClientCredentials{TokenURL: server.URL, ClientID: "billing", ClientSecretFile: file}}
	for _, step := range []struct{ content, want string }{
		{"wr0ng", "Unauthorized, invalid_client: check ClientID, ClientSecret"}, {word + "\n", ""}, {"\n", "is empty: write the secret into it"},
	} {
		if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.token(t.Context())
		if (err == nil) != (step.want == "") || err != nil && !strings.Contains(err.Error(), step.want) {
			t.Errorf("want %q: %v", step.want, err)
		}
		if err != nil && strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("it shows the secret: %v", err)
		}
	}
}

// Each failure says what to look at, whether waiting helps, and no secret.
func TestFailures(t *testing.T) {
	t.Parallel()
	server, _ := endpoint(t, 1)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(broken.Close)
	nonsense := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }))
	t.Cleanup(nonsense.Close)
	closed := httptest.NewServer(nil)
	closed.Close()
	good := kafka.NewSecret(word)
	for name, tt := range map[string]struct {
		credentials ClientCredentials
		want        string
		temporary   bool
	}{
		"refused":   {ClientCredentials{TokenURL: server.URL, ClientID: "billing", ClientSecret: kafka.NewSecret("x" + word)}, "invalid_client", false},
		"down":      {ClientCredentials{TokenURL: strings.Replace(closed.URL, "http://", "http://u:"+word+"@", 1), ClientID: "billing", ClientSecret: good}, "connection refused", true},
		"broken":    {ClientCredentials{TokenURL: broken.URL, ClientID: "billing", ClientSecret: good}, "it answers Service Unavailable", true},
		"nonsense":  {ClientCredentials{TokenURL: nonsense.URL, ClientID: "billing", ClientSecret: good}, "can't be understood", true},
		"no URL":    {ClientCredentials{ClientID: "billing", ClientSecret: good}, "set TokenURL", false},
		"no secret": {ClientCredentials{TokenURL: server.URL, ClientID: "billing"}, "set ClientSecret or", false},
		"two":       {ClientCredentials{TokenURL: server.URL, ClientID: "billing", ClientSecret: good, ClientSecretFile: "x"}, "remove one", false},
		"no file":   {ClientCredentials{TokenURL: server.URL, ClientID: "billing", ClientSecretFile: "/no/such"}, "no such file", true},
	} {
		_, err := (&source{credentials: tt.credentials}).token(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), word) {
			t.Errorf("%s: want %q: %v", name, tt.want, err)
		}
		// What is not marked with Permanent is Temporary as the error of a login; see kafka.WithSASL. Here a full buffer stands for it.
		if kafka.Temporary(errors.Join(kafka.ErrBufferFull, err)) != tt.temporary {
			t.Errorf("%s: temporary is not %v: %v", name, tt.temporary, err)
		}
		if name == "down" && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var refused *oauth2.RetrieveError
	_, err := (&source{credentials: ClientCredentials{TokenURL: server.URL, ClientID: "x", ClientSecret: good}}).token(t.Context())
	if !errors.As(err, &refused) || kafka.Temporary(err) {
		t.Errorf("%v", err)
	}
}
