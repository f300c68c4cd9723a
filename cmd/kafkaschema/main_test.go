package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var files = map[string]string{
	"old.json":        "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"qty\": {\n      \"type\": \"integer\",\n      \"minimum\": 0\n    }\n  }\n}\n",
	"new.json":        "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"qty\": {\n      \"type\": \"integer\",\n      \"minimum\": 1\n    }\n  }\n}\n",
	"grown.json":      "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"qty\": {\"type\": \"integer\", \"minimum\": 0},\n    \"note\": {\"type\": \"string\"}\n  }\n}\n",
	"misspelt.json":   "{\n  \"type\": \"object\",\n  \"propertees\": {}\n}\n",
	"broken.json":     "{\n  \"type\": \n}\n",
	"wrong.json":      "{\n  \"a/b\": 1,\n  \"type\": \"object\",\n  \"required\": [\n    \"x\",\n    1\n  ]\n}\n",
	"tuple.json":      `{"items":[{"type":"string"}],"additionalItems":false}`,
	"ref.json":        `{"properties":{"m":{"$ref":"money.json"}}}`,
	"money.json":      `{"type":"integer"}`,
	"good.msg":        `{"qty":1}`,
	"bad.msg":         "{\n  \"qty\": -1\n}\n",
	"undecided1.json": `{"type":"string","format":"hostname","minLength":4}`,
	"undecided2.json": `{"type":"string","format":"hostname","not":{"format":"uri"}}`,
	"order/v1.json":   `{"type":"integer","maximum":20}`,
	"order/v2.json":   `{"type":"integer","maximum":5}`,
	"order/v3.json":   `{"type":"integer","maximum":10}`,
	"gap/v1.json":     `{}`,
	"gap/v3.json":     `{}`,
}

