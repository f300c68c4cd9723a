package kafka

import (
	"fmt"
	"io"
	"log/slog"
)

// A Secret is a text that never prints: in every fmt verb, in JSON, YAML, TOML and XML and in slog it is ****, also inside of
// other values. It holds its text behind a pointer, since fmt does not call the methods of what it finds in an unexported field,
// nor for a verb that does not fit. The zero value is no secret. It is immutable and safe for concurrent use.
type Secret struct{ text *string }

const hidden = "****"

// NewSecret makes a Secret of a text, for a Config that code writes.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text, for a login of your own. Don't print it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Equal reports whether both hold the same text.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// String returns ****, or "" for no secret.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return hidden
}

// Format writes ****, whatever the verb, or nothing for no secret.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.String()) // a Formatter has no way to tell an error
}

// LogValue returns ****, or "" for no secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns ****, or nothing for no secret: a configuration that is written out holds no secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the text as the secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
