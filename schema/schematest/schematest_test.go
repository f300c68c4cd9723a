package schematest_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/schema"
	"github.com/typedkafka/kafka/schema/schematest"
)

const (
	v1 = `{"type":"object","properties":{"a":{"type":"integer","minimum":1}},"additionalProperties":false}`
	v2 = `{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}`
	v3 = `{"type":"object","properties":{"a":{"type":["integer","null"]}},"additionalProperties":false}`
)

func TestConforms(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.Conforms(r, codecOf[Order](t, orderSchema))
	r.said(t)
}

func TestConformsFindsDrift(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.Conforms(r, codecOf[Order](t, strings.ReplaceAll(orderSchema, `"sku"`, `"article"`)))
	r.said(t, "schematest_test.Order and its schema have drifted apart", "article", "witness")
}

func TestConformsReadsStrictly(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.Conforms(r, codecOf[Order](t, `{"type":"object","propertees":{"id":{"type":"string"}}}`))
	r.said(t, "schematest.Conforms", "/propertees", `did you mean "properties"`)
}

func TestNilSchema(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.Golden(r, nil, t.TempDir())
	schematest.Evolves(r, t.TempDir(), schema.Full, nil)
	r.said(t, "schematest.Golden: the schema is nil", "schematest.Evolves: the schema is nil")
}

func TestEvolves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files   map[string]string
		mode    schema.Mode
		current string
		want    []string
	}{
		"equal to the newest":     {map[string]string{"v1.json": v1, "v2.json": v2}, schema.Backward, v2, nil},
		"written otherwise":       {map[string]string{"v1.json": v1}, schema.Backward, strings.ReplaceAll(v1, ":", " : "), nil},
		"compatible next":         {map[string]string{"v1.json": v1}, schema.Backward, v2, nil},
		"incompatible next":       {map[string]string{"v1.json": v2}, schema.Backward, v1, []string{"no backward compatible next version after version 1", "v1.json", "/properties/a/minimum", "witness: {\"a\":", "new topic"}},
		"incompatible with older": {map[string]string{"v1.json": v3, "v2.json": v2}, schema.Forward, v3, []string{"no forward compatible", "version 2"}},
		"transitive":              {map[string]string{"v1.json": v1, "v2.json": v2}, schema.FullTransitive, v2, []string{"full_transitive", "can't be taken back"}},
		"a gap":                   {map[string]string{"v1.json": v1, "v3.json": v3}, schema.Backward, v3, []string{"version 2 is missing", "v3.json"}},
		"two of a number":         {map[string]string{"v1.json": v1, "v01.json": v3}, schema.Backward, v3, []string{"v01.json", "both version 1"}},
		"broken JSON":             {map[string]string{"v1.json": `{"type":`}, schema.Backward, v1, []string{"v1.json", "line 1"}},
		"a broken schema":         {map[string]string{"v1.json": `{"type":"strin"}`}, schema.Backward, v1, []string{"v1.json", "/type"}},
		"a misspelt keyword":      {map[string]string{"v1.json": `{"propertees":{}}`}, schema.Backward, v1, []string{"v1.json", "propertees"}},
		"no version":              {nil, schema.Backward, v1, []string{"holds no version yet", "-update"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			schematest.Evolves(r, write(t, t.TempDir(), c.files), c.mode, compile(c.current))
			r.said(t, c.want...)
		})
	}
}

