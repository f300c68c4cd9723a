package schema

import "strings"

// A position says where a keyword's value holds schemas.
type position uint8

const (
	atNone  position = 0
	atSelf  position = 1 << iota // the value is a schema
	atItems                      // its items are
	atNames                      // the values of its properties are
)

// A keyword is one word of the language: since which draft it is known, and until which.
type keyword struct {
	pos          position
	since, until Draft // until 0: to the newest
}

// keywords are the words of all drafts that are supported. The words of later vocabularies are unknown to an earlier draft: it
// ignores them, which is what Strict is there to tell. "definitions" and "dependencies" stay in use in 2019-09 and later: their
// metaschemas keep them, and v5 applies them.
var keywords = map[string]keyword{
	"$schema": {}, "$ref": {}, "title": {}, "description": {}, "default": {}, "type": {}, "enum": {}, "format": {},
	"multipleOf": {}, "maximum": {}, "minimum": {}, "exclusiveMaximum": {}, "exclusiveMinimum": {}, "maxLength": {}, "minLength": {},
	"pattern": {}, "maxItems": {}, "minItems": {}, "uniqueItems": {}, "maxProperties": {}, "minProperties": {}, "required": {},
	"definitions": {pos: atNames}, "properties": {pos: atNames}, "patternProperties": {pos: atNames}, "dependencies": {pos: atNames},
	"additionalProperties": {pos: atSelf}, "items": {pos: atSelf | atItems}, "additionalItems": {pos: atSelf, until: Draft2019},
	"allOf": {pos: atItems}, "anyOf": {pos: atItems}, "oneOf": {pos: atItems}, "not": {pos: atSelf},

	"id":  {until: Draft4},
	"$id": {since: Draft6}, "const": {since: Draft6}, "examples": {since: Draft6},
	"contains": {pos: atSelf, since: Draft6}, "propertyNames": {pos: atSelf, since: Draft6},

	"$comment": {since: Draft7}, "readOnly": {since: Draft7}, "writeOnly": {since: Draft7}, "contentEncoding": {since: Draft7},
	"contentMediaType": {since: Draft7}, "if": {pos: atSelf, since: Draft7}, "then": {pos: atSelf, since: Draft7}, "else": {pos: atSelf, since: Draft7},

	"$anchor": {since: Draft2019}, "$vocabulary": {since: Draft2019}, "$defs": {pos: atNames, since: Draft2019},
	"$recursiveRef": {since: Draft2019, until: Draft2019}, "$recursiveAnchor": {since: Draft2019, until: Draft2019},
	"deprecated": {since: Draft2019}, "maxContains": {since: Draft2019}, "minContains": {since: Draft2019},
	"dependentRequired": {since: Draft2019}, "dependentSchemas": {pos: atNames, since: Draft2019}, "contentSchema": {pos: atSelf, since: Draft2019},
	"unevaluatedItems": {pos: atSelf, since: Draft2019}, "unevaluatedProperties": {pos: atSelf, since: Draft2019},

	"prefixItems": {pos: atItems, since: Draft2020}, "$dynamicRef": {since: Draft2020}, "$dynamicAnchor": {since: Draft2020},
}

func (k keyword) in(d Draft) bool { return d >= k.since && (k.until == 0 || d <= k.until) }

// note says whether a word is left to people: Strict lets it stand.
func note(word string) bool { return strings.HasPrefix(word, "x-") }

// nearestKeyword offers the known word that looks most like one that is not.
func nearestKeyword(word string, d Draft) string {
	other := map[string]keyword{}
	for k, v := range keywords {
		if !v.in(d) {
			other[k] = v
		}
	}
	budget := len(keywords)
	return nearestKey(word, keywords, other, &budget)
}
