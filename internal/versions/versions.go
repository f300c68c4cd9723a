// Package versions reads a folder that holds every published version of a schema, one file each.
package versions

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/typedkafka/kafka/internal/readfile"
)

// A File is one version: order.v3.json, v3.json and 3.json are all version 3.
type File struct {
	Number int
	Path   string
	Text   []byte
}

var named = regexp.MustCompile(`^(|.*[^0-9])([0-9]{1,6})(\.schema)?\.json$`)

// Read gives the versions in dir, oldest first. A missing or empty folder has none. The error joins every fault: two files of the
// same number, a gap (the first version is 1), a JSON file without a number.
func Read(dir string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var files []File
	var faults []error
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".json" {
			continue
		}
		path := filepath.Join(dir, e.Name())
		parts := named.FindStringSubmatch(e.Name())
		if parts == nil {
			faults = append(faults, fmt.Errorf("%s: its name ends in no version number; call it like v1.json, or move it out of the folder", path))
			continue
		}
		number, _ := strconv.Atoi(parts[2]) // at most six digits
		text, err := readfile.AtMost(path, readfile.Text)
		if err != nil {
			faults = append(faults, err)
		}
		files = append(files, File{number, path, text})
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.Path, b.Path)) })
	return files, errors.Join(append(faults, order(files)...)...)
}

// order names equal numbers and gaps.
func order(files []File) []error {
	var faults []error
	last, lastPath := 0, ""
	for _, f := range files {
		switch {
		case lastPath != "" && f.Number == last:
			faults = append(faults, fmt.Errorf("%s and %s are both version %d: give the newer one its own number", lastPath, f.Path, last))
		case f.Number == last+2:
			faults = append(faults, fmt.Errorf("%s: version %d is missing before it: every published version must stay in the folder", f.Path, last+1))
		case f.Number != last+1:
			faults = append(faults, fmt.Errorf("%s: %s before it: every published version must stay in the folder, the first is 1", f.Path, missing(last+1, f.Number-1)))
		}
		last, lastPath = f.Number, f.Path
	}
	return faults
}

func missing(from, to int) string {
	if to < from {
		return "no version comes"
	}
	return fmt.Sprintf("versions %d to %d are missing", from, to)
}

// Next is the path of the version after the given ones, named as the newest is.
func Next(dir string, files []File) string {
	if len(files) == 0 {
		return filepath.Join(dir, "v1.json")
	}
	newest := files[len(files)-1]
	parts := named.FindStringSubmatch(filepath.Base(newest.Path))
	return filepath.Join(dir, fmt.Sprintf("%s%0*d%s.json", parts[1], len(parts[2]), newest.Number+1, parts[3]))
}

// Write writes a new version. It never writes over a file: one that is there already is an error.
func Write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(slices.Clip([]byte(strings.TrimRight(string(text), "\n"))), '\n'))
	return errors.Join(err, f.Close())
}
