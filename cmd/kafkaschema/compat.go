package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/typedkafka/kafka/internal/versions"
	"github.com/typedkafka/kafka/schema"
)

// compatFlags are what compat compares, and how.
type compatFlags struct {
	common
	mode      string
	lenient   bool
	undecided bool
}

// compat checks the last schema against those before it.
func compat(args []string, out *printer, stderr io.Writer) error {
	var c compatFlags
	set := c.flags("compat", stderr)
	set.StringVar(&c.mode, "mode", "backward", "backward, forward, full, or with _transitive")
	set.BoolVar(&c.lenient, "lenient", false, "writers emit only names that their schema declares")
	set.BoolVar(&c.undecided, "accept-undecided", false, "what can't be decided is a warning")
	if err := set.Parse(args); err != nil {
		return err
	}
	out.asJSON = c.asJSON
	mode, err := schema.ParseMode(c.mode)
	if err != nil {
		return fmt.Errorf("-mode %w", err)
	}
	sources, err := sourcesOf(set.Args())
	if err != nil {
		return err
	}
	compiled, err := c.compileAll(sources)
	if err != nil {
		return err
	}
	last := len(sources) - 1
	first := max(0, last-1)
	if mode >= schema.BackwardTransitive {
		first = 0
	}
	for i := first; i < last; i++ {
		c.pair(mode, [2]source{sources[i], sources[last]}, []*schema.Schema{compiled[i], compiled[last]}, out)
	}
	return nil
}

// sourcesOf reads the files named, or those of a folder.
func sourcesOf(args []string) ([]source, error) {
	var out []source
	var faults []error
	if len(args) == 1 {
		if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
			files, err := versions.Read(args[0])
			for _, f := range files {
				out = append(out, source{f.Path, f.Text})
			}
			if err == nil && len(files) == 0 {
				err = fmt.Errorf("%s holds no versions: call them v1.json, v2.json and so on", args[0])
			}
			return out, err
		}
	}
	if len(args) < 2 {
		return nil, errors.New("compat: name at least two schemas, oldest first, or a folder of versions")
	}
	for _, path := range args {
		src, err := readFile(path)
		out, faults = append(out, src), append(faults, err)
	}
	return out, errors.Join(faults...)
}

func (c *common) compileAll(sources []source) ([]*schema.Schema, error) {
	var out []*schema.Schema
	var faults []error
	for _, src := range sources {
		s, err := c.compile(src)
		out, faults = append(out, s), append(faults, err)
	}
	return out, errors.Join(faults...)
}

// pair checks two versions in the directions that the mode asks for.
func (c *compatFlags) pair(mode schema.Mode, sources [2]source, compiled []*schema.Schema, out *printer) {
	opts := []schema.CompatibleOption{schema.VersionNames(filepath.Base(sources[0].path), filepath.Base(sources[1].path))}
	if c.lenient {
		opts = append(opts, schema.Lenient())
	}
	if c.undecided {
		opts = append(opts, schema.AcceptUndecided())
	}
	for _, direction := range []schema.Mode{schema.Backward, schema.Forward} {
		if !asks(mode, direction) {
			continue
		}
		writer, reader := sources[0], sources[1]
		if direction == schema.Forward {
			writer, reader = reader, writer
		}
		for _, f := range schema.Compatible(direction, compiled, opts...).Findings {
			out.add(finding{
				File: reader.path, Line: lineOf(reader.text, f.SchemaPath), Against: writer.path, AgainstLine: lineOf(writer.text, f.Path),
				Direction: direction.String(), Severity: f.Severity.String(), Path: f.Path, SchemaPath: f.SchemaPath, Rule: f.Rule,
				Message: f.Message, Witness: f.Witness,
			})
		}
	}
}

// asks says whether a mode asks for a direction.
func asks(mode, direction schema.Mode) bool {
	switch mode {
	case schema.Full, schema.FullTransitive:
		return true
	case schema.BackwardTransitive:
		return direction == schema.Backward
	case schema.ForwardTransitive:
		return direction == schema.Forward
	default:
		return mode == direction
	}
}
