package evolve_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// A schemaMaker makes random schemas and mutations of them. Keywords that only one draft knows are taken from the
// draft that the schemas are compiled for.
type schemaMaker struct {
	rng  *rand.Rand
	kind int // 0: not chosen, 1: draft 7, 2: draft 2020-12
	defs []string
}

type object = map[string]any

func (g *schemaMaker) draft() int {
	if g.kind == 0 {
		g.kind = 1 + g.rng.IntN(2)
	}
	return g.kind - 1
}

func (g *schemaMaker) n(n int) int { return g.rng.IntN(n) }

func (g *schemaMaker) one(list ...any) any { return list[g.n(len(list))] }

// schema makes a schema with definitions that refer to each other and back to the root.
func (g *schemaMaker) schema(depth int) object {
	if g.draft(); g.n(4) == 0 {
		g.defs = []string{"#/definitions/d", "#"}
	}
	s := g.sub(depth)
	if len(g.defs) > 0 {
		s["definitions"] = object{"d": g.noLoop(g.sub(depth - 1))}
		s = g.noLoop(s)
	}
	return s
}

// noLoop takes out references that look at the same value as the definition that holds them.
func (g *schemaMaker) noLoop(s object) object {
	delete(s, "$ref")
	for _, k := range []string{"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"} {
		if v, ok := s[k]; ok {
			if text := string(encode(v)); len(text) > 0 && slices.ContainsFunc(g.defs, func(string) bool { return contains(text, "$ref") }) {
				delete(s, k)
			}
		}
	}
	return s
}

func contains(text, part string) bool {
	for i := 0; i+len(part) <= len(text); i++ {
		if text[i:i+len(part)] == part {
			return true
		}
	}
	return false
}

func (g *schemaMaker) sub(depth int) object {
	s := object{}
	if len(g.defs) > 0 && g.n(6) == 0 {
		return object{"$ref": g.defs[g.n(len(g.defs))]}
	}
	if g.n(10) == 0 && depth < 3 {
		return s
	}
	t := g.n(6)
	if depth <= 0 {
		t = g.n(4)
	}
	if g.n(8) > 0 {
		s["type"] = []any{"null", "boolean", g.one("number", "integer"), "string", "array", "object"}[t]
		if g.n(8) == 0 {
			s["type"] = []any{s["type"], "null"}
			if t == 0 {
				delete(s, "type")
			}
		}
	}
	g.fill(s, t, depth)
	return s
}

func (g *schemaMaker) fill(s object, t, depth int) {
	if g.n(12) == 0 {
		g.addEnum(s)
	}
	for range 1 + g.n(2) {
		switch t {
		case 2:
			g.addNumber(s)
		case 3:
			g.addString(s)
		case 4:
			g.addArray(s, depth)
		case 5:
			g.addObject(s, depth)
			g.addObject(s, depth)
		}
	}
	if depth > 0 && g.n(4) == 0 {
		g.addCombined(s, depth)
	}
}

func (g *schemaMaker) value() any {
	return g.one(nil, true, false, 0, 1, 5, 2.5, "a", "b", "ab", []any{}, []any{1}, object{}, object{"a": 1})
}

func (g *schemaMaker) addEnum(s object) {
	if g.n(3) == 0 {
		s["const"] = g.value()
		return
	}
	s["enum"] = slices.CompactFunc([]any{g.value(), g.value(), g.value()}, func(a, b any) bool { return string(encode(a)) == string(encode(b)) })
	seen, out := map[string]bool{}, []any{}
	for _, v := range s["enum"].([]any) {
		if text := string(encode(v)); !seen[text] {
			seen[text], out = true, append(out, v)
		}
	}
	s["enum"] = out
}

func (g *schemaMaker) addNumber(s object) {
	switch g.n(5) {
	case 0:
		s["minimum"] = g.one(0, 1, -5, 2.5)
	case 1:
		s["maximum"] = g.one(10, 5, 100, 7.5)
	case 2:
		s["exclusiveMinimum"] = g.one(0, 1, -5)
	case 3:
		s["exclusiveMaximum"] = g.one(10, 5, 6)
	case 4:
		s["multipleOf"] = g.one(1, 2, 3, 6, 0.5, json.Number("0.1"))
	}
}

