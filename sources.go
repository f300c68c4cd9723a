package kafka

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/typedkafka/kafka/internal/readfile"
)

// sources are where LoadConfig's values come from.
type sources struct {
	path       string
	format     string
	lines      lines
	doubled    []doubled
	overridden map[string]string // the topics' keys that a variable gave, and which
}

// largestFile bounds what is read: a configuration is some kilobytes, a path may name anything, and the parsers of YAML and TOML
// compare each key with every other.
const largestFile = 256 << 10

// formatOf is a file's format, by its name.
func formatOf(file string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(file), "."))
}

// read returns the file's content, and takes in its lines.
func (s *sources) read() ([]byte, error) {
	s.format = formatOf(s.path)
	if !slices.Contains([]string{"yaml", "yml", "toml", "json"}, s.format) {
		return nil, errors.New("the name must end in .yaml, .yml, .toml or .json, which says how to read the file")
	}
	doc, err := readBounded(s.path, largestFile)
	switch {
	case errors.Is(err, readfile.ErrLarger):
		return nil, fmt.Errorf("the file is larger than %d bytes: a configuration isn't", largestFile)
	case err != nil:
		return nil, err
	}
	found := find(s.format, doc)
	if err := found.excess(); err != nil {
		return nil, err
	}
	s.lines, s.doubled = found.lines, found.doubled
	if s.format != "json" && s.format != "toml" {
		err = oneDocument(doc)
	}
	return doc, err
}

// readBounded reads a file that is no larger than most bytes. The caller names the file.
func readBounded(file string, most int64) ([]byte, error) {
	content, err := readfile.AtMost(file, most)
	return content, withoutPath(err)
}

// withoutPath is the reason of a failed file operation; the caller names the file.
func withoutPath(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// where says where a key's value came from: the variable, the line, or nowhere.
func (s *sources) where(key string) string {
	setting, _, _ := strings.Cut(key, "[")
	entry, _, _ := strings.Cut(key, ".") // of topics
	switch line := s.lines.at(key); {
	case s.overridden[key] != "":
		return "environment variable " + s.overridden[key]
	case s.overridden[entry] != "":
		return "environment variable " + s.overridden[entry]
	case setting != topicsKey && os.Getenv(variable(setting)) != "":
		return "environment variable " + variable(setting)
	case line > 0:
		return fmt.Sprintf("%s:%d", s.path, line)
	case s.path != "":
		return s.path
	default:
		return "not set"
	}
}

// quoted is what parsers quote of a file in their errors.
var quoted = regexp.MustCompile("mapping key \"[^\"]*\"|(?s:`.*`)|'[^']*'|\"[^\"]*\"|number \\S+")

// readable makes a parser's error fit to be read: it names the line where the parser knows it, and what was quoted of the file,
// which may be of a password, is hidden.
func readable(err error, doc []byte) error {
	if err == nil {
		return nil
	}
	line := lineOf(err, doc)
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	text := quoted.ReplaceAllStringFunc(err.Error(), func(q string) string {
		if strings.HasPrefix(q, "mapping key") || len([]rune(q)) <= len("'x'") {
			return q
		}
		return hidden
	})
	text = strings.Join(strings.Fields(text), " ")
	return fmt.Errorf("%scan't be parsed: %s: correct the file; put a text with special characters in quotes", line, text)
}

// lineOf is "line N: " where the error has a position that its text does not tell.
func lineOf(err error, doc []byte) string {
	var position interface{ Position() (row, column int) } // go-toml's
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var line int
	switch {
	case errors.As(err, &position):
		line, _ = position.Position()
	case errors.As(err, &syntax):
		line = bytes.Count(doc[:min(int(syntax.Offset), len(doc))], []byte("\n")) + 1
	case errors.As(err, &kind):
		line = bytes.Count(doc[:min(int(kind.Offset), len(doc))], []byte("\n")) + 1
	default:
		return ""
	}
	return fmt.Sprintf("line %d: ", line)
}
