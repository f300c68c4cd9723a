package kafka_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/typedkafka/kafka"
)

// The tests set what they need: what the shell sets for real must not reach them.
func init() {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "KAFKA_") && !strings.HasPrefix(name, "KAFKA_TEST_") {
			_ = os.Unsetenv(name)
		}
	}
}

// write makes a file of a test's own and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantFaults checks that err tells each fault, and no more than those.
func wantFaults(t *testing.T, err error, faults ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", faults)
	}
	text := strings.TrimPrefix(err.Error(), "kafka: invalid configuration: ")
	for _, f := range faults {
		if !strings.Contains(text, f) {
			t.Errorf("it does not say %q:\n%v", f, err)
		}
	}
	if told := strings.Count(text, "\n") + 1; told != len(faults) {
		t.Errorf("it tells %d faults, want %d:\n%v", told, len(faults), err)
	}
}

// A leaf is one field that can be set.
type leaf struct {
	key   string
	index []int
	typ   reflect.Type
}

// leaves walks a struct by the tags of its fields, each of which must have one.
func leaves(t *testing.T, typ reflect.Type, prefix string, index []int) []leaf {
	var all []leaf
	for i := range typ.NumField() {
		f := typ.Field(i)
		tag := f.Tag.Get("mapstructure")
		if tag == "" || tag != strings.ToLower(tag) || strings.ContainsAny(tag, ".,[ ") {
			t.Errorf("%s.%s has the tag %q, which no file can name", typ, f.Name, tag)
		}
		at := append(append([]int{}, index...), i)
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[kafka.Secret]() {
			all = append(all, leaves(t, f.Type, prefix+tag+".", at)...)
			continue
		}
		all = append(all, leaf{prefix + tag, at, f.Type})
	}
	return all
}

// sample is a value for a leaf, valid by itself, and how a file or variable writes it.
func sample(l leaf) (written string, value any) {
	switch l.key {
	case "sasl.mechanism":
		return "SCRAM-SHA-512", "SCRAM-SHA-512"
	case "producer.acks":
		return "leader", "leader"
	case "producer.compression":
		return "zstd", "zstd"
	case "consumer.isolation":
		return "read_uncommitted", "read_uncommitted"
	case "brokers":
		return "one:9092,two:9093", []string{"one:9092", "two:9093"}
	}
	switch reflect.Zero(l.typ).Interface().(type) {
	case string:
		return "some-text", "some-text"
	case kafka.Secret:
		return "hunter2, with a comma", kafka.NewSecret("hunter2, with a comma")
	case bool:
		return "true", true
	case time.Duration:
		return "1m1s", time.Minute + time.Second
	case map[string]string:
		return "retention.ms=1234, cleanup.policy=compact,delete", map[string]string{"retention.ms": "1234", "cleanup.policy": "compact,delete"}
	default:
		return "1234", reflect.ValueOf(1234).Convert(l.typ).Interface()
	}
}

// company is what a leaf can't be without.
func company(t *testing.T, key string) map[string]string {
	switch key {
	case "tls.ca_file", "tls.cert_file", "tls.key_file":
		certificate, private := keyPair(t)
		return map[string]string{"tls.ca_file": certificate, "tls.cert_file": certificate, "tls.key_file": private}
	case "tls.ca", "tls.cert", "tls.key":
		certificate, private := keyPair(t)
		return map[string]string{"tls.ca": content(t, certificate), "tls.cert": content(t, certificate), "tls.key": content(t, private)}
	case "tls.server_name", "tls.insecure_skip_verify":
		return map[string]string{"tls.enabled": "true"}
	case "sasl.password_file":
		return map[string]string{"sasl.mechanism": "PLAIN", "sasl.user": "some-text", "sasl.password_file": write(t, "password", "hunter2")}
	case "sasl.token":
		return map[string]string{"sasl.mechanism": "OAUTHBEARER"}
	case "sasl.token_file":
		return map[string]string{"sasl.mechanism": "OAUTHBEARER", "sasl.token_file": write(t, "token", "a.b.c")}
	case "sasl.mechanism", "sasl.user", "sasl.password":
		return map[string]string{"sasl.mechanism": "PLAIN", "sasl.user": "some-text", "sasl.password": "hunter2"}
	case "producer.linger":
		return map[string]string{"producer.linger": "30s", "producer.delivery_timeout": "2m", "producer.max_buffered_bytes": "4"}
	}
	return nil
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func env(key string) string { return "KAFKA_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_")) }

