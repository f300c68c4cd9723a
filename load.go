package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"

	"github.com/typedkafka/kafka/internal/nearest"
	"github.com/typedkafka/kafka/internal/readfile"
)

// LoadConfig reads a configuration from a file and the environment, whose variables win. The file is YAML, TOML or JSON, by its
// extension (.yaml, .yml, .toml, .json); with path "" there is none. Config says how keys and variables are named.
//
// An entry of topics has the variables KAFKA_TOPICS_<ALIAS>_NAME, _GROUP, _PARTITIONS, _REPLICATION_FACTOR and _CONFIGS, where <ALIAS> is its
// alias (its name, if it has none) in upper case with _ for every other sign: KAFKA_TOPICS_ORDERS_EU_NAME for orders-eu. A variable
// of an alias that the file does not name adds that topic, so that a service can do without a file; its alias is in lower case
// (orders_eu), unless KAFKA_TOPICS_ORDERS_EU_ALIAS spells it (orders-eu). Where it looks like a slip of an alias that the file names
// and no variable does, it is an error instead. An empty variable counts as unset, an unknown one is no error.
//
// LoadConfig returns every fault at once, each with its key, the file's line or the variable that it came from, and what to write
// instead: a file that can't be read, an unknown key, a duration without a unit, and all that [Config.Validate] finds. Only
// missing brokers alone are no error here, since code may add them; NewProxy wants them. It does no network I/O.
func LoadConfig(path string) (Config, error) {
	v, src := viper.New(), &sources{path: path, overridden: make(map[string]string)}
	if path != "" {
		doc, err := src.read()
		if err == nil {
			v.SetConfigType(src.format)
			err = readable(v.ReadConfig(bytes.NewReader(doc)), doc)
		}
		if err != nil {
			return Config{}, fmt.Errorf("kafka: load configuration: %s: %w", path, err)
		}
	}
	for _, s := range configSettings {
		if s.key != topicsKey {
			_ = v.BindEnv(s.key, variable(s.key)) // its only error is a missing key
		}
	}

	k, c := &checker{where: src.where}, Config{}
	for _, d := range src.doubled {
		k.fault(d.key, "stands in the lines %d and %d: remove one", d.first, d.second)
	}
	set := k.decode(&c, v.Get)
	k.unknown(v.AllKeys(), v.Get)
	k.override(&c, os.Environ(), src.overridden)
	return k.loaded(c, set)
}

// ConfigFrom reads a configuration from an application's own viper instance, from what stands below key there; key "" is the whole
// instance. Whatever the application has put there counts, in viper's order: values that it Set, flags and environment variables
// that it bound, AutomaticEnv, files and defaults. So do flags and variables that are bound for one topic, such as
// kafka.topics.orders.name. Variables that begin with KAFKA_ mean nothing by themselves here.
//
// It is strict about keys below key alone, and returns every fault at once as LoadConfig does; nothing below key is an error. It
// changes nothing on the instance. It must not run beside a change of it, as viper's own methods must not.
func ConfigFrom(v *viper.Viper, key string) (Config, error) {
	if v == nil {
		return Config{}, errors.New("kafka: load configuration: there is no viper instance: hand over the application's own")
	}
	b := &branch{v: v, root: strings.ToLower(key)}
	if err := b.find(); err != nil {
		return Config{}, fmt.Errorf("kafka: load configuration: %w", err)
	}
	k, c := &checker{prefix: b.shown(), where: b.where}, Config{}
	set := k.decode(&c, b.get)
	keys := b.keys()
	for i := range c.Topics {
		k.bound(&c.Topics[i], fmt.Sprintf("%s[%d]", topicsKey, i), b)
		keys = slices.DeleteFunc(keys, b.isOf(c.Topics[i]))
	}
	k.unknown(keys, b.get)
	if len(set) == 0 && len(k.faults) == 0 && b.root != "" {
		return Config{}, fmt.Errorf("kafka: load configuration: %w", b.nothing())
	}
	return k.loaded(c, set)
}

// loaded checks what was read, and returns it where nothing is wrong with it.
func (k *checker) loaded(c Config, set map[string]bool) (Config, error) {
	if set["tls.enabled"] && !c.TLS.Enabled && c.withDefaults().TLS.Enabled {
		k.fault("tls.enabled", "is false, but files are named, or certificates given, which turn TLS on: remove it, or these")
	}
	k.check(c)
	if k.loadable() {
		return c, nil
	}
	return Config{}, fmt.Errorf("kafka: invalid configuration: %w", k.err())
}

// A branch is what stands below a key of an application's instance.
type branch struct {
	v         *viper.Viper
	root      string
	delimiter string // of the instance's keys; viper does not tell it
	lines     lines  // of the file that the instance last read, by full key
}

