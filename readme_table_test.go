package kafka

// It tests from inside, since a default shows nowhere else before it takes effect.

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The README's table of settings has a row for each leaf of Config, with its variable and its default, and no other row.
func TestReadmeTableIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `(KAFKA_[^`]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(text), -1) {
		rows[row[1]] = row[2:]
	}
	for _, l := range leavesOf(reflect.ValueOf(Config{}.withDefaults()), "", "KAFKA_") {
		row, ok := rows[l.key]
		delete(rows, l.key)
		if !ok || row[0] != l.variable {
			t.Errorf("the table lacks %s with %s; it has %v", l.key, l.variable, row)
			continue
		}
		if documented, ok := strings.CutPrefix(row[1], "`"); ok && strings.Trim(documented, "`") != l.value || !ok && l.value != "" {
			t.Errorf("the table says %s for the default of %s, which is %q", row[1], l.key, l.value)
		}
	}
	for key := range rows {
		t.Errorf("the table has a row for %s, which is no setting", key)
	}
}

// A leaf is one setting of Config: its key in a file, the variable that sets it, and its default where that is a fixed value.
type leaf struct{ key, variable, value string }

// leavesOf finds the settings by reflection, so that a field that is added later is missed in the README.
func leavesOf(v reflect.Value, key, variable string) []leaf {
	var leaves []leaf
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("mapstructure")
		k, e := key+name, variable+strings.ToUpper(name)
		switch field := v.Field(i).Interface().(type) {
		case []TopicConfig:
			leaves = append(leaves, leavesOf(reflect.ValueOf(TopicConfig{}), k+"[].", e+"_<ALIAS>_")...)
		case TLSConfig, SASLConfig, ProducerConfig, ConsumerConfig:
			leaves = append(leaves, leavesOf(v.Field(i), k+".", e+"_")...)
		default:
			leaves = append(leaves, leaf{k, e, fixed(k, field)})
		}
	}
	return leaves
}

// fixed is a default as the table shows it; empty where there is none, or it depends on the program.
func fixed(key string, value any) string {
	switch value := value.(type) {
	case time.Duration:
		return fmt.Sprintf("%ds", int(value.Seconds()))
	case string, bool, int:
		if key != "client_id" {
			return fmt.Sprint(value)
		}
	}
	return ""
}
