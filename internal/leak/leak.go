// Package leak finds marked texts where they must not be: in logs, errors, spans, metrics. Its marks are made anew for each test, so that
// nothing holds one by chance.
package leak

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Marks are the texts of one test that must not be seen. They are safe for concurrent use.
type Marks struct {
	mu    sync.Mutex // guards forms and own
	forms map[string][]string
	own   map[string][]string
}

// New makes an empty set of marks.
func New() *Marks {
	return &Marks{forms: make(map[string][]string), own: make(map[string][]string)}
}

// Secret makes a mark that must be seen nowhere: of a payload, a key, a header's value, or a credential.
func (m *Marks) Secret(name string) string {
	text := "mark" + random()
	m.Add(name, text)
	return text
}

// Number makes a mark for a JSON number.
func (m *Marks) Number(name string) int {
	n := 0
	for _, b := range []byte(rand.Text()[:12]) { // of base32
		n = n*10 + int(b)%9 + 1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forms[name] = append(m.forms[name], fmt.Sprint(n))
	return n
}

// Add makes a mark of a text that is given, such as a key's.
func (m *Marks) Add(name, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forms[name] = append(m.forms[name], formsOf(text)...)
}

// Own makes a mark of what a user's code says in an error of its own: it may come back in errors, and must not be in a log of ours.
func (m *Marks) Own(name string) string {
	text := "own" + random()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.own[name] = append(m.own[name], formsOf(text)...)
	return text
}

func random() string { return strings.ToLower(rand.Text()[:16]) }

// formsOf are the ways in which a text comes to be printed: as it is, in another case, and as %x, %d, base64 and a quoted list give its
// bytes. Of base64 there are three forms, by where the text begins.
func formsOf(text string) []string {
	raw := []byte(text)
	list := strings.Trim(fmt.Sprint(raw), "[]")
	forms := []string{text, strings.ToUpper(text), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		fmt.Sprintf("% x", raw), list, strings.ReplaceAll(list, " ", ", "), strings.ReplaceAll(list, " ", ",")}
	for shift := range 3 {
		code := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), raw...))
		inner := code[(shift*8+5)/6 : (shift+len(raw))*8/6] // without what depends on the neighbours
		forms = append(forms, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner))
	}
	return forms
}

// In returns the names of the marks in a text that must be seen nowhere.
func (m *Marks) In(text string) []string { return m.find(text, m.forms) }

// InLog returns the names of the marks that must not be in a log: those of In, and those of Own.
func (m *Marks) InLog(text string) []string {
	return append(m.find(text, m.forms), m.find(text, m.own)...)
}

func (m *Marks) find(text string, in map[string][]string) (found []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, forms := range in {
		if slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) }) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// InError is In for an error and all that it wraps, but for what is wrapped by an error that users reports to hold a user's own.
func (m *Marks) InError(err error, users func(error) bool) []string {
	if err == nil {
		return nil
	}
	found := m.In(fmt.Sprintf("%v %+v %s %q", err, err, err, err))
	if users(err) {
		return found
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		found = append(found, m.InError(e.Unwrap(), users)...)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			found = append(found, m.InError(one, users)...)
		}
	}
	return found
}
