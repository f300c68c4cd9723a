package plan

import (
	"math"
	"math/big"
	"strconv"
)

// floatRange bounds a float by its value. What the schema bounds is the number in the document, which is the shortest decimal that
// reads back as the float: neither has the other's value. But that decimal lies where numbers are rounded to the float, and those
// stretches don't overlap. So of the float that is nearest to a bound the decimal has to be compared, once, at compile time; of any
// other float its own value decides.
type floatRange struct {
	least, most float64
	whole       bool // no fraction
}

func (r floatRange) allows(f float64) bool {
	return f >= r.least && f <= r.most && (!r.whole || f == math.Trunc(f))
}

// floatRangeOf turns bounds into the floats that they let through. A float has a fraction if and only if its decimal has one: a whole
// number that is near enough to be rounded to it is a float itself.
func floatRangeOf(n *node, bits int) floatRange {
	out := floatRange{math.Inf(-1), math.Inf(1), n.kinds&fraction == 0}
	if n.number == nil {
		return out
	}
	for _, b := range n.number.bounds {
		nearest, order := nearestFloat(b.at, bits)
		within := order == -b.wrong || order == 0 && !b.excluded
		switch {
		case within && b.wrong < 0:
			out.least = max(out.least, nearest)
		case within:
			out.most = min(out.most, nearest)
		case b.wrong < 0:
			out.least = max(out.least, nextFloat(nearest, math.Inf(1), bits))
		default:
			out.most = min(out.most, nextFloat(nearest, math.Inf(-1), bits))
		}
	}
	return out
}

// nearestFloat gives the float that is nearest to d, and how the decimal that is written for it compares with d.
func nearestFloat(d decimal, bits int) (nearest float64, order int) {
	exact := d.rational()
	nearest, _ = exact.Float64()
	if bits == 32 {
		f, _ := exact.Float32()
		nearest = float64(f)
	}
	written, ok := new(big.Rat).SetString(strconv.FormatFloat(nearest, 'e', -1, bits))
	if !ok { // a decimal of maxDigits digits is never near an infinity
		panic("plan: no decimal for a float")
	}
	return nearest, written.Cmp(exact)
}

func nextFloat(f, toward float64, bits int) float64 {
	if bits == 32 {
		return float64(math.Nextafter32(float32(f), float32(toward)))
	}
	return math.Nextafter(f, toward)
}

func (d decimal) rational() *big.Rat {
	digits := new(big.Int).SetUint64(d.digits)
	if d.negative {
		digits.Neg(digits)
	}
	return new(big.Rat).SetFrac(digits, new(big.Int).SetUint64(pow10[d.places]))
}
