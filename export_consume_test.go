package kafka

// Waiting is what a consumer has polled and not handed out, for the tests of its bound: franz-go's hooks can't tell what it polled
// from what it dropped at a pause.
func Waiting[T any](c *Consumer[T]) (records, bytes int) {
	c.reader.mu.Lock()
	defer c.reader.mu.Unlock()
	for _, a := range c.reader.assigned {
		records += a.waiting.messages
		bytes += a.waiting.bytes
	}
	return records, bytes
}

// Leaving is how many of a consumer's partitions are about to move to another member.
func Leaving[T any](c *Consumer[T]) (n int) {
	c.reader.mu.Lock()
	defer c.reader.mu.Unlock()
	for _, a := range c.reader.assigned {
		if a.leaving {
			n++
		}
	}
	return n
}
