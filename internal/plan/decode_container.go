package plan

// decodeSlice decodes the array whose bracket is at pos.
func (w *walk) decodeSlice(t *target, pos int, p place) (end int, is verdict) {
	if t.node.kinds&array == 0 {
		return 0, invalid
	}
	if w.depth++; w.depth > maxDepth {
		return 0, unsure
	}
	end, is = w.decodeItems(t, pos+1, p)
	w.depth--
	return end, is
}

func (w *walk) decodeItems(t *target, pos int, p place) (end int, is verdict) {
	r := t.node.ofArrays()
	pos = w.space(pos)
	if w.at(pos) == ']' {
		p.value(t.goType).Set(t.empty())
		return pos + 1, r.complete(0, 0)
	}
	room := 0
	for count := 0; ; {
		if count == room {
			room = w.makeRoom(t, p, count, pos)
		}
		if pos, is = w.decode(t.elem, pos, p.item(count, t.size)); is != valid {
			return 0, is
		}
		count++
		switch pos = w.space(pos); w.at(pos) {
		case ',':
			pos++
		case ']':
			p.setLength(count)
			t.remember(count)
			return pos + 1, r.complete(count, 0)
		default:
			return 0, unsure
		}
	}
}

// makeRoom lets the slice at p, of count items, have more, and returns how many.
func (w *walk) makeRoom(t *target, p place, count, pos int) int {
	const atFirst = 4
	more := max(count, atFirst)
	if count == 0 {
		more = max(1, min(int(t.last.Load()), w.worth(t, pos)))
	}
	v := p.value(t.goType)
	v.SetLen(count)
	v.Grow(more)
	v.SetLen(v.Cap())
	return v.Cap()
}

// worth is how many items may be made room for before they are seen: no more than the rest of the document can hold, and no more
// memory than a few times its size.
func (w *walk) worth(t *target, pos int) int {
	const timesDocument, shortestItem = 4, 2
	rest := len(w.doc) - pos
	return min(rest/shortestItem, timesDocument*rest/max(int(t.size), 1)) + 1
}

func (t *target) remember(count int) {
	const most = 1 << 30
	if n := int32(min(count, most)); t.last.Load() != n {
		t.last.Store(n)
	}
}

// decodeTexts decodes the object whose brace is at pos into a map[string]string.
func (w *walk) decodeTexts(t *target, pos int, p place) (end int, is verdict) {
	if t.node.kinds&object == 0 {
		return 0, invalid
	}
	if w.depth++; w.depth > maxDepth {
		return 0, unsure
	}
	m := make(map[string]string)
	p.setTexts(m)
	end, is = w.decodeEntries(t, pos+1, m)
	w.depth--
	return end, is
}

func (w *walk) decodeEntries(t *target, pos int, m map[string]string) (end int, is verdict) {
	r := t.node.ofObjects()
	pos = w.space(pos)
	if w.at(pos) == '}' {
		return pos + 1, r.complete(true, 0)
	}
	if r.closed {
		return 0, invalid
	}
	value := new(string)
	for count := 1; ; count++ {
		s, next, ok := w.memberName(pos)
		if !ok {
			return 0, unsure
		}
		*value = ""
		if pos, is = w.decode(t.elem, next, placeAt(value)); is != valid {
			return 0, is
		}
		m[w.copy()[s.start:s.end]] = *value
		if len(m) != count {
			return 0, unsure // twice
		}
		switch pos = w.space(pos); w.at(pos) {
		case ',':
			pos = w.space(pos + 1)
		case '}':
			return pos + 1, r.complete(true, count)
		default:
			return 0, unsure
		}
	}
}

// decodeStruct decodes the object whose brace is at pos.
func (w *walk) decodeStruct(t *target, pos int, p place) (end int, is verdict) {
	if t.node.kinds&object == 0 {
		return 0, invalid
	}
	if w.depth++; w.depth > maxDepth {
		return 0, unsure
	}
	open, words := len(w.names), len(w.words)
	end, is = w.decodeMembers(t, pos+1, open, p)
	w.names, w.words = w.names[:open], w.words[:words]
	w.depth--
	return end, is
}

func (w *walk) decodeMembers(t *target, pos, open int, p place) (end int, is verdict) {
	r := t.node.ofObjects()
	seen := w.marks(len(t.members))
	count, guess := 0, 0
	pos = w.space(pos)
	if w.at(pos) == '}' {
		return pos + 1, r.complete(seen.holds(t.needed), count)
	}
	for {
		i, next := w.guess(t, guess, pos)
		if i < 0 {
			s, behind, ok := w.memberName(pos)
			if !ok {
				return 0, unsure
			}
			if i, ok = t.index[string(w.doc[s.start:s.end])]; !ok {
				i = -1
				if r.closed {
					return 0, invalid
				}
				if !w.firstOfName(s, open) {
					return 0, unsure
				}
			}
			next = behind
		}
		count++
		switch {
		case i < 0:
			pos, is = w.value(r.additional, next)
		case !seen.add(i):
			return 0, unsure // twice
		default:
			guess = i + 1
			pos, is = w.decodeMember(&t.members[i], next, p)
		}
		if is != valid {
			return 0, is
		}
		switch pos = w.space(pos); w.at(pos) {
		case ',':
			pos = w.space(pos + 1)
		case '}':
			return pos + 1, r.complete(seen.holds(t.needed), count)
		default:
			return 0, unsure
		}
	}
}

func (w *walk) decodeMember(m *member, pos int, p place) (end int, is verdict) {
	switch {
	case m.skipped:
		return w.value(m.target.node, pos)
	case m.target.op == readText && w.at(pos) == '"': // most of all members
		return w.decodeText(m.target, pos, p.field(m.step))
	}
	return w.decode(m.target, pos, p.field(m.step))
}

// guess looks for the members from one on, as encoding/json writes them: a field that may be left out mostly is followed by the next.
// It returns where the value begins, or -1 where it guessed wrongly.
func (w *walk) guess(t *target, from, pos int) (i, next int) {
	const tries = 3
	for i := from; i < len(t.members) && i < from+tries; i++ {
		if name := t.members[i].written; w.literal(pos, name) {
			return i, pos + len(name)
		}
	}
	return -1, 0
}
