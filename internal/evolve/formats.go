package evolve

import "strings"

// formatShapes holds patterns that every string of a format matches, as jsonschema/v5 v5.3.1 checks it (format.go).
// They are wider than the formats where a pattern can't say it all.
var formatShapes = map[string]string{
	"date-time":             `(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9+-]{2}:[0-9+-]{2}:[0-9+-]{2}.+$`,
	"date":                  `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`,
	"time":                  `(?s)^[0-9+-]{2}:[0-9+-]{2}:[0-9+-]{2}.+$`,
	"duration":              `^P`,
	"email":                 `@`,
	"ip-address":            `^[0-9+-]+(\.[0-9+-]+){3}$`,
	"ipv4":                  `^[0-9+-]+(\.[0-9+-]+){3}$`,
	"ipv6":                  `:`,
	"uri":                   `^[a-zA-Z][a-zA-Z0-9+.-]*:`,
	"iri":                   `^[a-zA-Z][a-zA-Z0-9+.-]*:`,
	"json-pointer":          `^(/|$)`,
	"relative-json-pointer": `^[0-9]`,
	"uuid":                  uuidShape,
}

// uuidShape is the whole of its format, so that what does not match it is no uuid.
const uuidShape = `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`

// shape adds what is known of the text of a format.
func (t *stringState) shape(assertion string, negated bool) {
	format, ok := strings.CutPrefix(assertion, "format ")
	if pattern := formatShapes[format]; ok && pattern != "" && !negated {
		t.pos = append(t.pos, pattern)
	}
	if format == "uuid" && negated {
		t.neg = append(t.neg, uuidShape)
	}
}

var formatSamples = map[string][]string{
	"regex":                 {"a", "^x$", ""},
	"date-time":             {"2020-01-02T03:04:05Z", "1999-12-31T23:59:59.123456+01:00"},
	"date":                  {"2020-01-02", "1999-12-31"},
	"time":                  {"03:04:05Z", "23:59:59.5+01:00"},
	"duration":              {"P1D", "PT1H30M"},
	"period":                {"2020-01-02T03:04:05Z/P1D"},
	"hostname":              {"a", "example.com", "a-very-long-name-for-a-host.example.com"},
	"email":                 {"a@b", "somebody@example.com", "somebody.else+tag@mail.example.com"},
	"ip-address":            {"1.2.3.4", "192.168.100.200"},
	"ipv4":                  {"1.2.3.4", "192.168.100.200"},
	"ipv6":                  {"::1", "2001:db8:1:2:3:4:5:6"},
	"uri":                   {"a:b", "https://example.com/path?query"},
	"iri":                   {"a:b", "https://example.com/path?query"},
	"uri-reference":         {"a", "", "https://example.com/path"},
	"uriref":                {"a", "", "https://example.com/path"},
	"iri-reference":         {"a", "", "https://example.com/path"},
	"uri-template":          {"a", "https://example.com/{id}"},
	"json-pointer":          {"", "/a", "/a/0"},
	"relative-json-pointer": {"0", "1/a"},
	"uuid":                  {"123e4567-e89b-42d3-a456-426614174000"},
}