func TestEvolvesSaysHowToPublish(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	dir := write(t, t.TempDir(), map[string]string{"v1.json": v1})
	schematest.Evolves(r, dir, schema.Backward, compile(v2))
	r.said(t)
	if len(r.logs) != 1 || !strings.Contains(r.logs[0], filepath.Join(dir, "v2.json")) {
		t.Errorf("want a log that names v2.json, got %q", r.logs)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	valid := map[string]string{
		"good.json": `{"id":"1","lines":[]}`, "good.verdict": "valid\r\n",
		"bad.json": `{"id":1,"lines":[{"sku":"x","qty":-1}]}`, "bad.verdict": "invalid\n/id: type\n/lines/0/qty: minimum",
		"broken.json": `{`, "broken.verdict": "invalid\nthe document: syntax\n",
	}
	r := &recorder{TB: t}
	schematest.Golden(r, compile(orderSchema), write(t, t.TempDir(), valid))
	r.said(t)
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"another verdict": {map[string]string{"m.json": `{"id":"1"}`, "m.verdict": "valid\n"}, []string{"m.json", "m.verdict", "the document: required", "because:", "lines"}},
		"other faults":    {map[string]string{"m.json": `{"id":1,"lines":[]}`, "m.verdict": "invalid\n/id: minLength\n"}, []string{"/id: minLength", "/id: type"}},
		"no verdict":      {map[string]string{"m.json": `{"id":"1","lines":[]}`}, []string{"has no verdict", "-update", "valid"}},
		"no message":      {map[string]string{"m.json": `{"id":"1","lines":[]}`, "m.verdict": "valid", "n.verdict": "valid"}, []string{"n.verdict", "n.json"}},
		"empty":           {nil, []string{"holds no messages"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			schematest.Golden(r, compile(orderSchema), write(t, t.TempDir(), c.files))
			r.said(t, c.want...)
		})
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.RoundTrip(r, codecOf[Order](t, orderSchema))
	schematest.RoundTrip(r, codecOf[Order](t, orderSchema), Order{ID: "1", Lines: []Line{{"x", 1}}})
	r.said(t)
}

func TestRoundTripOfWrongValues(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.RoundTrip(r, codecOf[Order](t, orderSchema), Order{}, Order{Lines: []Line{{"x", -1}}})
	r.said(t, "value 2 of those given", "/lines/0/qty")
}

// Forgetful writes its cents and does not read them.
type Forgetful struct{ Cents int64 }

func (f Forgetful) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]int64{"euros": f.Cents / 100, "cents": f.Cents % 100})
}

func (f *Forgetful) UnmarshalJSON(text []byte) error {
	var parts map[string]int64
	err := json.Unmarshal(text, &parts)
	f.Cents = parts["euros"] * 100
	return err
}

func TestRoundTripFindsLoss(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.RoundTrip(r, codecOf[Forgetful](t, `{"type":"object","required":["euros"]}`), Forgetful{150})
	r.said(t, "loses or changes data", `witness: {"cents":50,"euros":1}`, `becomes: {"cents":0,"euros":1}`)
}

// Deaf can't read what it writes.
type Deaf struct{}

func (Deaf) MarshalJSON() ([]byte, error) { return []byte(`"x"`), nil }

func (*Deaf) UnmarshalJSON([]byte) error { return json.Unmarshal([]byte(`{}`), new(int)) }

func TestRoundTripFindsWhatDoesNotDecode(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	schematest.RoundTrip(r, codecOf[Deaf](t, `{"type":"string"}`))
	r.said(t, "does not decode", `witness: "x"`)
}

// Bounds that the type does not know are met by values that come from the schema.
func TestRoundTripMeetsBounds(t *testing.T) {
	t.Parallel()
	type bounded struct {
		Code string `json:"code"`
		N    int    `json:"n"`
	}
	r := &recorder{TB: t}
	schematest.RoundTrip(r, codecOf[bounded](t,
		`{"type":"object","required":["code","n"],"properties":{"code":{"type":"string","pattern":"^[A-Z]{3}-[0-9]{4}$"},"n":{"type":"integer","minimum":900,"maximum":905}}}`))
	r.said(t)
}

func TestRoundTripNeedsAValue(t *testing.T) {
	t.Parallel()
	type sealed struct {
		Seal string `json:"seal"`
	}
	r := &recorder{TB: t}
	schematest.RoundTrip(r, codecOf[sealed](t, `{"type":"object","required":["seal"],"properties":{"seal":{"type":"string","format":"hostname","minLength":200}}}`))
	r.said(t, "refuses all of", "RoundTrip(t, codec, values...)")
}
