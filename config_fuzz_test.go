package kafka_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/viper"

	"github.com/typedkafka/kafka"
)

// FuzzLoadConfig loads any bytes as a file of each format. Whatever they are, nothing panics, an error names the file and comes
// with no Config, what was loaded passes Validate once it has brokers, and a password of the file is in no error.
func FuzzLoadConfig(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", "null", "brokers: [a:1]", `{"brokers": ["a:1"], "topics": [{"alias": "a"}]}`, "brokers = ['a:1']\n[sasl]\nuser = 'u'",
		"[[topics]]\nalias='a'\n[[topics]]\nalias='a'", "topics: {a: {name: x}}", "topics: [1, [], {}, null]", "sasl: *hunter2", "? [a]\n: b",
		"a: &a [*a]", "1: 2\n~: 3", "sasl: {password: hunter2, user: 1}", "producer: {linger: 30, max_message_bytes: 1e400}", "<<: {group: g}",
		"tls: {enabled: maybe}", "\xff\xfe", "topics.0.name: x", "brokers.0: x", "producer.linger.x: 1", "a: b\n---\nc: d", "\"\": 1", "'.': 1",
		"..: 1", "group: a\nGroup: b", "[producer]\nlinger = 00:00:10\n", "connect_timeout: 2026-01-01", "brokers: !!binary aGk=",
		"topics: [{? {a: b} : c}]", "producer: {linger: .inf, max_buffered_records: .nan}", "{\"topics\":[{\"alias\":", "[a.b]\n[a.b.c]\nd={e=[{f=1}]}",
	} {
		for format := range uint8(3) {
			f.Add(format, []byte(seed))
		}
	}
	path := map[uint8]string{}
	for format, ext := range []string{"yaml", "json", "toml"} {
		path[uint8(format)] = filepath.Join(f.TempDir(), "fuzz."+ext)
	}
	f.Fuzz(func(t *testing.T, format uint8, doc []byte) {
		file := path[format%3]
		if err := os.WriteFile(file, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := kafka.LoadConfig(file)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "kafka: ") || !strings.Contains(err.Error(), file) {
				t.Errorf("it does not name the file: %v", err)
			}
		} else {
			c.Brokers = []string{"a:1"}
			if err := c.Validate(); err != nil {
				t.Errorf("it was loaded and is invalid: %v", err)
			}
		}
		again := viper.New()
		again.SetConfigType(strings.TrimPrefix(filepath.Ext(file), "."))
		if again.ReadConfig(bytes.NewReader(doc)) != nil {
			return
		}
		for _, root := range []string{"", "producer", "topics", "a.b"} {
			if _, err := kafka.ConfigFrom(again, root); err == nil && strings.HasPrefix(root, "topics") && c.Topics != nil {
				t.Errorf("topics is no configuration")
			}
		}
		for _, secret := range []any{again.Get("sasl.password")} {
			text, isText := secret.(string)
			if isText && len(text) > 6 && err != nil && strings.Contains(err.Error(), text) && strings.Count(string(doc), text) == 1 {
				t.Errorf("it tells the password %q: %v", text, err)
			}
		}
	})
}
