package kafka

import (
	"context"
	"time"
)

// An Observer is told what the producers, consumers and Runs of a proxy do: it is what traces and metrics are made from. Each function may
// be nil. They are called on the goroutine that does the work, several at a time, so they must be safe for concurrent use, must not
// block, and must not call what they observe. They may read what they are given until they return, and keep nothing of it but
// *MessageErrors.
//
// Modules github.com/typedkafka/kafka/otel and github.com/typedkafka/kafka/prom have ready ones.
type Observer struct {
	// Send is called for each message before it is sent: a Producer's, a dead letter, and a redriven one. ctx is the caller's. Its
	// headers may be added to, by r.Headers; all else, and what it does to a dead letter, changes nothing. The function that it
	// returns, which may be nil, is called once with the outcome, as the caller gets it. For a value that is invalid, r.Raw is nil and
	// the outcome follows at once.
	Send func(ctx context.Context, r *Record) (done func(Delivery, error))

	// Receive is called for each message that is handed out: by Retrieve, or for the first time to a Run's handler.
	Receive func(ctx context.Context, r Reception)

	// Handle is called before each call of a Run's handler, which gets the context that it returns; done, which may be nil, is called
	// with what the handler returned, a *PanicError among it.
	Handle func(ctx context.Context, h Handling) (_ context.Context, done func(error))

	// Fail is called for each message of a Run that has failed for good, once that is settled or ends the Run.
	Fail func(ctx context.Context, f Failure)

	// Commit is called after each commit of offsets, a failed one too.
	Commit func(ctx context.Context, c Commit)

	// Consume is called when a consumer has connected for the first time. status is its Status, to be called at any time until gone, which
	// may be nil, is called: that is when it has disconnected.
	Consume func(status func() Status) (gone func())
}

// A Reception is what an Observer is told of a message that was received.
type Reception struct {
	Record *Record
	Group  string    // empty with WithPartitions
	Began  time.Time // when Retrieve was called; zero in a Run
	Err    error     // a *MessageError where it could not be decoded
}

// A Handling is what an Observer is told of a call of a handler.
type Handling struct {
	Topic, Group string
	Records      []*Record // one, or in a RunBatch those of the batch
	Batch        bool      // of a RunBatch
	Attempt      int       // the first is 1
}

// A Failure is what an Observer is told of a message that has failed for good.
type Failure struct {
	Group   string
	Message *MessageError
	Fate    Fate
}

// A Fate is what became of a message that has failed for good.
type Fate string

const (
	FateSettled      Fate = "settled"       // by OnFailure
	FateDeadLettered Fate = "dead_lettered" // its dead letter is written
	FateEndsRun      Fate = "ends_run"      // there is neither; it is delivered again
)

// A Commit is what an Observer is told of a commit of offsets.
type Commit struct {
	Topic, Group string
	Offsets      map[int32]int64 // by partition: that of the next message to be delivered
	Began        time.Time
	Err          error
}

// WithObserver adds an observer of all that stands on the proxy. It may be given several times; they are called in that order. Without
// one nothing is called, and nothing is paid.
func WithObserver(o Observer) ProxyOption {
	return func(p *proxyOptions) { p.observers = append(p.observers, o) }
}

// observers are the observers of a proxy.
type observers []Observer
