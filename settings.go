package kafka

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkafka/kafka/internal/nearest"
)

// A setting is one leaf of Config or of TopicConfig. All of them are found by reflection, so that a field added later can be set
// wherever the others can.
type setting struct {
	key   string // as in a file: "sasl.user"
	index []int  // where the field is in its struct
	typ   reflect.Type
}

var (
	configSettings = settingsOf(reflect.TypeFor[Config](), "", nil)
	topicSettings  = settingsOf(reflect.TypeFor[TopicConfig](), "", nil)
)

func settingsOf(t reflect.Type, prefix string, index []int) []setting {
	var all []setting
	for i := range t.NumField() {
		f := t.Field(i)
		key, at := prefix+f.Tag.Get("mapstructure"), append(slices.Clone(index), i)
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[Secret]() {
			all = append(all, settingsOf(f.Type, key+".", at)...)
		} else {
			all = append(all, setting{key, at, f.Type})
		}
	}
	return all
}

// variable is the environment variable of a key that is no topic's.
func variable(key string) string {
	return "KAFKA_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// topicsKey is the one setting that is a list of structs.
const topicsKey = "topics"

// decode reads every setting of c from get, which returns what a parser made of a key's value, or nil for none. It returns the
// keys that had a value.
func (k *checker) decode(c *Config, get func(key string) any) map[string]bool {
	set := make(map[string]bool)
	for _, s := range configSettings {
		raw := get(s.key)
		if unset(raw) {
			continue
		}
		set[s.key] = true
		if s.key == topicsKey {
			c.Topics = k.decodeTopics(raw)
		} else {
			k.decodeInto(reflect.ValueOf(c).Elem(), s, s.key, raw)
		}
	}
	return set
}

// unset reports whether a raw value counts as none: a null, or the empty text that a template leaves behind.
func unset(raw any) bool {
	s, isText := raw.(string)
	return raw == nil || isText && strings.TrimSpace(s) == ""
}

// decodeInto sets one field of a struct; key is what faults name.
func (k *checker) decodeInto(into reflect.Value, s setting, key string, raw any) {
	v, err := convert(raw, s.typ)
	if err != nil {
		k.fault(key, "%w", err)
		return
	}
	into.FieldByIndex(s.index).Set(reflect.ValueOf(v).Convert(s.typ))
}

func (k *checker) decodeTopics(raw any) []TopicConfig {
	if topics, ok := raw.([]TopicConfig); ok {
		return slices.Clone(topics)
	}
	list := reflect.ValueOf(raw)
	if list.Kind() != reflect.Slice {
		k.fault(topicsKey, "%s where a list of topics belongs: write each as an entry of the list, such as {alias: orders, name: orders-v1}", kindOf(raw))
		return nil
	}
	topics := make([]TopicConfig, list.Len())
	for i := range topics {
		topics[i] = k.decodeTopic(fmt.Sprintf("%s[%d]", topicsKey, i), list.Index(i).Interface())
	}
	return topics
}

func (k *checker) decodeTopic(at string, raw any) (t TopicConfig) {
	if t, ok := raw.(TopicConfig); ok {
		return t
	}
	entry := reflect.ValueOf(raw)
	if entry.Kind() != reflect.Map {
		k.fault(at, "%s where a topic belongs: write its settings, such as {alias: orders, name: orders-v1}", kindOf(raw))
		return t
	}
	values := make(map[string]any)
	for key, v := range entry.Seq2() {
		values[strings.ToLower(fmt.Sprint(key))] = v.Interface()
	}
	for _, s := range topicSettings {
		if v := values[s.key]; !unset(v) {
			k.decodeInto(reflect.ValueOf(&t).Elem(), s, at+"."+s.key, v)
		}
		delete(values, s.key)
	}
	for _, key := range sortedKeys(values) {
		k.stranger(at+"."+key, key, keysOf(topicSettings))
	}
	return t
}

// unknown adds a fault for every key that is no setting, and for every section that is given a value of its own.
func (k *checker) unknown(keys []string, get func(key string) any) {
	told := make(map[string]bool)
	for _, key := range slices.Sorted(slices.Values(keys)) {
		at, known := longestKnown(key)
		above := at[:max(0, strings.LastIndexByte(at, '.'))]
		switch {
		case told[at] || k.has(at) || k.has(above):
		case !known && slices.Contains(keysOf(configSettings), above):
			k.fault(at, "is no setting: %s has none below it; remove it", above)
		case at != key || !known:
			k.stranger(at, at[strings.LastIndexByte(at, '.')+1:], siblings(at))
		case !slices.Contains(keysOf(configSettings), key) && !unset(get(key)):
			k.fault(key, "%s where a section belongs: write its settings, such as %s", kindOf(get(key)), siblings(key + ".")[0])
		}
		told[at] = true
	}
}

// longestKnown follows key down to where it leaves the settings, and reports whether it never does.
func longestKnown(key string) (string, bool) {
	for i := 0; i <= len(key); i++ {
		if i < len(key) && key[i] != '.' {
			continue
		}
		if at := key[:i]; len(siblings(at+".")) == 0 && !slices.Contains(keysOf(configSettings), at) {
			return at, false
		}
	}
	return key, true
}

// siblings are the keys of the settings and sections right below the section that key is in.
func siblings(key string) []string {
	section := key[:strings.LastIndexByte(key, '.')+1]
	var names []string
	for _, s := range configSettings {
		rest, in := strings.CutPrefix(s.key, section)
		name, _, _ := strings.Cut(rest, ".")
		if in && !slices.Contains(names, section+name) {
			names = append(names, section+name)
		}
	}
	return names
}

// stranger is the fault of a key that is no setting, whose last part is name and in whose place known could stand.
func (k *checker) stranger(key, name string, known []string) {
	last := func(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }
	offer := pick(name, known, last)
	if offer == "" {
		offer = pick(name, keysOf(configSettings), last) // in another section
	}
	if offer != "" {
		k.fault(key, "is no setting: do you mean %s?", offer)
		return
	}
	k.fault(key, "is no setting: remove it; the settings here are %s", strings.Join(known, ", "))
}

// pick returns the one of known whose part is most like name, or "".
func pick(name string, known []string, part func(string) string) string {
	parts := make([]string, len(known))
	for i, k := range known {
		parts[i] = part(k)
	}
	best := nearest.Names(name, parts, 1)
	if len(best) == 0 {
		return ""
	}
	return known[slices.Index(parts, best[0])]
}

func keysOf(settings []setting) []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.key
	}
	return keys
}
