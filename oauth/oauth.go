// Package oauth logs in to Kafka by OAUTHBEARER with the client credentials of OAuth 2.0 (RFC 6749, section 4.4). It is a module of
// its own, so that who does without it does without golang.org/x/oauth2.
//
//	proxy, err := kafka.NewProxy(cfg, oauth.WithClientCredentials(oauth.ClientCredentials{
//		TokenURL: "https://id.example.com/token", ClientID: "billing", ClientSecretFile: "/run/secrets/kafka",
//	}))
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	bearer "github.com/twmb/franz-go/pkg/sasl/oauth"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/readfile"
)

// ClientCredentials say where tokens come from. They may be printed: the secret is a [kafka.Secret].
type ClientCredentials struct {
	// TokenURL is the token endpoint. Required.
	TokenURL string
	// ClientID is who the application is there. Required.
	ClientID string
	// ClientSecret never prints. Either it or ClientSecretFile is required.
	ClientSecret kafka.Secret
	// ClientSecretFile is a file that holds the secret and nothing else. It is read again for each new token.
	ClientSecretFile string
	// Scopes are asked for; none is the endpoint's default.
	Scopes []string
	// EndpointParams are further parameters of the request, such as an audience.
	EndpointParams url.Values
	// HTTPClient asks. Defaults to http.DefaultClient.
	HTTPClient *http.Client
}

// WithClientCredentials authenticates by tokens of an endpoint. A token is asked for when the first connection needs one, kept, and
// asked for again shortly before it expires; connections that are made meanwhile share one question. Asking has
// Config.ConnectTimeout. An endpoint that is down is an error that waiting may heal, one that refuses the credentials is not (see
// kafka.Temporary); errors.As finds the *oauth2.RetrieveError in it. What is missing in c is an error of the first connection.
func WithClientCredentials(c ClientCredentials) kafka.ProxyOption {
	s := &source{credentials: c}
	return kafka.WithSASL(bearer.Oauth(func(ctx context.Context) (bearer.Auth, error) {
		token, err := s.token(ctx)
		return bearer.Auth{Token: token}, err
	}))
}

// A source keeps the last token. It is safe for concurrent use.
type source struct {
	credentials ClientCredentials

	turn sync.Mutex // held while somebody asks: the others wait for his token
	last *oauth2.Token
}

func (s *source) token(ctx context.Context) (string, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.last.Valid() {
		return s.last.AccessToken, nil
	}
	token, err := s.credentials.ask(ctx)
	if err != nil {
		return "", fmt.Errorf("token endpoint %s, as client %q: %w", shown(s.credentials.TokenURL), s.credentials.ClientID, err)
	}
	s.last = token
	return token.AccessToken, nil
}

func (c ClientCredentials) ask(ctx context.Context) (*oauth2.Token, error) {
	if c.TokenURL == "" || c.ClientID == "" {
		return nil, kafka.Permanent(errors.New("set TokenURL and ClientID of ClientCredentials"))
	}
	secret, err := c.secret()
	if err != nil {
		return nil, err
	}
	if c.HTTPClient != nil {
		ctx = context.WithValue(ctx, oauth2.HTTPClient, c.HTTPClient)
	}
	asked := clientcredentials.Config{
		ClientID: c.ClientID, ClientSecret: secret, TokenURL: c.TokenURL, Scopes: c.Scopes, EndpointParams: c.EndpointParams,
	}
	token, err := asked.Token(ctx)
	if err != nil {
		return nil, explain(err)
	}
	return token, nil
}

// largestSecret bounds what is read of a file: a path may lead anywhere.
const largestSecret = 1 << 20

func (c ClientCredentials) secret() (string, error) {
	switch {
	case c.ClientSecretFile != "" && !c.ClientSecret.IsZero():
		return "", kafka.Permanent(errors.New("ClientSecret and ClientSecretFile are both given: remove one"))
	case c.ClientSecretFile == "" && c.ClientSecret.IsZero():
		return "", kafka.Permanent(errors.New("set ClientSecret or ClientSecretFile of ClientCredentials"))
	case c.ClientSecretFile == "":
		return c.ClientSecret.Reveal(), nil
	}
	content, err := readfile.AtMost(c.ClientSecretFile, largestSecret)
	if err != nil {
		return "", fmt.Errorf("ClientSecretFile can't be read: %w", err)
	}
	if secret := strings.TrimRight(string(content), "\r\n"); strings.TrimSpace(secret) != "" {
		return secret, nil
	}
	return "", fmt.Errorf("ClientSecretFile %q is empty: write the secret into it, and nothing else", c.ClientSecretFile)
}

// An askError is a failed question in our own words: those of the library quote the endpoint's whole answer, which may hold a token,
// and the URL, which may hold a password.
type askError struct {
	text string
	err  error
}

func (e *askError) Error() string { return e.text }
func (e *askError) Unwrap() error { return e.err }

// plainWord is an error code of RFC 6749, section 5.2. An endpoint that lies could write anything in its place.
var plainWord = regexp.MustCompile(`^[a-z_]{1,40}$`)

func explain(err error) error {
	var refused *oauth2.RetrieveError
	var failed *url.Error
	switch {
	case errors.As(err, &refused):
		text := "it answers " + http.StatusText(refused.Response.StatusCode)
		if plainWord.MatchString(refused.ErrorCode) {
			text += ", " + refused.ErrorCode
		}
		told := &askError{text, err}
		if status := refused.Response.StatusCode; status >= 400 && status < 500 && status != http.StatusRequestTimeout &&
			status != http.StatusTooManyRequests {
			told.text += ": check ClientID, ClientSecret and Scopes"
			return kafka.Permanent(told)
		}
		return told
	case errors.As(err, &failed):
		return &askError{fmt.Sprintf("it can't be asked: %v: check TokenURL, and that it runs", failed.Err), err}
	default:
		return &askError{"its answer can't be understood: check TokenURL", err}
	}
}

// shown is a URL without what may be secret in it.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "that can't be parsed"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
