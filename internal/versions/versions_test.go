package versions_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/versions"
)

func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []string
		next  string
		want  []string // parts of the error
	}{
		"none":           {nil, "v1.json", nil},
		"three":          {[]string{"v1.json", "v2.json", "v3.json", "README.md"}, "v4.json", nil},
		"by number":      {[]string{"order.10.json", "order.9.json", "order.8.json", "order.7.json", "order.6.json", "order.5.json", "order.4.json", "order.3.json", "order.2.json", "order.1.json"}, "order.11.json", nil},
		"padded":         {[]string{"001.json", "002.json"}, "003.json", nil},
		"schema.json":    {[]string{"v1.schema.json"}, "v2.schema.json", nil},
		"a gap":          {[]string{"v1.json", "v3.json"}, "", []string{"v3.json", "version 2 is missing"}},
		"a large gap":    {[]string{"v1.json", "v9.json"}, "", []string{"v9.json", "versions 2 to 8 are missing"}},
		"no first":       {[]string{"v2.json"}, "", []string{"v2.json", "version 1 is missing"}},
		"two of a kind":  {[]string{"v1.json", "01.json"}, "", []string{"01.json", "v1.json", "both version 1"}},
		"a version zero": {[]string{"v0.json"}, "", []string{"v0.json", "the first is 1"}},
		"no number":      {[]string{"v1.json", "order.json"}, "", []string{"order.json", "no version number"}},
		"all at once":    {[]string{"v1.json", "v01.json", "v3.json", "x.json"}, "", []string{"both version 1", "version 2 is missing", "no version number"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, c.files...)
			files, err := versions.Read(dir)
			if len(c.want) == 0 && err != nil {
				t.Fatal(err)
			}
			for _, part := range c.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("want an error that says %q, got %v", part, err)
				}
			}
			for i, f := range files {
				if err == nil && (f.Number != i+1 || string(f.Text) != filepath.Base(f.Path)) {
					t.Errorf("version %d is %d of %s with %q", i+1, f.Number, f.Path, f.Text)
				}
			}
			if err == nil && versions.Next(dir, files) != filepath.Join(dir, c.next) {
				t.Errorf("next is %s, want %s", versions.Next(dir, files), c.next)
			}
		})
	}
}

func TestReadMissingFolder(t *testing.T) {
	t.Parallel()
	files, err := versions.Read(filepath.Join(t.TempDir(), "none"))
	if len(files) != 0 || err != nil {
		t.Errorf("got %v, %v", files, err)
	}
}

func TestWriteNeverOverwrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "v1.json")
	if err := versions.Write(path, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := versions.Write(path, []byte("[]")); err == nil {
		t.Error("a version was written over")
	}
	if text, _ := os.ReadFile(path); string(text) != "{}\n" {
		t.Errorf("got %q", text)
	}
}
