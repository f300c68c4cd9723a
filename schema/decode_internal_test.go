package schema

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/guard"
)

// What v5 reads is what encoding/json reads, for every text that the guard lets pass; and find gives each value's own text.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`0`, `-1.5e+3`, `""`, `"a\u0041\n\/\\\"\ud83d\ude00é"`, `[]`, `{}`, ` [ 1 , 12 , [ ] , { "a" : [ null , true , false ] , "\u0061b" : { } } ] `,
		`{"a~b":1,"c/d":[[0,9],"x"],"":{"":2}}`, `{"\ud83d\ude00\\":"\\\\"}`, `[[[[1]]]]`, "[\"\u007f\",1E5]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, fault := guard.Check([]byte(text), guard.Limits{}); fault != nil {
			t.Skip()
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		got := decode(text)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %#v, want %#v", text, got, want)
		}
		checkFind(t, text, "", want)
	})
}

func checkFind(t *testing.T, text, pointer string, want any) {
	t.Helper()
	part, ok := find(text, pointer)
	if !ok || !reflect.DeepEqual(decode(part), want) {
		t.Fatalf("%q at %q: got %q, %v", text, pointer, part, ok)
	}
	if v, ok := lookup(decode(text), pointer); !ok || !reflect.DeepEqual(v, want) {
		t.Fatalf("%q at %q: lookup differs", text, pointer)
	}
	switch v := want.(type) {
	case []any:
		for i, item := range v {
			checkFind(t, text, pointer+"/"+strconv.Itoa(i), item)
		}
	case map[string]any:
		for name, item := range v {
			checkFind(t, text, pointer+"/"+escapeToken(name), item)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	const text = `{"a":[1,2],"b":"x"}`
	for _, pointer := range []string{"/c", "/a/2", "/a/-", "/a/00", "/a/x", "/b/0", "/a/0/0", "/a/99999999999"} {
		if part, ok := find(text, pointer); ok {
			t.Errorf("%s: got %q", pointer, part)
		}
		if v, ok := lookup(decode(text), pointer); ok {
			t.Errorf("%s: got %v", pointer, v)
		}
	}
}
