// Until derive.go and conform.go bring these: their commit deletes this file.

package schema

func For[T any]() (*Schema, error)  { return Compile([]byte(`{}`)) }
func Conform[T any](*Schema) Report { return Report{} }
