package plan

// shortToken is how many bytes a token may have to be copied by a few stores.
const shortToken = 24

// A token is a text that is written often. A short one is copied with what comes after it in its array, which is overwritten then: that
// takes a third of the time of a call of memmove.
type token struct {
	text  string
	short [shortToken]byte
}

func newToken(text string) token {
	t := token{text: text}
	copy(t.short[:], text)
	return t
}

func (t *token) append(dst []byte) []byte {
	n := len(dst)
	if len(t.text) > shortToken || cap(dst)-n < shortToken {
		return append(dst, t.text...)
	}
	*(*[shortToken]byte)(dst[n : n+shortToken]) = t.short
	return dst[:n+len(t.text)]
}
