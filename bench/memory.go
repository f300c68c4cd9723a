package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// forgetPeak makes the process's peak of resident memory what it has now. Linux alone has that (proc(5), clear_refs); elsewhere peak is 0.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peak is the most bytes that were resident at once since forgetPeak: all of the process, what C has allocated too.
func peak() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	var kib int64
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
				return 0
			}
		}
	}
	return kib << 10
}
