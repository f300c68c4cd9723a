package plan

// marks are a set of the properties of an object: a bit for each, the first 64 in a word of their own since few objects have more.
type marks struct {
	first uint64
	more  []uint64
}

// add adds i, for which there must be room, and reports whether it is new.
func (m *marks) add(i int) bool {
	word := &m.first
	if i >= 64 {
		word = &m.more[i/64-1]
	}
	bit := uint64(1) << (i % 64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// with returns the set with i, with room for it.
func (m marks) with(i int) marks {
	for i/64 > len(m.more) {
		m.more = append(m.more, 0)
	}
	m.add(i)
	return m
}

func (m marks) has(i int) bool {
	if i < 64 {
		return m.first>>i&1 == 1
	}
	return i/64 <= len(m.more) && m.more[i/64-1]>>(i%64)&1 == 1
}

// without returns a set of its own, without i.
func (m marks) without(i int) marks {
	if i < 64 {
		m.first &^= 1 << i
		return m
	}
	m.more = append([]uint64(nil), m.more...)
	m.more[i/64-1] &^= 1 << (i % 64)
	return m
}

func (m marks) empty() bool { return (marks{}).holds(m) }

// holds reports whether all of o are in m.
func (m marks) holds(o marks) bool {
	if o.first&^m.first != 0 {
		return false
	}
	for i, word := range o.more {
		if i < len(m.more) {
			word &^= m.more[i]
		}
		if word != 0 {
			return false
		}
	}
	return true
}
