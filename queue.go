package kafka

// A queue holds assignments in the order in which it is their turn. It is linked through the assignments themselves.
type queue struct{ front, back *assignment }

// add puts an assignment at the back if it has something to take and is not there already.
func (q *queue) add(a *assignment) {
	if a.ready || !a.canTake() {
		return
	}
	a.ready = true
	if q.back == nil {
		q.front = a
	} else {
		q.back.behind = a
	}
	q.back = a
}

// first is the assignment whose turn it is, of those that have something to take.
func (q *queue) first() *assignment {
	for q.front != nil && !q.front.canTake() {
		q.remove()
	}
	return q.front
}

// turn lets the others have their turn before the first one has its next.
func (q *queue) turn() {
	if a := q.front; a != q.back {
		q.remove()
		q.add(a)
	}
}

// remove removes the first assignment.
func (q *queue) remove() {
	a := q.front
	q.front, a.behind, a.ready = a.behind, nil, false
	if q.front == nil {
		q.back = nil
	}
}
