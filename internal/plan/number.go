package plan

import (
	"encoding/json"
	"math"
	"math/big"
	"math/bits"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxDigits is how many decimal digits surely fit a uint64 and, scaled by as many places, 128 bits.
const maxDigits = 18

// A decimal is digits × 10^-places, exactly.
type decimal struct {
	negative bool
	scaled   bool // written with an exponent
	digits   uint64
	places   int // 0 to maxDigits
}

// scaledBy is d × 10^power, of a d that is exact or not; and whether the result is.
func (d decimal) scaledBy(power int, exact bool) (decimal, bool) {
	d.scaled = true
	d.places -= power
	switch {
	case !exact || d.places > maxDigits || d.places < -maxDigits:
		return d, false
	case d.places < 0:
		high, low := bits.Mul64(d.digits, pow10[-d.places])
		d.digits, d.places = low, 0
		return d, high == 0 && low < pow10[maxDigits]
	}
	return d, true
}

var pow10 = func() (p [maxDigits + 1]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// isInteger reports whether d has no fraction: 1.0 is an integer to JSON Schema.
func (d decimal) isInteger() bool { return d.places == 0 || d.digits%pow10[d.places] == 0 }

// compare returns -1, 0 or +1.
func (d decimal) compare(e decimal) int {
	dn, en := d.negative && d.digits != 0, e.negative && e.digits != 0
	switch {
	case dn != en && dn:
		return -1
	case dn != en:
		return 1
	case dn:
		return e.compareDigits(d)
	}
	return d.compareDigits(e)
}

// compareDigits compares the sizes, scaled to the same places in 128 bits.
func (d decimal) compareDigits(e decimal) int {
	places := max(d.places, e.places)
	dh, dl := bits.Mul64(d.digits, pow10[places-d.places])
	eh, el := bits.Mul64(e.digits, pow10[places-e.places])
	switch {
	case dh < eh, dh == eh && dl < el:
		return -1
	case dh > eh, dl > el:
		return 1
	}
	return 0
}

// isMultipleOf reports whether d divides by a positive e; ok is false where that needs more than 64 bits.
func (d decimal) isMultipleOf(e decimal) (is, ok bool) {
	places := max(d.places, e.places)
	dh, dl := bits.Mul64(d.digits, pow10[places-d.places])
	eh, el := bits.Mul64(e.digits, pow10[places-e.places])
	if dh != 0 || eh != 0 || el == 0 {
		return false, false
	}
	return dl%el == 0, true
}

// decimalOf gives a rational as a decimal; ok is false where it is none of up to maxDigits digits.
func decimalOf(r *big.Rat) (d decimal, ok bool) {
	x := new(big.Rat).Set(r)
	ten := big.NewRat(10, 1)
	for places := 0; places <= maxDigits; places++ {
		if x.IsInt() {
			size := new(big.Int).Abs(x.Num())
			if !size.IsUint64() || size.Uint64() >= pow10[maxDigits] {
				return d, false
			}
			return decimal{negative: x.Sign() < 0, digits: size.Uint64(), places: places}, true
		}
		x.Mul(x, ten)
	}
	return d, false
}

// signed is the digits with their sign.
func (d decimal) signed() int64 {
	if d.negative {
		return -int64(d.digits) // fewer than 10^maxDigits
	}
	return int64(d.digits)
}

// floorAt is the largest number of so many places that is not above d, as an integer; exact says that it is d. What needs more than maxDigits
// digits is 10^maxDigits, which has no decimal above it.
func (d decimal) floorAt(places int) (n int64, exact bool) {
	quotient, rest := pow10[maxDigits], uint64(0)
	if places < d.places {
		quotient, rest = d.digits/pow10[d.places-places], d.digits%pow10[d.places-places]
	} else if high, low := bits.Mul64(d.digits, pow10[places-d.places]); high == 0 && low < pow10[maxDigits] {
		quotient = low
	}
	n = int64(quotient)
	if d.negative {
		n = -n
		if rest != 0 {
			n--
		}
	}
	return n, rest == 0
}

// intRange bounds an integer.
type intRange struct{ least, most int64 }

var anyInt = intRange{math.MinInt64, math.MaxInt64}

func (r intRange) allows(n int64) bool { return n >= r.least && n <= r.most }

// intRangeAt turns bounds into what they let through of the numbers of so many places, as integers.
func intRangeAt(places int, bounds []bound) intRange {
	out := anyInt
	for _, b := range bounds {
		floor, exact := b.at.floorAt(places)
		switch {
		case b.wrong < 0 && exact && !b.excluded:
			out.least = max(out.least, floor)
		case b.wrong < 0:
			out.least = max(out.least, floor+1)
		case exact && b.excluded:
			out.most = min(out.most, floor-1)
		default:
			out.most = min(out.most, floor)
		}
	}
	return out
}

// A numberRule is what is asked of a number.
type numberRule struct {
	bounds   []bound
	ranges   []intRange // what the bounds let through of numbers of each number of places, as integers
	multiple *decimal
	values   []decimal // enum and const; only with hasValues
	has      bool      // values count
	integer  bool      // no fraction allowed
}

// A bound is on one side: a number compared with at is not on the wrong side, nor equal where that is excluded.
type bound struct {
	at       decimal
	wrong    int // what compare gives on the wrong side
	excluded bool
}

func (r *numberRule) allows(d decimal) verdict {
	if r.integer && !d.isInteger() {
		return invalid
	}
	if r.ranges != nil && !r.ranges[d.places].allows(d.signed()) {
		return invalid
	}
	if r.has && !r.isValue(d) {
		return invalid
	}
	if r.multiple == nil {
		return valid
	}
	switch is, ok := d.isMultipleOf(*r.multiple); {
	case !ok:
		return unsure
	case !is:
		return invalid
	}
	return valid
}

func (r *numberRule) isValue(d decimal) bool {
	for _, v := range r.values {
		if d.compare(v) == 0 {
			return true
		}
	}
	return false
}

// numberRuleOf returns nil where nothing is asked of numbers; ok is false where a bound is no decimal.
func numberRuleOf(s *jsonschema.Schema, allowed kinds, c *constants) (*numberRule, bool) {
	var r numberRule
	for _, b := range []struct {
		keyword  *big.Rat
		wrong    int
		excluded bool
	}{
		{s.Minimum, -1, false}, {s.ExclusiveMinimum, -1, true}, {s.Maximum, 1, false}, {s.ExclusiveMaximum, 1, true},
	} {
		if b.keyword == nil {
			continue
		}
		at, ok := decimalOf(b.keyword)
		if !ok {
			return nil, false
		}
		r.bounds = append(r.bounds, bound{at, b.wrong, b.excluded})
	}
	if len(r.bounds) > 0 {
		r.ranges = make([]intRange, maxDigits+1)
		for places := range r.ranges {
			r.ranges[places] = intRangeAt(places, r.bounds)
		}
	}
	if s.MultipleOf != nil {
		m, ok := decimalOf(s.MultipleOf)
		if !ok {
			return nil, false
		}
		r.multiple = &m
	}
	if c != nil {
		r.values, r.has = c.numbers, true
	}
	r.integer = allowed&number == integer
	if len(r.bounds) == 0 && r.multiple == nil && !r.has && !r.integer {
		return nil, true
	}
	return &r, true
}

// constants are the values that enum and const allow, by kind.
type constants struct {
	kinds   kinds
	texts   []string
	numbers []decimal
}

// constants returns nil where the schema has neither keyword; ok is false where a value is of a kind that is not compared here.
func (c *compiler) constants(s *jsonschema.Schema) (_ *constants, ok bool) {
	lists := [][]any{}
	if len(s.Constant) > 0 {
		lists = append(lists, s.Constant)
	}
	if len(s.Enum) > 0 {
		lists = append(lists, s.Enum)
	}
	switch len(lists) {
	case 0:
		return nil, true
	case 2:
		return nil, false // rare, and their intersection is not worth a rule
	}
	var all constants
	for _, v := range lists[0] {
		if !all.add(v) {
			return nil, false
		}
	}
	return &all, true
}

func (c *constants) add(v any) bool {
	switch v := v.(type) {
	case nil:
		c.kinds |= null
	case bool:
		if v {
			c.kinds |= truth
		} else {
			c.kinds |= falsity
		}
	case string:
		c.kinds |= text
		c.texts = append(c.texts, v)
	case json.Number:
		return c.addNumber(v)
	default:
		return false
	}
	return true
}

func (c *constants) addNumber(n json.Number) bool {
	const longest = 64 // SetString would expand 1e999999
	if len(n) > longest || strings.ContainsAny(string(n), "eE") {
		return false
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return false
	}
	d, ok := decimalOf(r)
	c.kinds |= number
	c.numbers = append(c.numbers, d)
	return ok
}
