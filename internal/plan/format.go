package plan

import "encoding/binary"

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

// usualLengths are how many bytes most texts of a format have.
var usualLengths = map[string]int{
	"date-time": len("2006-01-02T15:04:05Z"),
	"date":      len("2006-01-02"),
	"uuid":      len("00000000-0000-0000-0000-000000000000"),
}

// simpleDateTime accepts RFC 3339 without leap seconds.
func simpleDateTime(s []byte) bool {
	const date, second, shortest = len("2006-01-02"), len("2006-01-02T15:04:05"), len("2006-01-02T15:04:05Z")
	if len(s) < shortest || s[date] != 'T' || !simpleDate(s[:date]) {
		return false
	}
	return isClock(binary.LittleEndian.Uint64(s[date+1:])) && simpleZone(skipFraction(s[second:]))
}

// isClock reports whether the eight bytes of x are a time such as 15:04:05, before 24:00:00 and without leap seconds.
func isClock(x uint64) bool {
	const colons, form = 0x0000ff0000ff0000, 0x30303a30303a3030 // 00:00:00
	if x ^= form; x&colons != 0 || !areDigits(x) {
		return false
	}
	hour, tensOfMinute, tensOfSecond := x&0xf*10+x>>8&0xf, x>>24&0xf, x>>48&0xf
	return hour < 24 && tensOfMinute < 6 && tensOfSecond < 6
}

// areDigits reports whether each byte of x is from 0 to 9.
func areDigits(x uint64) bool { return (x|(x+(0x80-10)*ones))&highs == 0 }

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
	if len(s) != len("2006-01-02") {
		return false
	}
	const hyphens, form = 0xff0000ff00000000, 0x2d30302d30303030 // 0000-00-
	x := binary.LittleEndian.Uint64(s) ^ form
	day := twoDigits(s[8:10])
	if x&hyphens != 0 || !areDigits(x) || day < 1 {
		return false
	}
	month := x>>40&0xf*10 + x>>48&0xf
	if month < 1 || month > 12 {
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

// simpleUUID looks at the 32 digits as four words: 8, 4 and 4, 4 and 4, and 8, of the last 12.
func simpleUUID(s []byte) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	word, half := binary.LittleEndian.Uint64, binary.LittleEndian.Uint32
	return areHex(word(s)) && areHex(word(s[28:])) &&
		areHex(uint64(half(s[9:]))|uint64(half(s[14:]))<<32) && areHex(uint64(half(s[19:]))|uint64(half(s[24:]))<<32)
}

// areHex reports whether the eight bytes of x are hexadecimal digits. Each byte below 0x80 gets its high bit by adding what is missing
// from the least one wanted, and does not reach into the next.
func areHex(x uint64) bool {
	lower := x | 0x20*ones // the digits have that bit
	digit := (x + (0x80-'0')*ones) &^ (x + (0x80-'9'-1)*ones)
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'f'-1)*ones)
	return x&highs == 0 && (digit|letter)&highs == highs
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
