// Command kafkaschema checks JSON Schemas and messages in CI jobs of any language, with no broker and no registry.
//
//	kafkaschema check order.json                                 the schema compiles, strictly
//	kafkaschema check -schema order.json message.json ...        messages are valid
//	kafkaschema compat -mode full v1.json v2.json new.json       the last is a compatible next version
//	kafkaschema compat -mode full schemas/order                  the same, of a folder with v1.json, v2.json, ...
//
// It prints one line a finding, with file and line, or with -json one document. The exit code is 0 if all is well, 1 if something was
// found, and 2 if the check could not be made: wrong arguments, a file that can't be read, a schema to check against that does not
// compile.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/typedkafka/kafka/internal/readfile"
	"github.com/typedkafka/kafka/schema"
)

const usage = `kafkaschema checks JSON Schemas and messages.

  kafkaschema check [flags] SCHEMA...                  schemas compile, strictly
  kafkaschema check [flags] -schema SCHEMA MESSAGE...  messages are valid
  kafkaschema compat [flags] OLD... NEW                NEW is a compatible next version
  kafkaschema compat [flags] FOLDER                    the same, of a folder with v1.json, v2.json, ...

Exit codes: 0 all is well, 1 something was found, 2 the check could not be made.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with everything handed in.
func run(args []string, stdout, stderr io.Writer) int {
	out := &printer{stdout: stdout}
	command, args := "", args
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	var err error
	switch command {
	case "check":
		err = check(args, out, stderr)
	case "compat":
		err = compat(args, out, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return 0
	default:
		err = fmt.Errorf("%q is no command: use check or compat\n\n%s", command, usage)
	}
	if err == nil {
		err = out.flush()
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "kafkaschema: %v\n", err)
		return 2
	case out.failed:
		return 1
	}
	return 0
}

// common are the flags of both commands.
type common struct {
	draft  string
	loose  bool
	refs   refs
	asJSON bool
}

// refs collects -ref flags.
type refs []string

// String gives the flag's value.
func (r *refs) String() string { return strings.Join(*r, ",") }

// Set adds one.
func (r *refs) Set(text string) error {
	if uri, file, ok := strings.Cut(text, "="); !ok || uri == "" || file == "" {
		return errors.New("write it as URI=FILE")
	}
	*r = append(*r, text)
	return nil
}

func (c *common) flags(name string, stderr io.Writer) *flag.FlagSet {
	set := flag.NewFlagSet("kafkaschema "+name, flag.ContinueOnError)
	set.SetOutput(stderr)
	set.BoolVar(&c.asJSON, "json", false, "print one JSON document instead of lines")
	set.StringVar(&c.draft, "draft", "2020-12", "the draft of schemas without $schema: 2020-12, 2019-09, 7, 6 or 4")
	set.BoolVar(&c.loose, "loose", false, "let unknown keywords pass, which JSON Schema ignores")
	set.Var(&c.refs, "ref", "URI=FILE: a document that $ref may name; may be repeated")
	return set
}

var drafts = map[string]schema.Draft{
	"2020-12": schema.Draft2020, "2019-09": schema.Draft2019, "7": schema.Draft7, "6": schema.Draft6, "4": schema.Draft4,
}

// options turns the flags into what Compile takes.
func (c *common) options(path string) ([]schema.CompileOption, error) {
	draft, ok := drafts[strings.TrimPrefix(strings.TrimPrefix(c.draft, "draft-"), "0")]
	if !ok {
		return nil, fmt.Errorf("-draft %s is none: use 2020-12, 2019-09, 7, 6 or 4", c.draft)
	}
	opts := []schema.CompileOption{schema.AssumeDraft(draft), schema.Named(path)}
	if !c.loose {
		opts = append(opts, schema.Strict())
	}
	for _, ref := range c.refs {
		uri, file, _ := strings.Cut(ref, "=")
		text, err := readfile.AtMost(file, readfile.Text)
		if err != nil {
			return nil, err
		}
		opts = append(opts, schema.Resource(uri, text))
	}
	return opts, nil
}

// A source is a file with its text.
type source struct {
	path string
	text []byte
}

func readFile(path string) (source, error) {
	text, err := readfile.AtMost(path, readfile.Text)
	return source{path, text}, err
}

// compile compiles a source.
func (c *common) compile(src source) (*schema.Schema, error) {
	opts, err := c.options(src.path)
	if err != nil {
		return nil, err
	}
	return schema.Compile(src.text, opts...)
}
