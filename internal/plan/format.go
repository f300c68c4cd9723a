package plan

// simpleFormats accept the usual form of a format: only texts that jsonschema/v5's own function accepts too. The others are left to
// that function.
var simpleFormats = map[string]func([]byte) bool{
	"date-time": simpleDateTime,
	"date":      simpleDate,
	"uuid":      simpleUUID,
	"email":     simpleEmail,
	"ipv4":      simpleIPv4,
	"uri":       simpleURI,
	"hostname":  simpleHostname,
}

// simpleDateTime accepts RFC 3339 without leap seconds.
func simpleDateTime(s []byte) bool {
	const date, shortest = len("2006-01-02"), len("2006-01-02T15:04:05Z")
	if len(s) < shortest || s[date] != 'T' || !simpleDate(s[:date]) {
		return false
	}
	t := s[date+1:]
	if !inRange(t[0:2], 23) || t[2] != ':' || !inRange(t[3:5], 59) || t[5] != ':' || !inRange(t[6:8], 59) {
		return false
	}
	return simpleZone(skipFraction(t[8:]))
}

// skipFraction skips a fraction of a second. A dot without digits stays.
func skipFraction(s []byte) []byte {
	if len(s) < 2 || s[0] != '.' || !isDigit(s[1]) {
		return s
	}
	i := 2
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[i:]
}

func simpleZone(s []byte) bool {
	if len(s) == 1 {
		return s[0] == 'Z'
	}
	return len(s) == len("+07:00") && (s[0] == '+' || s[0] == '-') && inRange(s[1:3], 23) && s[3] == ':' && inRange(s[4:6], 59)
}

// simpleDate accepts every date but the 29th to 31st, whose existence depends on the month.
func simpleDate(s []byte) bool {
	if len(s) != len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return false
	}
	for _, i := range [4]int{0, 1, 2, 3} {
		if !isDigit(s[i]) {
			return false
		}
	}
	month, day := twoDigits(s[5:7]), twoDigits(s[8:10])
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= 28 || day <= 30 && month != 2 || day == 31 && longMonths>>month&1 == 1
}

// longMonths has a bit for each month of 31 days.
const longMonths = 1<<1 | 1<<3 | 1<<5 | 1<<7 | 1<<8 | 1<<10 | 1<<12

// twoDigits is -1 for what is no two digits.
func twoDigits(s []byte) int {
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

func inRange(s []byte, most int) bool {
	n := twoDigits(s)
	return n >= 0 && n <= most
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }

func simpleUUID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isHex(c) {
				return false
			}
		}
	}
	return true
}

// simpleEmail accepts letters, digits, "_" and "-" with single dots and pluses between them, at a simple host name.
func simpleEmail(s []byte) bool {
	const longestLocal = 64
	for i, c := range s {
		switch {
		case c == '@':
			return i > 0 && i <= longestLocal && len(s) <= 254 && isWordByte(s[i-1]) && simpleHostname(s[i+1:])
		case isWordByte(c):
		case (c == '.' || c == '+') && i > 0 && isWordByte(s[i-1]):
		default:
			return false
		}
	}
	return false
}

func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '-' }

// simpleHostname accepts labels of letters and digits with single hyphens between them.
func simpleHostname(s []byte) bool {
	if len(s) == 0 || len(s) > 253 || !isAlnum(s[len(s)-1]) {
		return false
	}
	label := 0
	for i, c := range s {
		switch {
		case isAlnum(c):
			label++
		case c == '-' && i > 0 && isAlnum(s[i-1]):
			label++
		case c == '.' && i > 0 && isAlnum(s[i-1]):
			label = 0
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool { return isLetter(c) || isDigit(c) }

func simpleIPv4(s []byte) bool {
	parts, n, digits := 1, 0, 0
	for _, c := range s {
		switch {
		case isDigit(c):
			if digits > 0 && n == 0 { // a leading zero
				return false
			}
			n, digits = n*10+int(c-'0'), digits+1
			if n > 255 {
				return false
			}
		case c == '.' && digits > 0:
			parts, n, digits = parts+1, 0, 0
		default:
			return false
		}
	}
	return parts == 4 && digits > 0
}

// simpleURI accepts http and https with a simple host and a path without escapes.
func simpleURI(s []byte) bool {
	rest, ok := cutScheme(s)
	if !ok {
		return false
	}
	host := rest
	for i, c := range rest {
		if c == '/' {
			host = rest[:i]
			for _, c := range rest[i:] {
				if !isAlnum(c) && c != '/' && c != '-' && c != '_' && c != '.' && c != '~' {
					return false
				}
			}
			break
		}
	}
	return simpleHostname(host)
}

func cutScheme(s []byte) (rest []byte, ok bool) {
	for _, scheme := range [...]string{"https://", "http://"} {
		if len(s) > len(scheme) && string(s[:len(scheme)]) == scheme {
			return s[len(scheme):], true
		}
	}
	return nil, false
}
