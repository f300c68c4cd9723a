package kafka

// AppendEncoded, EncodeInto and DecodeInto are what a Producer and a Consumer can use in place of Encode and Decode, for tests and benchmarks of it.
func AppendEncoded[T any](c *Codec[T], dst []byte, v *T) ([]byte, error) {
	return c.appendEncoded(dst, v)
}

func EncodeInto[T any](c *Codec[T], memory []byte, v T) ([]byte, error) {
	return c.encodeInto(memory, v)
}

func DecodeInto[T any](c *Codec[T], raw []byte, v *T) error { return c.decodeInto(raw, v) }
