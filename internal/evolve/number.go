package evolve

import (
	"math/big"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

var (
	one  = big.NewRat(1, 1)
	half = big.NewRat(1, 2)
)

// A numberState is an interval, and what the number is and isn't a multiple of.
type numberState struct {
	lo, hi         *big.Rat // nil: unbounded
	loOpen, hiOpen bool
	multiples      []*big.Rat
	others         []*big.Rat // not a multiple of any of these
}

func (n *numberState) fork() {
	n.multiples = slices.Clip(n.multiples)
	n.others = slices.Clip(n.others)
}

func (n *numberState) multiple(of *big.Rat) { n.multiples = append(n.multiples, of) }

func (n *numberState) atLeast(r *big.Rat, open bool) {
	if c := compare(r, n.lo); n.lo == nil || c > 0 || c == 0 && open {
		n.lo, n.loOpen = r, open
	}
}

func (n *numberState) atMost(r *big.Rat, open bool) {
	if c := compare(r, n.hi); n.hi == nil || c < 0 || c == 0 && open {
		n.hi, n.hiOpen = r, open
	}
}

func compare(a, b *big.Rat) int {
	if a == nil || b == nil {
		return 0
	}
	return a.Cmp(b)
}

func (n *numberState) empty() bool {
	c := compare(n.lo, n.hi)
	return n.lo != nil && n.hi != nil && (c > 0 || c == 0 && (n.loOpen || n.hiOpen))
}

func (n *numberState) demand(s *jsonschema.Schema) bool {
	if s.Minimum != nil {
		n.atLeast(s.Minimum, false)
	}
	if s.ExclusiveMinimum != nil {
		n.atLeast(s.ExclusiveMinimum, true)
	}
	if s.Maximum != nil {
		n.atMost(s.Maximum, false)
	}
	if s.ExclusiveMaximum != nil {
		n.atMost(s.ExclusiveMaximum, true)
	}
	if s.MultipleOf != nil && s.MultipleOf.Sign() > 0 {
		n.multiple(s.MultipleOf)
	}
	return !n.empty()
}

func refuseNumber(s *jsonschema.Schema) [][]step {
	var ways [][]step
	add := func(r *big.Rat, f func(*numberState)) {
		if r != nil {
			ways = append(ways, []step{func(_ *solver, st *state) bool {
				f(&st.num)
				return !st.num.empty()
			}})
		}
	}
	add(s.Minimum, func(n *numberState) { n.atMost(s.Minimum, true) })
	add(s.ExclusiveMinimum, func(n *numberState) { n.atMost(s.ExclusiveMinimum, false) })
	add(s.Maximum, func(n *numberState) { n.atLeast(s.Maximum, true) })
	add(s.ExclusiveMaximum, func(n *numberState) { n.atLeast(s.ExclusiveMaximum, false) })
	if s.MultipleOf != nil && s.MultipleOf.Sign() > 0 {
		ways = append(ways, []step{notMultiple(s.MultipleOf)})
	}
	return ways
}

func notMultiple(of *big.Rat) step {
	return func(_ *solver, st *state) bool {
		st.num.others = append(st.num.others, of)
		return true
	}
}

// numberLeaf decides exactly: on a line where nothing is asked of multiples, else on the lattice of the multiples.
func (sv *solver) numberLeaf(st *state) answer {
	n := &st.num
	if n.empty() {
		return answer{verdict: unsat}
	}
	for _, m := range n.multiples {
		for _, o := range n.others {
			if new(big.Rat).Quo(m, o).IsInt() {
				return answer{verdict: unsat}
			}
		}
	}
	if n.lo != nil && n.hi != nil && n.lo.Cmp(n.hi) == 0 {
		return sv.point(st, n.lo)
	}
	if len(n.multiples) > 0 {
		return sv.lattice(st)
	}
	for _, r := range n.spread() {
		if a := sv.tryNumber(st, r); a.verdict == sat {
			return a
		}
	}
	return answer{}
}

// point decides for the only number left.
func (sv *solver) point(st *state, r *big.Rat) answer {
	text, ok := numeral(r)
	if !ok {
		return answer{}
	}
	return sv.among(st, []any{text})
}

func (sv *solver) tryNumber(st *state, r *big.Rat) answer {
	text, ok := numeral(r)
	if !ok || !st.num.fits(r) || slices.ContainsFunc(st.exclude, func(v any) bool { return equal(text, v) }) {
		return answer{}
	}
	return sv.checked(st, text)
}

// fits says whether r lies in the interval and is a multiple of nothing that it must not be.
func (n *numberState) fits(r *big.Rat) bool {
	if lo := compare(r, n.lo); n.lo != nil && (lo < 0 || lo == 0 && n.loOpen) {
		return false
	}
	if hi := compare(r, n.hi); n.hi != nil && (hi > 0 || hi == 0 && n.hiOpen) {
		return false
	}
	return !slices.ContainsFunc(n.others, func(o *big.Rat) bool { return new(big.Rat).Quo(r, o).IsInt() })
}

// spread lists numbers of the interval, the plain ones first. For each thing that the number must not be a
// multiple of, some lie off all of its multiples: adding a power of a half of the common divisor leaves every lattice.
func (n *numberState) spread() []*big.Rat {
	lo, hi := n.lo, n.hi
	switch {
	case lo == nil && hi == nil:
		lo, hi = big.NewRat(0, 1), big.NewRat(100, 1)
	case lo == nil:
		lo = new(big.Rat).Sub(hi, big.NewRat(100, 1))
	case hi == nil:
		hi = new(big.Rat).Add(lo, big.NewRat(100, 1))
	}
	out := []*big.Rat{big.NewRat(0, 1), big.NewRat(1, 1), lo, hi}
	for i := int64(1); i <= 8; i++ {
		out = append(out, new(big.Rat).Add(lo, big.NewRat(i, 1)))
	}
	middle := new(big.Rat).Mul(half, new(big.Rat).Add(lo, hi))
	out = append(out, middle)
	shift := new(big.Rat).Mul(half, commonDivisor(append(slices.Clip(n.others), one)))
	for range 24 {
		out = append(out, new(big.Rat).Add(middle, shift), new(big.Rat).Add(lo, shift))
		shift = new(big.Rat).Mul(half, shift)
	}
	return out
}

// commonDivisor is the greatest rational that divides them all.
func commonDivisor(list []*big.Rat) *big.Rat {
	num, den := new(big.Int), big.NewInt(1)
	for _, r := range list {
		den = lcm(den, r.Denom())
	}
	for _, r := range list {
		scaled := new(big.Int).Mul(r.Num(), new(big.Int).Quo(den, r.Denom()))
		num = new(big.Int).GCD(nil, nil, num, scaled)
	}
	return new(big.Rat).SetFrac(num, den)
}

// commonMultiple is the least rational that all of them divide.
func commonMultiple(list []*big.Rat) *big.Rat {
	out := list[0]
	for _, r := range list[1:] {
		num := lcm(new(big.Int).Mul(out.Num(), r.Denom()), new(big.Int).Mul(r.Num(), out.Denom()))
		out = new(big.Rat).SetFrac(num, new(big.Int).Mul(out.Denom(), r.Denom()))
	}
	return out
}

func lcm(a, b *big.Int) *big.Int {
	g := new(big.Int).GCD(nil, nil, a, b)
	return new(big.Int).Mul(a, new(big.Int).Quo(b, g))
}

// lattice walks the multiples in the interval. What they must not be a multiple of repeats with a period, so one
// period, and a step for each excluded value and each open end, decide.
func (sv *solver) lattice(st *state) answer {
	n := &st.num
	unit := commonMultiple(n.multiples)
	period := new(big.Rat).Quo(commonMultiple(append(slices.Clip(n.others), unit)), unit)
	need := new(big.Int).Add(period.Num(), big.NewInt(int64(len(st.exclude)+2)))
	k, last, stride := n.indices(unit)
	for steps := 0; sv.spend(1); steps++ {
		if big.NewInt(int64(steps)).Cmp(need) > 0 || last != nil && k.Cmp(last) > 0 {
			return answer{verdict: unsat}
		}
		if steps > 4000 {
			break
		}
		r := new(big.Rat).Mul(unit, new(big.Rat).SetInt(k))
		if n.fits(r) && !slices.ContainsFunc(st.exclude, func(v any) bool { return isNumber(v, r) }) {
			return sv.tryNumber(st, r) // the first that fits stands for all
		}
		k = new(big.Int).Add(k, stride)
	}
	return answer{}
}

func isNumber(v any, r *big.Rat) bool { return kindOf(v) == kindNumber && ratOf(v).Cmp(r) == 0 }

// indices says where to start, where to stop (nil: never) and which way to go, so that k times unit lies in the interval.
func (n *numberState) indices(unit *big.Rat) (first, last, stride *big.Int) {
	var top *big.Int
	if n.hi != nil {
		top = floor(new(big.Rat).Quo(n.hi, unit))
	}
	switch {
	case n.lo != nil:
		bottom := new(big.Int).Neg(floor(new(big.Rat).Neg(new(big.Rat).Quo(n.lo, unit))))
		return bottom, top, big.NewInt(1)
	case top != nil:
		return top, nil, big.NewInt(-1)
	default:
		return new(big.Int), nil, big.NewInt(1)
	}
}

func floor(r *big.Rat) *big.Int {
	q := new(big.Int)
	return q.Div(r.Num(), r.Denom())
}
