// Until conform.go brings this: its commit deletes this file.

package schema

func Conform[T any](*Schema) Report { return Report{} }
