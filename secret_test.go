package kafka_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/typedkafka/kafka"
)

const password = "hunter2"

// forms are the ways that a secret comes to be printed.
func forms() map[string]any {
	s := kafka.NewSecret(password)
	c := kafka.Config{Brokers: []string{"a:1"}, SASL: kafka.SASLConfig{User: "bob", Password: s}}
	type within struct {
		Exported   kafka.Secret
		unexported kafka.Secret
		config     kafka.Config
		pointer    *kafka.Config
	}
	return map[string]any{
		"alone": s, "by pointer": &s, "in a list": []kafka.Secret{s}, "in a map": map[kafka.Secret]kafka.Secret{s: s},
		"in any": []any{s}, "config": c, "config by pointer": &c, "section": c.SASL,
		"in the application's own struct": within{s, s, c, &c}, "in that by pointer": &within{s, s, c, &c},
	}
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	leaks := func(t *testing.T, how, printed string) {
		t.Helper()
		for _, form := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password), fmt.Sprintf("% x", password),
			fmt.Sprintf("%d", []byte(password)), fmt.Sprintf("%b", []byte(password)), fmt.Sprintf("%v", []rune(password))} {
			if strings.Contains(printed, form) || strings.Contains(printed, strings.Trim(form, "[]")) {
				t.Errorf("%s prints it: %s", how, printed)
			}
		}
	}
	for what, v := range forms() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, flags := range []string{"", "+", "#", "-20", " ", "0", ".3", "# "} {
				for verb := rune('!'); verb < 127; verb++ { // verbs that fmt does not know too
					if strings.ContainsRune("%*[.+-# 0123456789", verb) {
						continue
					}
					format := "%" + flags + string(verb)
					leaks(t, format, fmt.Sprintf(format, v))
				}
			}
			leaks(t, "Print", fmt.Sprint(v))
			for _, format := range []string{"no verb", "%*d", "%[3]d", "%w %w"} {
				leaks(t, format, fmt.Sprintf(format, v, v))
			}
			leaks(t, "an error", fmt.Errorf("%w: %v", errors.ErrUnsupported, v).Error())
			if encoded, err := json.Marshal(v); err == nil {
				leaks(t, "JSON", string(encoded))
			}
			if encoded, err := xml.Marshal(v); err == nil {
				leaks(t, "XML", string(encoded))
			}
			if encoded, err := yaml.Marshal(v); err == nil {
				leaks(t, "YAML", string(encoded))
			}
			for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
				"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
				"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			} {
				var b bytes.Buffer
				slog.New(handler(&b)).With("with", v).WithGroup("g").Error("x", "v", v, slog.Group("h", slog.Any("v", v)))
				leaks(t, "slog "+name, b.String())
			}
		})
	}
}

func TestSecretShowsThatItIsThere(t *testing.T) {
	t.Parallel()
	c := kafka.Config{SASL: kafka.SASLConfig{Password: kafka.NewSecret(password)}}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "password", c.SASL.Password, "config", c)
	for how, printed := range map[string]string{
		"%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c), "%v": fmt.Sprint(c.SASL.Password), "%x": fmt.Sprintf("%x", c.SASL.Password),
		"JSON": string(encoded), "YAML": string(asYAML), "slog": logged.String(), "String": c.SASL.Password.String(),
	} {
		if !strings.Contains(printed, "****") {
			t.Errorf("%s: %s", how, printed)
		}
	}
	if printed := fmt.Sprintf("%v%s", kafka.Secret{}, kafka.NewSecret("")); printed != "" {
		t.Errorf("no secret prints %q", printed)
	}
}

func TestSecretHoldsItsText(t *testing.T) {
	t.Parallel()
	var decoded struct{ Password kafka.Secret }
	if err := json.Unmarshal([]byte(`{"Password": "hunter2"}`), &decoded); err != nil {
		t.Fatal(err)
	}
	s := kafka.NewSecret(password)
	if s.Reveal() != password || decoded.Password.Reveal() != password || !s.Equal(decoded.Password) {
		t.Error("it lost its text")
	}
	if s.IsZero() || !kafka.NewSecret("").IsZero() || s.Equal(kafka.Secret{}) || (kafka.Secret{}).Reveal() != "" {
		t.Error("it can't tell nothing from something")
	}
}
