package kafka

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/sasl"
)

// An identity is as whom a session authenticates, read from its first message, since only a mechanism's function knows.
type identity struct {
	name   string
	claims claims // of a token
}

// claims are those of a token that can be read without its key, for an error's text (RFC 7519, section 4.1). Times are zero where the
// token has none.
type claims struct {
	subject   string
	notBefore time.Time
	expires   time.Time
}

// identify reads who is in the first message of a mechanism. Nothing else of it is kept.
func identify(mechanism string, first []byte) identity {
	switch mechanism {
	case saslPlain: // RFC 4616: authzid NUL user NUL password
		if parts := strings.SplitN(string(first), "\x00", 3); len(parts) == 3 {
			return identity{name: parts[1]}
		}
	case saslScram256, saslScram512: // RFC 5802: n,,n=user,r=nonce
		for part := range strings.SplitSeq(string(first), ",") {
			if name, is := strings.CutPrefix(part, "n="); is {
				return identity{name: strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name)}
			}
		}
	case saslOAuth:
		c := claimsOf(tokenIn(string(first)))
		return identity{name: c.subject, claims: c}
	}
	return identity{}
}

// claimsOf reads a token that is a JWT; of any other it knows nothing.
func claimsOf(token string) (c claims) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return c
	}
	var doc struct {
		Subject   string  `json:"sub"`
		NotBefore float64 `json:"nbf"`
		IssuedAt  float64 `json:"iat"`
		Expires   float64 `json:"exp"`
	}
	if json.Unmarshal(raw, &doc) != nil {
		return c
	}
	at := func(seconds float64) time.Time {
		if seconds <= 0 || seconds > 1<<40 {
			return time.Time{}
		}
		return time.Unix(int64(seconds), 0).UTC()
	}
	c.subject, c.expires, c.notBefore = doc.Subject, at(doc.Expires), at(max(doc.NotBefore, doc.IssuedAt))
	return c
}

// trouble says what the times of a token tell, by this machine's clock.
func (c claims) trouble(now time.Time) string {
	stamp := func(t time.Time) string { return t.Format(time.RFC3339) }
	switch {
	case !c.expires.IsZero() && !now.Before(c.expires):
		return fmt.Sprintf("it expired at %s, %s ago", stamp(c.expires), now.Sub(c.expires).Round(time.Second))
	case !c.notBefore.IsZero() && now.Before(c.notBefore):
		return fmt.Sprintf("it is valid only from %s on, in %s: the clock of this machine or of its issuer is wrong", stamp(c.notBefore),
			c.notBefore.Sub(now).Round(time.Second))
	case !c.expires.IsZero():
		return fmt.Sprintf("by this machine's clock it is valid until %s", stamp(c.expires))
	default:
		return "when it is valid can't be read from it"
	}
}

// A tokenSession is a session of OAUTHBEARER that says what the broker has against the token.
type tokenSession struct {
	sasl.Session
	who identity
}

// Challenge takes the broker's answer: empty, or a JSON text that says why not (RFC 7628, section 3.2.2).
func (s tokenSession) Challenge(answer []byte) (bool, []byte, error) {
	if len(answer) > 0 {
		return false, nil, &tokenError{status: statusOf(answer), claims: s.who.claims, at: time.Now()}
	}
	return s.Session.Challenge(answer)
}

// plainWord is a status that can be shown: a broker that lies could write anything into it, such as the token.
var plainWord = regexp.MustCompile(`^[a-z_]{1,40}$`)

func statusOf(answer []byte) string {
	var doc struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(answer, &doc) != nil || !plainWord.MatchString(doc.Status) {
		return ""
	}
	return doc.Status
}

// A tokenError is a broker's refusal of a token.
type tokenError struct {
	status string // in the broker's word
	claims claims
	at     time.Time
}

func (e *tokenError) Error() string {
	said := ""
	if e.status != "" {
		said = fmt.Sprintf(" with %q", e.status)
	}
	return fmt.Sprintf("%s: the broker refused the token%s; %s", kerr.SaslAuthenticationFailed.Message, said, e.claims.trouble(e.at))
}

func (e *tokenError) Unwrap() error { return kerr.SaslAuthenticationFailed }
