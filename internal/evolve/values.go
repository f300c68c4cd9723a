package evolve

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A kind is one of the six types of a JSON value; integers are numbers.
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindNumber
	kindString
	kindArray
	kindObject
	kinds
)

var kindNames = [kinds]string{"null", "boolean", "number", "string", "array", "object"}

func kindOf(v any) kind {
	switch v.(type) {
	case nil:
		return kindNull
	case bool:
		return kindBoolean
	case string:
		return kindString
	case []any:
		return kindArray
	case map[string]any:
		return kindObject
	default:
		return kindNumber
	}
}

// typesOf lists the types that s allows, sorted, or none if it says nothing.
func typesOf(s *jsonschema.Schema) []string { return slices.Sorted(slices.Values(s.Types)) }

// allows says whether a value of kind k can pass the types of s, and whether it must be an integer then.
func allows(s *jsonschema.Schema, k kind) (ok, integer bool) {
	if len(s.Types) == 0 || slices.Contains(s.Types, kindNames[k]) {
		return true, false
	}
	if k == kindNumber && slices.Contains(s.Types, "integer") {
		return true, true
	}
	return false, false
}

// accepts says whether v is valid under s; sure is false where jsonschema/v5 gave no answer.
func accepts(s *jsonschema.Schema, v any) (ok, sure bool) {
	defer func() {
		if recover() != nil {
			ok, sure = false, false
		}
	}()
	err := s.Validate(v)
	var invalid *jsonschema.ValidationError
	return err == nil, err == nil || errors.As(err, &invalid)
}

// equal compares JSON values as JSON Schema does: numbers by value.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && ratOf(a).Cmp(ratOf(b)) == 0
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if w, ok := b[name]; !ok || !equal(v, w) {
				return false
			}
		}
		return true
	default:
		return kindOf(a) == kindOf(b) && kindOf(b) < kindArray && a == b
	}
}

func ratOf(v any) *big.Rat {
	r, ok := new(big.Rat).SetString(fmt.Sprint(v))
	if !ok {
		return new(big.Rat)
	}
	return r
}

// numeral writes r as a JSON number, or fails if r has no finite decimal text.
func numeral(r *big.Rat) (json.Number, bool) {
	if r.IsInt() {
		return json.Number(r.Num().String()), true
	}
	digits, exact := r.FloatPrec()
	if !exact || digits > 60 {
		return "", false
	}
	return json.Number(r.FloatString(digits)), true
}

func enumOf(values ...any) *jsonschema.Schema {
	s := blank("")
	s.Enum = values
	return s
}

func anyOf(list ...*jsonschema.Schema) *jsonschema.Schema {
	if len(list) == 1 {
		return list[0]
	}
	s := blank("")
	s.AnyOf = list
	return s
}

// text writes v so that equal values have equal texts.
func text(v any) string {
	switch v := v.(type) {
	case json.Number:
		return ratOf(v).RatString()
	case []any:
		var b strings.Builder
		for _, item := range v {
			b.WriteString(text(item) + ",")
		}
		return "[" + b.String() + "]"
	case map[string]any:
		var b strings.Builder
		for _, name := range sortedKeys(v) {
			b.WriteString(strconv.Quote(name) + ":" + text(v[name]) + ",")
		}
		return "{" + b.String() + "}"
	case string:
		return strconv.Quote(v)
	default:
		return fmt.Sprint(v)
	}
}
