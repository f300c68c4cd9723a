package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// lines says on which line of a file each key stands, so that a fault can name it. Keys are lower-case, as viper's are, and list
// entries have their position: topics[0].name.
type lines map[string]int

// at returns the line of key, or of what it is in, or 0.
func (l lines) at(key string) int {
	for {
		if n := l[key]; n > 0 {
			return n
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			return 0
		}
		key = key[:i]
	}
}

// A doubled key stands in a file twice: one of its values would be dropped without a word.
type doubled struct {
	key           string
	first, second int
}

// find goes through a document for what a parser of its format does not tell. It is a help, never an obstacle: where it can't follow, it
// returns what it found.
func find(format string, doc []byte) *finder {
	f := &finder{lines: make(lines)}
	switch format {
	case "yaml", "yml":
		f.yaml(doc)
	case "json":
		f.json(doc)
	case "toml":
		f.toml(doc)
	}
	return f
}

// mostDoubled is how many doubled keys a parser may get to see: that of YAML writes a line for each pair of them.
const mostDoubled = 100

// excess is the fault of a document that costs its parsers more than a file of its size may: they join the parts of each key, and compare
// each with every other. 50,000 parts took 5 GB, 5,000 equal keys never ended.
func (f *finder) excess() error {
	switch {
	case f.deep:
		return fmt.Errorf("it nests more than %d levels: a configuration does not", deepest)
	case len(f.doubled) > mostDoubled:
		first := f.doubled[0]
		return fmt.Errorf("lines %d and %d hold the same key, and %d more do likewise: leave one of each", first.first, first.second, len(f.doubled)-1)
	}
	return nil
}

// deepest is how many levels are followed: a setting is three deep, in an application's own file some more.
const deepest = 16

// A finder has what was found in a document.
type finder struct {
	lines   lines
	doubled []doubled
	deep    bool // deeper than is followed

	offset, line int // of what was counted last
}

func (f *finder) found(key string, line int) {
	f.deep = f.deep || strings.Count(key, ".") > deepest
	if first, twice := f.lines[key]; twice {
		f.doubled = append(f.doubled, doubled{key, first, line})
		return
	}
	f.lines[key] = line
}

func (f *finder) yaml(doc []byte) {
	var root yaml.Node
	if yaml.Unmarshal(doc, &root) == nil && len(root.Content) > 0 {
		f.node("", root.Content[0], deepest)
	}
}

// node does not follow aliases: what an anchor brings has the line of its alias.
func (f *finder) node(at string, n *yaml.Node, levels int) {
	switch {
	case levels == 0:
		f.deep = f.deep || len(n.Content) > 0
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			if name.Tag == "!!merge" {
				continue
			}
			key := join(at, name.Value)
			f.found(key, name.Line)
			f.node(key, value, levels-1)
		}
	case n.Kind == yaml.SequenceNode:
		for i, entry := range n.Content {
			key := fmt.Sprintf("%s[%d]", at, i)
			f.found(key, entry.Line)
			f.node(key, entry, levels-1)
		}
	}
}

func join(at, name string) string {
	if at == "" {
		return strings.ToLower(name)
	}
	return at + "." + strings.ToLower(name)
}

// errManyDocuments is a fault that viper's parser lets pass: it reads the first document and drops the others.
var errManyDocuments = errors.New("the file holds several documents, of which only the first would be read: leave one, without the --- lines between")

// oneDocument returns errManyDocuments for a YAML file of several.
func oneDocument(doc []byte) error {
	dec := yaml.NewDecoder(bytes.NewReader(doc))
	var first, second yaml.Node
	if dec.Decode(&first) == nil && dec.Decode(&second) == nil {
		return errManyDocuments
	}
	return nil
}

func (f *finder) json(doc []byte) {
	dec := jsontext.NewDecoder(bytes.NewReader(doc), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	f.value("", dec, doc, deepest)
}

// value reads one value and reports whether it could.
func (f *finder) value(at string, dec *jsontext.Decoder, doc []byte, levels int) bool {
	if levels == 0 {
		f.deep = f.deep || dec.PeekKind() == '{' || dec.PeekKind() == '['
		return dec.SkipValue() == nil
	}
	token, err := dec.ReadToken()
	if err != nil {
		return false
	}
	switch token.Kind() {
	case '{':
		for dec.PeekKind() == '"' {
			name, err := dec.ReadToken()
			if err != nil {
				return false
			}
			key := join(at, name.String())
			f.found(key, f.lineAt(doc, dec))
			if !f.value(key, dec, doc, levels-1) {
				return false
			}
		}
	case '[':
		for i := 0; dec.PeekKind() != ']' && dec.PeekKind() != 0; i++ {
			key := fmt.Sprintf("%s[%d]", at, i)
			f.found(key, f.lineAt(doc, dec))
			if !f.value(key, dec, doc, levels-1) {
				return false
			}
		}
	default:
		return true
	}
	_, err = dec.ReadToken() // the closing bracket
	return err == nil || errors.Is(err, io.EOF)
}

// lineAt is the line of what dec read last, or, before an entry of a list, of what it reads next.
func (f *finder) lineAt(doc []byte, dec *jsontext.Decoder) int {
	offset := int(dec.InputOffset())
	offset += len(doc[offset:]) - len(bytes.TrimLeft(doc[offset:], ", \t\r\n"))
	f.line += bytes.Count(doc[min(f.offset, offset):offset], []byte("\n"))
	f.offset = offset
	return f.line + 1
}

// toml goes by the lines themselves, which is what the format is made of: go-toml has a parser that knows positions, but promises
// no stable interface to it.
func (f *finder) toml(doc []byte) {
	section, entries, inText := "", make(map[string]int), false
	for i, line := range strings.Split(string(doc), "\n") {
		wasInText := inText
		if (strings.Count(line, `"""`)+strings.Count(line, `'''`))%2 == 1 {
			inText = !inText
		}
		if line = strings.TrimSpace(line); wasInText || line == "" {
			continue
		}
		name, _, _ := strings.Cut(line, "=")
		f.deep = f.deep || strings.Count(name, ".") > deepest
		if name, ok := tomlHeader(line, "[[", "]]"); ok {
			section = fmt.Sprintf("%s[%d]", name, entries[name])
			entries[name]++
			f.lines[section] = i + 1
		} else if name, ok := tomlHeader(line, "[", "]"); ok {
			section = name
			f.lines[section] = i + 1
		} else if name, _, ok := strings.Cut(line, "="); ok && !strings.ContainsAny(name, "#{[,") {
			f.lines[join(section, tomlKey(name))] = i + 1 // its parser refuses doubled keys
		}
	}
}

func tomlHeader(line, opens, closes string) (string, bool) {
	rest, ok := strings.CutPrefix(line, opens)
	name, _, closed := strings.Cut(rest, closes)
	return strings.ToLower(tomlKey(name)), ok && closed && !strings.ContainsAny(name, ",=[")
}

func tomlKey(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(p, " \t\"'")
	}
	return strings.Join(parts, ".")
}
