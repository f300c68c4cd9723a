package kafka

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
)

// A confided holds what was sent to brokers as credentials, so that no broker that lies, or says too much, gets it into an error or the
// log by quoting it: what a broker never had it can't quote. It is safe for concurrent use.
type confided struct {
	mu      sync.Mutex // guards secrets
	secrets []string   // the newest last
}

const (
	mostConfided  = 16 // a token is renewed now and then; older ones are of no connection
	leastConfided = 4  // bytes of a secret that can be told from words
)

// add keeps the secrets that a mechanism's first message has.
func (c *confided) add(mechanism string, first []byte) {
	secret := secretIn(mechanism, string(first))
	if len(secret) < leastConfided {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.secrets, secret) {
		return
	}
	if len(c.secrets) == mostConfided {
		c.secrets = slices.Delete(c.secrets, 0, 1)
	}
	c.secrets = append(c.secrets, secret)
}

// secretIn is the secret in the first message of a mechanism. Those that are not named here send none.
func secretIn(mechanism, first string) string {
	switch mechanism {
	case saslPlain: // RFC 4616: authzid NUL user NUL password
		if parts := strings.SplitN(first, "\x00", 3); len(parts) == 3 {
			return parts[2]
		}
	case saslOAuth:
		return tokenIn(first)
	case saslAWS: // the secret key only signs
		var doc struct {
			Token string `json:"x-amz-security-token"`
		}
		_ = json.Unmarshal([]byte(first), &doc) // franz-go made it
		return doc.Token
	}
	return ""
}

// tokenIn is the token in the first message of OAUTHBEARER (RFC 7628: n,,^Aauth=Bearer token^A^A).
func tokenIn(first string) string {
	for part := range strings.SplitSeq(first, "\x01") {
		if token, is := strings.CutPrefix(part, "auth=Bearer "); is {
			return token
		}
	}
	return ""
}

// hide replaces the secrets in a text.
func (c *confided) hide(text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

// redact hides in an error what a broker quoted of the credentials that it was sent.
func (a *access) redact(err error) error {
	if a == nil || err == nil {
		return err
	}
	text := err.Error()
	if shown := a.confided.hide(text); shown != text {
		return &redactedError{shown, err}
	}
	return err
}

// A redactedError is an error that quoted a secret. It is found as what it was, and does not give it back: a log that walks what errors
// wrap would print it.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redactedError) As(target any) bool   { return errors.As(e.err, target) }
