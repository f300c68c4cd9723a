package kafka

import "reflect"

// Messages of up to smallMessage bytes are cut from chunks of messageChunk. Whoever keeps one keeps its chunk, with what the others in it
// hold; the bytes of each keep all that was fetched with them, which is more.
const (
	messageChunk = 2 << 10
	smallMessage = 4 << 10
)

// newMessage makes a message for a value of some bytes. It may share an allocation with others, and nothing else.
func (c *Consumer[T]) newMessage(size int) *Message[T] {
	if size > smallMessage {
		return new(Message[T])
	}
	chunk, ok := c.chunks.Get().(*[]Message[T])
	if !ok {
		chunk = new([]Message[T])
	}
	if len(*chunk) == 0 {
		*chunk = make([]Message[T], max(1, messageChunk/reflect.TypeFor[Message[T]]().Size()))
	}
	m := &(*chunk)[0]
	*chunk = (*chunk)[1:]
	c.chunks.Put(chunk)
	return m
}
