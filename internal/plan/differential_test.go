package plan_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/plan"
)

// randomCases is how many random documents are tried: PLAN_CASES, or what keeps a plain test run short.
func randomCases() int {
	if n, err := strconv.Atoi(os.Getenv("PLAN_CASES")); err == nil {
		return n
	}
	return 20_000
}

// What the plan accepts is valid, for schemas over all keywords and documents that are valid, nearly valid and broken.
func TestAcceptsOnlyWhatIsValid(t *testing.T) {
	t.Parallel()
	cases := randomCases()
	const perSchema = 40
	seed := rand.Uint64()
	g := &generator{rand.New(rand.NewPCG(seed, 0))}
	valid, accepted := 0, 0
	for done := 0; done < cases; done += perSchema {
		text := g.schema(3)
		s, err := compileLeniently(text)
		if err != nil {
			continue
		}
		p := plan.Compile(s)
		for range perSchema {
			doc := g.mutate(g.document(3))
			accepts := p.Accepts(doc)
			is := reference(s, doc)
			if accepts && !is {
				t.Fatalf("seed %d: accepted, but invalid\nschema   %s\ndocument %q", seed, text, doc)
			}
			if is {
				valid++
			}
			if accepts {
				accepted++
			}
		}
	}
	t.Logf("%d documents, %d valid, %d accepted at once", cases, valid, accepted)
	if accepted < valid/2 {
		t.Errorf("only %d of %d valid documents are accepted at once: the plan is of no use", accepted, valid)
	}
}

func compileLeniently(text string) (s *jsonschema.Schema, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource("mem:///s", strings.NewReader(text)); err != nil {
		return nil, err
	}
	return c.Compile("mem:///s")
}

// A generator makes schemas and documents over a small alphabet, so that they meet often.
type generator struct{ *rand.Rand }

func pick[E any](g *generator, of ...E) E { return of[g.IntN(len(of))] }

func (g *generator) schema(depth int) string {
	if g.IntN(12) == 0 {
		return pick(g, "true", "false", "{}")
	}
	var members []string
	add := func(format string, args ...any) { members = append(members, fmt.Sprintf(format, args...)) }
	for range 1 + g.IntN(3) {
		g.keyword(depth, add)
	}
	seen := map[string]bool{}
	keep := members[:0]
	for _, m := range members {
		if name, _, _ := strings.Cut(m, ":"); !seen[name] {
			seen[name] = true
			keep = append(keep, m)
		}
	}
	return "{" + strings.Join(keep, ",") + "}"
}

