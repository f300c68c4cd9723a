package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/typedkafka/kafka/internal/jsontype"
	"github.com/typedkafka/kafka/internal/strictjson"
)

// kindsMeet reports a type that writes nothing of what the schema wants, which leaves no more to say, or more kinds than it wants.
func (c *conformer) kindsMeet(p *pair) bool {
	written, allowed := kindsWritten(p.t, p.quoted()), p.n.kinds()
	if p.behind {
		written &^= nullKind
	}
	switch rest := written &^ nullKind; {
	case rest&allowed == 0:
		c.addProven(p, Finding{
			Severity: Error, Rule: "type", Witness: c.eitherWitness(p),
			Message: fmt.Sprintf("%s is written as %s, and the schema allows only %s: change one of them", c.typeName(p), rest, orNothing(allowed)),
		})
		return false
	case p.write && rest&^allowed != 0:
		c.add(p, Finding{
			Severity: Warning, Rule: "type", Witness: c.written(p, c.fraction(p)),
			Message: fmt.Sprintf("%s can hold fractions, and the schema allows only %s: use an integer type", c.typeName(p), rest&allowed),
		})
	}
	return true
}

func orNothing(k kindSet) string {
	if k == 0 {
		return "nothing at all"
	}
	return k.String()
}

// typeName is the Go type with what its field makes of it.
func (c *conformer) typeName(p *pair) string {
	name := "the Go type " + goName(p.t.Go)
	if p.quoted() {
		name += " with the option string"
	}
	return name
}

// fraction is a value of a float or number type that no integer is.
func (c *conformer) fraction(p *pair) reflect.Value {
	v := reflect.New(p.t.Go).Elem()
	switch p.t.Kind {
	case jsontype.Float:
		v.SetFloat(1.5)
	case jsontype.Number:
		v.SetString("1.5")
	}
	return v
}

// asymmetry reports a type that reads something else than it writes.
func (c *conformer) asymmetry(p *pair) {
	if p.t.Kind == p.t.Reads || p.t.Kind == jsontype.Text && p.t.Reads == jsontype.String {
		return
	}
	c.add(p, Finding{
		Severity: Error, Rule: "methods", Witness: c.eitherWitness(p),
		Message: fmt.Sprintf("%s does not read what it writes: give it both methods of the pair, on the receivers that are called", c.typeName(p)),
	})
}

// readable takes what the schema explicitly allows and looks whether T reads and keeps it.
func (c *conformer) readable(p *pair) {
	n := p.n
	kinds := n.kinds()
	if kinds == allKinds {
		c.untyped(p)
		return
	}
	for _, s := range n.specimens(0) {
		if s.value == nil && p.behind || c.isStructural(p, s.value) {
			continue
		}
		c.tryRead(p, s, Error)
	}
	if kinds&intKind != 0 {
		c.readCorners(p, kinds)
	}
	if kinds&stringKind != 0 && p.t.Reads == jsontype.Text {
		c.readPlainText(p)
	}
}

// isStructural says whether the value is an object or array that is compared member by member.
func (c *conformer) isStructural(p *pair, v any) bool {
	switch v.(type) {
	case map[string]any:
		return p.t.Reads == jsontype.Struct || p.t.Reads == jsontype.Map
	case []any:
		return p.t.Reads == jsontype.Slice || p.t.Reads == jsontype.Array
	}
	return false
}

// untyped is a place of which the schema does not say the kind.
func (c *conformer) untyped(p *pair) {
	for _, v := range []any{"a b!", json.Number("1.5"), true, map[string]any{}, []any{}} {
		if ok, _ := c.keeps(p, v); !ok && p.n.accepts(v) {
			c.add(p, Finding{
				Severity: Warning, Rule: "untyped", Witness: c.readWitness(p, v),
				Message: fmt.Sprintf("the schema names no type here, and %s reads only its own: add the type", c.typeName(p)),
			})
			return
		}
	}
}

