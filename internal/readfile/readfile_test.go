package readfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/typedkafka/kafka/internal/readfile"
)

func TestAtMost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readfile.AtMost(path, 5); err != nil || string(got) != "12345" {
		t.Errorf("at its bound: %q, %v", got, err)
	}
	if got, err := readfile.AtMost(path, 4); !errors.Is(err, readfile.ErrLarger) || got != nil || !strings.Contains(err.Error(), path) {
		t.Errorf("over its bound: %q, %v", got, err)
	}
	if _, err := readfile.AtMost(path+"2", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := readfile.AtMost(t.TempDir(), 4); err == nil {
		t.Error("a folder was read")
	}
}

func TestAtMostOfWhatNeverEnds(t *testing.T) {
	t.Parallel()
	const endless = "/dev/zero"
	if _, err := os.Stat(endless); err != nil {
		t.Skipf("SKIPPED: there is no %s here", endless)
	}
	if _, err := readfile.AtMost(endless, 1<<20); !errors.Is(err, readfile.ErrLarger) {
		t.Errorf("it returned %v", err)
	}
}
