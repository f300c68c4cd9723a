package schema

import (
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/valuegen"
)

// impossible marks the findings that leave no value of T valid. It is told by the structure alone, and a value that turns out to be
// valid all the same overrules it: a codec must never be refused that could work.
func (c *conformer) impossible(root *pair) {
	c.budget = 5000
	why := c.never(root, 0)
	if why == nil || c.someValueIsValid() {
		return
	}
	why.impossible, why.Severity = true, Error
	for i, f := range c.findings {
		if f.Path == why.Path && f.Rule == why.Rule {
			c.findings[i].impossible, c.findings[i].Severity = true, Error
			return
		}
	}
	c.findings = append(c.findings, *why)
}

func (c *conformer) someValueIsValid() bool {
	for v := range valuegen.Values(c.root, 50) {
		if text, ok := c.writes(&pair{t: c.root}, v); ok && c.schema.Validate(text) == nil {
			return true
		}
	}
	return false
}

// never says why no value can be valid at a pair's place, or nil where one may be.
func (c *conformer) never(p *pair, depth int) *Finding {
	const maxDepth = 12
	if c.budget--; depth > maxDepth || c.budget < 0 || c.accepted[p.t.Go] {
		return nil
	}
	written, allowed := kindsWritten(p.t, p.quoted()), p.n.kinds()
	switch both := written & allowed; {
	case p.t.Kind == jsontype.Invalid:
		return &Finding{Path: p.path, Rule: "struct", Message: fmt.Sprintf("encoding/json refuses the type %s", goName(p.t.Go))}
	case both == 0:
		return &Finding{
			Path: p.path, SchemaPath: p.n.pointer(), Rule: "type", Witness: c.written(p, c.something(p.t)),
			Message: fmt.Sprintf("%s is written as %s, and the schema allows only %s: change one of them", c.typeName(p), written, orNothing(allowed)),
		}
	case both&nullKind != 0 || p.quoted():
		return nil
	}
	if why := c.neverBranch(p, depth); why != nil {
		return why
	}
	switch p.t.Kind {
	case jsontype.Pointer:
		return c.never(&pair{t: p.t.Elem, n: p.n, field: p.field, path: p.path, up: p, step: step{kind: toTarget}, write: true}, depth+1)
	case jsontype.Struct:
		return c.neverObject(p, depth)
	case jsontype.Array:
		return c.neverArray(p, depth)
	case jsontype.Int, jsontype.Uint, jsontype.Bool, jsontype.String, jsontype.Float:
		return c.neverListed(p)
	}
	return nil
}

// neverBranch looks for an anyOf or oneOf of which no branch can hold.
func (c *conformer) neverBranch(p *pair, depth int) *Finding {
	for _, s := range p.n.parts {
		for _, branches := range [...]struct {
			rule string
			list []*jsonschema.Schema
		}{{"anyOf", s.AnyOf}, {"oneOf", s.OneOf}} {
			var why *Finding
			for _, b := range branches.list[:min(len(branches.list), maxBranches)] {
				if slices.Contains(p.n.parts, b) {
					why = nil // followed already
					break
				}
				q := *p
				q.n = p.n.with(b)
				if why = c.never(&q, depth+4); why == nil {
					break
				}
			}
			if why != nil && len(branches.list) <= maxBranches {
				return &Finding{Path: p.path, SchemaPath: pointerOf(s) + "/" + branches.rule, Rule: branches.rule, Witness: why.Witness, Message: "no branch can ever hold, the last one because " + why.Message}
			}
		}
	}
	return nil
}

