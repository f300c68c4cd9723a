package kafka

// AppendEncoded and DecodeInto are what a Producer and a Consumer can use in place of Encode and Decode, for the benchmark of it.
func AppendEncoded[T any](c *Codec[T], dst []byte, v *T) ([]byte, error) {
	return c.appendEncoded(dst, v)
}

func DecodeInto[T any](c *Codec[T], raw []byte, v *T) error { return c.decodeInto(raw, v) }
