// Package readfile reads files that somebody else names, or writes: a path may lead to a device or a pipe that never ends.
package readfile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrLarger is returned for a file that is larger than its bound.
var ErrLarger = errors.New("larger than allowed")

// Text bounds a file that a person writes or reads, such as a schema or a message: 64 MiB.
const Text = 64 << 20

// AtMost returns a file's content. One of more than most bytes is an *os.PathError that wraps ErrLarger; no more than most+1 bytes of
// it are read. It blocks as reading does. It is safe for concurrent use.
func AtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1)) //nolint:forbidigo // this is the bound
	if err == nil && int64(len(content)) > most {
		err = &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: the bound is %d bytes", ErrLarger, most)}
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}
