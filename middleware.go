package kafka

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// A Middleware wraps a handler: it may do something before and after each call, look at the error and at m.Attempt, change the
// context, or not call the handler at all.
type Middleware[T any] func(Handler[T]) Handler[T]

// Chain wraps h in middleware. The first is the outermost: it is called first and sees what the others return.
func Chain[T any](h Handler[T], all ...Middleware[T]) Handler[T] {
	for i := len(all) - 1; i >= 0; i-- {
		h = all[i](h)
	}
	return h
}

// A PanicError is a handler's panic. Its text has no value that the handler panicked with, which may hold a payload, but for the Go
// runtime's own errors.
type PanicError struct {
	Value any    // what recover gave
	Stack []byte // of the goroutine that panicked, as debug.Stack formats it
}

func (e *PanicError) Error() string {
	if err, ok := e.Value.(runtime.Error); ok {
		return fmt.Sprintf("the handler panicked: %v", err)
	}
	return fmt.Sprintf("the handler panicked with a %T (it is in PanicError.Value)", e.Value)
}

// Unwrap gives what the handler panicked with, if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// recovered turns a panic into a PanicError.
func recovered[T any](next Handler[T]) Handler[T] {
	return func(ctx context.Context, m *Message[T]) (err error) {
		defer caught(&err)
		return next(ctx, m)
	}
}

// caught is to be deferred by what calls a user's code.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// timeout bounds each call. Zero is no bound.
func timeout[T any](d time.Duration) Middleware[T] {
	return func(next Handler[T]) Handler[T] {
		if d == 0 {
			return next
		}
		return func(ctx context.Context, m *Message[T]) error {
			ctx, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			return next(ctx, m)
		}
	}
}
