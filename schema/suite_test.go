package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/schema"
)

// suiteEnv names the folder of a checkout of https://github.com/json-schema-org/JSON-Schema-Test-Suite, which has tests/ and remotes/.
const suiteEnv = "KAFKA_JSON_SCHEMA_SUITE"

var update = flag.Bool("update", false, "write docs/json-schema.md anew")

// suitePage is the page that tells where v5 differs from the suite.
const suitePage = "../docs/json-schema.md"

// A suiteGroup is one schema of the suite with its documents.
type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
	draft schema.Draft
	file  string
}

var suiteFolders = map[schema.Draft]string{schema.Draft7: "draft7", schema.Draft2020: "draft2020-12"}

// Every required test of the official suite: where v5 gives a verdict, ours is the same; what v5 gets wrong stands in the page.
func TestOfficialSuite(t *testing.T) {
	t.Parallel()
	root := os.Getenv(suiteEnv)
	if root == "" {
		t.Skipf("SKIPPED: the official JSON Schema test suite did not run: set %s to a checkout of it", suiteEnv)
	}
	page := suiteResult{}
	for _, draft := range []schema.Draft{schema.Draft7, schema.Draft2020} {
		remotes := readRemotes(t, root, draft)
		for _, group := range readSuite(t, root, draft) {
			page.run(t, group, remotes)
		}
	}
	if page.tests[schema.Draft7] < 900 || page.tests[schema.Draft2020] < 1250 {
		t.Errorf("only %v tests ran: is %s whole?", page.tests, root)
	}
	page.compare(t)
}

func readSuite(t *testing.T, root string, draft schema.Draft) []suiteGroup {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "tests", suiteFolders[draft], "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests for %s in %s (%v)", draft, root, err)
	}
	slices.Sort(files)
	var all []suiteGroup
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var groups []suiteGroup
		if err := json.Unmarshal(text, &groups); err != nil {
			t.Fatal(file, err)
		}
		for _, g := range groups {
			g.draft, g.file = draft, filepath.Base(file)
			all = append(all, g)
		}
	}
	return all
}

// readRemotes gives the documents that the suite serves at localhost:1234: those for all drafts, and those of this one.
func readRemotes(t *testing.T, root string, draft schema.Draft) map[string][]byte {
	t.Helper()
	remotes := map[string][]byte{}
	base := filepath.Join(root, "remotes")
	err := filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(base, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if folder, _, _ := strings.Cut(name, "/"); (strings.HasPrefix(folder, "draft") || folder == "v1") && folder != suiteFolders[draft] {
			return nil
		}
		remotes["http://localhost:1234/"+name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return remotes
}

// A suiteResult is what the page says.
type suiteResult struct {
	tests   map[schema.Draft]int
	differs map[schema.Draft][]difference
	refused map[schema.Draft][]difference
}

type difference struct{ file, group, test, says string }

func (r *suiteResult) run(t *testing.T, g suiteGroup, remotes map[string][]byte) {
	t.Helper()
	if r.tests == nil {
		r.tests, r.differs, r.refused = map[schema.Draft]int{}, map[schema.Draft][]difference{}, map[schema.Draft][]difference{}
	}
	ours, err := compileOurs(g, remotes)
	v5, v5err := compileV5(g, remotes)
	name := fmt.Sprintf("%s/%s: %s", g.draft, g.file, g.Description)
	if v5err != nil {
		t.Errorf("%s: v5 does not compile it: %v", name, v5err)
		return
	}
	if err != nil {
		var refused *schema.CompileError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %T: %v", name, err, err)
		} else {
			r.refused[g.draft] = append(r.refused[g.draft], difference{g.file, g.Description, "", refused.Faults[0].Message})
		}
	}
	for _, test := range g.Tests {
		r.tests[g.draft]++
		valid := v5.Validate(decodeLikeV5(t, test.Data)) == nil
		if valid != test.Valid {
			r.differs[g.draft] = append(r.differs[g.draft], difference{g.file, g.Description, test.Description, verdict(valid)})
		}
		if err != nil {
			continue
		}
		if got := ours.Validate(test.Data); (got == nil) != valid {
			t.Errorf("%s: %s: v5 says %s, we say %v", name, test.Description, verdict(valid), got)
		}
	}
}

func verdict(valid bool) string {
	if valid {
		return "valid"
	}
	return "invalid"
}

func compileOurs(g suiteGroup, remotes map[string][]byte) (*schema.Schema, error) {
	opts := []schema.CompileOption{schema.AssumeDraft(g.draft)}
	for uri, doc := range remotes {
		opts = append(opts, schema.Resource(uri, doc))
	}
	return schema.Compile(g.Schema, opts...)
}

// compileV5 is v5 by itself, with the settings that we use.
func compileV5(g suiteGroup, remotes map[string][]byte) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	c.Draft = jsonschema.Draft2020
	if g.draft == schema.Draft7 {
		c.Draft = jsonschema.Draft7
	}
	c.LoadURL = func(uri string) (io.ReadCloser, error) {
		if doc, ok := remotes[uri]; ok {
			return io.NopCloser(bytes.NewReader(doc)), nil
		}
		return nil, errors.New("no such remote: " + uri)
	}
	const uri = "mem:///suite.json"
	if err := c.AddResource(uri, bytes.NewReader(g.Schema)); err != nil {
		return nil, err
	}
	return c.Compile(uri)
}

func decodeLikeV5(t testing.TB, doc []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return v
}

// compare checks the page, or writes it.
func (r *suiteResult) compare(t *testing.T) {
	t.Helper()
	text := r.page()
	if *update {
		if err := os.WriteFile(suitePage, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(suitePage)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), text); d != "" {
		t.Errorf("docs/json-schema.md is not what the suite says: run go test ./schema -run TestOfficialSuite -update\n%s", d)
	}
}

func (r *suiteResult) page() string {
	var b strings.Builder
	b.WriteString(pageHead)
	b.WriteString("| draft | required tests | v5 differs | of these because formats are asserted |\n| --- | --- | --- | --- |\n")
	drafts := slices.Sorted(maps.Keys(r.tests))
	for _, d := range drafts {
		formats := 0
		for _, x := range r.differs[d] {
			if x.file == "format.json" {
				formats++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", d, r.tests[d], len(r.differs[d]), formats)
	}
	b.WriteString("\n## Where v5 differs from the suite\n\n| draft | file | schema | document | v5 says |\n| --- | --- | --- | --- | --- |\n")
	for _, d := range drafts {
		for _, x := range r.differs[d] {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", d, x.file, cell(x.group), cell(x.test), x.says)
		}
	}
	b.WriteString("\n## Which schemas of the suite this package refuses\n\n| draft | file | schema | why |\n| --- | --- | --- | --- |\n")
	for _, d := range drafts {
		for _, x := range r.refused[d] {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", d, x.file, cell(x.group), cell(x.says))
		}
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

const pageHead = `<!-- Generated by go test ./schema -run TestOfficialSuite -update. Do not edit. -->
# JSON Schema: what is checked, and where it differs from the specification

The package schema reads drafts 4, 6, 7, 2019-09 and 2020-12 and lets github.com/santhosh-tekuri/jsonschema/v5 decide. This page says
where v5's verdict differs from the official
[JSON-Schema-Test-Suite](https://github.com/json-schema-org/JSON-Schema-Test-Suite), drafts 7 and 2020-12, required tests.

Formats are asserted in every draft, which the specification leaves to the application; the suite's format.json wants no assertion.

`
