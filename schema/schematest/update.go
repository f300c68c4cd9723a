package schematest

import (
	"flag"
	"testing"
)

// A test binary may have a flag -update of its own: golden files are usually made so. To define it twice is a panic, and this package is
// initialized before the one that imports it, so it can't look. But flags are read after all packages are initialized, and go test
// gives -test.paniconexit0 before the user's flags: when that is set, -update is defined if nobody else has.
func init() {
	testing.Init()
	if f := flag.Lookup("test.paniconexit0"); f != nil {
		f.Value = late{f.Value}
	}
}

// late is a flag's value that defines -update when it is set.
type late struct{ flag.Value }

// IsBoolFlag lets the flag stand without a value, as before.
func (late) IsBoolFlag() bool { return true }

// Set defines -update, unless it is there.
func (l late) Set(text string) error {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "schematest: write new versions of schemas and new verdicts of golden messages")
	}
	return l.Value.Set(text)
}

// updating says whether the test runs with -update, whoever defined the flag.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && (f.Value.String() == "true" || f.Value.String() == "1")
}
