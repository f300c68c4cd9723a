package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// Ack acknowledges the message: it may be committed, and is not delivered again unless the program dies before it is. It does no I/O,
// but WithSyncCommit it commits. It is safe for concurrent use and may be called again. In a Run it is an error, since there the
// handler's result acknowledges. Nil means that the message is committed if its partition is still ours then; ErrNotOwned that it has
// moved, and the other member receives the message; ErrDisconnected that it came too late.
func (r *Record) Ack() error {
	switch {
	case r.receipt.assignment == nil:
		return nil
	case r.receipt.decided:
		return errDecided
	}
	return r.receipt.assignment.reader.acknowledgeNow(r.receipt)
}

// Nack gives the message back: the next Retrieve hands it out again, with the same bytes. It does no I/O and is safe for concurrent
// use. After an Ack it does nothing; its errors are those of Ack.
func (r *Record) Nack() error {
	switch {
	case r.receipt.assignment == nil:
		return nil
	case r.receipt.decided:
		return errDecided
	}
	return r.receipt.assignment.reader.giveBack(r.receipt)
}

// headersOf are a client's headers as ours. None are nil.
func headersOf(all []kgo.RecordHeader) []Header {
	if len(all) == 0 {
		return nil
	}
	headers := make([]Header, len(all))
	for i, h := range all {
		headers[i] = Header{Key: h.Key, Value: h.Value[:len(h.Value):len(h.Value)]}
	}
	return headers
}

// clientHeaders are headers as franz-go has them. Nil are none.
func clientHeaders(headers []Header) []kgo.RecordHeader {
	if len(headers) == 0 {
		return nil
	}
	all := make([]kgo.RecordHeader, len(headers))
	for i, h := range headers {
		all[i] = kgo.RecordHeader{Key: h.Key, Value: h.Value}
	}
	return all
}
