package kafka_test

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/typedkafka/kafka"
)

// readmeBlocks returns the README's code blocks of a language.
func readmeBlocks(t *testing.T, language string) []string {
	t.Helper()
	var blocks []string
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, match := range fence.FindAllStringSubmatch(readme(t), -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("the README has no block of %s", language)
	}
	return blocks
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runGo runs the go command on files outside of this module's folder, with the module's dependencies, and returns its output.
func runGo(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func writeReadme(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadmeCodeIsFormatted(t *testing.T) {
	t.Parallel()
	for _, block := range readmeBlocks(t, "go") {
		formatted, err := format.Source([]byte(block))
		if err != nil {
			t.Errorf("%v in\n%s", err, block)
		} else if string(formatted) != block {
			t.Errorf("gofmt would write\n%s", formatted)
		}
	}
}

// The README's first program is the shortest that sends and receives a checked message with every error handled.
func TestReadmeSmallestProgram(t *testing.T) {
	t.Parallel()
	program := readmeBlocks(t, "go")[0]
	lines := strings.Split(strings.TrimSuffix(program, "\n"), "\n")
	if len(lines) > 40 {
		t.Errorf("the smallest program has %d lines, more than 40", len(lines))
	}
	for i, line := range lines {
		if regexp.MustCompile(`\berr :?= `).MatchString(line) && strings.TrimSpace(lines[i+1]) != "check(err)" {
			t.Errorf("the error of line %d is not handled: %s", i+1, line)
		}
	}
	path := writeReadme(t, filepath.Join(t.TempDir(), "main.go"), program)
	if out := runGo(t, "run", path); !strings.Contains(out, "received {ID:1 Item:tea}") {
		t.Errorf("it printed\n%s", out)
	}
}

// The README's other Go code is one package: its blocks compile together, and its tests run.
func TestReadmeFragments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var code, tests strings.Builder
	for _, block := range readmeBlocks(t, "go")[1:] {
		if strings.Contains(block, "*testing.T") {
			tests.WriteString(block)
		} else {
			code.WriteString(block)
		}
	}
	files := []string{
		writeReadme(t, filepath.Join(dir, "shop.go"), completed(t, code.String())),
		writeReadme(t, filepath.Join(dir, "shop_test.go"), completed(t, tests.String())),
	}
	runGo(t, append([]string{"vet"}, files...)...)
	out := runGo(t, append([]string{"test", "-v"}, files...)...)
	for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(tests.String(), -1) {
		if !strings.Contains(out, "--- PASS: "+match[1]) {
			t.Errorf("%s did not run:\n%s", match[1], out)
		}
	}
}

// completed makes a file of declarations: a package clause, and an import for each package that they use.
func completed(t *testing.T, declarations string) string {
	t.Helper()
	const module = "github.com/typedkafka/kafka"
	paths := map[string]string{
		"context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "testing": "testing", "time": "time",
		"kafka": module, "schema": module + "/schema", "kafkatest": module + "/kafkatest", "schematest": module + "/schema/schematest",
	}
	file, err := parser.ParseFile(token.NewFileSet(), "readme.go", "package shop\n"+declarations, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok && paths[name.Name] != "" {
				used[paths[name.Name]] = true
			}
		}
		return true
	})
	var b strings.Builder
	b.WriteString("package shop\n\n")
	for path := range used {
		b.WriteString("import \"" + path + "\"\n")
	}
	return b.String() + declarations
}

func TestReadmeConfigurationLoads(t *testing.T) {
	t.Setenv("KAFKA_SASL_PASSWORD", "not a real one")
	path := writeReadme(t, filepath.Join(t.TempDir(), "kafka.yaml"), readmeBlocks(t, "yaml")[0])
	cfg, err := kafka.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Topics) != 1 || cfg.Topics[0].Name != "eu.orders.v1" {
		t.Errorf("it has the topics %+v", cfg.Topics)
	}
}

// Every path that the README names is there, and every example is named.
func TestReadmeNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	text := readme(t)
	for _, pattern := range []string{`\]\(([^):]+)\)`, `go run (?:-C )?(?:\./)?(examples/\w+)`} {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(match[1]); err != nil {
				t.Errorf("the README names %s: %v", match[1], err)
			}
		}
	}
	programs, err := filepath.Glob("examples/*/main.go")
	if err != nil || len(programs) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, program := range programs {
		if dir := filepath.Dir(program); !strings.Contains(text, dir) {
			t.Errorf("the README does not name %s", dir)
		}
	}
}

// Each link of a page to a test names one that is there.
func testsThatPageNames(t *testing.T, page string) int {
	t.Helper()
	links := regexp.MustCompile(`\[(Test\w+)\]\(([\w/]+\.go)\)`).FindAllStringSubmatch(page, -1)
	for _, link := range links {
		source, err := os.ReadFile(link[2])
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(source), "\nfunc "+link[1]+"(t *testing.T)") {
			t.Errorf("%s has no %s", link[2], link[1])
		}
	}
	return len(links)
}

// Each of those whom SECURITY.md is about has tests of what they can do.
func TestSecurityHasItsTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, threats, found := strings.Cut(string(page), "## Who may do what")
	if !found {
		t.Fatal("SECURITY.md does not say who may do what")
	}
	for _, who := range strings.Split(threats, "\n\n**")[1:] {
		if testsThatPageNames(t, who) == 0 {
			t.Errorf("no test is named for %.20s", who)
		}
	}
}

// Each promise of the README names tests that are there.
func TestReadmePromisesHaveTheirTests(t *testing.T) {
	t.Parallel()
	_, promises, _ := strings.Cut(readme(t), "## What you are promised")
	promises, _, _ = strings.Cut(promises, "\n## ")
	if n := testsThatPageNames(t, promises); n < strings.Count(promises, "\n- ") {
		t.Errorf("%d promises name %d tests", strings.Count(promises, "\n- "), n)
	}
}
