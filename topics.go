package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkafka/kafka/internal/nearest"
)

// called is what the code calls the topic.
func (t TopicConfig) called() string { return cmp.Or(t.Alias, t.Name) }

// topic finds the entry of a Topic's Name, which is an alias or a name. Its Name is always set; its Group may be empty. Where
// Topics is empty, any legal name has an entry. Otherwise an unknown one is an error, so that a typo never becomes a topic.
func (c Config) topic(name string) (TopicConfig, error) {
	if name == "" {
		return TopicConfig{}, errors.New("the topic has no name: set Topic.Name to its name or to an alias of Config.Topics")
	}
	if len(c.Topics) == 0 {
		if err := checkTopicName(name); err != nil {
			return TopicConfig{}, fmt.Errorf("topic %w", err)
		}
		return TopicConfig{Name: name}, nil
	}
	i := slices.IndexFunc(c.Topics, func(t TopicConfig) bool { return t.called() == name })
	if i < 0 {
		i = slices.IndexFunc(c.Topics, func(t TopicConfig) bool { return t.Name == name })
	}
	if i < 0 {
		return TopicConfig{}, c.unknownTopic(name)
	}
	entry := c.Topics[i]
	entry.Name = cmp.Or(entry.Name, entry.Alias)
	return entry, nil
}

func (c Config) unknownTopic(name string) error {
	var known []string
	for _, t := range c.Topics {
		for _, n := range []string{t.Alias, t.Name} {
			if n != "" && !slices.Contains(known, n) {
				known = append(known, n)
			}
		}
	}
	offers := nearest.Names(name, known, 3)
	if len(offers) == 0 {
		return fmt.Errorf("topic %.249q is neither alias nor name of a topic in the configuration: add it to topics", name)
	}
	for i := range offers {
		offers[i] = fmt.Sprintf("%q", offers[i])
	}
	return fmt.Errorf("topic %.249q is neither alias nor name of a topic in the configuration: do you mean %s? Otherwise add it to topics",
		name, strings.Join(offers, " or "))
}

// checkTopicName returns what Kafka would say of a name (org.apache.kafka.common.internals.Topic).
func checkTopicName(name string) error {
	illegal := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	switch {
	case len(name) > 249:
		return fmt.Errorf("%.40q… has %d characters: Kafka takes at most 249", name, len(name))
	case name == "." || name == "..":
		return fmt.Errorf("%q can't be a name in Kafka: write another", name)
	case strings.ContainsFunc(name, illegal):
		return fmt.Errorf("%q can't be a name in Kafka: use letters a-z and A-Z, digits, '.', '_' and '-'", name)
	}
	return nil
}

// checkTopics finds entries without a name, names that Kafka refuses, and entries that code or environment can't tell apart.
func (k *checker) checkTopics(topics []TopicConfig) {
	before := make(earlier)
	for i, t := range topics {
		at := fmt.Sprintf("%s[%d]", topicsKey, i)
		if t.called() == "" {
			k.fault(at, "has neither alias nor name: write the name of the topic")
			continue
		}
		k.checkSpelling(at, t)
		if j := before.likeness(t); j >= 0 {
			k.likeness(at, t, fmt.Sprintf("%s[%d]", topicsKey, j), topics[j])
		}
		before.add(i, t)
		if t.Partitions < 0 {
			k.fault(at+".partitions", "%d is negative: leave it out for the cluster's default", t.Partitions)
		}
		if t.ReplicationFactor < 0 {
			k.fault(at+".replication_factor", "%d is negative: leave it out for the cluster's default", t.ReplicationFactor)
		}
		for _, key := range sortedKeys(t.Configs) {
			if key == "" || t.Configs[key] == "" {
				k.fault(at+".configs", "%q has no value, or no name: write both, or remove it", key+"="+t.Configs[key])
			}
		}
	}
}

// earlier finds the first entry by each thing that code or environment may say of it.
type earlier map[saying]int

type saying struct{ what, word string }

func (e earlier) add(i int, t TopicConfig) {
	for _, s := range []saying{{"alias", t.Alias}, {"name", t.Name}, {"code", t.called()}, {"variable", topicVariable(t.called())}} {
		if _, known := e[s]; !known {
			e[s] = i
		}
	}
}

// likeness returns the entry that t can't be told from, or -1.
func (e earlier) likeness(t TopicConfig) int {
	for _, s := range []saying{{"code", t.called()}, {"name", t.Alias}, {"alias", t.Name}, {"variable", topicVariable(t.called())}} {
		if i, known := e[s]; known && s.word != "" {
			return i
		}
	}
	return -1
}

// checkSpelling checks the name that the topic has in the cluster.
func (k *checker) checkSpelling(at string, t TopicConfig) {
	key := at + ".name"
	if t.Name == "" {
		key = at + ".alias"
	}
	err := checkTopicName(cmp.Or(t.Name, t.Alias))
	switch {
	case err == nil:
	case t.Name == "":
		k.fault(key, "without a name is the topic's name: %w, or write name", err)
	default:
		k.fault(key, "%w", err)
	}
}