func (g *schemaMaker) addString(s object) {
	switch g.n(5) {
	case 0:
		s["minLength"] = g.n(4)
	case 1:
		s["maxLength"] = g.n(6)
	case 2, 3:
		s["pattern"] = g.pattern()
	case 4:
		s["format"] = g.one("date", "uuid", "email", "unknown")
	}
}

func (g *schemaMaker) pattern() any {
	return g.one("a", "^a", "b$", "^[a-z]+$", "^(ab)*$", ".", "^.{2,3}$", "[0-9]", `\bx`, "(?i)ab", "^x|y$", "^[^a]*$", `^\w+$`)
}

func (g *schemaMaker) addArray(s object, depth int) {
	modern := g.draft() == 1
	switch g.n(9) {
	case 0:
		s["minItems"] = g.n(3)
	case 1:
		s["maxItems"] = g.n(4)
	case 2:
		s["uniqueItems"] = g.n(2) == 0
	case 3, 4:
		s["items"] = g.sub(depth - 1)
	case 5:
		if tuple := []any{g.sub(depth - 1), g.sub(depth - 1)}[:1+g.n(2)]; modern {
			s["prefixItems"] = tuple
		} else {
			s["items"], s["additionalItems"] = tuple, g.one(true, false, g.sub(depth-1))
		}
	case 6, 7:
		s["contains"] = g.sub(depth - 1)
		if modern && g.n(2) == 0 {
			s[g.one("minContains", "maxContains").(string)] = g.n(3)
		}
	case 8:
		if modern {
			s["unevaluatedItems"] = g.one(false, g.sub(depth-1))
		}
	}
}

func (g *schemaMaker) name() string { return g.one("a", "b", "c", "x1").(string) }

func (g *schemaMaker) addObject(s object, depth int) {
	modern := g.draft() == 1
	switch g.n(13) {
	case 0, 1, 2:
		props := object{g.name(): g.sub(depth - 1), g.name(): g.sub(depth - 1)}
		s["properties"] = props
	case 3, 4:
		s["required"] = unique(g.name(), g.name())
	case 5, 6:
		s["additionalProperties"] = g.one(false, false, true, g.sub(depth-1))
	case 7:
		s["patternProperties"] = object{g.one("^x", "a", "^[bc]$", "1$").(string): g.sub(depth - 1)}
	case 8:
		s["propertyNames"] = g.one(object{"pattern": g.pattern()}, object{"maxLength": 1 + g.n(2)}, object{"enum": unique("a", "b", g.name())})
	case 9:
		s[g.one("minProperties", "maxProperties").(string)] = g.n(4)
	case 10:
		if modern {
			s["dependentRequired"] = object{g.name(): unique(g.name())}
		} else {
			s["dependencies"] = object{g.name(): g.one(unique(g.name()), g.sub(depth-1))}
		}
	case 11:
		if modern {
			s["dependentSchemas"] = object{g.name(): g.sub(depth - 1)}
		}
	case 12:
		if modern {
			s["unevaluatedProperties"] = g.one(false, false, g.sub(depth-1))
		}
	}
}

