package kafka

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/typedkafka/kafka/internal/nearest"
)

// Validate returns every fault of the configuration in one joined error: each names its key and the field, and says what to write
// instead. Zero fields are their defaults and no fault, except Brokers. It reads the files that TLS and SASL name; it does no network
// I/O.
// [NewProxy] calls it.
func (c Config) Validate() error {
	k := &checker{where: inCode}
	k.check(c)
	return k.err()
}

// inCode says which field of a Config that code wrote a key is.
func inCode(key string) string {
	names, t := []string{"Config"}, reflect.TypeFor[Config]()
	for part := range strings.SplitSeq(key, ".") {
		name, position, isEntry := strings.Cut(part, "[")
		f, found := fieldByKey(t, name)
		if !found {
			break
		}
		if t = f.Type; isEntry {
			names, t = append(names, f.Name+"["+position), t.Elem()
		} else {
			names = append(names, f.Name)
		}
	}
	return "in code, " + strings.Join(names, ".")
}

func fieldByKey(t reflect.Type, key string) (reflect.StructField, bool) {
	if t.Kind() != reflect.Struct {
		return reflect.StructField{}, false
	}
	return t.FieldByNameFunc(func(name string) bool {
		f, _ := t.FieldByName(name)
		return f.Tag.Get("mapstructure") == key
	})
}

// A settingFault is one thing that is wrong with a configuration.
type settingFault struct {
	key   string
	where string // it came from
	err   error  // what is wrong, and what to write
	unset bool   // nothing is wrong with what is there; something is missing that code may still add
}

func (f *settingFault) Error() string {
	if f.where == "" {
		return f.key + ": " + f.err.Error()
	}
	return f.key + " (" + f.where + "): " + f.err.Error()
}

func (f *settingFault) Unwrap() error { return f.err }

// A checker gathers the faults of one configuration.
type checker struct {
	prefix string                  // of keys in errors: where an application's own settings have ours
	where  func(key string) string // says where a key's value came from
	faults []*settingFault
	keyed  map[string]bool // the keys of faults
}

// fault adds one, unless its key has one already: what follows from a fault is not worth telling.
func (k *checker) fault(key, format string, args ...any) {
	if !k.has(key) {
		k.faultAt(key, k.where(key), format, args...)
	}
}

// faultAt adds one whose key came from elsewhere than where knows.
func (k *checker) faultAt(key, where, format string, args ...any) {
	if k.keyed == nil {
		k.keyed = make(map[string]bool)
	}
	k.keyed[key] = true
	if entry, _, in := strings.Cut(key, "]."); in {
		k.keyed[entry+"]"] = true // what such an entry lacks may be what was wrong in it
	}
	k.faults = append(k.faults, &settingFault{key: k.prefix + key, where: where, err: fmt.Errorf(format, args...)})
}

func (k *checker) has(key string) bool { return k.keyed[key] }

// err joins the faults, in the order of Config's settings.
func (k *checker) err() error {
	position := func(f *settingFault) int {
		key := strings.TrimPrefix(f.key, k.prefix)
		return slices.IndexFunc(configSettings, func(s setting) bool {
			return key == s.key || strings.HasPrefix(key, s.key+"[")
		})
	}
	slices.SortStableFunc(k.faults, func(a, b *settingFault) int { return position(a) - position(b) })
	errs := make([]error, len(k.faults))
	for i, f := range k.faults {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// loadable reports whether nothing is wrong with what was loaded.
func (k *checker) loadable() bool {
	return !slices.ContainsFunc(k.faults, func(f *settingFault) bool { return !f.unset })
}

// check adds the faults of c.
func (k *checker) check(c Config) {
	k.checkWords(c)
	c = c.withDefaults()
	k.checkBrokers(c.Brokers)
	if len(c.ClientID) > 256 {
		k.fault("client_id", "has %d bytes: write at most 256", len(c.ClientID))
	}
	k.checkTopics(c.Topics)
	k.checkTLS(c.TLS)
	k.checkSASL(c.SASL, c.TLS.Enabled)
	k.checkProducer(c.Producer)
	k.checkConsumer(c.Consumer)
	k.checkNumbers(c)
}

func (k *checker) checkBrokers(brokers []string) {
	if len(brokers) == 0 && !k.has("brokers") {
		k.fault("brokers", "names no broker: write the host:port of at least one, such as localhost:9092, or set %s", variable("brokers"))
		k.faults[len(k.faults)-1].unset = true
	}
	for i, b := range brokers {
		if err := checkAddress(b); err != nil {
			k.fault(fmt.Sprintf("brokers[%d]", i), "%w", err)
		}
	}
}

// checkAddress returns what is wrong with a host:port.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if n, atoi := strconv.Atoi(port); err == nil && atoi == nil && n > 0 && n <= math.MaxUint16 && host != "" &&
		!strings.ContainsAny(host, "@/, \t\r\n") && strings.TrimSpace(address) == address {
		return nil
	}
	shown := strconv.Quote(address)
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		shown = strconv.Quote(hidden + address[at:]) // before it a password may stand
	}
	switch trimmed := strings.TrimSpace(address); {
	case trimmed == "":
		return errors.New("is empty: write host:port, such as localhost:9092, or remove it")
	case trimmed != address:
		return fmt.Errorf("%s has space around it: remove the space", shown)
	case strings.Contains(address, ","):
		return fmt.Errorf("%s holds several addresses: make each an entry of the list", shown)
	case strings.Contains(address, "://"):
		return fmt.Errorf("%s has a scheme: write host:port alone, such as localhost:9092; tls and sasl are settings of their own", shown)
	case strings.ContainsAny(address, "@/ \t\r\n"):
		return fmt.Errorf("%s is more than an address: write host:port alone, such as localhost:9092", shown)
	}
	switch {
	case strings.Count(address, ":") > 1 && !strings.HasPrefix(address, "["):
		return fmt.Errorf("%s is ambiguous: write an IPv6 address in brackets, such as [::1]:9092", shown)
	case err != nil || port == "":
		return fmt.Errorf("%s has no port: write host:port; Kafka's usual port is 9092", shown)
	case host == "":
		return fmt.Errorf("%s has no host: write host:port, such as localhost:9092", shown)
	default:
		return fmt.Errorf("%s has no such port: write a number from 1 to 65535", shown)
	}
}

