package kafka_test

import (
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// timers has the kernel's timers that no handler waits for now.
var timers sync.Pool // of *os.File

// wait waits like a handler that asks another service: for a file that becomes readable, here a timer of the kernel's. time.Sleep
// would not do: a Go process whose goroutines all wait sleeps in whole milliseconds (golang.org/issue/44343), so a sleep of 5 ms takes
// up to 6.
func wait(tb testing.TB, d time.Duration) {
	timer, ok := timers.Get().(*os.File)
	if !ok {
		fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
		if err != nil {
			tb.Error(err)
			return
		}
		timer = os.NewFile(uintptr(fd), "timer")
	}
	defer timers.Put(timer)
	raw, err := timer.SyscallConn()
	if err != nil {
		tb.Error(err)
		return
	}
	err = raw.Control(func(fd uintptr) {
		if err := unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil); err != nil {
			tb.Error(err)
		}
	})
	if err != nil {
		tb.Error(err)
		return
	}
	var expirations [8]byte
	if _, err := timer.Read(expirations[:]); err != nil {
		tb.Error(err)
	}
}