func unique(names ...any) []any {
	out := []any{}
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func (g *schemaMaker) addCombined(s object, depth int) {
	list := []any{}
	for range 1 + g.n(3) {
		list = append(list, g.sub(depth-1))
	}
	switch g.n(6) {
	case 0:
		s["not"] = g.sub(depth - 1)
	case 1:
		s["if"], s["then"], s["else"] = g.sub(depth-1), g.sub(depth-1), g.sub(depth-1)
	default:
		s[g.one("anyOf", "oneOf", "allOf").(string)] = list
	}
}

// mutate changes one keyword somewhere in a copy of s.
func (g *schemaMaker) mutate(s object) object {
	var out object
	if err := json.Unmarshal(encode(s), &out); err != nil {
		panic(err)
	}
	for range 20 {
		nodes := g.nodes(out)
		g.change(nodes[g.n(len(nodes))])
		if string(encode(out)) != string(encode(s)) {
			return out
		}
	}
	return out
}

// nodes lists the subschemas of s that are objects.
func (g *schemaMaker) nodes(s object) []object {
	out := []object{s}
	for _, k := range slices.Sorted(maps.Keys(s)) {
		switch v := s[k].(type) {
		case object:
			switch k {
			case "properties", "patternProperties", "definitions", "dependentSchemas", "dependencies":
				for _, name := range slices.Sorted(maps.Keys(v)) {
					if sub, ok := v[name].(object); ok {
						out = append(out, g.nodes(sub)...)
					}
				}
			case "const", "dependentRequired":
			default:
				out = append(out, g.nodes(v)...)
			}
		case []any:
			if k == "enum" {
				continue
			}
			for _, item := range v {
				if sub, ok := item.(object); ok {
					out = append(out, g.nodes(sub)...)
				}
			}
		}
	}
	return out
}

func (g *schemaMaker) change(s object) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(k string) bool { return k == "definitions" || k == "$ref" })
	if len(keys) == 0 || g.n(5) == 0 {
		if s["$ref"] == nil {
			g.defs = nil
			g.fill(s, g.n(6), 1)
		}
		return
	}
	k := keys[g.n(len(keys))]
	switch v := s[k].(type) {
	case float64:
		s[k] = g.shift(k, v)
	case bool:
		s[k] = !v
	case []any:
		g.changeList(s, k, v)
	case object:
		g.changeMap(s, k, v)
	default:
		g.changeText(s, k)
	}
}

func (g *schemaMaker) shift(k string, v float64) any {
	if k == "multipleOf" {
		return v * []float64{2, 3, 0.5}[g.n(3)]
	}
	v += []float64{1, -1, 2}[g.n(3)]
	if v < 0 && !slices.Contains([]string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "const"}, k) {
		return 0.0
	}
	return v
}

func (g *schemaMaker) changeList(s object, k string, v []any) {
	if k == "type" {
		s[k] = g.one("null", "string", "integer", "number", []any{"object", "array"})
		return
	}
	if k == "const" {
		g.addEnum(s)
		return
	}
	if len(v) > 1 && g.n(2) == 0 {
		i := g.n(len(v))
		s[k] = slices.Delete(slices.Clone(v), i, i+1)
		return
	}
	switch k {
	case "required":
		s[k] = unique(append(slices.Clone(v), g.name())...)
	case "enum":
		g.addEnum(s)
	default:
		s[k] = append(slices.Clone(v), any(g.plain()))
	}
}

// plain makes a small schema without references.
func (g *schemaMaker) plain() object {
	g.defs = nil
	return g.sub(1)
}

func (g *schemaMaker) changeMap(s object, k string, v object) {
	switch k {
	case "properties", "patternProperties":
		names := slices.Sorted(maps.Keys(v))
		switch {
		case len(names) > 0 && g.n(2) == 0:
			delete(v, names[g.n(len(names))])
		case k == "properties":
			v[g.name()] = g.plain()
		default:
			v[fmt.Sprintf("^%s", g.name())] = g.plain()
		}
	case "items", "not", "contains", "additionalProperties", "propertyNames", "if", "then", "else", "unevaluatedProperties", "unevaluatedItems", "additionalItems":
		if g.n(2) == 0 {
			delete(s, k)
		} else if k != "propertyNames" {
			s[k] = g.plain()
		}
	default:
		delete(s, k)
	}
}

func (g *schemaMaker) changeText(s object, k string) {
	switch k {
	case "pattern":
		s[k] = g.pattern()
	case "format":
		s[k] = g.one("date", "uuid", "time")
	case "type":
		s[k] = g.one("number", "integer", "string", "object", []any{"null", "integer"}, []any{"string", "object"})
	default:
		delete(s, k)
	}
}
