package plan

import "strconv"

func (w *walk) decodeBool(t *target, pos int, p place) (end int, is verdict) {
	switch w.at(pos) {
	case 't':
		p.setBool(true)
		return w.word(t.node, pos, "true", truth)
	case 'f':
		return w.word(t.node, pos, "false", falsity)
	}
	return 0, unsure
}

// decodeText decodes the string whose opening quote is at pos.
func (w *walk) decodeText(t *target, pos int, p place) (end int, is verdict) {
	n := t.node
	if end, ok := w.plainStr(n, pos); ok {
		p.setText(w.copy()[pos+1 : end])
		return end + 1, valid
	}
	s, ok := w.str(pos)
	switch {
	case !ok:
		return 0, unsure
	case n.kinds&text == 0:
		return 0, invalid
	case s.escaped:
		return w.decodeEscaped(n, s, p)
	case n.text != nil:
		if is = n.text.allows(w.doc[s.start:s.end], s.ascii, &w.slow); is != valid {
			return 0, is
		}
	}
	p.setText(w.copy()[s.start:s.end])
	return s.end + 1, valid
}

func (w *walk) decodeEscaped(n *node, s str, p place) (end int, is verdict) {
	own := w.unescaped(s)
	if n.text != nil {
		if is = n.text.allows(own, false, &w.slow); is != valid {
			return 0, is
		}
	}
	p.setText(string(own))
	return s.end + 1, valid
}

// copy is the document as the one string that the value's strings are parts of.
func (w *walk) copy() string {
	if w.copied == "" {
		w.copied = string(w.doc)
	}
	return w.copied
}

// decodeTime decodes the times that RFC 3339 and package time surely read alike; the others are strictjson's.
func (w *walk) decodeTime(t *target, pos int, p place) (end int, is verdict) {
	s, ok := w.str(pos)
	if !ok || s.escaped || !simpleDateTime(w.doc[s.start:s.end]) {
		return w.decodeGeneric(t, pos, p)
	}
	if t.node.kinds&text == 0 {
		return 0, invalid
	}
	if t.node.text != nil {
		if is = t.node.text.allows(w.doc[s.start:s.end], s.ascii, &w.slow); is != valid {
			return 0, is
		}
	}
	if p.time().UnmarshalText(w.doc[s.start:s.end]) != nil {
		return 0, unsure
	}
	return s.end + 1, valid
}

func (w *walk) decodeNumber(t *target, pos int, p place) (end int, is verdict) {
	end, d, exact, ok := w.number(pos)
	n := t.node
	switch {
	case !ok:
		return 0, unsure
	case n.kinds&number == 0:
		return 0, invalid
	case n.number != nil && !exact:
		return 0, unsure
	case n.number != nil:
		if is = n.number.allows(d); is != valid {
			return 0, is
		}
	}
	if !w.setNumber(t, p, d, exact, pos, end) {
		return 0, unsure
	}
	return end, valid
}

// setNumber reports whether the number fits p.
func (w *walk) setNumber(t *target, p place, d decimal, exact bool, pos, end int) bool {
	switch {
	case t.op == readFloat:
		return w.setFloat(p, t.bits, d, exact, pos, end)
	case !exact:
		return setLong(t, p, w.copy()[pos:end])
	case d.places > 0 || d.scaled: // encoding/json takes no 1.0 and no 1e2 for an integer
		return false
	case t.op == readInt:
		return setInt(p, t.bits, d)
	}
	return setUint(p, t.bits, d)
}

// setLong is for integers of more than maxDigits digits.
func setLong(t *target, p place, token string) bool {
	if t.op == readInt {
		n, err := strconv.ParseInt(token, 10, t.bits)
		p.setInt(t.bits, n)
		return err == nil
	}
	n, err := strconv.ParseUint(token, 10, t.bits)
	p.setUint(t.bits, n)
	return err == nil
}

func setInt(p place, bits int, d decimal) bool {
	n := int64(d.digits) // up to maxDigits digits fit
	if d.negative {
		n = -n
	}
	if bits < 64 && n>>(bits-1) != 0 && n>>(bits-1) != -1 {
		return false
	}
	p.setInt(bits, n)
	return true
}

func setUint(p place, bits int, d decimal) bool {
	if d.negative || bits < 64 && d.digits>>bits != 0 {
		return false
	}
	p.setUint(bits, d.digits)
	return true
}

// exactFloat is the largest number up to which every integer is a float64, and exactTens are the powers of ten that are one: the
// quotient of two such is rounded once, so it is the nearest float64 of the decimal.
const exactFloat = 1 << 53

var exactTens = [maxDigits + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

func (w *walk) setFloat(p place, bits int, d decimal, exact bool, pos, end int) bool {
	if exact && bits == 64 && d.digits < exactFloat && !(d.negative && d.digits == 0) {
		f := float64(d.digits) / exactTens[d.places]
		if d.negative {
			f = -f
		}
		p.setFloat(64, f)
		return true
	}
	f, err := strconv.ParseFloat(w.copy()[pos:end], bits)
	p.setFloat(bits, f)
	return err == nil
}