// settings are the values of a test's leaf and its company by key, and the value that the leaf must get.
func settingsOf(t *testing.T, l leaf) (map[string]string, any) {
	all := map[string]string{}
	for key, v := range company(t, l.key) {
		all[key] = v
	}
	written, value := sample(l)
	if given, ok := all[l.key]; ok && (strings.HasPrefix(l.key, "tls.") || strings.HasSuffix(l.key, "_file")) {
		written, value = given, given
	}
	if l.key == "tls.key" {
		value = kafka.NewSecret(written)
	}
	if l.key == "producer.linger" {
		written, value = "30s", 30*time.Second
	}
	all[l.key] = written
	return all, value
}

func TestEveryLeafLoadsFromEnvironment(t *testing.T) {
	for _, l := range leaves(t, reflect.TypeFor[kafka.Config](), "", nil) {
		if l.key == "topics" {
			continue
		}
		t.Run(l.key, func(t *testing.T) {
			all, want := settingsOf(t, l)
			for key, v := range all {
				t.Setenv(env(key), v)
			}
			c, err := kafka.LoadConfig("")
			if err != nil {
				t.Fatal(err)
			}
			checkLeaf(t, c, l, want)
		})
	}
}

func TestEveryLeafLoadsFromFile(t *testing.T) {
	t.Parallel()
	for _, l := range leaves(t, reflect.TypeFor[kafka.Config](), "", nil) {
		if l.key == "topics" {
			continue
		}
		for format, doc := range map[string]func(map[string]string) string{"yaml": asYAML, "json": asJSON, "toml": asTOML} {
			t.Run(l.key+" "+format, func(t *testing.T) {
				t.Parallel()
				all, want := settingsOf(t, l)
				c, err := kafka.LoadConfig(write(t, "kafka."+format, doc(all)))
				if err != nil {
					t.Fatal(err)
				}
				checkLeaf(t, c, l, want)
			})
		}
	}
}

func checkLeaf(t *testing.T, c kafka.Config, l leaf, want any) {
	t.Helper()
	got := reflect.ValueOf(c).FieldByIndex(l.index).Interface()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is not what was set (-want +got):\n%s", l.key, diff)
	}
}

// bare reports whether a value is no text in a file.
func bare(v string) bool { return v == "true" || strings.Trim(v, "0123456789") == "" }

func literal(v string) string {
	if bare(v) {
		return v
	}
	return fmt.Sprintf("%q", v)
}

func asYAML(all map[string]string) string {
	var b strings.Builder
	for key, v := range all { // YAML takes sections as dotted keys through viper too: this one nests
		section, name, nested := strings.Cut(key, ".")
		if nested && !strings.Contains(b.String(), section+":\n") {
			fmt.Fprintf(&b, "%s:\n", section)
			for other, v := range all {
				if rest, in := strings.CutPrefix(other, section+"."); in {
					fmt.Fprintf(&b, "  %s: %s\n", rest, literal(v))
				}
			}
		} else if !nested {
			fmt.Fprintf(&b, "%s: %s\n", section, literal(v))
		}
		_ = name
	}
	return b.String()
}

func asJSON(all map[string]string) string {
	var top []string
	sections := map[string][]string{}
	for key, v := range all {
		if section, name, nested := strings.Cut(key, "."); nested {
			sections[section] = append(sections[section], fmt.Sprintf("%q: %s", name, literal(v)))
		} else {
			top = append(top, fmt.Sprintf("%q: %s", key, literal(v)))
		}
	}
	for section, members := range sections {
		top = append(top, fmt.Sprintf("%q: {%s}", section, strings.Join(members, ", ")))
	}
	return "{" + strings.Join(top, ",\n") + "}"
}