// find learns how the instance separates keys, and the lines of its file.
func (b *branch) find() error {
	b.delimiter = "."
	all := b.v.AllKeys()
	if !slices.ContainsFunc(all, func(key string) bool { return strings.HasPrefix(key, b.full("")) && strings.Contains(key, ".") }) {
		for _, key := range all {
			if d := b.separator(key); d != "" {
				b.delimiter = d
				break
			}
		}
	}
	for part := range strings.SplitSeq(b.root, b.delimiter) {
		if n, err := strconv.Atoi(part); err == nil && n < 0 {
			return fmt.Errorf("%q is no key: list entries count from 0", b.root) // viper panics
		}
	}
	if file := b.v.ConfigFileUsed(); file != "" {
		if doc, err := readfile.AtMost(file, largestFile); err == nil {
			b.lines = find(formatOf(file), doc).lines
		}
	}
	return nil
}

// separator returns what stands between the parts of a full key that is one of our settings, or "".
func (b *branch) separator(key string) string {
	rest, below := strings.CutPrefix(key, b.root)
	if !below {
		return ""
	}
	for _, s := range configSettings {
		parts := strings.Split(s.key, ".")
		if b.root != "" {
			if d, ends := strings.CutSuffix(rest, parts[0]); ends && len(parts) == 1 && d != "" && !hasWord(d) {
				return d
			}
			continue
		}
		if d, begins := strings.CutPrefix(rest, parts[0]); begins && len(parts) > 1 {
			if d, ends := strings.CutSuffix(d, parts[1]); ends && d != "" && !hasWord(d) {
				return d
			}
		}
	}
	return ""
}

var word = regexp.MustCompile(`\w`)

func hasWord(s string) bool { return word.MatchString(s) }

// full is a key as the instance knows it.
func (b *branch) full(key string) string {
	key = strings.ReplaceAll(key, ".", b.delimiter)
	if b.root == "" {
		return key
	}
	return b.root + b.delimiter + key
}

// shown is what stands before our keys in errors.
func (b *branch) shown() string {
	if b.root == "" {
		return ""
	}
	return strings.ReplaceAll(b.root, b.delimiter, ".") + "."
}

func (b *branch) get(key string) any { return b.v.Get(b.full(key)) }

// keys are those that the instance has below the root, as we write them.
func (b *branch) keys() []string {
	var keys []string
	for _, key := range b.v.AllKeys() {
		if rest, below := strings.CutPrefix(key, b.full("")); below {
			keys = append(keys, strings.ReplaceAll(rest, b.delimiter, "."))
		}
	}
	return keys
}

// where says what is known of where a key's value came from: viper tells whether its file has it, not whether another value won.
func (b *branch) where(key string) string {
	setting, _, _ := strings.Cut(key, "[")
	file := b.v.ConfigFileUsed()
	switch line := b.lines.at(strings.ReplaceAll(b.full(key), b.delimiter, ".")); {
	case b.get(setting) == nil:
		return "not set"
	case file == "" || !b.v.InConfig(b.full(setting)):
		return "set by the application: a flag, the environment or code"
	case line > 0:
		return fmt.Sprintf("%s:%d, or what the application set over it", file, line)
	default:
		return file + ", or what the application set over it"
	}
}

// nothing is the error of a root below which nothing is set.
func (b *branch) nothing() error {
	var roots []string
	for _, key := range b.v.AllKeys() {
		root, _, _ := strings.Cut(key, b.delimiter)
		roots = append(roots, root)
	}
	slices.Sort(roots)
	if near := nearest.Names(b.root, slices.Compact(roots), 1); len(near) > 0 && near[0] != b.root {
		return fmt.Errorf("nothing is set below %q: do you mean %q?", b.root, near[0])
	}
	return fmt.Errorf("nothing is set below %q: read the file that has it, or bind its variables, before ConfigFrom", b.root)
}

// handles are the keys, below topics, by which the application may have bound a topic's flags and variables.
func (b *branch) handles(t TopicConfig) []string {
	names := []string{strings.ToLower(t.called()), topicCalled(topicVariable(t.called()))}
	return slices.DeleteFunc(names, func(name string) bool {
		_, err := strconv.Atoi(name) // to viper a number is a position in the list
		return err == nil || name == "" || strings.Contains(name, b.delimiter)
	})
}

// bound sets what the application bound for one topic.
func (k *checker) bound(t *TopicConfig, at string, b *branch) {
	for _, name := range b.handles(*t) {
		for _, s := range topicSettings {
			key := b.full(topicsKey) + b.delimiter + name + b.delimiter + s.key
			if s.key == "alias" || unset(b.v.Get(key)) { // a flag's mere default is not seen: the list shadows it
				continue
			}
			if s.key == "name" && t.Alias == "" {
				t.Alias = t.Name
			}
			k.decodeInto(reflect.ValueOf(t).Elem(), s, at+"."+s.key, b.v.Get(key))
		}
	}
}

// isOf tells the keys that bound reads for a topic.
func (b *branch) isOf(t TopicConfig) func(key string) bool {
	return func(key string) bool {
		return slices.ContainsFunc(b.handles(t), func(name string) bool {
			rest, below := strings.CutPrefix(key, topicsKey+"."+name+".")
			return below && slices.Contains(keysOf(topicSettings), rest)
		})
	}
}
