package kafka

import "context"

// DeadLetters is what a Run writes its dead letters with, for the tests of what Run can't be made to meet.
type DeadLetters = deadLetters

// NewDeadLetters is newDeadLetters.
func NewDeadLetters(p *Proxy, target, source, group string) *DeadLetters {
	return newDeadLetters(p, target, source, group)
}

// Write is write.
func (d *deadLetters) Write(ctx context.Context, m *MessageError) error { return d.write(ctx, m) }

// Close is close.
func (d *deadLetters) Close(ctx context.Context) error { return d.close(ctx) }

// RefusedAsTooLarge says whether a broker has ever refused a batch for its size.
func (d *deadLetters) RefusedAsTooLarge() bool { return d.line.squeeze.hard.Load() }
