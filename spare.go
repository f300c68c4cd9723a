package kafka

import "sync"

// spares are the deliveries of one sender that nobody has a use for any more. Its owner guards it.
type spares struct {
	list   []*delivery
	memory int  // of all in the list, in bytes
	never  bool // what was delivered may be in the hands of a hook
}

const (
	// Of what is used again no more is kept than this: by each delivery, by a sender that is at work, and by one at rest.
	largestSpare = 64 << 10
	mostSpare    = 16 << 20
	restingSpare = 64 << 10
	restingCount = 64
)

// restingSpares are the lists of senders at rest. The collector empties it.
var restingSpares sync.Pool // of *spares

// get returns a delivery that has not begun.
func (s *spares) get() *delivery {
	if len(s.list) == 0 && !s.take() {
		return new(delivery)
	}
	last := len(s.list) - 1
	d := s.list[last]
	s.list = s.list[:last]
	s.memory -= cap(d.memory)
	d.settled = false
	return d
}

// take takes over what another sender left.
func (s *spares) take() bool {
	left, ok := restingSpares.Get().(*spares)
	if ok {
		s.list, s.memory = left.list, left.memory
	}
	return ok
}

// put keeps a delivery that its caller has no use for, unless the client may have one: for the record of one with an error.
func (s *spares) put(d *delivery) {
	if d.err != nil || s.never {
		return
	}
	if n := cap(d.memory); n > largestSpare || s.memory+n > mostSpare {
		d.memory = nil
	}
	s.memory += cap(d.memory)
	d.parcel = parcel{}
	s.list = append(s.list, d)
}

// add keeps what is in another, which is empty afterwards. It takes no time for each, unless that is too much.
func (s *spares) add(more *spares) {
	if s.memory+more.memory <= mostSpare {
		s.list, s.memory = append(s.list, more.list...), s.memory+more.memory
	}
	clear(more.list)
	more.list, more.memory = more.list[:0], 0
}

// leave leaves what a sender at rest has no use for to others.
func (s *spares) leave() {
	if len(s.list) > restingCount || s.memory > restingSpare {
		restingSpares.Put(&spares{list: s.list, memory: s.memory})
		s.list, s.memory = nil, 0
	}
}
