package schema

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// An object is a JSON object whose members keep their order, which a map would not.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range []any{m.key, m.value} {
			text, err := plainJSON(v)
			if err != nil {
				return nil, err
			}
			if j > 0 {
				b.WriteByte(':')
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plainJSON writes < and > as they are: patterns and texts are read by people.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (o object) get(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// set replaces a member in its place, or appends it. It leaves o as it is.
func (o object) set(key string, value any) object {
	o = slices.Clone(o)
	for i := range o {
		if o[i].key == key {
			o[i].value = value
			return o
		}
	}
	return append(o, member{key, value})
}

func (o object) sorted() object {
	slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.key, b.key) })
	return o
}

// allowsNull says whether nullable has been here.
func (o object) allowsNull() bool {
	types, ok := o.get("type").([]string)
	return ok && slices.Contains(types, "null")
}

// nullable lets a schema take null too.
func nullable(o object) object {
	kind, ok := o.get("type").(string)
	switch {
	case len(o) == 0 || o.allowsNull():
		return o // anything, null included
	case ok:
		if members, ok := o.get("enum").([]any); ok {
			o = o.set("enum", append(slices.Clip(members), nil))
		}
		return o.set("type", []string{kind, "null"})
	case len(o) == 1 && o[0].key == "anyOf":
		return o // made here, for a pointer to a pointer
	}
	return object{{"anyOf", []object{o, {{"type", "null"}}}}}
}

// withoutNull undoes nullable.
func withoutNull(o object) object {
	if types, ok := o.get("type").([]string); ok && len(types) == 2 {
		return o.set("type", types[0])
	}
	return o
}
