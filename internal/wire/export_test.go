package wire

// Ended reports whether all fields of the answer have come.
func (a *Answer) Ended() bool {
	return a.skip == 0 && a.reading.what == nothing && (a.name == Name(apiVersions) || !a.advance())
}
