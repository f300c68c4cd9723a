package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// startProfile writes profiles of what happens until stop, if they were asked for: the processor's time, and every allocation.
func (j *job) startProfile() (stop func() error, err error) {
	if j.Profile == "" {
		return func() error { return nil }, nil
	}
	name := filepath.Join(j.Profile, fmt.Sprintf("%s-%s-%s", j.Contender, j.Message, j.Workload))
	f, err := os.Create(name + ".cpu")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	runtime.MemProfileRate = 512
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(f.Close(), writeAllocs(name+".allocs"))
	}, nil
}

func writeAllocs(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
