package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// publish prints what a run came to, and writes it into the page and the picture beside it.
func publish(s settings, kind, about string, r results) error {
	text := markdown(s, kind, about, r)
	fmt.Println(text)
	picture, err := drawPicture(s, kind, r)
	if err != nil {
		return err
	}
	if s.docs == "" || !s.whole() {
		fmt.Fprintln(os.Stderr, "nothing was written into the page: only a whole run is")
		_, err := picture.WriteTo(io.Discard)
		return err
	}
	name := "performance-" + kind + ".svg"
	f, err := os.Create(filepath.Join(s.docs, name))
	if err != nil {
		return err
	}
	_, err = picture.WriteTo(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	text = fmt.Sprintf("![time of a record by contender, × of the yardstick's](%s)\n\n%s", name, text)
	return writeSection(filepath.Join(s.docs, "performance.md"), kind, text)
}

// writeSection puts text between the two marks of a kind of broker in the page.
func writeSection(page, kind, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	changed, err := replaceSection(string(old), kind, text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(changed), 0o644)
}

func replaceSection(page, kind, text string) (string, error) {
	begin, end := fmt.Sprintf("<!-- bench %s -->\n", kind), fmt.Sprintf("<!-- end of bench %s -->", kind)
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the marks %q and %q are not there", strings.TrimSpace(begin), end)
	}
	return before + begin + strings.TrimSpace(text) + "\n" + end + after, nil
}