// likeness adds the fault of an entry that can't be told from an earlier one.
func (k *checker) likeness(at string, t TopicConfig, before string, other TopicConfig) {
	key := at + ".alias"
	if t.Alias == "" {
		key = at + ".name"
	}
	whose := fmt.Sprintf("that of %s (%s)", before, k.where(before))
	switch {
	case t.Alias != "" && t.Alias == other.Alias:
		k.fault(key, "%q is %s too: give each topic an alias of its own", t.Alias, whose)
	case t.called() == other.called() && t.Alias == other.Alias:
		k.fault(key, "%q is %s too: remove one, or give both an alias", t.Name, whose)
	case t.Alias != "" && t.Alias == other.Name:
		k.fault(key, "%q is the name of another topic, %s: code that says it could mean either; write another alias", t.Alias, whose)
	case other.Alias != "" && other.Alias == t.Name:
		k.fault(before+".alias", "%q is the name of another topic, that of %s (%s): code that says it could mean either;"+
			" write another alias", other.Alias, at, k.where(at))
	default:
		k.fault(key, "%q and %s, %q, are one in the environment (%s…): write an alias that differs by a letter or digit",
			t.called(), whose, other.called(), topicVariable(t.called()))
	}
}

// topicVariable is how the environment variables of a topic begin: KAFKA_TOPICS_ORDERS_EU_ for orders-eu.
func topicVariable(called string) string {
	return variable(topicsKey) + "_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, called) + "_"
}

// An override is an environment variable of a topic.
type override struct {
	variable string // KAFKA_TOPICS_ORDERS_EU_NAME
	begins   string // KAFKA_TOPICS_ORDERS_EU_
	setting  setting
	value    string
}

// overrides finds the topics' variables in an environment, in order. Names alike that are none of ours are left alone: Kubernetes
// sets KAFKA_TOPICS_PORT and more for a service named kafka-topics.
func overrides(environ []string) []override {
	var all []override
	for _, pair := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(pair, "=")
		if unset(value) {
			continue
		}
		for _, s := range topicSettings {
			begins, ends := strings.CutSuffix(name, strings.ToUpper(s.key))
			if ends && begins == topicVariable(topicCalled(begins)) && len(topicCalled(begins)) > 0 {
				all = append(all, override{name, begins, s, value})
			}
		}
	}
	return all
}

// topicCalled is the alias of a topic that only the environment names, by how its variables begin; "" where that is no topic's.
func topicCalled(begins string) string {
	called, ours := strings.CutPrefix(begins, variable(topicsKey)+"_")
	if !ours {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(called, "_"))
}

// override applies the topics' variables to c and notes in from which variable each key came from. An alias that c does not name
// is added; where it looks like a slip of one that c names, it is a fault.
func (k *checker) override(c *Config, environ []string, from map[string]string) {
	all, named := overrides(environ), len(c.Topics)
	for _, o := range all {
		i := slices.IndexFunc(c.Topics, func(t TopicConfig) bool { return topicVariable(t.called()) == o.begins })
		if i < 0 {
			if meant := likely(o.begins, c.Topics[:named], all); meant != "" {
				k.faultAt(topicsKey, "environment variable "+o.variable, "looks like a slip: correct it to %s%s, or add {alias: %s} to topics",
					meant, strings.ToUpper(o.setting.key), topicCalled(o.begins))
				continue
			}
			i = len(c.Topics)
			from[fmt.Sprintf("%s[%d]", topicsKey, i)] = o.variable
			c.Topics = append(c.Topics, TopicConfig{Alias: topicCalled(o.begins)})
		}
		key := fmt.Sprintf("%s[%d].%s", topicsKey, i, o.setting.key)
		from[key] = o.variable
		k.overrideOne(&c.Topics[i], o, key)
	}
}

// overrideOne sets one field by its variable. What the code calls the topic stays: its variables are found by it.
func (k *checker) overrideOne(t *TopicConfig, o override, key string) {
	old := *t
	k.decodeInto(reflect.ValueOf(t).Elem(), o.setting, key, o.value)
	if o.setting.key == "name" {
		t.Alias = old.called()
	}
	if topicVariable(t.called()) != o.begins {
		k.faultAt(key, "environment variable "+o.variable, "%.249q does not fit its variable: write %s by its letters and digits,"+
			" whose case and signs between may differ", t.Alias, topicCalled(o.begins))
		*t = old
	}
}

// likely returns how the variables begin that begins is probably a slip of: those of a topic that is named and has none of its own.
func likely(begins string, named []TopicConfig, all []override) string {
	var known []string
	for _, t := range named {
		v := topicVariable(t.called())
		if t.called() != "" && !slices.ContainsFunc(all, func(o override) bool { return o.begins == v }) {
			known = append(known, topicCalled(v))
		}
	}
	for _, name := range nearest.Names(topicCalled(begins), known, 1) {
		return topicVariable(name)
	}
	return ""
}
