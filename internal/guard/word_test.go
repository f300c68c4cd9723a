package guard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/typedkafka/kafka/internal/guard"
)

// Strings are read eight bytes at a time, and short ones in one step where the document is long enough. So what ends or breaks a string
// is put at each place of a word, in strings of each length, with each number of bytes behind them.
func TestEveryPlaceInAWord(t *testing.T) {
	t.Parallel()
	pieces := []string{"\x00", "\x1f", " ", "!", `"`, "#", "[", `\`, "]", `\n`, `\u0061`, `\ud83d\ude00`, `\ud800`, "\x7f", "\x80", "\xa2", "\xdc", "\xff", "é", "😀"}
	for length := range 20 {
		for place := range length + 1 {
			for _, piece := range pieces {
				text := strings.Repeat("x", place) + piece + strings.Repeat("y", length-place)
				agree(t, `["`+text)
				for behind := range 10 {
					space := strings.Repeat(" ", behind)
					agree(t, `"`+text+`"`+space)
					agree(t, `{"`+text+`":"`+text+`"}`+space)
					agree(t, `{"`+text+`"`+space)
				}
			}
		}
	}
}

// agree compares the guard with jsontext, on documents within all limits.
func agree(t *testing.T, doc string) {
	t.Helper()
	_, err := guard.Check([]byte(doc), guard.Limits{})
	if valid := jsontext.Value(doc).IsValid(); valid != (err == nil) {
		t.Errorf("%q: got %v, but jsontext says %v", doc, err, valid)
	}
}

// A name is found again however long it is and however it is written, and a longer or shorter one is another.
func TestNamesOfEachLength(t *testing.T) {
	t.Parallel()
	for length := range 20 {
		name := strings.Repeat("n", length)
		written := []string{name, name + `\u0000`}
		if length > 0 {
			written = append(written, `\u006e`+name[1:], name[1:]+`\u006E`)
		}
		for i, first := range written {
			for j, second := range written {
				_, err := guard.Check(fmt.Appendf(nil, `{"%s":1,"%s":2}`, first, second), guard.Limits{})
				if twice := err != nil && err.Rule == guard.Duplicate; twice != ((i == 1) == (j == 1)) {
					t.Errorf("%q and %q: %v", first, second, err)
				}
			}
		}
	}
}

// A number of one digit is known by the byte behind it, and behind the document's value nothing but space is right.
func TestBehindAValue(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for _, format := range []string{"1%s", "[1%s", "[1%s]", `{"a":1%s`, `{"a":0%s}`, "[0%s2]", "[-1%s]", "-%s", "1%s2", "[]%s1", "{}%s{}"} {
			agree(t, fmt.Sprintf(format, string([]byte{byte(c)})))
		}
	}
}
