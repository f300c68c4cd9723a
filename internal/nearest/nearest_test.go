package nearest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/nearest"
)

func TestNames(t *testing.T) {
	t.Parallel()
	keys := []string{"brokers", "client_id", "connect_timeout", "session_timeout", "acks", "user", "password", "ca_file", "cert_file"}
	for _, tc := range []struct {
		why, name string
		known     []string
		n         int
		want      []string
	}{
		{"a letter lost", "broker", keys, 3, []string{"brokers"}},
		{"a letter added", "acckss", []string{"acks"}, 3, []string{"acks"}},
		{"a letter changed", "passwort", keys, 3, []string{"password"}},
		{"two letters swapped count once", "ackS", []string{"asks", "akcs"}, 3, []string{"asks", "akcs"}},
		{"a swap in a short name", "caks", []string{"acks", "cask"}, 3, []string{"acks", "cask"}},
		{"case", "ID", []string{"name", "id"}, 3, []string{"id"}},
		{"separators", "clientId", keys, 3, []string{"client_id"}},
		{"a dash for an underscore", "ca-file", keys, 1, []string{"ca_file"}},
		{"a word of several", "timeout", keys, 3, []string{"connect_timeout", "session_timeout"}},
		{"words in another order", "file ca", []string{"ca_file"}, 3, []string{"ca_file"}},
		{"several words for one", "orders.v1", []string{"payments", "orders"}, 3, []string{"orders"}},
		{"a slip before a word", "orders", []string{"orders-eu", "order"}, 3, []string{"order", "orders-eu"}},
		{"the nearest first, not the first known", "currncy", []string{"curency1", "currency"}, 3, []string{"currency", "curency1"}},
		{"no more than asked for", "timeout", keys, 1, []string{"connect_timeout"}},
		{"each once", "broker", []string{"brokers", "brokers"}, 3, []string{"brokers"}},
		{"the order of known among equals", "ab1", []string{"ab3", "ab2"}, 3, []string{"ab3", "ab2"}},
		{"letters beyond ASCII", "größe", []string{"grösse", "Größe"}, 3, []string{"Größe", "grösse"}},
		{"nothing alike", "zzz", keys, 3, nil},
		{"nothing in common but length", "xy", []string{"ab"}, 3, nil},
		{"one letter is no word", "a", []string{"a b c d e"}, 3, nil},
		{"another single letter", "a", []string{"b"}, 3, nil},
		{"no letters", "---", []string{"___", "acks"}, 3, nil},
		{"none known", "acks", nil, 3, nil},
		{"none wanted", "acks", keys, 0, nil},
		{"fewer than none wanted", "acks", keys, -1, nil},
		{"bytes that are no text", "\xff\xfeacks", keys, 3, []string{"acks"}},
		{"too long to be a slip", strings.Repeat("a", 1<<20), []string{strings.Repeat("a", 1<<20)}, 3, nil},
	} {
		t.Run(tc.why, func(t *testing.T) {
			t.Parallel()
			if got := nearest.Names(tc.name, tc.known, tc.n); !slices.Equal(got, tc.want) {
				t.Errorf("Names(%.40q) = %q, want %q", tc.name, got, tc.want)
			}
		})
	}
}

func FuzzNames(f *testing.F) {
	f.Add("broker", "brokers", "acks")
	f.Add("", "", "")
	f.Add("\xff", "É", "a_b")
	f.Fuzz(func(t *testing.T, name, one, two string) {
		got := nearest.Names(name, []string{one, two}, 2)
		for _, g := range got {
			if g != one && g != two {
				t.Errorf("Names(%q) made up %q", name, g)
			}
		}
		if again := nearest.Names(name, []string{one, two}, 2); !slices.Equal(got, again) {
			t.Errorf("Names(%q) = %q, then %q", name, got, again)
		}
	})
}