func (g *generator) keyword(depth int, add func(string, ...any)) {
	const scalars, all = 14, 32
	n := g.IntN(all)
	if depth == 0 {
		n = g.IntN(scalars)
	}
	sub := func() string { return g.schema(depth - 1) }
	subs := func() string {
		var list []string
		for range 1 + g.IntN(3) {
			list = append(list, sub())
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	switch n {
	case 0, 1, 2:
		add(`"type":%q`, pick(g, "null", "boolean", "integer", "number", "string", "array", "object"))
	case 3:
		add(`"type":["%s","%s"]`, pick(g, "null", "integer", "string"), pick(g, "boolean", "object", "array", "number"))
	case 4:
		add(`"%s":%s`, pick(g, "minimum", "exclusiveMinimum"), g.number())
	case 5:
		add(`"%s":%s`, pick(g, "maximum", "exclusiveMaximum"), g.number())
	case 6:
		add(`"multipleOf":%s`, pick(g, "1", "2", "0.1", "0.25", "3", "1.5"))
	case 7:
		add(`"minLength":%d`, g.IntN(4))
	case 8:
		add(`"maxLength":%d`, g.IntN(4))
	case 9:
		add(`"pattern":%q`, pick(g, "^a", "b$", "^[a-c]+$", "é", "^.$"))
	case 10:
		add(`"format":%q`, pick(g, "date-time", "date", "uuid", "email", "ipv4", "uri", "hostname", "duration"))
	case 11:
		add(`"enum":[%s,%s]`, g.document(1), g.scalar())
	case 12:
		add(`"const":%s`, g.document(1))
	case 13:
		add(`"minimum":%s`, g.number())
	case 14, 15, 16:
		var props []string
		for _, name := range []string{"a", "b", "é"} {
			if g.IntN(2) == 0 {
				props = append(props, fmt.Sprintf("%q:%s", name, sub()))
			}
		}
		add(`"properties":{%s}`, strings.Join(props, ","))
	case 17, 18:
		add(`"required":[%q]`, g.name())
	case 19:
		add(`"additionalProperties":%s`, sub())
	case 20:
		add(`"minProperties":%d`, g.IntN(3))
	case 21:
		add(`"maxProperties":%d`, g.IntN(3))
	case 22, 23:
		add(`"items":%s`, sub())
	case 24:
		add(`"prefixItems":%s`, subs())
	case 25:
		add(`"minItems":%d`, g.IntN(3))
	case 26:
		add(`"%s":%d`, pick(g, "maxItems", "minContains", "maxContains"), g.IntN(3))
	case 27:
		add(`"contains":%s`, sub())
	case 28:
		add(`"%s":%s`, pick(g, "allOf", "anyOf", "oneOf"), subs())
	case 29:
		add(`"not":%s`, sub())
	case 30:
		add(`"if":%s`, sub())
		add(`"%s":%s`, pick(g, "then", "else"), sub())
	case 31:
		add(`%s`, pick(g, `"uniqueItems":true`, `"patternProperties":{"^a":false}`, `"dependentRequired":{"a":["b"]}`,
			`"propertyNames":{"maxLength":1}`, `"unevaluatedProperties":false`, `"unevaluatedItems":false`,
			`"$ref":"#/$defs/d","$defs":{"d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d"}}}}`,
			`"$schema":"http://json-schema.org/draft-07/schema#"`))
	}
}

func (g *generator) name() string { return pick(g, "a", "b", "é", "c", "aa") }

func (g *generator) number() string {
	return pick(g, "0", "1", "-1", "2", "3", "0.1", "1.5", "-0", "0.25", "1.0", "100", "1e2", "9007199254740993",
		"123456789012345678", "1234567890123456789", "0.30000000000000004", "-1.0", "3.14", "1E-2")
}

func (g *generator) scalar() string {
	return pick(g, "null", "true", "false", g.number(), g.number(),
		`""`, `"a"`, `"ab"`, `"abc"`, `"é"`, `"\u00e9"`, `"\ud83d\ude00"`, `"a\nb"`, `"aaaaaaaaaaaaaaaaaaaaaaaa"`,
		`"2026-02-28T10:00:00Z"`, `"2026-02-31"`, `"2024-02-29"`, `"1.2.3.4"`, `"a@b.c"`, `"http://a.b/c"`, `"P1D"`,
		`"2026-06-30T23:59:60Z"`, `"123e4567-e89b-12d3-a456-426614174000"`)
}

func (g *generator) document(depth int) string {
	if depth == 0 || g.IntN(2) == 0 {
		return g.scalar()
	}
	var parts []string
	if g.IntN(2) == 0 {
		for range g.IntN(4) {
			parts = append(parts, g.document(depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	seen := map[string]bool{}
	for range g.IntN(4) {
		name := g.name()
		if seen[name] && g.IntN(20) > 0 {
			continue
		}
		seen[name] = true
		text, _ := json.Marshal(name)
		if g.IntN(20) == 0 {
			text = []byte(strings.Replace(string(text), "a", `\u0061`, 1))
		}
		parts = append(parts, string(text)+": "+g.document(depth-1))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// mutate breaks some documents by a byte.
func (g *generator) mutate(doc string) []byte {
	b := []byte(doc)
	if g.IntN(4) > 0 || len(b) == 0 {
		return b
	}
	i := g.IntN(len(b))
	switch g.IntN(3) {
	case 0:
		b[i] = pick(g, []byte("\"\\{}[],:0129.eE-tu \x00\x1f\x7f\x80\xc3\xff")...)
	case 1:
		b = append(b[:i], b[i+1:]...)
	case 2:
		b = append(b[:i], append([]byte{b[i]}, b[i:]...)...)
	}
	return b
}

// The official suite, where its path is given: what the plan accepts is valid, and how much that is.
func TestSuite(t *testing.T) {
	t.Parallel()
	const variable = "KAFKA_JSON_SCHEMA_SUITE"
	dir := os.Getenv(variable)
	if dir == "" {
		t.Skip("set " + variable + " to a checkout of the JSON-Schema-Test-Suite to run it through the plan")
	}
	valid, accepted := 0, 0
	for _, draft := range []string{"draft7", "draft2020-12"} {
		files, err := os.ReadDir(dir + "/tests/" + draft)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".json") {
				continue
			}
			v, a := suiteFile(t, dir+"/tests/"+draft+"/"+f.Name())
			valid, accepted = valid+v, accepted+a
		}
	}
	t.Logf("%d valid documents, %d accepted at once", valid, accepted)
}

func suiteFile(t *testing.T, path string) (valid, accepted int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Schema json.RawMessage
		Tests  []struct{ Data json.RawMessage }
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatal(path, err)
	}
	for _, group := range groups {
		s, err := compileLeniently(string(group.Schema))
		if err != nil {
			continue // needs a remote, or a keyword that v5 lacks
		}
		p := plan.Compile(s)
		for _, test := range group.Tests {
			is, accepts := reference(s, test.Data), p.Accepts(test.Data)
			if accepts && !is {
				t.Errorf("%s: accepted, but invalid\nschema   %s\ndocument %s", path, group.Schema, test.Data)
			}
			if is {
				valid++
			}
			if accepts {
				accepted++
			}
		}
	}
	return valid, accepted
}

func FuzzAccepts(f *testing.F) {
	g := &generator{rand.New(rand.NewPCG(1, 2))}
	for range 50 {
		f.Add(g.schema(2), []byte(g.document(2)))
	}
	f.Fuzz(func(t *testing.T, schema string, doc []byte) {
		if len(schema) > 400 || len(doc) > 400 || strings.ContainsAny(schema, "eE") && strings.Contains(schema, "1e") {
			t.Skip("jsonschema/v5 itself takes too long, or panics")
		}
		s, err := compileLeniently(schema)
		if err != nil {
			t.Skip()
		}
		if plan.Compile(s).Accepts(doc) && !reference(s, doc) {
			t.Errorf("accepted, but invalid\nschema   %s\ndocument %q", schema, doc)
		}
	})
}
