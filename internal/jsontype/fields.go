package jsontype

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// candidate is a field before conflicts are settled.
type candidate struct {
	Field
	typ    reflect.Type
	tagged bool
	owner  reflect.Type
}

// embedded is a struct whose fields count as its owner's.
type embedded struct {
	typ       reflect.Type
	index     []int
	path      string
	byPointer bool
	twice     bool // reached twice at this depth, so that its fields conflict with themselves
}

// fields fills in the fields of a struct by encoding/json's rules: breadth first through embedded structs; of equal names the
// shallowest wins, then the only one with a tag; otherwise none is written, which is told as a fault.
func (d *describer) fields(out *Type, path string) {
	var all []candidate
	level := []embedded{{typ: out.Go}}
	seen := map[reflect.Type]bool{}
	for len(level) > 0 {
		var next []embedded
		for _, e := range level {
			if seen[e.typ] {
				continue
			}
			seen[e.typ] = true
			found, below := d.own(e, path)
			all = append(all, found...)
			next = append(next, below...)
		}
		level = merge(next)
	}
	for _, c := range d.settle(all, path) {
		addressable := out.Addressable || c.ByPointer
		c.Type = d.describe(c.typ, addressable, path+"."+c.Go)
		c.OmitEmpty = c.OmitEmpty && canBeEmpty(c.typ)
		out.Fields = append(out.Fields, c.Field)
	}
}

// own gives the fields that a struct itself has, and the structs embedded in it.
func (d *describer) own(e embedded, path string) (found []candidate, below []embedded) {
	for i := range e.typ.NumField() {
		sf := e.typ.Field(i)
		target := sf.Type
		if target.Kind() == reflect.Pointer && target.Name() == "" {
			target = target.Elem()
		}
		tag := sf.Tag.Get("json")
		if tag == "-" || !sf.IsExported() && (!sf.Anonymous || target.Kind() != reflect.Struct) {
			continue
		}
		name, options := d.tag(sf, path+"."+e.path+sf.Name)
		index := append(slices.Clone(e.index), i)
		if sf.Anonymous && name == "" && target.Kind() == reflect.Struct {
			byPointer := sf.Type.Kind() == reflect.Pointer
			if byPointer && !sf.IsExported() {
				d.fault(path+"."+sf.Name, "decoding can't allocate an embedded pointer to the unexported struct %s: embed the struct itself, or export it", target)
			}
			below = append(below, embedded{target, index, e.path + sf.Name + ".", byPointer || e.byPointer, false}) // encoding/json counts an embedding once, below one that counts twice
			continue
		}
		c := candidate{typ: sf.Type, tagged: name != "", owner: e.typ, Field: Field{
			Name: name, Go: e.path + sf.Name, Index: index, Tag: sf.Tag, ByPointer: e.byPointer,
			OmitEmpty: slices.Contains(options, "omitempty"), OmitZero: slices.Contains(options, "omitzero"),
			Quoted: slices.Contains(options, "string") && canBeQuoted(target),
		}}
		if name == "" {
			c.Name = sf.Name
		}
		found = append(found, c)
		if e.twice {
			found = append(found, c)
		}
	}
	return found, below
}

// merge keeps one of several embeddings of a type at one depth, marked.
func merge(level []embedded) []embedded {
	var out []embedded
	at := map[reflect.Type]int{}
	for _, e := range level {
		if i, ok := at[e.typ]; ok {
			out[i].twice = true
			continue
		}
		at[e.typ] = len(out)
		out = append(out, e)
	}
	return out
}

// settle picks the field that has a name, and gives them in the order of the struct.
func (d *describer) settle(all []candidate, path string) []candidate {
	byName := map[string][]candidate{}
	var names []string
	for _, c := range all {
		if byName[c.Name] == nil {
			names = append(names, c.Name)
		}
		byName[c.Name] = append(byName[c.Name], c)
	}
	var out []candidate
	for _, name := range names {
		rivals := byName[name]
		slices.SortStableFunc(rivals, func(a, b candidate) int {
			if len(a.Index) != len(b.Index) {
				return len(a.Index) - len(b.Index)
			}
			return boolToInt(b.tagged) - boolToInt(a.tagged)
		})
		if len(rivals) > 1 && len(rivals[0].Index) == len(rivals[1].Index) && rivals[0].tagged == rivals[1].tagged {
			d.fault(path, "the fields %s and %s both have the name %q, so encoding/json writes neither: rename one", rivals[0].Go, rivals[1].Go, name)
			continue
		}
		out = append(out, rivals[0])
	}
	slices.SortFunc(out, func(a, b candidate) int { return slices.Compare(a.Index, b.Index) })
	return out
}

// tag splits a json tag. A name that encoding/json does not take, and options that only our decoder would know, are faults: the
// two sides would not agree.
func (d *describer) tag(sf reflect.StructField, path string) (name string, options []string) {
	parts := strings.Split(sf.Tag.Get("json"), ",")
	name, options = parts[0], parts[1:]
	if name != "" && !validName(name) {
		d.fault(path, "encoding/json does not take the name in the tag json:%q: use letters, digits and simple punctuation", sf.Tag.Get("json"))
		name = ""
	}
	for _, o := range options {
		if key, _, _ := strings.Cut(o, ":"); key == "embed" || key == "inline" || key == "unknown" || key == "case" || key == "format" {
			d.fault(path, "the option %q in its json tag is not encoding/json's: remove it", o)
		}
	}
	return name, options
}

// validName is encoding/json's rule for names in tags (isValidTag).
func validName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

func canBeEmpty(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return false
	case reflect.Array:
		return t.Len() == 0
	}
	return true
}

func canBeQuoted(t reflect.Type) bool {
	switch natural(t) {
	case Bool, Int, Uint, Float, String, Number:
		return true
	}
	return false
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
