package main

import (
	"errors"
	"io"

	"github.com/typedkafka/kafka/schema"
)

// check compiles schemas, or validates messages.
func check(args []string, out *printer, stderr io.Writer) error {
	var c common
	set := c.flags("check", stderr)
	against := set.String("schema", "", "check messages against this schema")
	if err := set.Parse(args); err != nil {
		return err
	}
	out.asJSON = c.asJSON
	if set.NArg() == 0 {
		return errors.New("check: name at least one file")
	}
	if _, err := c.options(""); err != nil {
		return err
	}
	verdict := func(src source) error { _, err := c.compile(src); return err }
	if *against != "" {
		src, err := readFile(*against)
		if err != nil {
			return err
		}
		s, err := c.compile(src)
		if err != nil {
			return err
		}
		verdict = func(src source) error { return s.Validate(src.text) }
	}
	for _, path := range set.Args() {
		src, err := readFile(path)
		if err != nil {
			return err
		}
		for _, f := range faultsOf(verdict(src)) {
			out.add(faultLine(src, f))
		}
	}
	return nil
}

// faultsOf takes an error of Compile or Validate apart.
func faultsOf(err error) []schema.Fault {
	var invalid *schema.ValidationError
	var refused *schema.CompileError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid):
		return invalid.Faults
	case errors.As(err, &refused):
		faults := refused.Faults
		for _, other := range refused.Unwrap() {
			faults = append(faults[:len(faults):len(faults)], faultsOf(other)...)
		}
		return faults
	default:
		return []schema.Fault{{Rule: "check", Message: err.Error()}}
	}
}

// faultLine turns a fault of a file into a finding.
func faultLine(src source, f schema.Fault) finding {
	line := f.Line
	if line == 0 {
		line = lineOf(src.text, f.InstancePath)
	}
	return finding{
		File: src.path, Line: line, Severity: schema.Error.String(),
		Path: f.InstancePath, SchemaPath: f.SchemaPath, Rule: f.Rule, Message: f.String(),
	}
}
