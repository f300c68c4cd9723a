package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/typedkafka/kafka/schema"
)

// A finding is one line of the output. Its JSON names are part of the command's interface.
type finding struct {
	File        string          `json:"file"`
	Line        int             `json:"line,omitempty"`
	Against     string          `json:"against,omitempty"`
	AgainstLine int             `json:"against_line,omitempty"`
	Direction   string          `json:"direction,omitempty"`
	Severity    string          `json:"severity"`
	Path        string          `json:"path"`
	SchemaPath  string          `json:"schema_path"`
	Rule        string          `json:"rule"`
	Message     string          `json:"message"`
	Witness     json.RawMessage `json:"witness,omitempty"`
}

// A printer prints findings as lines, or keeps them for one document.
type printer struct {
	stdout   io.Writer
	asJSON   bool
	failed   bool
	findings []finding
}

func (p *printer) add(f finding) {
	p.failed = p.failed || f.Severity != schema.Warning.String()
	p.findings = append(p.findings, f)
}

// flush prints.
func (p *printer) flush() error {
	if p.asJSON {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			OK       bool      `json:"ok"`
			Findings []finding `json:"findings"`
		}{!p.failed, append([]finding{}, p.findings...)})
	}
	for _, f := range p.findings {
		if _, err := fmt.Fprintln(p.stdout, f.text()); err != nil {
			return err
		}
	}
	return nil
}

// text is the finding in one line, as compilers write them.
func (f finding) text() string {
	var b strings.Builder
	b.WriteString(place(f.File, f.Line) + ": " + f.Severity + ": " + f.Message + " [" + f.Rule + "]")
	if f.Against != "" {
		b.WriteString(" against " + place(f.Against, f.AgainstLine))
	}
	if f.Witness != nil {
		b.WriteString(" witness: " + short(f.Witness))
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(b.String())
}

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// short cuts a document at a length that fits a log.
func short(text []byte) string {
	const most = 400
	if len(text) <= most {
		return string(text)
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return string(text[:cut]) + "…"
}

// lineOf finds the line of what a JSON Pointer names, or of the nearest thing around it; 0 if the text is no JSON.
func lineOf(text []byte, pointer string) int {
	l := &locator{dec: json.NewDecoder(bytes.NewReader(text)), text: text}
	if !strings.HasPrefix(pointer, "/") && pointer != "" {
		return 0
	}
	l.find(strings.Split(pointer, "/")[1:])
	return l.line
}

// A locator reads a text up to the place that it looks for.
type locator struct {
	dec  *json.Decoder
	text []byte
	line int
}

// here notes the line of the token that comes next.
func (l *locator) here() {
	at := min(int(l.dec.InputOffset()), len(l.text))
	rest := l.text[at:]
	skipped := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,:"))
	l.line = 1 + bytes.Count(l.text[:at+skipped], []byte("\n"))
}

// find follows the steps through the value that comes next.
func (l *locator) find(steps []string) {
	if l.line == 0 {
		l.here()
	}
	token, err := l.dec.Token()
	if err != nil || len(steps) == 0 {
		return
	}
	step := strings.ReplaceAll(strings.ReplaceAll(steps[0], "~1", "/"), "~0", "~")
	for i := 0; l.dec.More(); i++ {
		name := fmt.Sprint(i)
		before := l.line
		l.here()
		if token == json.Delim('{') {
			key, err := l.dec.Token()
			if err != nil {
				return
			}
			name = fmt.Sprint(key)
		} else if token != json.Delim('[') {
			return
		}
		if name == step {
			l.find(steps[1:])
			return
		}
		l.line = before
		var skip json.RawMessage
		if l.dec.Decode(&skip) != nil {
			return
		}
	}
}
