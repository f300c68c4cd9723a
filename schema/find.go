package schema

// find gives the text of the value at a JSON Pointer, in text that the guard has accepted.
func find(text, pointer string) (string, bool) {
	d := decoder{text: text}
	for pointer != "" {
		var token string
		token, pointer = firstToken(pointer)
		d.space()
		if !d.enter(token) {
			return "", false
		}
	}
	d.space()
	start := d.pos
	d.skip()
	return text[start:d.pos], true
}

// enter goes to before the child that a token names.
func (d *decoder) enter(token string) bool {
	opening := d.text[d.pos]
	index, ok := arrayIndex(token)
	if opening != '{' && (opening != '[' || !ok) {
		return false
	}
	d.pos++
	for i := 0; ; i++ {
		d.space()
		switch d.text[d.pos] {
		case '}', ']':
			return false
		case ',':
			d.pos++
			d.space()
		}
		if opening == '[' && i == index || opening == '{' && d.nameIs(token) {
			return true
		}
		d.skip()
	}
}

// skip goes behind a value without reading it.
func (d *decoder) skip() {
	depth := 0
	for {
		switch c := d.text[d.pos]; c {
		case '"':
			d.pos, _ = stringEnd(d.text, d.pos)
		case '[', '{':
			depth++
			d.pos++
		case ']', '}':
			depth--
			d.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			d.pos++
			continue
		default:
			d.pos = scalarEnd(d.text, d.pos)
		}
		if depth == 0 {
			return
		}
	}
}

// nameIs reads a name and its colon.
func (d *decoder) nameIs(token string) bool {
	name := d.str()
	d.space()
	d.pos++
	return name == unescapeToken(token)
}
