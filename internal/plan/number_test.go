package plan

import (
	"math/rand/v2"
	"testing"
)

// Whatever the bound and the number: the range of the number's places says what comparing both says.
func TestRangesAgreeWithComparing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	random := func() decimal {
		digits := r.Uint64N(pow10[r.IntN(maxDigits)+1])
		return decimal{negative: r.IntN(2) == 0, digits: digits, places: r.IntN(maxDigits + 1)}
	}
	inside := 0
	for range 300_000 {
		at, d := random(), random()
		switch r.IntN(3) {
		case 0: // the same number, of other places
			if more := r.IntN(maxDigits + 1 - at.places); at.digits < pow10[maxDigits-more] {
				d = decimal{negative: at.negative, digits: at.digits * pow10[more], places: at.places + more}
			}
		case 1: // its neighbour
			d = at
			d.digits = (d.digits + 1) % pow10[maxDigits]
		}
		b := bound{at: at, wrong: 2*r.IntN(2) - 1, excluded: r.IntN(2) == 0}
		c := d.compare(at)
		want := c != b.wrong && (c != 0 || !b.excluded)
		if got := intRangeAt(d.places, []bound{b}).allows(d.signed()); got != want {
			t.Fatalf("%+v within %+v: %t, not %t", d, b, got, want)
		}
		if want {
			inside++
		}
	}
	if inside < 100_000 || inside > 200_000 {
		t.Errorf("%d are inside: the test tests little", inside)
	}
}