func workplace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// command runs a command line in which @ stands for the folder, and gives its output with the folder taken out.
func command(dir, line string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	args := strings.Fields(strings.ReplaceAll(line, "@", dir+string(filepath.Separator)))
	code = run(args, &out, &errs)
	plain := func(text string) string {
		return filepath.ToSlash(strings.ReplaceAll(text, dir+string(filepath.Separator), ""))
	}
	return code, plain(out.String()), plain(errs.String())
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := workplace(t)
	for _, c := range []struct {
		line   string
		code   int
		lines  int // of output
		stdout string
		stderr string
	}{
		{line: "check @old.json @new.json", code: 0},
		{line: "check @misspelt.json", code: 1, lines: 1, stdout: `misspelt.json:3: error: /propertees: is not a keyword`},
		{line: "check -loose @misspelt.json", code: 0},
		{line: "check @broken.json", code: 1, lines: 1, stdout: "broken.json:3: error: line 3, column 1"},
		{line: "check @wrong.json -draft 7", code: 2, stderr: "no such file"},
		{line: "check -loose -draft 7 @wrong.json", code: 1, lines: 1, stdout: "wrong.json:6: error: /required/1"},
		{line: "check @tuple.json", code: 1, stdout: "tuple.json:1: error"},
		{line: "check -draft 7 @tuple.json", code: 0},
		{line: "check -draft 5 @tuple.json", code: 2, stderr: "-draft 5 is none"},
		{line: "check @ref.json", code: 1, lines: 1, stdout: "ref.json:1: error: /properties/m/$ref"},
		{line: "check -ref money.json=@money.json @ref.json", code: 0},
		{line: "check -ref money.json @ref.json", code: 2, stderr: "URI=FILE"},
		{line: "check -schema @old.json @good.msg", code: 0},
		{line: "check -schema @old.json @good.msg @bad.msg", code: 1, lines: 1, stdout: "bad.msg:2: error: /qty: must be at least 0 [minimum]"},
		{line: "check -schema @misspelt.json @good.msg", code: 2, stderr: "misspelt.json: /propertees"},
		{line: "check", code: 2, stderr: "at least one file"},
		{line: "check @none.json", code: 2, stderr: "none.json"},

		{line: "compat @old.json @new.json", code: 1, lines: 1,
			stdout: `new.json:6: error: new.json refuses /qty as old.json may write it: new.json's minimum is higher than what old.json may write; ` +
				`let it accept what was accepted before [minimum] against old.json:6 witness: {"qty":0}`},
		{line: "compat -mode forward @old.json @new.json", code: 0},
		{line: "compat -mode FULL @old.json @new.json", code: 1, lines: 1},
		{line: "compat @old.json @grown.json", code: 1, lines: 1, stdout: "grown.json:5: error"},
		{line: "compat -lenient @old.json @grown.json", code: 0},
		{line: "compat @undecided1.json @undecided2.json", code: 1, lines: 1, stdout: "undecided2.json:1: not checked"},
		{line: "compat -accept-undecided @undecided1.json @undecided2.json", code: 0, lines: 1, stdout: "warning"},
		{line: "compat @order", code: 0},
		{line: "compat -mode backward-transitive @order", code: 1, lines: 1, stdout: "v3.json:1: error: v3.json refuses the document as v1.json may write it"},
		{line: "compat @gap", code: 2, stderr: "version 2 is missing"},
		{line: "compat @old.json", code: 2, stderr: "at least two"},
		{line: "compat @old.json @misspelt.json", code: 2, stderr: "misspelt.json: /propertees"},
		{line: "compat -mode sideways @old.json @new.json", code: 2, stderr: "full_transitive"},

		{line: "help", code: 0, stdout: "Exit codes"},
		{line: "check -h", code: 0, stderr: "-schema"},
		{line: "chek", code: 2, stderr: `"chek" is no command`},
		{line: "", code: 2, stderr: "Exit codes"},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := command(dir, c.line)
			if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
				t.Errorf("exit code %d, want %d with %q and %q\nstdout: %s\nstderr: %s", code, c.code, c.stdout, c.stderr, stdout, stderr)
			}
			if c.lines > 0 && strings.Count(stdout, "\n") != c.lines {
				t.Errorf("want %d lines, got:\n%s", c.lines, stdout)
			}
			if code == 2 && (stderr == "" || stdout != "") {
				t.Errorf("a check that could not be made speaks on stderr only, got stdout %q", stdout)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	dir := workplace(t)
	type result struct {
		OK       bool      `json:"ok"`
		Findings []finding `json:"findings"`
	}
	for line, want := range map[string]result{
		"compat -json @old.json @old.json": {true, []finding{}},
		"compat -json @old.json @new.json": {false, []finding{{File: "new.json", Line: 6, Against: "old.json", AgainstLine: 6,
			Direction: "backward", Severity: "error", Path: "/properties/qty/minimum", SchemaPath: "/properties/qty/minimum", Rule: "minimum", Witness: json.RawMessage(`{"qty":0}`)}}},
		"check -json -schema @old.json @bad.msg": {false, []finding{{File: "bad.msg", Line: 2, Severity: "error", Path: "/qty", SchemaPath: "/properties/qty/minimum", Rule: "minimum"}}},
	} {
		_, stdout, stderr := command(dir, line)
		var got result
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Errorf("%s: %v\n%s%s", line, err, stdout, stderr)
			continue
		}
		for i := range got.Findings {
			got.Findings[i].Message = ""
			var b bytes.Buffer
			if got.Findings[i].Witness != nil && json.Compact(&b, got.Findings[i].Witness) == nil {
				got.Findings[i].Witness = b.Bytes()
			}
		}
		x, _ := json.Marshal(got)
		y, _ := json.Marshal(want)
		if !bytes.Equal(x, y) {
			t.Errorf("%s:\ngot  %s\nwant %s", line, x, y)
		}
	}
}

func TestLineOf(t *testing.T) {
	t.Parallel()
	text := []byte("{\n \"a\": [\n  1,\n  {\"b~/\":\n   2}\n ],\n \"c\": {}\n}")
	for pointer, want := range map[string]int{
		"": 1, "/a": 2, "/a/0": 3, "/a/1": 4, "/a/1/b~0~1": 4, "/c": 7, "/c/none": 7, "/a/9": 2, "/x": 1, "urn:x#/a": 0,
	} {
		if got := lineOf(text, pointer); got != want {
			t.Errorf("lineOf(%q) = %d, want %d", pointer, got, want)
		}
	}
	for _, broken := range []string{"", "{", "[1", `{"a":`, `{"a" 1}`} {
		lineOf([]byte(broken), "/a/0")
	}
}
