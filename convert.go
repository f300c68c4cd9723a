package kafka

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// convert makes of what a parser of files, a flag or code gives a value of a setting's type. The error says what it found and
// what to write, and nothing of a secret.
func convert(raw any, t reflect.Type) (any, error) {
	if reflect.TypeOf(raw) == t {
		if list, ok := raw.([]string); ok {
			return slices.Clone(list), nil
		}
		return raw, nil
	}
	switch reflect.Zero(t).Interface().(type) {
	case []string:
		return toList(raw)
	case map[string]string:
		return toTexts(raw)
	case Secret:
		s, err := toText(raw)
		return NewSecret(s), err
	case string:
		return toText(raw)
	case bool:
		return toBool(raw)
	case time.Duration:
		return toDuration(raw)
	default:
		return toInt(raw, t)
	}
}

func toText(raw any) (string, error) {
	if v := reflect.ValueOf(raw); v.Kind() == reflect.String {
		return v.String(), nil
	}
	return "", fmt.Errorf("%s where a text belongs: put it in quotes", kindOf(raw))
}

// toList takes a list of texts, or one text with commas.
func toList(raw any) ([]string, error) {
	v := reflect.ValueOf(raw)
	if v.Kind() == reflect.String {
		list := strings.Split(v.String(), ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		return list, nil
	}
	if v.Kind() != reflect.Slice {
		return nil, fmt.Errorf("%s where a list of texts belongs: write a list, or a text with commas", kindOf(raw))
	}
	list := make([]string, v.Len())
	for i := range list {
		s, err := toText(v.Index(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("entry %d is %w", i, err)
		}
		list[i] = s
	}
	return list, nil
}

// toTexts takes a section of names and values, or one text key=value,key=value. A part of that text without a = goes on with the
// value before it: cleanup.policy=compact,delete.
func toTexts(raw any) (map[string]string, error) {
	texts := make(map[string]string)
	v := reflect.ValueOf(raw)
	switch v.Kind() {
	case reflect.Map:
		return texts, flatten(texts, "", v)
	case reflect.String:
	default:
		return nil, fmt.Errorf("%s where a section of names and values belongs: write such as {retention.ms: 86400000}", kindOf(raw))
	}
	var key string
	for part := range strings.SplitSeq(v.String(), ",") {
		name, value, is := strings.Cut(part, "=")
		switch {
		case is:
			key = strings.TrimSpace(name)
			texts[key] = strings.TrimSpace(value)
		case key == "":
			return nil, fmt.Errorf("%.40q has no =: write key=value,key=value", part)
		default:
			texts[key] += "," + strings.TrimSpace(part)
		}
	}
	return texts, nil
}

// flatten takes a section's values as texts. A name with a dot may have become a section within it.
func flatten(into map[string]string, prefix string, section reflect.Value) error {
	for k, v := range section.Seq2() {
		key := prefix + fmt.Sprint(k.Interface())
		for v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		switch {
		case !v.IsValid():
			return fmt.Errorf("%s has nothing where a text or a number belongs: write Kafka's own value", key)
		case v.Kind() == reflect.Map:
			if err := flatten(into, key+".", v); err != nil {
				return err
			}
		case v.Kind() == reflect.String, v.Kind() == reflect.Bool, v.CanInt(), v.CanUint():
			into[key] = fmt.Sprint(v.Interface())
		case v.CanFloat():
			into[key] = strconv.FormatFloat(v.Float(), 'f', -1, 64) // every number of JSON is one
		default:
			return fmt.Errorf("%s has %s where a text or a number belongs: write Kafka's own value", key, kindOf(v.Interface()))
		}
	}
	return nil
}

func toBool(raw any) (bool, error) {
	if s, ok := raw.(string); ok {
		if b, err := strconv.ParseBool(strings.TrimSpace(s)); err == nil {
			return b, nil
		}
		return false, fmt.Errorf("%.40q is neither: write true or false", s)
	}
	return false, fmt.Errorf("%s where a choice belongs: write true or false", kindOf(raw))
}

// toDuration takes a text with a unit. A bare number would be nanoseconds to Go, and to its writer perhaps seconds.
func toDuration(raw any) (time.Duration, error) {
	n := reflect.ValueOf(raw)
	var s string
	switch {
	case n.Kind() == reflect.String:
		s = strings.TrimSpace(n.String())
	case n.CanInt(), n.CanUint(), n.CanFloat():
		s = fmt.Sprint(raw)
	default:
		return 0, fmt.Errorf("%s where a duration belongs: write a number and a unit, such as 10s or 300ms", kindOf(raw))
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil // of the numbers only 0 does without a unit
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, fmt.Errorf("%.40s has no unit: write %.40ss, %.40sms or %.40sm", s, s, s, s)
	}
	return 0, fmt.Errorf("%.40q is no duration: write a number and a unit (ms, s, m, h), such as 10s, 300ms or 1m30s", s)
}

// toInt takes a whole number that t can hold.
func toInt(raw any, t reflect.Type) (any, error) {
	v := reflect.ValueOf(raw)
	var n int64
	switch {
	case v.CanInt():
		n = v.Int()
	case v.CanUint() && v.Uint() <= math.MaxInt64:
		n = int64(v.Uint())
	case v.CanFloat() && v.Float() == math.Trunc(v.Float()) && math.Abs(v.Float()) < 1<<53: // all JSON numbers are floats
		n = int64(v.Float())
	case v.Kind() == reflect.String:
		var err error
		if n, err = parseInt(strings.TrimSpace(v.String())); err != nil {
			return nil, err
		}
	case v.CanUint(), v.CanFloat():
		return nil, fmt.Errorf("%v is no whole number that fits: write one up to %d", raw, largest(t))
	default:
		return nil, fmt.Errorf("%s where a number belongs: write a whole number", kindOf(raw))
	}
	if reflect.Zero(t).OverflowInt(n) {
		return nil, fmt.Errorf("%d does not fit: write at most %d", n, largest(t))
	}
	return n, nil
}

func largest(t reflect.Type) int64 { return 1<<(t.Bits()-1) - 1 }

// parseInt reads a whole number. Sizes have no units; the error of one that has says its number.
func parseInt(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil {
		return n, nil
	}
	if bytes, ok := sizeInBytes(s); ok {
		return 0, fmt.Errorf("%.40q has a unit: write the number of bytes, %d", s, bytes)
	}
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%.40s does not fit: write a smaller number", s)
	}
	return 0, fmt.Errorf("%.40q is no whole number: write digits alone", s)
}

// sizeInBytes reads a number with a unit of bytes.
func sizeInBytes(s string) (int64, bool) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit := strings.ToLower(strings.TrimSpace(s[len(digits):]))
	per, known := map[string]int64{
		"b": 1, "k": 1 << 10, "kb": 1000, "kib": 1 << 10, "m": 1 << 20, "mb": 1e6, "mib": 1 << 20, "g": 1 << 30, "gb": 1e9, "gib": 1 << 30,
	}[unit]
	n, err := strconv.ParseInt(digits, 10, 32)
	return n * per, known && err == nil
}

// kindOf names what a raw value is, never its content.
func kindOf(raw any) string {
	v := reflect.ValueOf(raw)
	switch {
	case !v.IsValid():
		return "nothing"
	case v.Kind() == reflect.Bool:
		return "a true or false"
	case v.CanInt(), v.CanUint(), v.CanFloat():
		return "a number"
	case v.Kind() == reflect.String:
		return "a text"
	case v.Kind() == reflect.Slice:
		return "a list"
	case v.Kind() == reflect.Map:
		return "a section"
	default:
		return "a " + v.Type().String()
	}
}
