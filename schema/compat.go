package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/typedkafka/kafka/internal/evolve"
)

// A Mode says which side reads messages of the other: the guarantee that [Compatible] checks.
type Mode int

const (
	// Backward: the new schema reads what the version before it wrote. Readers are upgraded first.
	Backward Mode = iota + 1
	// Forward: the version before reads what the new schema writes. Writers are upgraded first.
	Forward
	// Full: both, against the version before.
	Full
	// BackwardTransitive: the new schema reads what every version wrote: what a topic that keeps all messages needs.
	BackwardTransitive
	// ForwardTransitive: every version reads what the new schema writes.
	ForwardTransitive
	// FullTransitive: both, against every version.
	FullTransitive
)

var modeNames = []string{"", "backward", "forward", "full", "backward_transitive", "forward_transitive", "full_transitive"}

// String gives the mode as registries write it, in lower case: "backward_transitive".
func (m Mode) String() string {
	if m < Backward || m > FullTransitive {
		return fmt.Sprintf("mode %d", int(m))
	}
	return modeNames[m]
}

// ParseMode reads what [Mode.String] gives, in any case and with - for _.
func ParseMode(text string) (Mode, error) {
	plain := strings.ReplaceAll(strings.ToLower(text), "-", "_")
	for i, name := range modeNames[1:] {
		if name == plain {
			return Mode(i + 1), nil
		}
	}
	return 0, fmt.Errorf("%q is not a mode: use one of %s", text, strings.Join(modeNames[1:], ", "))
}

func (m Mode) reads(backward bool) bool {
	switch m {
	case Backward, BackwardTransitive:
		return backward
	case Forward, ForwardTransitive:
		return !backward
	default:
		return true
	}
}

func (m Mode) transitive() bool { return m >= BackwardTransitive }

// A CompatibleOption changes what [Compatible] accepts.
type CompatibleOption func(*compatibleConfig)

type compatibleConfig struct {
	lenient  bool
	names    []string
	accepted []string
	all      bool
}

// Lenient takes it that a writer emits only names that its schema declares, as a program does that encodes a struct. In the strict reading,
// which is the default, any document counts that the writer's schema accepts: then an optional property can't be added to an open schema, since
// an old message may have had that name with any value. A schema that declares no property at all, or gives additionalProperties a schema
// of their own, still writes any name.
func Lenient() CompatibleOption { return func(c *compatibleConfig) { c.lenient = true } }

// VersionNames names the versions in messages, oldest first, such as by their files. Without it they are "version 1" and so on, and the
// candidate is "the new schema".
func VersionNames(names ...string) CompatibleOption {
	return func(c *compatibleConfig) { c.names = names }
}

// AcceptUndecided turns findings that could not be decided into warnings: those whose SchemaPath is one of the paths or below one, or all,
// if no path is given. It never accepts a break that was shown.
func AcceptUndecided(paths ...string) CompatibleOption {
	return func(c *compatibleConfig) {
		c.all = c.all || len(paths) == 0
		c.accepted = append(c.accepted, paths...)
	}
}

func (c *compatibleConfig) accepts(path string) bool {
	for _, p := range c.accepted {
		if rest, below := strings.CutPrefix(path, p); below && (rest == "" || rest[0] == '/' || p == "") {
			return true
		}
	}
	return c.all
}

// Compatible checks a new version of a schema, the last of versions, against those before it, oldest first. A mode that is not transitive
// looks at the last two only. The report is clean if it is proven that every document which the writing schema accepts is accepted by the
// reading one; formats count as asserted, as they are when a message is checked.
//
// A finding of severity [Error] has a document as its Witness, checked with both schemas: the writer accepts it and the reader refuses it.
// What could neither be proven nor refuted is [NotChecked]. Path points into the writer's schema, SchemaPath into the reader's. A
// required property with a default breaks like one without, since no validator applies defaults.
//
// The work is bounded whatever the schemas are (some tenths of a second for two versions), and the report is the same on each run.
func Compatible(mode Mode, versions []*Schema, opts ...CompatibleOption) Report {
	var c compatibleConfig
	for _, opt := range opts {
		opt(&c)
	}
	if fault := badVersions(mode, versions); fault != "" {
		return Report{[]Finding{{Severity: Error, Rule: "versions", Message: fault}}}
	}
	var findings []Finding
	last := len(versions) - 1
	first := max(0, last-1)
	if mode.transitive() {
		first = 0
	}
	for i := first; i < last; i++ {
		for _, backward := range []bool{true, false} {
			if mode.reads(backward) {
				findings = append(findings, c.compare(versions, i, last, backward)...)
			}
		}
	}
	return newReport(findings)
}