func asTOML(all map[string]string) string {
	var b strings.Builder
	for key, v := range all {
		fmt.Fprintf(&b, "%s = %s\n", key, literal(v))
	}
	return b.String()
}

func TestLoadConfigOfNothingIsTheDefaults(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "empty.yaml", "null.yaml", "empty.json", "empty.toml", "sections.yaml"} {
		path := name
		if name != "" {
			path = write(t, name, map[string]string{
				"empty.json": "{}", "null.yaml": "brokers:\nsasl:\nproducer: {linger: }\ntopics: []\n", "sections.yaml": "tls: {}\ngroup: ''\nconnect_timeout: ''",
			}[name])
		}
		c, err := kafka.LoadConfig(path)
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if diff := cmp.Diff(kafka.Config{}, c); diff != "" && diff != cmp.Diff(kafka.Config{}, kafka.Config{Topics: []kafka.TopicConfig{}}) {
			t.Errorf("%q: %s", name, diff)
		}
	}
}

func TestVariablesWinOverTheFile(t *testing.T) {
	t.Setenv("KAFKA_PRODUCER_LINGER", "7ms")
	t.Setenv("KAFKA_BROKERS", " one:1 , two:2 ")
	t.Setenv("KAFKA_GROUP", "")          // counts as unset
	t.Setenv("KAFKA_PORT", "tcp://x:1")  // Kubernetes, for a service named kafka
	t.Setenv("KAFKA_TOPICS_PORT", "9.2") // and for one named kafka-topics
	t.Setenv("KAFKA_TOPICS_NAME", "x")   // an alias without a letter is none
	t.Setenv("KAFKA_NO_SUCH_THING", "x")
	c, err := kafka.LoadConfig(write(t, "k.yaml", "brokers: [three:3]\ngroup: g\nproducer: {linger: 1s, acks: leader}"))
	if err != nil {
		t.Fatal(err)
	}
	want := kafka.Config{Brokers: []string{"one:1", "two:2"}, Group: "g"}
	want.Producer.Linger, want.Producer.Acks = 7*time.Millisecond, "leader"
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	for why, tc := range map[string]struct{ path, says string }{
		"missing":          {filepath.Join(t.TempDir(), "none.yaml"), "no such file"},
		"a folder":         {filepath.Join(t.TempDir(), "..") + "/" + filepath.Base(t.TempDir()), "must end in .yaml"},
		"no extension":     {write(t, "kafka", ""), "must end in .yaml, .yml, .toml or .json"},
		"another format":   {write(t, "kafka.ini", ""), "must end in .yaml, .yml, .toml or .json"},
		"too large":        {write(t, "k.json", strings.Repeat(" ", 256<<10+1)), "larger than 262144 bytes"},
		"broken YAML":      {write(t, "k.yaml", "a: b\n c: d"), "line 2"},
		"broken JSON":      {write(t, "k.json", "{\n\"brokers\": [\n}"), "line 3"},
		"empty JSON":       {write(t, "k.json", ""), "can't be parsed"},
		"broken TOML":      {write(t, "k.toml", "a = 1\nb ="), "line 2"},
		"a doubled key":    {write(t, "k.yaml", "group: a\ngroup: b"), `line 2: mapping key "group" already defined at line 1`},
		"several YAMLs":    {write(t, "k.yaml", "group: a\n---\nclient_id: b"), "several documents"},
		"no YAML settings": {write(t, "k.yaml", "hunter2"), "line 1"},
		"no JSON settings": {write(t, "k.json", `["hunter2"]`), "line 1"},
		"an odd anchor":    {write(t, "k.yaml", "sasl: {password: *hunter2}"), "quotes"},
		"an odd number":    {write(t, "k.json", `{"sasl": {"password": 1e9999}}`), "line 1"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			c, err := kafka.LoadConfig(tc.path)
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), filepath.Base(tc.path)) {
				t.Errorf("want the file's name and %q: %v", tc.says, err)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "9999")) {
				t.Errorf("it tells a password: %v", err)
			}
			if !reflect.DeepEqual(c, kafka.Config{}) {
				t.Errorf("it returns %+v beside its error", c)
			}
		})
	}
	if _, err := kafka.LoadConfig("none.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file is not os.ErrNotExist: %v", err)
	}
}