// neverObject looks at what a struct always writes and never does.
func (c *conformer) neverObject(p *pair, depth int) *Finding {
	n, has := p.n.forKind(objectKind), map[string]bool{}
	p = p.narrowed(n)
	for _, f := range p.t.Fields {
		has[f.Name] = true
	}
	required := n.required()
	for _, name := range slices.Sorted(maps.Keys(required)) {
		if !has[name] {
			return &Finding{
				Path: p.path + "." + name, SchemaPath: pointerOf(required[name]) + "/required", Rule: "required", Witness: c.written(p, reflect.Zero(p.t.Go)),
				Message: fmt.Sprintf("the schema requires %q, and %s has no field for it%s", name, goName(p.t.Go), c.similarField(p.t, name)),
			}
		}
	}
	for i := range p.t.Fields {
		f := &p.t.Fields[i]
		rule := n.member(f.Name)
		_, isRequired := required[f.Name]
		q := p.member(f.Name, rule.n)
		q.t, q.field, q.path = f.Type, f, p.path+"."+f.Go
		if f.CanOmit() && !isRequired {
			continue
		}
		if rule.closed != nil {
			return &Finding{
				Path: q.path, SchemaPath: pointerOf(rule.closed) + "/" + rule.keyword, Rule: rule.keyword, Witness: c.written(q, c.something(f.Type)),
				Message: fmt.Sprintf("%q is always written, and the schema is closed and does not declare it%s", f.Name, similarName(n, f.Name)),
			}
		}
		if why := c.never(q, depth+1); why != nil {
			return why
		}
	}
	return nil
}

func (c *conformer) neverArray(p *pair, depth int) *Finding {
	least, most := p.n.lengths()
	if p.t.Len < least || most >= 0 && p.t.Len > most {
		rule := "maxItems"
		if p.t.Len < least {
			rule = "minItems"
		}
		return &Finding{Path: p.path, SchemaPath: p.n.pointer(), Rule: rule, Message: fmt.Sprintf("%s always has %d items, and the schema refuses that many: use a slice", goName(p.t.Go), p.t.Len)}
	}
	for i := range min(p.t.Len, 20) {
		item, ok := p.n.item(i)
		if !ok {
			return &Finding{Path: p.path, SchemaPath: p.n.pointer(), Rule: "items", Message: fmt.Sprintf("%s always has %d items, and the schema refuses that many: use a slice", goName(p.t.Go), p.t.Len)}
		}
		if why := c.never(&pair{t: p.t.Elem, n: item, path: p.path + "[]", up: p, step: step{kind: toItem, index: i}, write: true}, depth+1); why != nil {
			return why
		}
	}
	return nil
}

// neverListed looks for constants of which the type can hold none, and bounds that it can't reach.
func (c *conformer) neverListed(p *pair) *Finding {
	for _, s := range p.n.parts {
		for _, list := range [...]struct {
			rule   string
			values []any
		}{{"enum", s.Enum}, {"const", s.Constant}} {
			none := list.values != nil && !slices.ContainsFunc(list.values, func(v any) bool {
				ok, _ := c.keeps(p, v)
				return ok && v != nil
			})
			if none {
				return &Finding{Path: p.path, SchemaPath: pointerOf(s) + "/" + list.rule, Rule: list.rule, Witness: c.written(p, c.something(p.t)),
					Message: fmt.Sprintf("%s can hold none of the values that the schema names: change one of them", c.typeName(p))}
			}
		}
	}
	if p.t.Kind == jsontype.Int || p.t.Kind == jsontype.Uint {
		return c.outOfReach(p)
	}
	return nil
}

func (c *conformer) outOfReach(p *pair) *Finding {
	low, high := rangeOf(p.t)
	least, most := new(big.Rat).SetInt(low), new(big.Rat).SetInt(high)
	for _, s := range p.n.parts {
		for _, b := range [...]struct {
			rule  string
			bound *big.Rat
			out   bool
		}{
			{"minimum", s.Minimum, s.Minimum != nil && s.Minimum.Cmp(most) > 0},
			{"exclusiveMinimum", s.ExclusiveMinimum, s.ExclusiveMinimum != nil && s.ExclusiveMinimum.Cmp(most) >= 0},
			{"maximum", s.Maximum, s.Maximum != nil && s.Maximum.Cmp(least) < 0},
			{"exclusiveMaximum", s.ExclusiveMaximum, s.ExclusiveMaximum != nil && s.ExclusiveMaximum.Cmp(least) <= 0},
		} {
			if b.out {
				return &Finding{Path: p.path, SchemaPath: pointerOf(s) + "/" + b.rule, Rule: b.rule, Witness: c.written(p, c.something(p.t)),
					Message: fmt.Sprintf("%s reaches no number that the schema allows by %s: use another type", c.typeName(p), b.rule)}
			}
		}
	}
	return nil
}
