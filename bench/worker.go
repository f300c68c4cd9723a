package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// goroutines is how many send side by side in the workload parallel.
const goroutines = 64

// A sample is what one measurement of one contender came to.
type sample struct {
	Workload workload
	Records  int
	Time     float64 // ns: of one, from call to acknowledgement, in the middle of all (sync), else of the whole by records
	CPU      float64 // ns of processor time by record, of all threads and in the kernel
	Allocs   float64 // by record, of Go's heap
	Peak     int64   // bytes that were resident at most
}

// work does what it reads, and writes the samples: the whole life of a contender's process.
func work(ctx context.Context, in io.Reader, out io.Writer) error {
	var jobs []job
	if err := json.NewDecoder(in).Decode(&jobs); err != nil {
		return err
	}
	var samples []sample
	for i := range jobs {
		s, err := jobs[i].measure(ctx)
		if err != nil {
			return fmt.Errorf("%s, %s, %s: %w", jobs[i].Contender, jobs[i].Message, jobs[i].Workload, err)
		}
		samples = append(samples, s)
	}
	return json.NewEncoder(out).Encode(samples)
}

func (j *job) measure(ctx context.Context) (sample, error) {
	c, err := byName(contenders, j.Contender)
	if err != nil {
		return sample{}, err
	}
	if j.message, err = byName(messages, j.Message); err != nil {
		return sample{}, err
	}
	forgetPeak()
	var s sample
	if j.Workload == consume {
		s, err = j.measureReceiving(c)
	} else {
		s, err = j.measureSending(ctx, c)
	}
	s.Workload, s.Peak = j.Workload, peak()
	return s, err
}

func (j *job) measureSending(ctx context.Context, c contender) (sample, error) {
	s, err := c.produce(j)
	if err != nil {
		return sample{}, err
	}
	defer s.close()
	run := map[workload]func(context.Context, *sending, *meter) (float64, error){
		one: sendOne, stream: sendStream, parallel: sendParallel,
	}[j.Workload]
	const first = 20 // connect; then the pools and buffers grow to what is needed
	for _, warm := range []*meter{j.meter(int64(time.Second), first), j.meter(j.Budget/4, j.Most)} {
		if _, err := run(ctx, s, warm); err != nil {
			return sample{}, err
		}
	}
	m := j.meter(j.Budget, j.Most)
	stop, err := j.startProfile()
	if err != nil {
		return sample{}, err
	}
	m.begin()
	middle, err := run(ctx, s, m)
	out := m.end()
	if middle > 0 {
		out.Time = middle
	}
	if err != nil {
		return out, err
	}
	return out, stop()
}

// sendOne returns the time of a send in the middle of all.
func sendOne(ctx context.Context, s *sending, m *meter) (float64, error) {
	times := make([]float64, 0, m.most)
	for m.more() {
		start := time.Now()
		if err := s.send(ctx); err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(start)))
	}
	return median(times), nil
}

func sendStream(ctx context.Context, s *sending, m *meter) (float64, error) {
	return 0, s.stream(ctx, m.more)
}

func sendParallel(ctx context.Context, s *sending, m *meter) (float64, error) {
	var all sync.WaitGroup
	var failed firstError
	var sent atomic.Int64
	deadline := time.Now().Add(m.budget)
	for range goroutines {
		all.Go(func() {
			for time.Now().Before(deadline) && sent.Add(1) <= int64(m.most) {
				if err := s.send(ctx); err != nil {
					failed.note(err)
					return
				}
			}
		})
	}
	all.Wait()
	m.records = min(int(sent.Load()), m.most)
	return 0, failed.err()
}

// measureReceiving leaves out what comes before the first records: joining a group takes each client its own time.
func (j *job) measureReceiving(c contender) (sample, error) {
	var out sample
	m := j.meter(j.Budget, j.Most)
	var stop func() error
	var err error
	warm := m.stride
	each := func() bool {
		if warm > 0 {
			if warm--; warm == 0 {
				stop, err = j.startProfile()
				m.most -= m.stride + 1 // the last one asks whether it was enough
				m.begin()
			}
			return err == nil
		}
		if m.more() {
			return true
		}
		out = m.end()
		return false
	}
	if failed := c.receive(j, each); failed != nil || err != nil {
		return out, fmt.Errorf("after %d records: %w", m.records, firstOf(failed, err))
	}
	return out, stop()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
