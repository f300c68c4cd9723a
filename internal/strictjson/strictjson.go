// Package strictjson turns Go values into JSON and back: encoding gives encoding/json's bytes, decoding takes only what a
// schema check has seen. It is the one pair of functions by which this module encodes and decodes typed values.
//
// encoding/json itself folds the case of names, takes the last of two equal names and replaces what is not UTF-8, so that a
// document can pass a schema and decode to something else. go-json-experiment (the coming encoding/json/v2) with the options
// below has encoding/json's behaviour in everything but those.
package strictjson

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

var (
	options = json.JoinOptions(
		jsonv1.DefaultOptionsV1(),
		jsontext.AllowDuplicateNames(false),
		jsontext.AllowInvalidUTF8(false),
		json.MatchCaseInsensitiveNames(false),
	)
	// located is for the second look at a value that failed: with version 1's errors off, the error says where.
	located = json.JoinOptions(options, jsonv1.ReportErrorsWithLegacySemantics(false))
)

// Marshal encodes v to the bytes that encoding/json gives for it. What it refuses beyond encoding/json: a string that is not
// UTF-8, and a map whose keys encode to equal names. Its errors are *[Error]. It is safe for concurrent use.
func Marshal(v any) ([]byte, error) {
	number := numberOption(reflect.TypeOf(v))
	b, err := json.Marshal(v, options, number)
	if err == nil {
		return b, nil
	}
	_, again := json.Marshal(v, located, number)
	return nil, newError("encode", err, again)
}

// Unmarshal decodes one JSON document into v, which must be a pointer to a fresh value: what the document leaves out keeps
// what v had. Names match exactly; names given twice (also by escapes), invalid UTF-8, lone surrogates and trailing data are
// errors; names that v has no field for are ignored. Its errors are *[Error]. It is safe for concurrent use.
func Unmarshal(doc []byte, v any) error {
	t := reflect.TypeOf(v)
	number := numberOption(t)
	err := json.Unmarshal(doc, v, options, number)
	if err == nil {
		return nil
	}
	var again error
	if t != nil && t.Kind() == reflect.Pointer {
		again = json.Unmarshal(doc, reflect.New(t.Elem()).Interface(), located, number)
	}
	return newError("decode", err, again)
}

// numberOption teaches the encoder that encoding/json.Number is a number, where a value of type t can hold one: to
// go-json-experiment, which has a Number of its own, it is a string. The option costs a look-up for every value encoded, so that
// types without a Number go without it.
func numberOption(t reflect.Type) json.Options {
	if t == nil {
		return nil
	}
	if holds, ok := holdsNumber.Load(t); ok {
		if holds.(bool) {
			return numbers
		}
		return nil
	}
	holdsNumber.Store(t, mayHoldNumber(t, map[reflect.Type]bool{}))
	return numberOption(t)
}

var (
	holdsNumber sync.Map // reflect.Type → bool
	numbers     = json.JoinOptions(
		json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, n stdjson.Number) error {
			if atName(enc) {
				return errors.ErrUnsupported // encoding/json takes a Number as the name as it is: the default
			}
			return jsonv1.Number(n).MarshalJSONTo(enc)
		})),
		json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, n *stdjson.Number) error {
			if atName(dec) {
				return errors.ErrUnsupported
			}
			return (*jsonv1.Number)(n).UnmarshalJSONFrom(dec)
		})),
	)
)

func atName(c interface {
	StackDepth() int
	StackIndex(int) (jsontext.Kind, int64)
},
) bool {
	kind, length := c.StackIndex(c.StackDepth())
	return kind == '{' && length%2 == 0
}

func mayHoldNumber(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.String:
		return t == reflect.TypeFor[stdjson.Number]()
	case reflect.Map:
		return mayHoldNumber(t.Key(), seen) || mayHoldNumber(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return mayHoldNumber(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if mayHoldNumber(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// An Error says where encoding or decoding failed. Its text holds names of properties and types, but no values: those are only
// in the cause that Unwrap gives, which must not be logged.
type Error struct {
	Pointer string       // where, as a JSON Pointer; "" is the root, or unknown
	Type    reflect.Type // the Go type there; nil if unknown
	Kind    string       // what the document has there, such as "number"; "" if unknown, and when encoding
	action  string
	cause   error
}

func newError(action string, err, again error) *Error {
	e := &Error{action: action, cause: err}
	var mismatch *jsonv1.UnmarshalTypeError
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(again, &semantic) && semantic.JSONPointer != "":
		e.Pointer, e.Type, e.Kind = string(semantic.JSONPointer), semantic.GoType, kindName(semantic.JSONKind)
	case errors.As(err, &mismatch):
		// The second look can fail for a fault of the type that version 1 forgives, such as a tag on an unexported field.
		e.Type, e.Kind = mismatch.Type, strings.SplitN(mismatch.Value, " ", 2)[0]
		if mismatch.Field != "" {
			e.Pointer = "/" + strings.ReplaceAll(mismatch.Field, ".", "/")
		}
	case errors.As(again, &syntactic):
		e.Pointer = string(syntactic.JSONPointer)
	case errors.As(again, &semantic) && action == "encode":
		e.Type = semantic.GoType
	}
	return e
}

// Error gives a sentence without values.
func (e *Error) Error() string {
	where := e.Pointer
	if where == "" {
		where = "the document"
	}
	switch {
	case e.Type == nil && e.action == "encode":
		return fmt.Sprintf("%s can't be encoded as JSON: a string that is not UTF-8, or a name given twice", where)
	case e.Type == nil:
		return fmt.Sprintf("%s is no JSON that can be decoded without loss", where)
	case e.action == "encode":
		return fmt.Sprintf("%s: this value of Go type %s has no JSON form", where, e.Type)
	case e.Kind == "":
		return fmt.Sprintf("%s does not fit the Go type %s", where, e.Type)
	}
	return fmt.Sprintf("%s: this %s does not fit the Go type %s", where, e.Kind, e.Type)
}

// Unwrap gives the cause. Its text may hold values of the document.
func (e *Error) Unwrap() error { return e.cause }

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{', '}':
		return "object"
	case '[', ']':
		return "array"
	}
	return ""
}
