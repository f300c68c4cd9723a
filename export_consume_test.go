package kafka

// Waiting is what a consumer has polled and not handed out, for the tests of its bound: franz-go's hooks can't tell what it polled
// from what it dropped at a pause.
func Waiting[T any](c *Consumer[T]) (records, bytes int) {
	c.reader.mu.Lock()
	defer c.reader.mu.Unlock()
	for _, a := range c.reader.assigned {
		records += a.waiting
		bytes += a.bytes
	}
	return records, bytes
}