func (k *checker) checkProducer(c ProducerConfig) {
	switch {
	case c.Linger > time.Minute:
		k.fault("producer.linger", "%s is too long: write at most 1m", c.Linger)
	case c.Linger > 0 && c.DeliveryTimeout > 0 && c.Linger >= c.DeliveryTimeout:
		k.fault("producer.linger", "%s is not less than producer.delivery_timeout, %s: a message would time out before it is sent;"+
			" write less, such as 5ms", c.Linger, c.DeliveryTimeout)
	}
	if c.DeliveryTimeout >= time.Microsecond && c.DeliveryTimeout < time.Second {
		k.fault("producer.delivery_timeout", "%s is too short for franz-go: write at least 1s", c.DeliveryTimeout)
	}
	if c.MaxMessageBytes > largestMessage {
		k.fault("producer.max_message_bytes", "%d is too large: write at most %d", c.MaxMessageBytes, largestMessage)
	}
}

func (k *checker) checkConsumer(c ConsumerConfig) {
	for key, d := range map[string]time.Duration{
		"consumer.session_timeout": c.SessionTimeout, "consumer.rebalance_timeout": c.RebalanceTimeout,
	} {
		if d >= time.Microsecond && d < 100*time.Millisecond || d > math.MaxInt32*time.Millisecond {
			k.fault(key, "%s is out of bounds: write a duration from 100ms to 596h", d)
		}
	}
	if c.MaxDecompressedBytes > math.MaxInt32 {
		k.fault("consumer.max_decompressed_bytes", "%d is too large: write at most %d", c.MaxDecompressedBytes, math.MaxInt32)
	}
}

// wordsElsewhere are the words that other clients use for ours.
var wordsElsewhere = map[string]string{
	"-1": acksAll, "1": acksLeader, "0": acksNone, "uncompressed": compressionNone, "gz": compressionGzip, "zst": compressionZstd,
	"sasl_plain": saslPlain, "sha256": saslScram256, "sha512": saslScram512, "oauth": saslOAuth, "oauth2": saslOAuth, "iam": saslAWS,
	"msk_iam": saslAWS,
}

// checkWords takes c as it was written, so that a fault shows that.
func (k *checker) checkWords(c Config) {
	if strings.EqualFold(c.SASL.Mechanism, gssapi) {
		k.fault("sasl.mechanism", "is %s, for which a configuration has no words: remove it, and in code give WithSASL what franz-go's module"+
			" pkg/sasl/kerberos makes", gssapi)
	}
	k.oneOf("sasl.mechanism", c.SASL.Mechanism, saslMechanisms...)
	k.oneOf("producer.acks", c.Producer.Acks, acksAll, acksLeader, acksNone)
	k.oneOf("producer.compression", c.Producer.Compression,
		compressionNone, compressionGzip, compressionSnappy, compressionLz4, compressionZstd)
	k.oneOf("consumer.isolation", c.Consumer.Isolation, readCommitted, readUncommitted)
}

// oneOf adds the fault of a word that is neither empty nor one of known, in any case.
func (k *checker) oneOf(key, word string, known ...string) {
	lower := strings.ToLower(word) // not EqualFold, which takes letters that withDefaults does not
	if word == "" || slices.ContainsFunc(known, func(w string) bool { return strings.ToLower(w) == lower }) {
		return
	}
	offers := nearest.Names(word, known, 1)
	if w := wordsElsewhere[lower]; slices.Contains(known, w) {
		offers = []string{w}
	}
	offer := ""
	if len(offers) > 0 {
		offer = "; do you mean " + offers[0] + "?"
	}
	k.fault(key, "%.40q is unknown: write one of %s%s", word, strings.Join(known, ", "), offer)
}

// checkNumbers finds what holds for all numbers and durations.
func (k *checker) checkNumbers(c Config) {
	all := reflect.ValueOf(&c).Elem()
	for _, s := range configSettings {
		v := all.FieldByIndex(s.index)
		if !v.CanInt() || v.Int() == 0 {
			continue
		}
		d, isDuration := v.Interface().(time.Duration)
		switch {
		case v.Int() < 0:
			k.fault(s.key, "%v is negative: write a positive one, or leave it out for its default", v.Interface())
		case isDuration && d < time.Microsecond:
			k.fault(s.key, "%s is shorter than anything can be: a number without a unit counts nanoseconds; multiply it by time.Second"+
				" in code, write %ds in a file", d, d)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
