package plan

import (
	"fmt"
	"strings"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// A Note tells of a part that the fast way does not go through, or goes through more slowly.
type Note struct {
	Location string // of the subschema, as jsonschema/v5 gives it; "" where the Go type alone is the reason
	Field    string // of the Go type, such as Order.Lines[].SKU; "" where the schema alone is the reason
	Reason   string
}

// A trail remembers the way to the Go field that is looked at.
type trail struct {
	names []string
	notes []Note
}

func newTrail(t *jsontype.Type) trail { return trail{names: []string{jsontype.Name(t.Go)}} }

// below runs f one step further down.
func (t *trail) below(name string, f func()) {
	t.names = append(t.names, name)
	f()
	t.names = t.names[:len(t.names)-1]
}

func (t *trail) note(n *node, format string, args ...any) {
	t.notes = append(t.notes, Note{n.location, strings.Join(t.names, ""), fmt.Sprintf(format, args...)})
}

// why says why a type has no way of its own, in one direction.
func why(t *jsontype.Type, kind jsontype.Kind) string {
	switch kind {
	case jsontype.Custom, jsontype.Text:
		return "methods of " + t.Go.String() + " decide what its JSON is"
	case jsontype.Any:
		return "an interface can hold anything"
	case jsontype.Map:
		return "of maps only map[string]string has a fast way, where no property has a schema of its own"
	case jsontype.Slice:
		return "the schema asks different things of the items (prefixItems, contains)"
	case jsontype.Struct:
		for i := range t.Fields {
			switch f := &t.Fields[i]; {
			case f.Quoted:
				return "the field " + f.Go + " has the option string"
			case f.ByPointer:
				return "the field " + f.Go + " is reached through an embedded pointer"
			}
		}
		return "a field has omitzero and a type with the method IsZero"
	}
	return t.Go.String() + " has no fast way"
}
