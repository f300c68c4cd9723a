package plan

import (
	"reflect"
	"time"

	"github.com/typedkafka/kafka/internal/jsontype"
)

// An omission says when a field is not written: the rules of omitempty and omitzero, by the kind of the field.
type omission struct {
	when   omitWhen
	bits   int
	goType reflect.Type
}

type omitWhen uint8

const (
	omitNever omitWhen = iota
	omitEmptyText
	omitNoItems
	omitNil
	omitZeroInt
	omitZeroUint
	omitZeroFloat
	omitFalse
	omitZeroTime
	omitEmptyOther // omitempty, by package reflect
	omitZeroOther  // omitzero, by package reflect
)

// omissionOf reads a field's options. A slice is empty without items, but zero only where it is nil.
func omissionOf(f *jsontype.Field) omission {
	t := f.Type.Go
	o := omission{goType: t}
	switch {
	case !f.OmitEmpty && !f.OmitZero:
		return o
	case f.OmitZero && t == reflect.TypeFor[time.Time]():
		o.when = omitZeroTime
		return o
	}
	switch t.Kind() {
	case reflect.String:
		o.when = omitEmptyText
	case reflect.Slice:
		o.when = omitNoItems
		if !f.OmitEmpty {
			o.when = omitZeroOther
		}
	case reflect.Pointer:
		o.when = omitNil
	case reflect.Bool:
		o.when = omitFalse
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		o.when, o.bits = omitZeroInt, t.Bits()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		o.when, o.bits = omitZeroUint, t.Bits()
	case reflect.Float32, reflect.Float64:
		o.when, o.bits = omitZeroFloat, t.Bits()
	default:
		o.when = omitZeroOther
		if f.OmitEmpty { // what is zero is empty too
			o.when = omitEmptyOther
		}
	}
	return o
}

func (o *omission) omits(p place) bool {
	switch o.when {
	case omitNever:
		return false
	case omitEmptyText:
		return p.text() == ""
	case omitNoItems:
		n, _ := p.length()
		return n == 0
	case omitNil:
		_, ok := p.pointed()
		return !ok
	case omitZeroInt:
		return p.int(o.bits) == 0
	case omitZeroUint:
		return p.uint(o.bits) == 0
	case omitZeroFloat:
		return p.float(o.bits) == 0
	case omitFalse:
		return !p.bool()
	case omitZeroTime:
		return p.time().IsZero()
	case omitEmptyOther:
		return isEmpty(p.value(o.goType))
	default:
		return p.value(o.goType).IsZero()
	}
}

// isEmpty is the rule of omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
