package kafka_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/viper"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/gauge"
)

// hostileFiles are made to take a parser's time, memory or stack, by format: YAML, JSON, TOML.
func hostileFiles() map[uint8][][]byte {
	repeat := func(what string, n int) string { return strings.Repeat(what, n) }
	var aliases strings.Builder // each of nine is nine of the one before: 9⁹ in all
	aliases.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&aliases, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	var merges strings.Builder
	merges.WriteString("m0: &m0 {k: v}\n")
	for i := range 60 {
		fmt.Fprintf(&merges, "m%d: &m%d {<<: [*m%d, *m%d], k%d: v}\n", i+1, i+1, i, i, i)
	}
	all := map[uint8][]string{
		0: {aliases.String(), aliases.String() + "topics: *a9\n", merges.String() + "sasl: *m60\n", repeat("[", 50_000), repeat("{a: ", 10_000), repeat("- ", 50_000),
			repeat("? ", 20_000), "a: " + repeat("!!str ", 10_000), "? " + repeat("[", 5000), repeat("a:\n ", 5000), "brokers: [" + repeat("a:1, ", 20_000) + "]"},
		1: {repeat("[", 100_000), repeat(`{"a":`, 50_000), `{"brokers":[` + repeat(`"a:1",`, 20_000) + `"a:1"]}`, `{"topics":` + repeat("[", 9999) + repeat("]", 9999) + "}",
			`{"` + repeat("k", 200_000) + `":1}`, `{"` + repeat("a.", 50_000) + `":1}`, `{"producer":{"linger":1` + repeat("0", 100_000) + "}}"},
		2: {"a = " + repeat("[", 100_000), repeat("[[a]]\n", 20_000), repeat("a.", 50_000) + "b = 1", "[" + repeat("a.", 50_000) + "b]", "a = " + repeat("{a = ", 20_000),
			"brokers = [" + repeat("'a:1',", 20_000) + "]", "a = \"\"\"" + repeat("\"", 50_000)},
	}
	seeds := make(map[uint8][][]byte)
	for format, texts := range all {
		for _, text := range texts {
			seeds[format] = append(seeds[format], []byte(text))
		}
	}
	return seeds
}

// A file that is made to take a parser's time, memory or stack costs no more than a file of its size may.
func TestHostileFiles(t *testing.T) { // alone, since it measures
	for format, seeds := range hostileFiles() {
		for i, doc := range seeds {
			file := filepath.Join(t.TempDir(), "kafka."+[]string{"yaml", "json", "toml"}[format])
			if err := os.WriteFile(file, doc, 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			spent := allocated(func() { _, _ = kafka.LoadConfig(file) })
			if took := time.Since(start); took > time.Minute || spent > 1<<30 && !gauge.Race {
				t.Errorf("%s %d, %d bytes: %s, %d MB: %.60q", filepath.Ext(file), i, len(doc), took, spent>>20, doc)
			} else {
				t.Logf("%s %d, %d bytes: %s, %d MB", filepath.Ext(file), i, len(doc), took.Round(time.Millisecond), spent>>20)
			}
		}
	}
}

// FuzzEnvironment loads any texts from the environment: those of one leaf of each kind, and of a topic of any alias. Nothing panics, what
// was loaded is valid, and a password is in no error.
func FuzzEnvironment(f *testing.F) {
	for _, seed := range []string{"", "a:1,b:2", ",,,", "10s", "1e9", "0x10", "true", "\n", "retention.ms=1,cleanup.policy=compact,delete", "=", "=,=", "[]", "{}",
		strings.Repeat("a:1,", 5000), strings.Repeat("9", 5000), "\xff\xfe", "${HOME}", "-----BEGIN CERTIFICATE-----"} {
		f.Add("ORDERS", seed)
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, alias, value string) {
		if strings.ContainsRune(value, 0) || strings.ContainsAny(alias, "\x00=") {
			return // no environment has it
		}
		const secret = "hunter2 is the password"
		t.Setenv("KAFKA_SASL_PASSWORD", secret)
		for _, leaf := range []string{"BROKERS", "CONNECT_TIMEOUT", "TLS_ENABLED", "TLS_CA", "SASL_MECHANISM", "PRODUCER_LINGER", "PRODUCER_ACKS",
			"CONSUMER_MAX_MESSAGE_BYTES", "TOPICS_" + alias + "_NAME", "TOPICS_" + alias + "_PARTITIONS", "TOPICS_" + alias + "_CONFIGS"} {
			t.Setenv("KAFKA_"+leaf, value)
		}
		c, err := kafka.LoadConfig("")
		switch {
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("it tells the password: %v", err)
		case err == nil && len(c.Brokers) > 0 && c.Validate() != nil:
			t.Errorf("it was loaded and is invalid: %v", c.Validate())
		}
	})
}

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
	for format, seeds := range hostileFiles() {
		for _, seed := range seeds {
			f.Add(format, seed)
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
		const plain = 4 << 10
		if len(doc) > plain || bytes.ContainsAny(doc, "&*") {
			return // the application's own viper bounds nothing: here it would be what is tested
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