func TestAllFaultsOfAFileAtOnce(t *testing.T) {
	t.Setenv("KAFKA_PRODUCER_DELIVERY_TIMEOUT", "30")
	path := write(t, "k.yaml", `brokers: [localhost, "kafka://bob:hunter2@x:1"]
timeout: 30
connect_timeout: 30
client_id: 7
tls:
  cert_file: /no/such/file
sals:
  user: bob
  password: hunter2
sasl:
  usr: bob
  mechanism: PLAIN
  password: 1234567
producer:
  linger: 5
  max_message_bytes: 1MB
  acks: quorum
consumer: 3
topics:
  - {alias: a, name: b}
  - alias: b
  - nme: hunter2
`)
	c, err := kafka.LoadConfig(path)
	at := func(line int) string { return fmt.Sprintf(" (%s:%d): ", path, line) }
	wantFaults(t, err,
		"brokers[0]"+at(1)+`"localhost" has no port: write host:port`,
		"brokers[1]"+at(1)+`"****@x:1" has a scheme: write host:port alone`,
		"timeout"+at(2)+"is no setting: do you mean connect_timeout?",
		"connect_timeout"+at(3)+"30 has no unit: write 30s, 30ms or 30m",
		"client_id"+at(4)+"a number where a text belongs: put it in quotes",
		"tls.cert_file"+at(6)+`can't read "/no/such/file": no such file or directory`,
		"tls.key_file"+at(5)+"is missing: tls.cert_file needs the certificate's private key",
		"sals"+at(7)+"is no setting: do you mean sasl?",
		"sasl.usr"+at(11)+"is no setting: do you mean sasl.user?",
		"sasl.user"+at(10)+"is missing: sasl.mechanism needs one; write it, or set KAFKA_SASL_USER",
		"sasl.password"+at(13)+"a number where a text belongs: put it in quotes",
		"producer.linger"+at(15)+"5 has no unit: write 5s, 5ms or 5m",
		"producer.max_message_bytes"+at(16)+`"1MB" has a unit: write the number of bytes, 1000000`,
		"producer.acks"+at(17)+`"quorum" is unknown: write one of all, leader, none`,
		"producer.delivery_timeout (environment variable KAFKA_PRODUCER_DELIVERY_TIMEOUT): 30 has no unit: write 30s",
		"consumer"+at(18)+"a number where a section belongs: write its settings, such as consumer.isolation",
		"topics[1].alias"+at(21)+`"b" is the name of another topic, that of topics[0]`,
		"topics[2].nme"+at(22)+"is no setting: do you mean name?",
	)
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "1234567") {
		t.Errorf("it tells a password:\n%v", err)
	}
	if !reflect.DeepEqual(c, kafka.Config{}) {
		t.Errorf("it returns %+v beside its error", c)
	}
}

func TestFaultsNameTheLineInEveryFormat(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"k.yaml": "group: g\nproducer:\n\n  linger: 5\ntopics:\n- alias: a\n-\n  alias: a\n",
		"k.json": "{\"group\": \"g\",\n\"producer\": {\n\n\"linger\": 5},\n\"topics\":\n[{\"alias\": \"a\"},\n{\n\"alias\": \"a\"}]}",
		"k.toml": "group = '''\n linger = 4'''\n[producer] # how\nlinger=5\n[[topics]]\nalias = \"a\"\n[[topics]]\nalias = \"a\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, name, doc)
			_, err := kafka.LoadConfig(path)
			wantFaults(t, err, "brokers ("+path+")", "producer.linger ("+path+":4)", "topics[1].alias ("+path+":8)")
		})
	}
}

