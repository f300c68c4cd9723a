package schematest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/readfile"
	"github.com/typedkafka/kafka/schema"
)

// Golden fails t unless each message in dir gets the verdict that stands beside it: a message is a file such as order.json, its verdict the
// file order.verdict, which says valid, or invalid and then each fault by its place and its rule, one a line. With -update missing
// and changed verdicts are written, to be read before they are committed. A folder without messages, and a verdict without its
// message, are failures.
func Golden(t testing.TB, s *schema.Schema, dir string) {
	t.Helper()
	if !strict(t, "Golden", s) {
		return
	}
	messages, err := filepath.Glob(filepath.Join(glob(dir), "*.json"))
	if err != nil || len(messages) == 0 {
		t.Errorf("schematest.Golden: the folder %s holds no messages: put some in, valid and invalid, as *.json", dir)
	}
	for _, path := range messages {
		golden(t, s, path)
	}
	verdicts, _ := filepath.Glob(filepath.Join(glob(dir), "*.verdict"))
	for _, path := range verdicts {
		if message := strings.TrimSuffix(path, ".verdict") + ".json"; !slices.Contains(messages, message) {
			t.Errorf("schematest.Golden: %s is the verdict of a message that is not there: restore %s, or remove the verdict too", path, message)
		}
	}
}

// glob keeps the signs of a folder's name from being read as a pattern.
func glob(dir string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(dir)
}

func golden(t testing.TB, s *schema.Schema, path string) {
	t.Helper()
	message, err := readfile.AtMost(path, readfile.Text)
	if err != nil {
		t.Errorf("schematest.Golden: %v", err)
		return
	}
	invalid := s.Validate(message)
	got := verdict(invalid)
	beside := strings.TrimSuffix(path, ".json") + ".verdict"
	want, err := readfile.AtMost(beside, readfile.Text)
	if err == nil && normal(string(want)) == got {
		return
	}
	if updating() {
		writeVerdict(t, beside, got)
		return
	}
	if errors.Is(err, os.ErrNotExist) {
		t.Errorf("schematest.Golden: %s has no verdict; run go test -update to write %s, and read it before you commit it. It would say:\n%s", path, beside, indent(got))
		return
	}
	if err != nil {
		t.Errorf("schematest.Golden: %v", err)
		return
	}
	t.Errorf("schematest.Golden: %s gets another verdict than %s says\n  want:\n%s\n  got:\n%s\n%sIf the change is meant, run go test -update",
		path, beside, indent(normal(string(want))), indent(got), because(invalid))
}

func writeVerdict(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Errorf("schematest.Golden: the verdict can't be written: %v", err)
		return
	}
	t.Logf("schematest.Golden: wrote %s; read it before you commit it", path)
}

// verdict writes down what Validate said.
func verdict(err error) string {
	if err == nil {
		return "valid\n"
	}
	var invalid *schema.ValidationError
	if !errors.As(err, &invalid) {
		return "invalid\n" + err.Error() + "\n"
	}
	lines := []string{}
	for _, f := range invalid.Faults {
		place := f.InstancePath
		if place == "" {
			place = "the document"
		}
		lines = append(lines, fmt.Sprintf("%s: %s\n", place, f.Rule))
	}
	slices.Sort(lines)
	return "invalid\n" + strings.Join(slices.Compact(lines), "")
}

// normal takes out what editors and version control add.
func normal(text string) string {
	return strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n ") + "\n"
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// because explains the faults in sentences.
func because(err error) string {
	if err == nil {
		return ""
	}
	return "  because: " + err.Error() + "\n"
}