// badVersions says what is wrong with the arguments.
func badVersions(mode Mode, versions []*Schema) string {
	if mode < Backward || mode > FullTransitive {
		return fmt.Sprintf("%s is none: use Backward, Forward, Full or a transitive form", mode)
	}
	if len(versions) == 0 {
		return "there is no schema to check: give the versions, oldest first, and the candidate last"
	}
	for i, s := range versions {
		if s == nil || s.compiled == nil {
			return fmt.Sprintf("version %d is a nil Schema: make it with Compile or For", i+1)
		}
	}
	return ""
}

// compare checks the candidate against one version, in one direction.
func (c *compatibleConfig) compare(versions []*Schema, old, candidate int, backward bool) []Finding {
	writer, reader := old, candidate
	if !backward {
		writer, reader = candidate, old
	}
	names := [2]string{c.name(writer, candidate), c.name(reader, candidate)}
	var out []Finding
	for _, b := range evolve.Compare(versions[writer].compiled, versions[reader].compiled, evolve.Options{Lenient: c.lenient}) {
		out = append(out, c.finding(b, names, backward))
	}
	return out
}

func (c *compatibleConfig) name(i, candidate int) string {
	if i < len(c.names) {
		return c.names[i]
	}
	if i == candidate {
		return "the new schema"
	}
	return fmt.Sprintf("version %d", i+1)
}

func (c *compatibleConfig) finding(b evolve.Break, names [2]string, backward bool) Finding {
	f := Finding{Severity: Error, Path: b.Writer, SchemaPath: b.Reader, Rule: b.Rule}
	where := "the document"
	if b.Path != "" {
		where = b.Path
	}
	if !b.Proven {
		f.Severity = NotChecked
		if c.accepts(b.Reader) {
			f.Severity = Warning
		}
		f.Message = fmt.Sprintf("%s, written by %s and read by %s, %s: simplify the schema there, or accept it by AcceptUndecided(%q)",
			where, names[0], names[1], b.Reason, b.Reader)
		return f
	}
	f.Witness = witness(b.Witness)
	advice := remedy(b, backward)
	if b.Undeclared && !c.lenient {
		advice = names[0] + " does not declare the name and does not forbid it, so use the lenient reading if its writers emit declared names only"
	}
	f.Message = fmt.Sprintf("%s refuses %s as %s may write it: %s; %s", names[1], where, names[0], explain(b, names), advice)
	return f
}

// explain puts the versions' names into the reason.
func explain(b evolve.Break, names [2]string) string {
	return strings.NewReplacer("the reader", names[1], "the writer", names[0]).Replace(b.Reason)
}

// remedies say what to do where the new schema reads, and where it writes.
var remedies = map[string][2]string{
	"required": {"leave the property optional (a default would not help: no validator applies it)",
		"keep the property required until no reader needs it"},
	"dependentRequired":     {"leave the property optional", "keep requiring it"},
	"dependencies":          {"leave the property optional", "keep requiring it"},
	"type":                  {"keep the old types too", "write the old types only until every reader takes the new ones"},
	"enum":                  {"keep the old values in the enum", "add no value until every reader lists it"},
	"const":                 {"take the old values too, by an enum", "keep the value until every reader takes the new one"},
	"additionalProperties":  {"keep declaring the properties, or leave the schema open", "add properties only when every reader declares them"},
	"unevaluatedProperties": {"keep declaring the properties, or leave the schema open", "add properties only when every reader declares them"},
	"pattern":               {"drop the pattern, or keep the old one", "keep the old pattern until every reader takes the new one"},
	"format":                {"drop the format, or keep the old one", "keep the old format until every reader takes the new one"},
	"oneOf":                 {"keep the old branches, and none that overlaps them", "add no branch until every reader has it"},
	"anyOf":                 {"keep the old branches", "add no branch until every reader has it"},
}

func remedy(b evolve.Break, backward bool) string {
	text, known := remedies[b.Rule]
	if !known {
		text = [2]string{"let it accept what was accepted before", "let the new schema allow no more than before, until every reader is upgraded"}
	}
	if backward {
		return text[0]
	}
	return text[1]
}

// witness writes a document as a producer would.
func witness(doc any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}
