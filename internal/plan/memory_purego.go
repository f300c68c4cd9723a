//go:build purego

package plan

import (
	"reflect"
	"time"
)

// This does by package reflect what memory.go does by package unsafe, name by name; the comments are there.

type place struct{ at reflect.Value }

func placeAt[T any](v *T) place { return place{reflect.ValueOf(v).Elem()} }

func placeOf(v reflect.Value) place { return place{v} }

func (p place) value(reflect.Type) reflect.Value { return p.at }

type step struct{ index []int }

func stepTo(_ reflect.Type, index []int) step { return step{index} }

func (p place) field(s step) place {
	v := p.at
	for _, i := range s.index {
		v = v.Field(i)
	}
	return place{v}
}

func (p place) text() string     { return p.at.String() }
func (p place) setText(s string) { p.at.SetString(s) }

func (p place) bool() bool     { return p.at.Bool() }
func (p place) setBool(b bool) { p.at.SetBool(b) }

func (p place) int(int) int64         { return p.at.Int() }
func (p place) setInt(_ int, n int64) { p.at.SetInt(n) }

func (p place) uint(int) uint64         { return p.at.Uint() }
func (p place) setUint(_ int, n uint64) { p.at.SetUint(n) }

func (p place) float(int) float64         { return p.at.Float() }
func (p place) setFloat(_ int, f float64) { p.at.SetFloat(f) }

func (p place) time() *time.Time { return p.at.Addr().Interface().(*time.Time) }

func (p place) bytes() []byte { return p.at.Bytes() }

func (p place) texts() map[string]string     { return p.at.Interface().(map[string]string) }
func (p place) setTexts(m map[string]string) { p.at.Set(reflect.ValueOf(m)) }

func (p place) pointed() (to place, ok bool) {
	if p.at.IsNil() {
		return to, false
	}
	return place{p.at.Elem()}, true
}

func (p place) setNew(elem reflect.Type) place {
	to := reflect.New(elem)
	p.at.Set(to)
	return place{to.Elem()}
}

func (p place) length() (n int, isNil bool) { return p.at.Len(), p.at.IsNil() }

func (p place) setLength(n int) { p.at.SetLen(n) }

func (p place) item(i int, _ uintptr) place { return place{p.at.Index(i)} }