// tryRead reports a valid value that T does not read or keep.
func (c *conformer) tryRead(p *pair, s specimen, severity Severity) {
	ok, how := c.keeps(p, s.value)
	if ok {
		return
	}
	if how == "changed" && p.t.Reads == jsontype.Text && s.rule != "enum" && s.rule != "const" {
		return // methods may have a canonical text
	}
	if severity == Error && p.t.Reads == jsontype.Text && (s.rule == "type" || s.rule == "minLength" || s.rule == "maxLength") {
		severity = Warning // which texts its methods read, no schema says
	}
	if s.value == nil && p.omitted() {
		severity = Warning // it is left out again, as null could have been
	}
	c.addProven(p, Finding{Severity: severity, SchemaPath: join(s.at, s.rule), Rule: s.rule, Witness: c.readWitness(p, s.value), Message: c.readMessage(p, s, how)})
}

func join(at, keyword string) string {
	if keyword == "null" {
		keyword = "type"
	}
	return at + "/" + keyword
}

func (c *conformer) readMessage(p *pair, s specimen, how kept) string {
	name := c.typeName(p)
	switch {
	case s.value == nil && p.omitted():
		return fmt.Sprintf("the schema allows null, which %s reads as its zero value and leaves out: use a pointer to tell them apart", name)
	case s.value == nil:
		return fmt.Sprintf("the schema allows null, which %s reads as its zero value and writes as that: use a pointer", name)
	case how == "changed" && (s.rule == "enum" || s.rule == "const"):
		return fmt.Sprintf("the schema allows a value by %s that %s reads and writes as another: use a type that keeps it", s.rule, name)
	case how == "changed":
		return fmt.Sprintf("%s reads a value that the schema allows by %s and loses or changes it: use a type that keeps it, or narrow the schema", name, s.rule)
	case s.rule == "type":
		return fmt.Sprintf("the schema allows %s here, which %s does not all read: name the type or format that it reads, or change it", kindOfValue(s.value), name)
	}
	return fmt.Sprintf("the schema allows a value by %s that %s can't read: use a type that can, or narrow the schema", s.rule, name)
}

// readCorners looks beyond the bounds that a schema does not have.
func (c *conformer) readCorners(p *pair, kinds kindSet) {
	t := p.t
	switch {
	case p.quoted():
	case t.Reads == jsontype.Int || t.Reads == jsontype.Uint:
		noteOnce(&c.forms, p.path)
		low, high := rangeOf(t)
		c.beyond(p, new(big.Int).Sub(low, big.NewInt(1)), -1)
		c.beyond(p, new(big.Int).Add(high, big.NewInt(1)), 1)
	case t.Reads == jsontype.Float && kinds&fractionKind == 0:
		precision := map[int]uint{32: 24, 64: 53}[t.Bits]
		c.tryCorner(p, new(big.Int).SetUint64(1<<precision+1).String(), "integer-range", "the schema's integers have no bound, and %s keeps them exactly only to some point: use an integer type")
	}
	if t.Reads == jsontype.Float && t.Bits == 32 {
		c.tryCorner(p, "1e39", "number-range", "the schema's numbers have no bound, and %s holds up to 3.4e38: use float64, or give a maximum")
	}
}

// beyond tries an integer that the type can't hold. Those of 64 bits are told together.
func (c *conformer) beyond(p *pair, v *big.Int, side int) {
	if !p.n.accepts(json.Number(v.String())) {
		return
	}
	if p.t.Bits == 64 && v.BitLen() > 63 {
		noteOnce(&c.wide, p.path)
		return
	}
	word := "maximum"
	if side < 0 {
		word = "minimum"
	}
	c.tryCorner(p, v.String(), word, "the schema has no "+word+" that %s can hold: add one, or use a wider type")
}

func (c *conformer) tryCorner(p *pair, number, rule, format string) {
	v := json.Number(number)
	if ok, _ := c.keeps(p, v); !ok && p.n.accepts(v) {
		c.add(p, Finding{Severity: Warning, Rule: rule, Witness: c.readWitness(p, v), Message: fmt.Sprintf(format, c.typeName(p))})
	}
}

