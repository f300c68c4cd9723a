package guard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/guard"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, doc    string
		rule         guard.Rule
		line, column int
		pointer      string
	}{
		{"empty", "", guard.Syntax, 1, 1, ""},
		{"only space", " \n ", guard.Syntax, 2, 2, ""},
		{"byte order mark", "\xef\xbb\xbf{}", guard.Syntax, 1, 1, ""},
		{"two values", "{} {}", guard.Trailing, 1, 4, ""},
		{"nul behind", "1\x00", guard.Trailing, 1, 2, ""},
		{"twice", `{"a":1,"b":{"x":1,"x":2}}`, guard.Duplicate, 1, 19, "/b/x"},
		{"twice by escape", "{\"ab\":1,\n \"\\u0061b\":2}", guard.Duplicate, 2, 2, "/ab"},
		{"twice by escape first", `{"\u0061/\n":1,"a\/\u000a":2}`, guard.Duplicate, 1, 16, "/a~1\n"},
		{"twice by pair", `{"😀":1,"\ud83d\ude00":2}`, guard.Duplicate, 1, 8, "/😀"},
		{"twice before another fault", `{"a":1,"b":2,"a":3,"c":[{"d":1,"d":2}],x`, guard.Duplicate, 1, 14, "/a"},
		{"twice inside, then outside", `{"a":[{"d":1,"d":2}],"a":2}`, guard.Duplicate, 1, 14, "/a/0/d"},
		{"twice behind a fault", `{"a":x,"a":2}`, guard.Syntax, 1, 6, "/a"},
		{"twice, twice", `{"b":1,"a":1,"a":2,"b":2}`, guard.Duplicate, 1, 14, "/a"},
		{"depth", strings.Repeat("[", 65) + strings.Repeat("]", 65), guard.Depth, 1, 65, strings.Repeat("/0", 64)},
		{"depth of 100,000", strings.Repeat("[", 100_000), guard.Depth, 1, 65, strings.Repeat("/0", 64)},
		{"exponent", `[0,{"n":1e1000001}]`, guard.Number, 1, 9, "/1/n"},
		{"negative exponent", `1E-325`, guard.Number, 1, 1, ""},
		{"endless exponent", `1e` + strings.Repeat("9", 10_000), guard.Number, 1, 1, ""},
		{"long number", strings.Repeat("1", 65), guard.Number, 1, 1, ""},
		{"bad utf8", "[\"a\xff\"]", guard.UTF8, 1, 4, "/0"},
		{"overlong", "\"\xc0\xaf\"", guard.UTF8, 1, 2, ""},
		{"surrogate bytes", "\"\xed\xa0\x80\"", guard.UTF8, 1, 2, ""},
		{"high alone", `{"a":"\ud800"}`, guard.Surrogate, 1, 7, "/a"},
		{"high high", `"\ud800\ud800"`, guard.Surrogate, 1, 2, ""},
		{"low first", `"\udc00\ud800"`, guard.Surrogate, 1, 2, ""},
		{"in a name", `{"\ud800":1}`, guard.Surrogate, 1, 3, ""},
		{"single quotes", `{'a':1}`, guard.Syntax, 1, 2, ""},
		{"comma at the end", "{\"a\":1,\n}", guard.Syntax, 2, 1, ""},
		{"comma in array", `[1,]`, guard.Syntax, 1, 4, "/1"},
		{"no colon", `{"a" 1}`, guard.Syntax, 1, 6, "/a"},
		{"no comma", `{"a":[1 2]}`, guard.Syntax, 1, 9, "/a/0"},
		{"wrong bracket", `{"a":1]`, guard.Syntax, 1, 7, "/a"},
		{"leading zero", `01`, guard.Trailing, 1, 2, ""},
		{"plus", `+1`, guard.Syntax, 1, 1, ""},
		{"no digit", `-`, guard.Syntax, 1, 2, ""},
		{"no fraction", `1.`, guard.Syntax, 1, 3, ""},
		{"no exponent", `1e+`, guard.Syntax, 1, 4, ""},
		{"NaN", `NaN`, guard.Syntax, 1, 1, ""},
		{"short literal", `tru`, guard.Syntax, 1, 1, ""},
		{"ends in string", `{"a":"b`, guard.Syntax, 1, 8, "/a"},
		{"ends in escape", `"\`, guard.Syntax, 1, 3, ""},
		{"bad escape", `"\x"`, guard.Syntax, 1, 2, ""},
		{"bad hex", `"\u00g0"`, guard.Syntax, 1, 2, ""},
		{"control", "\"a\nb\"", guard.Syntax, 1, 3, ""},
		{"column in characters", "[\"äöü\", x]", guard.Syntax, 1, 9, "/1"},
		{"form feed is no space", "\f1", guard.Syntax, 1, 1, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := guard.Check([]byte(c.doc), guard.Limits{})
			if err == nil {
				t.Fatalf("%.80q was accepted", c.doc)
			}
			if err.Rule != c.rule || err.Line != c.line || err.Column != c.column || err.Pointer != c.pointer {
				t.Errorf("%.80q: got %s at %d:%d %q (%v), want %s at %d:%d %q", c.doc,
					err.Rule, err.Line, err.Column, err.Pointer, err, c.rule, c.line, c.column, c.pointer)
			}
			if err.Sentence() == "" {
				t.Error("no sentence")
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		`0`, `-0`, `1e324`, `5E-324`, `1e0000324`, ` true `, "\t\r\n null\n", `""`, `"\ud83d\ude00"`, `"\u0000"`, "\"\u2028\u007f\"", `"�"`,
		`{}`, `[]`, `[[],{}]`, `{"":1}`, `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}`, `{"a":1,"A":2}`, `{"ä":1,"a\u0308":2}`,
		strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("9", 64),
	} {
		if _, err := guard.Check([]byte(doc), guard.Limits{}); err != nil {
			t.Errorf("%.80q: %v", doc, err)
		}
	}
}

// Names are compared one by one in small objects and by a table in large ones; a repeat must be found wherever both stand.
func TestDuplicateAnywhere(t *testing.T) {
	t.Parallel()
	const names = 200
	for first := range names {
		for _, second := range []int{first + 1, first + 2, names} {
			checkDuplicate(t, names, first, second)
		}
	}
	for _, names := range []int{2, 11, 12, 13, 14, 1023, 1024, 1025, 1026, 5000} {
		checkDuplicate(t, names, 0, names)
		checkDuplicate(t, names, 0, 1)
		checkDuplicate(t, names, names/2, names/2+1)
		checkDuplicate(t, names, names-1, names)
		if _, err := guard.Check(object(names, names, -1), guard.Limits{}); err != nil {
			t.Fatal(names, err)
		}
	}
}

func checkDuplicate(t *testing.T, names, first, second int) {
	t.Helper()
	if second > names {
		return
	}
	doc := object(names, second, first)
	for _, doc := range [][]byte{doc, doc[:len(doc)-1]} { // a fault behind it changes nothing
		_, err := guard.Check(doc, guard.Limits{})
		if err == nil || err.Rule != guard.Duplicate || err.Pointer != fmt.Sprintf("/n%d", first) {
			t.Fatalf("name %d again as %d: %v", first, second, err)
		}
	}
}

// A name that stands very often must not make a table of hashes slow.
func TestOneNameVeryOften(t *testing.T) {
	t.Parallel()
	doc := []byte("{" + strings.Repeat(`"a":1,`, 100_000) + `"b":1}`)
	stats, err := guard.Check(doc, guard.Limits{})
	if err == nil || err.Rule != guard.Duplicate || err.Offset != 7 || stats.Steps > 10*len(doc) {
		t.Errorf("got %v after %d steps", err, stats.Steps)
	}
}

// object has count names, and before name number at the name of number again, where that is not negative.
func object(count, at, again int) []byte {
	var b strings.Builder
	b.WriteString(`{"in":{"n0":1}`)
	for i := range count + 1 {
		if i == at && again >= 0 {
			fmt.Fprintf(&b, `,"n%d":0`, again)
		}
		fmt.Fprintf(&b, `,"n%d":{"n0":[1]}`, i)
	}
	b.WriteString("}")
	return []byte(b.String())
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limits := guard.Limits{Size: 10, Depth: 2, NumberLength: 4, Exponent: 9}
	for doc, want := range map[string]guard.Rule{
		`"12345678"`: "", `"123456789"`: guard.Size, `[[]]`: "", `[[[]]]`: guard.Depth, `[1234]`: "", `12345`: guard.Number, `1e9`: "", `1e10`: guard.Number,
	} {
		var got guard.Rule
		if _, err := guard.Check([]byte(doc), limits); err != nil {
			got = err.Rule
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", doc, got, want)
		}
	}
}

func TestStats(t *testing.T) {
	t.Parallel()
	got, err := guard.Check([]byte(`{"abc":[1,2,{"x":1e3}],"d":null,"e":[],"f":{}}`), guard.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got.Steps = 0
	want := guard.Stats{Values: 9, Containers: 5, Names: 5, OpenNames: 4, Depth: 3, Path: len("/abc/2/x"), Exponents: true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	deep := "[" + strings.Repeat("0,", 1234) + `{"name":1}]`
	if got, err := guard.Check([]byte(deep), guard.Limits{}); err != nil || got.Path != len("/1234/name") {
		t.Errorf("the longest pointer has %d bytes (%v)", got.Path, err)
	}
}

func TestPathOfAnIndex(t *testing.T) {
	t.Parallel()
	for items, last := range map[int]string{1: "/0", 10: "/9", 11: "/10", 12: "/11", 100: "/99", 101: "/100", 1001: "/1000"} {
		array := "[" + strings.Repeat("0,", items-1)
		if got, err := guard.Check([]byte(array+"0]"), guard.Limits{}); err != nil || got.Path != len(last) {
			t.Errorf("%d numbers: the longest pointer has %d bytes (%v)", items, got.Path, err)
		}
		if got, err := guard.Check([]byte(array+`{"ab":[[0]]}]`), guard.Limits{}); err != nil || got.Path != len(last+"/ab/0/0") {
			t.Errorf("%d items: the longest pointer has %d bytes (%v)", items, got.Path, err)
		}
		if _, err := guard.Check([]byte(array+"x]"), guard.Limits{}); err == nil || err.Pointer != last {
			t.Errorf("%d items: %v", items, err)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"":          "is empty: a JSON value is missing",
		"[1, ":      "ends too early: a value is missing",
		"[1 ":       "ends too early: expected a comma or ']'",
		`{"a":1 x`:  "is not JSON: expected a comma or '}'",
		"{":         "ends too early: expected a property name in double quotes",
		`{"a" 1`:    "is not JSON: expected a colon after the property name",
		`{"a":x`:    "is not JSON: expected a value",
		"1,2":       "has more data after the end of its JSON value",
		`"a`:        "ends inside a string",
		`{"abcdefg`: "ends inside a string",
		"\"a\tb\"":  "has a control character in a string: write it as an escape",
	} {
		_, err := guard.Check([]byte(doc), guard.Limits{})
		if err == nil || err.Sentence() != want {
			t.Errorf("%q: got %v, want %q", doc, err, want)
		}
	}
}
