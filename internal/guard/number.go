package guard

import "strconv"

// number reads a number by the grammar of RFC 8259, 6.
func (s *scanner) number(at int) (end int, err *Error) {
	doc, i := s.doc, at
	if doc[i] == '-' {
		i++
	}
	first := i
	i = digitsEnd(doc, i)
	if i == first {
		return i, fail(Syntax, i, s.unexpected(i, "a digit"))
	}
	if doc[first] == '0' {
		i = first + 1 // nothing may follow a leading zero but a point or an exponent
	}
	if i < len(doc) && doc[i] == '.' {
		first = i + 1
		if i = digitsEnd(doc, first); i == first {
			return i, fail(Syntax, i, s.unexpected(i, "a digit after the decimal point"))
		}
	}
	if i < len(doc) && doc[i]|0x20 == 'e' {
		if i, err = s.exponent(i, at); err != nil {
			return i, err
		}
	}
	if i-at > s.limits.NumberLength {
		return i, &Error{Rule: Number, Offset: at, Limit: s.limits.NumberLength,
			Expect: "is a number of more than " + strconv.Itoa(s.limits.NumberLength) + " characters"}
	}
	return i, nil
}

// exponent stands at the e of the number that begins at start.
func (s *scanner) exponent(at, start int) (end int, err *Error) {
	s.stats.Exponents = true
	doc, i := s.doc, at+1
	if i < len(doc) && (doc[i] == '-' || doc[i] == '+') {
		i++
	}
	first, n := i, 0
	for ; i < len(doc) && isDigit(doc[i]); i++ {
		n = min(n*10+int(doc[i]-'0'), s.limits.Exponent+1)
	}
	if i == first {
		return i, fail(Syntax, i, s.unexpected(i, "a digit in the exponent"))
	}
	if n > s.limits.Exponent {
		return i, &Error{Rule: Number, Offset: start, Limit: s.limits.Exponent,
			Expect: "is a number with an exponent beyond " + strconv.Itoa(s.limits.Exponent)}
	}
	return i, nil
}

func digitsEnd(doc []byte, i int) int {
	for i < len(doc) && isDigit(doc[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// behindNumber are the bytes that may stand there: they show at a glance that a number has one digit, as most do that count things.
var behindNumber = [256]bool{',': true, ']': true, '}': true, ' ': true, '\n': true, '\r': true, '\t': true}