func TestFaultsOfFiles(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ why, name, doc, fault string }{
		{"a key twice in two cases", "k.yaml", "group: a\nGroup: b", "stands in the lines 1 and 2: remove one"},
		{"a key twice in JSON", "k.json", "{\"group\": \"a\",\n\"group\": \"b\"}", "stands in the lines 1 and 2: remove one"},
		{"a topic's key twice in JSON", "k.json", `{"topics": [{"alias": "a", "alias": "b"}]}`, "stands in the lines 1 and 1"},
		{"topics as a section", "k.yaml", "topics: {orders: {name: x}}", "a section where a list of topics belongs"},
		{"topics as a text", "k.yaml", "topics: orders", "a text where a list of topics belongs"},
		{"a topic as a text", "k.yaml", "topics: [orders]", "topics[0] ("},
		{"TLS as a choice", "k.yaml", "tls: true", "tls ("},
		{"a section below a setting", "k.yaml", "producer: {linger: {ms: 5}}", "a section where a duration belongs"},
		{"a list for a text", "k.toml", "group = ['a']", "a list where a text belongs"},
		{"a time for a duration", "k.toml", "connect_timeout = 00:00:10", "where a duration belongs"},
		{"a list of numbers", "k.json", `{"brokers": [9092]}`, "entry 0 is a number"},
		{"a duration with another unit", "k.yaml", "connect_timeout: 1d", `"1d" is no duration`},
		{"a duration without a unit in quotes", "k.yaml", "connect_timeout: '1.5'", "1.5 has no unit"},
		{"a duration too long for Go", "k.yaml", "connect_timeout: 99999999999h", "is no duration"},
		{"a choice of another kind", "k.yaml", "tls: {enabled: 7}", "write true or false"},
		{"a choice by another word", "k.yaml", "tls: {enabled: 'on'}", "write true or false"},
		{"a broken number", "k.json", `{"producer": {"max_buffered_records": 1.5}}`, "no whole number"},
		{"a number of another kind", "k.json", `{"producer": {"max_buffered_records": [1]}}`, "a list where a number belongs"},
		{"a number too large for its field", "k.yaml", "topics: [{alias: a, replication_factor: 40000}]", "write at most 32767"},
		{"a number too large for all", "k.yaml", "producer: {max_buffered_records: '99999999999999999999'}", "does not fit"},
		{"a number far too large", "k.json", `{"producer": {"max_buffered_records": 1e300}}`, "no whole number that fits"},
		{"TLS off beside its files", "k.yaml", "tls: {enabled: false, ca_file: FILE}", "is false, but files are named"},
		{"an unknown key that is like none", "k.yaml", "zzzzzz: 1", "is no setting: remove it; the settings here are brokers, client_id"},
		{"a setting of another section", "k.yaml", "consumer: {compression: gzip}", "do you mean producer.compression?"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			t.Parallel()
			certificate, _ := keyPair(t)
			_, err := kafka.LoadConfig(write(t, tc.name, strings.ReplaceAll(tc.doc, "FILE", certificate)))
			if err == nil {
				t.Fatal("no error")
			}
			if told := strings.Count(err.Error(), "\n") + 1; told > 2 || !strings.Contains(err.Error(), tc.fault) {
				t.Errorf("want %q and the missing brokers:\n%v", tc.fault, err)
			}
		})
	}
}

func TestValuesThatAreFine(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		"producer: {linger: 0}", "producer: {linger: '0'}", "producer: {linger: 1.5ms}", "producer: {acks: ALL, compression: GZIP}",
		"sasl: {mechanism: scram-sha-256, user: u, password: p}", "brokers: a:1,b:2", "brokers: ['[::1]:9092']", "tls: {enabled: 'true'}",
		"consumer: {max_message_bytes: 1e6}", "sasl.mechanism: plain\nsasl.user: u\nsasl: {password: p}",
		"topics: [&a {alias: x, group: g}, {<<: *a, alias: y}]", "topics: [{alias: orders, name: orders}]",
		"topics: [{alias: a, name: x}, {alias: b, name: x}]", "topics: [{alias: orders.eu, name: Other}]", "--- # one document\ngroup: g\n...\n",
	} {
		if _, err := kafka.LoadConfig(write(t, "k.yaml", doc)); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
	}
}
