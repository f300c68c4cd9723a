package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// saslMechanisms are those that a configuration can name.
var saslMechanisms = []string{saslPlain, saslScram256, saslScram512, saslOAuth, saslAWS}

// WithSASL authenticates by a mechanism of franz-go, in place of Config.SASL: for credentials that a function makes, and for what
// Config has no words for. The function is called for each new connection, and again before its login expires, on any goroutine; it
// has Config.ConnectTimeout. What it returns as an error is returned by the call that needed the connection, which may be made again
// (see Temporary), unless it is marked with [Permanent].
//
//	kafka.WithSASL(oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) { … }))           // a token, pkg/sasl/oauth
//	kafka.WithSASL(aws.ManagedStreamingIAM(func(ctx context.Context) (aws.Auth, error) { … })) // AWS MSK, pkg/sasl/aws
//	kafka.WithSASL(kerberos.Auth{…}.AsMechanismWithClose())                                    // franz-go's module pkg/sasl/kerberos
//
// A mechanism that is to be closed is, with the proxy.
//
// Client credentials against a token endpoint are in the module github.com/typedkafka/kafka/oauth.
func WithSASL(m sasl.Mechanism) ProxyOption {
	return func(o *proxyOptions) { o.mechanism = m }
}

// mechanism returns nil where no authentication is configured. Files are read for each login.
func (c SASLConfig) mechanism() sasl.Mechanism {
	switch strings.ToUpper(c.Mechanism) {
	case saslPlain:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			password, err := c.password()
			return plain.Auth{User: c.User, Pass: password}, err
		})
	case saslScram256:
		return scram.Sha256(c.scram)
	case saslScram512:
		return scram.Sha512(c.scram)
	case saslOAuth:
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			token, err := c.token()
			return oauth.Auth{Token: token}, err
		})
	case saslAWS:
		return aws.ManagedStreamingIAM(c.aws)
	}
	return nil
}

func (c SASLConfig) scram(context.Context) (scram.Auth, error) {
	password, err := c.password()
	return scram.Auth{User: c.User, Pass: password}, err
}

func (c SASLConfig) aws(context.Context) (aws.Auth, error) {
	secret, secretErr := c.password()
	token, tokenErr := c.token()
	return aws.Auth{AccessKey: c.User, SecretKey: secret, SessionToken: token}, errors.Join(secretErr, tokenErr)
}

func (c SASLConfig) hasPassword() bool   { return !c.Password.IsZero() || c.PasswordFile != "" }
func (c SASLConfig) hasToken() bool      { return !c.Token.IsZero() || c.TokenFile != "" }
func (c SASLConfig) passwordKey() string { return eitherKey("sasl.password", c.PasswordFile) }
func (c SASLConfig) tokenKey() string    { return eitherKey("sasl.token", c.TokenFile) }

func (c SASLConfig) password() (string, error) {
	return secretOf(c.Password, "sasl.password_file", c.PasswordFile)
}

func (c SASLConfig) token() (string, error) {
	return secretOf(c.Token, "sasl.token_file", c.TokenFile)
}

// secretOf returns a secret, or what the file of a setting holds now.
func secretOf(s Secret, key, file string) (string, error) {
	if file == "" {
		return s.Reveal(), nil
	}
	text, err := readSecret(file)
	if err != nil {
		return "", &settingFault{key: key, err: err}
	}
	return text, nil
}

// readSecret returns what a file holds, without the line ends that editors leave behind.
func readSecret(file string) (string, error) {
	content, err := readSmall(file)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(content), "\r\n")
	if strings.TrimSpace(text) == "" {
		return "", fmt.Errorf("%q is empty: write the secret into it, and nothing else", file)
	}
	return text, nil
}

// A login is a mechanism that gives its function only a time, remembers as whom it authenticated, and says what the broker answered. It
// has no Close, by which each of a proxy's clients would end it for the others.
type login struct {
	sasl.Mechanism
	timeout time.Duration
	access  *access
}

// gssapi is the one mechanism whose session goes on using the context of its beginning.
const gssapi = "GSSAPI"

// Authenticate makes the credentials and begins a session with them.
func (l login) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	if l.Name() != gssapi {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.timeout)
		defer cancel()
	}
	l.access.asking.Add(1)
	session, first, err := l.Mechanism.Authenticate(ctx, host)
	l.access.asking.Add(-1)
	if err != nil {
		return nil, nil, &credentialsError{err}
	}
	who := identify(l.Name(), first)
	l.access.became(who)
	l.access.confided.add(l.Name(), first)
	if l.Name() == saslOAuth {
		return tokenSession{session, who}, first, nil
	}
	return session, first, nil
}

// A credentialsError is the failure to make credentials: of a user's function, or of a file.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "no credentials could be made: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }
