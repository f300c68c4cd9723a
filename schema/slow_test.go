package schema_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/specimen"
	"github.com/typedkafka/kafka/internal/zoo"
	"github.com/typedkafka/kafka/schema"
)

func TestSlowPartsOfASchema(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]schema.SlowPart{
		`{"properties":{"a":{"propertyNames":{"maxLength":1}}}}`: {SchemaPath: "/properties/a", Reason: "propertyNames"},
		`{"items":{"uniqueItems":true}}`:                         {SchemaPath: "/items", Reason: "uniqueItems"},
		`{"properties":{"a/b":{"pattern":"\\bx"}}}`:              {SchemaPath: "/properties/a~1b", Reason: "pattern"},
		`{"format":"idn-email"}`:                                 {},
		`{"format":"iri"}`:                                       {Reason: `format "iri"`},
		`{"$defs":{"d":{"minimum":1}},"$ref":"#/$defs/d"}`:       {},
	} {
		got := schema.MustCompile([]byte(doc)).SlowParts()
		if want == (schema.SlowPart{}) {
			if len(got) > 0 {
				t.Errorf("%s: %+v, want none", doc, got)
			}
			continue
		}
		if len(got) != 1 || got[0].SchemaPath != want.SchemaPath || got[0].Field != "" || !strings.HasPrefix(got[0].Reason, want.Reason) {
			t.Errorf("%s: %+v, want one as %+v", doc, got, want)
		}
	}
	var none *schema.Schema
	if none.SlowParts() != nil || schema.SlowPartsFor[int](none) != nil {
		t.Error("a nil schema has parts")
	}
}

// What services send has no slow part at all.
func TestTheSpecimensHaveNoSlowParts(t *testing.T) {
	t.Parallel()
	for name, got := range map[string][]schema.SlowPart{
		"tiny":    schema.SlowPartsFor[specimen.Tiny](schema.MustCompile([]byte(specimen.TinySchema))),
		"order":   schema.SlowPartsFor[specimen.Order](schema.MustCompile([]byte(specimen.OrderSchema))),
		"batch":   schema.SlowPartsFor[specimen.Batch](schema.MustCompile([]byte(specimen.BatchSchema))),
		"survey":  schema.SlowPartsFor[specimen.Survey](schema.MustCompile([]byte(specimen.SurveySchema))),
		"article": schema.SlowPartsFor[specimen.Article](schema.MustCompile([]byte(specimen.ArticleSchema))),
	} {
		if len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSlowPartsOfAType(t *testing.T) {
	t.Parallel()
	s := schema.MustCompile([]byte(`{}`))
	for typ, c := range map[reflect.Type]struct {
		got   []schema.SlowPart
		field string
		words string
	}{
		reflect.TypeFor[zoo.Quoted]():        {schema.SlowPartsFor[zoo.Quoted](s), "Quoted", "the field Int has the option string"},
		reflect.TypeFor[zoo.EmbedsPointer](): {schema.SlowPartsFor[zoo.EmbedsPointer](s), "EmbedsPointer", "embedded pointer"},
		reflect.TypeFor[zoo.Texts]():         {schema.SlowPartsFor[zoo.Texts](s), "Texts.Opt", "methods of zoo.UUID"},
		reflect.TypeFor[zoo.Keys]():          {schema.SlowPartsFor[zoo.Keys](s), "Keys.ByInt", "maps"},
		reflect.TypeFor[zoo.Bigs]():          {schema.SlowPartsFor[zoo.Bigs](s), "Bigs.Number", "json.Number has no fast way"},
	} {
		found := false
		for _, p := range c.got {
			found = found || p.Field == c.field && strings.Contains(p.Reason, c.words)
		}
		if !found {
			t.Errorf("%s: none of %+v is of %s with %q", typ, c.got, c.field, c.words)
		}
	}
	if got := schema.SlowPartsFor[struct{ C chan int }](s); len(got) != 1 || !strings.Contains(got[0].Reason, "does not wholly take") {
		t.Errorf("a channel: %+v", got)
	}
}