func rangeOf(t *jsontype.Type) (low, high *big.Int) {
	bits := uint(t.Go.Bits())
	if t.Kind == jsontype.Uint {
		return new(big.Int), new(big.Int).SetUint64(math.MaxUint64 >> (64 - bits))
	}
	high = new(big.Int).Lsh(big.NewInt(1), bits-1)
	return new(big.Int).Neg(high), new(big.Int).Sub(high, big.NewInt(1))
}

// readPlainText tells a text whose methods take only some strings, where the schema names no format or pattern.
func (c *conformer) readPlainText(p *pair) {
	if v := (any)("a b!"); p.n.accepts(v) {
		c.tryRead(p, specimen{v, "type", p.n.pointer()}, Warning)
	}
}

// kept says what became of a value.
type kept string

// keeps decodes a value at a pair's place as T would, and encodes it again.
func (c *conformer) keeps(p *pair, v any) (ok bool, how kept) {
	text, err := plainJSON(v)
	if err != nil {
		return false, "unread"
	}
	target := reflect.New(p.t.Go)
	if !decodeAt(p, v, text, target) {
		return false, "unread"
	}
	again, ok := encodeAt(p, target.Elem())
	if !ok {
		return false, "changed"
	}
	if lost(v, decode(string(again))) {
		return false, "changed"
	}
	return true, ""
}

// decodeAt decodes with the option string of the field, if it has it.
func decodeAt(p *pair, v any, text []byte, target reflect.Value) bool {
	if p.quoted() && v != nil {
		inner, ok := v.(string)
		if !ok || inner == "null" {
			return false
		}
		text = []byte(inner)
	}
	return quietly(func() error { return strictjson.Unmarshal(text, target.Interface()) })
}

func encodeAt(p *pair, v reflect.Value) (text []byte, ok bool) {
	ok = quietly(func() (err error) {
		if p.t.Addressable && v.CanAddr() {
			text, err = strictjson.Marshal(v.Addr().Interface())
		} else {
			text, err = strictjson.Marshal(v.Interface())
		}
		if err == nil && p.quoted() && string(text) != "null" {
			text, err = json.Marshal(string(text))
		}
		return err
	})
	return text, ok
}

// quietly calls what may run methods of T, which may panic.
func quietly(f func() error) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return f() == nil
}

// lost says whether something of a document is missing or different after decoding and encoding. What is added is no loss, and
// neither is an empty member left out.
func lost(before, after any) bool {
	switch before := before.(type) {
	case map[string]any:
		after, ok := after.(map[string]any)
		if !ok {
			return true
		}
		for name, v := range before {
			if w, has := after[name]; has && lost(v, w) || !has && !isEmpty(v) {
				return true
			}
		}
		return false
	case []any:
		after, ok := after.([]any)
		return !ok || len(before) != len(after) || slices.ContainsFunc(indexes(len(before)), func(i int) bool { return lost(before[i], after[i]) })
	case string:
		after, ok := after.(string)
		return !ok || before != after && !sameTime(before, after)
	case bool, nil:
		return before != after
	}
	return !sameNumber(before, after)
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	r, ok := rat(v)
	return ok && r.Sign() == 0
}

func sameTime(a, b string) bool {
	x, errX := time.Parse(time.RFC3339Nano, strings.ToUpper(a))
	y, errY := time.Parse(time.RFC3339Nano, strings.ToUpper(b))
	return errX == nil && errY == nil && x.Equal(y)
}

// sameNumber compares integers exactly and fractions as far as a float64 goes, for which decimals are made.
func sameNumber(a, b any) bool {
	x, okX := rat(a)
	y, okY := rat(b)
	if !okX || !okY {
		return false
	}
	if x.Cmp(y) == 0 {
		return true
	}
	f, _ := x.Float64()
	g, _ := y.Float64()
	return !x.IsInt() && f == g
}
