package kafka

import (
	"errors"
	"fmt"
)

// objections are what options ask for and can't be had: collected, so that all of it is told at once.
type objections []error

// when adds one where something is wrong.
func (r *objections) when(wrong bool, format string, args ...any) {
	if wrong {
		*r = append(*r, fmt.Errorf(format, args...))
	}
}

func (r *objections) err() error { return errors.Join(*r...) }

// apply applies options in their order. Nil is none.
func apply[O any, F ~func(*O)](to *O, opts []F) {
	for _, opt := range opts {
		if opt != nil {
			opt(to)
		}
	}
}
